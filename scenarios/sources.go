package scenarios

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

// maxBytes is the largest file that is read: a megabyte of rules is none that
// somebody wrote.
const maxBytes = 1 << 20

// Sources are the files that a scenario was read from, or would have been: by
// path, what stood in them. A file that could not be read is nil.
type Sources map[string][]byte

// read returns what is in a file, and notes it. Of one that is too large it is
// a part that is too large as well.
func (s Sources) read(path string) ([]byte, error) {
	text, err := readFile(path)
	s[path] = text
	return text, err
}

func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxBytes+1))
	if err != nil {
		return nil, err
	}
	return text, nil
}

// Changed tells whether other texts stand in the files now.
func (s Sources) Changed() bool {
	for path, was := range s {
		is, err := readFile(path)
		if (err != nil) != (was == nil) || !bytes.Equal(is, was) {
			return true
		}
	}
	return false
}

// Folders are where the files are, or should be; of one that is a link to
// another file, also where that is.
func (s Sources) Folders() []string {
	folders := make(map[string]bool)
	for path := range s {
		folders[filepath.Dir(path)] = true
		if real, err := filepath.EvalSymlinks(path); err == nil {
			folders[filepath.Dir(real)] = true
		}
	}
	return slices.Sorted(maps.Keys(folders))
}

// LoadSources is [Language.LoadFile] that also tells from which files the
// scenario comes. It does so for a broken scenario, too.
func (l *Language) LoadSources(path string) (*Scenario, Sources, error) {
	from := make(Sources)
	text, err := from.read(path)
	if err != nil {
		return nil, from, fmt.Errorf("load scenario: %w", err)
	}
	s, err := l.parse(source{file: path, text: text, dir: filepath.Dir(path), read: from.read})
	return s, from, err
}
