// Package scenarios is the language in which users say how a workspace begins
// and what goes wrong in it: a strict YAML file, version 1.
//
//	version: 1
//	name: first-code-expires
//	description: what this shows, and to whom
//	extends: default            # a shipped scenario, or a file beside this one
//	seed: 7                     # of ids, codes and chance
//	clock: {start: 2026-01-15T09:00:00Z, frozen: true, speed: 1}
//	providers:                  # opening state and knobs
//	  dinardragon: {balance: "1000", authcode_ttl: 15m}
//	rules:
//	  - name: the second large payout finds no funds
//	    on: dinardragon.execute # or dinardragon.*, or *
//	    when: {authcode: {starts_with: "6a"}, header.User-Agent: {contains: php}}
//	    skip: 1
//	    times: 1
//	    respond: insufficient_balance
//	  - on: dinardragon.execute
//	    settle: [{when: {acc: 987654321}, as: failed, after: 30s}, {as: success, after: 10s}]
//
// # Extending
//
// A file without extends starts from the defaults. With it, the maps of both
// files merge key by key, scalars and lists of this file replace, and its
// rules come before the extended file's.
//
// # Rules
//
// Rules are tried in the order of the file; the first that acts decides the
// call. Credentials are checked before any rule, parameters and state after.
//
//   - on: the operation. Required.
//   - when: every key must hold. A key is a parameter, dotted for nested ones,
//   - for any element (accounts.*.country), or header.NAME, query.NAME,
//     request.method, request.path. Its value is what the parameter equals, or a
//     map of predicates: eq ne in gt gte lt lte matches starts_with ends_with
//     contains exists. Numbers compare as decimals: 50 equals "50.00".
//   - How often, counted over the calls for which on and when hold, also those
//     that an earlier rule decides: skip the first n, then act on every n-th, at
//     most so many times, with a chance from 0 to 1, between two ages of the
//     workspace's clock.
//   - What happens, at least one: respond with an outcome, or with {status,
//     headers, body} verbatim; settle the accepted call as {as, after,
//     message}, or as the first entry of a list whose when holds of the record;
//     delay the answer by a time or {min, max}.
//
// # Mistakes
//
// A mistake is reported with file, line and column, and the nearest valid name
// ([Mistakes]). All mistakes of a file are found at once. A file with mistakes
// is never used.
package scenarios

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mockpay/mockpay/clock"
)

// A Scenario is a checked file, ready to set up and steer a workspace.
type Scenario struct {
	Name        string
	Description string
	Seed        *int64         // nil: drawn
	Clock       clock.Setup    // zero: real time from now
	Settings    map[string]any // by provider, what its Settings returned, changed
	Rules       []*Rule

	// Text is the scenario whole: what it extends is in it.
	Text string

	rules map[string][]*Rule // by operation, "dinardragon.execute"
}

// A Mistake is something wrong in a file, and where.
type Mistake struct {
	File    string `json:"file,omitempty"`
	Line    int    `json:"line"`
	Column  int    `json:"column"`
	Path    string `json:"path"` // "rules[0].on"
	Message string `json:"message"`
}

func (m Mistake) String() string {
	return fmt.Sprintf("%s:%d:%d: %s", m.File, m.Line, m.Column, m.Message)
}

// Mistakes are all that is wrong in a file, in the order of its lines.
type Mistakes []Mistake

func (ms Mistakes) Error() string {
	lines := make([]string, len(ms))
	for i, m := range ms {
		lines[i] = m.String()
	}
	return strings.Join(lines, "\n")
}

// And returns the mistakes with more of them. What two files extend is told of
// once.
func (ms Mistakes) And(more Mistakes) Mistakes {
	for _, m := range more {
		if !slices.Contains(ms, m) {
			ms = append(ms, m)
		}
	}
	return ms
}

// A Window is a part of a workspace's time, measured from its clock's start.
type Window struct{ From, To time.Duration }

func (w *Window) holds(age time.Duration) bool {
	return w == nil || w.From <= age && age < w.To
}
