package main

import (
	"regexp"
	"strings"
	"sync"
	"time"
)

// A tape keeps what is written, and lets a test wait for it.
type tape struct {
	mu   sync.Mutex
	text strings.Builder // guarded by mu
	grew chan struct{}   // closed at the next write; guarded by mu
}

func newTape() *tape { return &tape{grew: make(chan struct{})} }

// Write implements [io.Writer].
func (t *tape) Write(text []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	close(t.grew)
	t.grew = make(chan struct{})
	return t.text.Write(text)
}

func (t *tape) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.text.String()
}

// await returns what matches a pattern once it is there, or with ok false when
// patience is over.
func (t *tape) await(pattern string) (found string, ok bool) {
	like, over := regexp.MustCompile(pattern), time.After(patience)
	for {
		t.mu.Lock()
		text, grew := t.text.String(), t.grew
		t.mu.Unlock()
		if at := like.FindStringIndex(text); at != nil {
			return text[at[0]:at[1]], true
		}
		select {
		case <-grew:
		case <-over:
			return "", false
		}
	}
}
