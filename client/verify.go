package client

import (
	"context"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"
)

// A Verification tells whether what was expected of a workspace is true.
type Verification struct {
	OK     bool      `json:"ok"`
	Checks []Finding `json:"checks"`
}

// A Finding is what became of one check.
type Finding struct {
	Name       string   `json:"name"`
	OK         bool     `json:"ok"`
	Incomplete bool     `json:"incomplete"` // not OK because what it takes to tell was dropped
	Expected   string   `json:"expected"`   // a sentence
	Seen       string   `json:"seen"`       // a sentence
	Matched    []string `json:"matched"`    // ids of requests, or webhooks
	Misses     []Miss   `json:"misses"`     // of a check that failed, the nearest first
}

// A Miss is something that is not quite what a check looks for, or that made a
// balance what it is.
type Miss struct {
	Request   string    `json:"request"` // its id
	Webhook   string    `json:"webhook"` // its id, of webhooks
	Operation string    `json:"operation"`
	At        time.Time `json:"at"`
	Why       string    `json:"why"`
}

// Verify looks whether what the workspace's scenario expects is true. That it is
// not is no error.
func (c *Client) Verify(ctx context.Context) (*Verification, error) {
	return fetch[*Verification](ctx, c, call{method: "GET", path: "verify", verdict: true})
}

// VerifyExpect is Verify with another expect than the scenario's: YAML or JSON, a
// list of checks, a map with one under expect, or a scenario. Mistakes in it are
// the Errors of the [*Error].
func (c *Client) VerifyExpect(ctx context.Context, expect string) (*Verification, error) {
	return fetch[*Verification](ctx, c, call{method: "POST", path: "verify", body: yamlText(expect), verdict: true})
}

// Failed are the checks that are not OK.
func (v *Verification) Failed() (failed []Finding) {
	for _, f := range v.Checks {
		if !f.OK {
			failed = append(failed, f)
		}
	}
	return failed
}

// Table shows what was expected and seen, and the nearest misses of what failed.
func (v *Verification) Table() string {
	if len(v.Checks) == 0 {
		return "nothing is expected, so there was nothing to verify\n"
	}
	var b strings.Builder
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	writeRow(t, "RESULT", "EXPECTED", "SEEN")
	for _, f := range v.Checks {
		writeRow(t, f.result(), f.title(), f.Seen)
	}
	t.Flush()
	for _, f := range v.Failed() {
		if len(f.Misses) > 0 {
			fmt.Fprintf(&b, "\n%s: %s\n%s", f.result(), printable(f.title()), f.MissTable())
		}
	}
	return b.String()
}

func (f *Finding) result() string {
	switch {
	case f.OK:
		return "ok"
	case f.Incomplete:
		return "incomplete"
	}
	return "failed"
}

// title is the finding's name, and what it expects if the name does not say it.
func (f *Finding) title() string {
	if f.Name == f.Expected {
		return f.Expected
	}
	return f.Name + ": " + f.Expected
}

// MissTable shows the nearest misses of a finding, "" if there are none.
func (f *Finding) MissTable() string {
	if len(f.Misses) == 0 {
		return ""
	}
	var b strings.Builder
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	writeRow(t, "NEAREST", "AT", "OPERATION", "WHY")
	for _, m := range f.Misses {
		id := m.Request
		if m.Webhook != "" {
			id = m.Webhook
		}
		writeRow(t, id, m.At.UTC().Format("2006-01-02T15:04:05.000Z"), m.Operation, m.Why)
	}
	t.Flush()
	return b.String()
}

// writeRow writes a line of aligned cells.
func writeRow(t *tabwriter.Writer, cells ...string) {
	for i, cell := range cells {
		if cells[i] = printable(cell); cells[i] == "" {
			cells[i] = "-"
		}
	}
	fmt.Fprintln(t, strings.Join(cells, "\t"))
}

// printable keeps a text on its line and in its column.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.TrimSpace(text))
}
