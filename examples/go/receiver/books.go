package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"strings"
	"sync"
)

// Books are what is known: the newest state of each thing, and the money that cards
// spent.
type Books struct {
	mu     sync.Mutex
	file   *os.File
	seen   map[string]bool             // ids of events
	states map[string]map[string]Event // by kind and id
	spent  map[string]string           // by currency
}

// OpenBooks opens the books: what the file has was seen before.
func OpenBooks(path string) (*Books, error) {
	b := &Books{seen: make(map[string]bool), states: make(map[string]map[string]Event), spent: make(map[string]string)}
	for _, kind := range []string{"transaction", "payout", "card", "purchase"} {
		b.states[kind] = make(map[string]Event)
	}
	text, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	whole := bytes.LastIndexByte(text, '\n') + 1
	if whole < len(text) { // of the last event nobody was told that it is kept
		if err := os.Truncate(path, int64(whole)); err != nil {
			return nil, err
		}
	}
	for line := range bytes.Lines(text[:whole]) {
		var e Event
		if err := json.Unmarshal(line, &e); err != nil {
			return nil, fmt.Errorf("read %s: %w", path, err)
		}
		b.count(e)
	}
	b.file, err = os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	return b, err
}

// Keep keeps an event, on the disk before it counts. It tells whether the event is
// new, and what it changed, "" if that is out of date.
func (b *Books) Keep(e Event) (changed string, isNew bool, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.seen[e.ID] {
		return "", false, nil
	}
	line, err := json.Marshal(e)
	if err == nil {
		_, err = b.file.Write(append(line, '\n'))
	}
	if err == nil {
		err = b.file.Sync()
	}
	if err != nil {
		return "", false, fmt.Errorf("keep a webhook: %w", err)
	}
	return b.count(e), true, nil
}

func (b *Books) count(e Event) (changed string) {
	b.seen[e.ID] = true
	states := b.states[e.Kind]
	if known, ok := states[e.Of]; ok && !e.follows(known) {
		return ""
	}
	states[e.Of] = e
	if e.Kind != "purchase" {
		return e.Kind + " " + e.Of + " " + e.Status
	}
	if e.Status == "AUTHORIZED" {
		b.spent[e.Currency] = add(b.spent[e.Currency], e.Amount)
	}
	return strings.Join([]string{e.Kind, e.Of, e.Status, e.Amount, e.Currency}, " ")
}

// ranks are how far a state is. A later one stays when an earlier one is told after
// it.
var ranks = map[string]int{
	"INITIATED": 0, "COMPLETED": 1, "DECLINED": 2, "CANCELED": 2, "FAILED": 2, // of transactions; what is completed may be canceled
	"completed": 1, "failed": 1, "rejected": 1, "canceled": 1, "reversed": 2, // of payouts
}

// follows tells whether what an event tells is newer than what is known.
func (e Event) follows(known Event) bool {
	if e.Kind == "card" {
		return known.Status != "CANCELED" && e.At >= known.At
	}
	return ranks[e.Status] > ranks[known.Status] // never of a purchase, of which there is one event
}

// add is the sum of two decimals, "" standing for 0, without needless zeros.
func add(a, b string) string {
	total, places := new(big.Rat), 0
	for _, text := range []string{a, b} {
		_, fraction, _ := strings.Cut(text, ".")
		if n, ok := new(big.Rat).SetString(text); ok {
			total.Add(total, n)
		}
		places = max(places, len(fraction))
	}
	text := total.FloatString(places)
	if places > 0 {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	return text
}

// MarshalJSON writes the books as they are printed.
func (b *Books) MarshalJSON() ([]byte, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	statuses := func(kind string) map[string]string {
		all := make(map[string]string)
		for of, e := range b.states[kind] {
			all[of] = e.Status
		}
		return all
	}
	return json.Marshal(struct {
		Transactions map[string]string `json:"transactions"`
		Payouts      map[string]string `json:"payouts"`
		Cards        map[string]string `json:"cards"`
		Purchases    map[string]string `json:"purchases"`
		Spent        map[string]string `json:"spent"`
	}{statuses("transaction"), statuses("payout"), statuses("card"), statuses("purchase"), b.spent})
}

// Close closes the books.
func (b *Books) Close() error { return b.file.Close() }
