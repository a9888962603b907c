package workspace

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/mockpay/mockpay/journal"
	"github.com/mockpay/mockpay/provider"
	"github.com/mockpay/mockpay/scenarios"
	"github.com/mockpay/mockpay/state"
	"github.com/mockpay/mockpay/webhook"
)

// A Finding is what became of a check.
type Finding struct {
	Name       string
	OK         bool
	Incomplete bool   // not OK because what it takes to tell is not there any more
	Expected   string // a sentence
	Seen       string // a sentence
	Matched    []string
	Misses     []Miss // of a check that failed, the nearest first
}

// A Miss is something that is not quite what a check looks for, or that made a
// balance what it is.
type Miss struct {
	Request   string // that came or caused it, "" if none did
	Webhook   string
	Operation string // or event
	At        time.Time
	Why       string
}

// mostMisses is how many a finding tells of.
const mostMisses = 5

// Verify looks whether checks hold. Webhooks that are on their way are waited
// for until ctx ends, if a check is about some.
func (w *Workspace) Verify(ctx context.Context, checks []*scenarios.Check) ([]Finding, error) {
	if slices.ContainsFunc(checks, func(c *scenarios.Check) bool { return c.Webhooks != nil }) {
		w.settleWebhooks(ctx)
	}
	e, err := w.gather(checks)
	if err != nil {
		return nil, err
	}
	findings := []Finding{}
	for _, c := range checks {
		f := Finding{Name: c.Name, Expected: c.Expected(), Matched: []string{}, Misses: []Miss{}}
		switch {
		case c.Calls != nil:
			e.calls.of(c.Calls).judge(&f, c, "call")
		case c.Webhooks != nil:
			e.webhooks.of(c.Webhooks).judge(&f, c, "webhook")
		case c.Order != nil:
			e.calls.order(&f, c.Order)
		default:
			e.amounts(&f, c.Balances)
		}
		findings = append(findings, f)
	}
	return findings, nil
}

// settleWebhooks waits until no event is about to be sent. Those that wait for
// the clock are not.
func (w *Workspace) settleWebhooks(ctx context.Context) {
	_ = w.delivery.Await(ctx, func(tx *state.Tx) bool { // what is on its way when ctx ends is seen as such
		for e := range webhook.Waiting(tx) {
			if e.Queue != "" {
				return false
			}
		}
		return true
	})
}

// Evidence is what checks look at, as it was at one instant.
type evidence struct {
	calls, webhooks archive
	balances        map[string]map[string]decimal.Decimal
	ledger          map[string][]state.Entry // by full name of a balance, the newest last
}

// An archive is what is known of calls, or of webhooks.
type archive struct {
	records []record // oldest first
	gone    []gone
}

// A record is a call or a webhook.
type record struct {
	miss  Miss   // without Why
	id    string // of the request or the webhook
	seen  scenarios.Seen
	shown func() *scenarios.Seen // without secrets
}

// Gone are calls or webhooks that are counted and not kept.
type gone struct {
	name  string
	seen  scenarios.Seen
	count int
}

// gather reads what checks are about.
func (w *Workspace) gather(checks []*scenarios.Check) (*evidence, error) {
	e := &evidence{ledger: make(map[string][]state.Entry)}
	var entries []*journal.Entry
	var dropped map[journal.Kind]int
	var events []webhook.Event
	wanted := wantedEvents(checks)
	err := w.view(func(tx *state.Tx) {
		entries, dropped = w.journal.Whole()
		e.balances = tx.Balances()
		e.readLedger(tx, checks)
		if len(wanted) == 0 {
			return
		}
		for event := range webhook.Table.All(tx) {
			if slices.Contains(wanted, event.Provider+"."+event.Event) {
				events = append(events, event)
			}
		}
		e.webhooks.gone = removedEvents(tx, wanted)
	})
	for _, entry := range entries {
		e.calls.records = append(e.calls.records, callRecord(entry))
	}
	for kind, n := range dropped {
		seen := scenarios.Seen{Cut: true, Status: strconv.Itoa(kind.Status), Outcome: outcomeOf(kind.Outcome, kind.Foreign)}
		e.calls.gone = append(e.calls.gone, gone{kind.Operation, seen, n})
	}
	for _, event := range events {
		e.webhooks.records = append(e.webhooks.records, w.webhookRecord(event))
	}
	return e, err
}

// wantedEvents are the full names of the events that checks are about.
func wantedEvents(checks []*scenarios.Check) (names []string) {
	for _, c := range checks {
		if c.Webhooks != nil {
			names = append(names, c.Webhooks.Names...)
		}
	}
	return names
}

func removedEvents(tx *state.Tx, names []string) (all []gone) {
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		of, event, _ := strings.Cut(name, ".")
		for _, status := range webhook.Statuses {
			if n := webhook.RemovedAs(tx, of, event, status); n > 0 {
				all = append(all, gone{name, scenarios.Seen{Cut: true, Status: string(status)}, int(n)})
			}
		}
	}
	return all
}

// readLedger keeps the last entries of the balances that checks are about.
func (e *evidence) readLedger(tx *state.Tx, checks []*scenarios.Check) {
	for _, c := range checks {
		for _, a := range c.Balances {
			if e.ledger[a.Name()] == nil && !a.Holds(e.balances[a.Provider][a.Balance]) {
				entries := tx.Ledger(a.Provider, a.Balance)
				e.ledger[a.Name()] = entries[max(len(entries)-mostMisses, 0):]
			}
		}
	}
}

// callRecord is a call as the journal has it. A body that was cut there has lost
// its parameters.
func callRecord(e *journal.Entry) record {
	return record{
		miss: Miss{Request: e.ID, Operation: e.Operation, At: e.At}, id: e.ID, seen: seenCall(e),
		shown: func() *scenarios.Seen {
			masked := e.Masked()
			seen := seenCall(&masked)
			return &seen
		},
	}
}

func seenCall(e *journal.Entry) scenarios.Seen {
	r := &provider.Request{Method: e.Method, Path: e.Target, Header: make(http.Header)}
	for name, value := range e.Request.Headers {
		r.Header[name] = []string{value}
	}
	if u, err := url.Parse(e.Path); err == nil {
		r.Query = u.Query()
	}
	return scenarios.Seen{
		Request: r, Fields: e.Request.Fields, Cut: e.Request.BodySize > len(e.Request.Body),
		Status: strconv.Itoa(e.Status), Outcome: outcomeOf(e.Outcome, e.Foreign),
	}
}

// outcomeOf names an outcome as checks do.
func outcomeOf(outcome string, foreign bool) string {
	if outcome == "" && !foreign {
		return provider.Success
	}
	return outcome
}

func (w *Workspace) webhookRecord(e webhook.Event) record {
	request := ""
	if strings.HasPrefix(e.Cause, requestPrefix) {
		request = e.Cause
	}
	return record{
		miss: Miss{Request: request, Webhook: e.ID, Operation: e.Provider + "." + e.Event, At: e.At},
		id:   e.ID, seen: seenWebhook(e),
		shown: func() *scenarios.Seen {
			seen := seenWebhook(w.shown(e))
			return &seen
		},
	}
}

func seenWebhook(e webhook.Event) scenarios.Seen {
	fields, err := provider.DecodeObject(e.Payload)
	return scenarios.Seen{Fields: fields, Cut: err != nil, Status: string(e.Status)}
}

// A near record is not selected; what is wrong with it says its judgment.
type near struct {
	*record
	scenarios.Judgment
}

// A tally is what of an archive is selected.
type tally struct {
	what    string
	matched []string
	sure    int // selected, also of what is gone
	maybe   int // perhaps selected: what it takes to tell is gone
	cut     int // of them, whose bodies were cut
	gone    int // of the right name
	misses  []near
}

// of looks for what is selected.
func (a *archive) of(s *scenarios.Selection) *tally {
	t := &tally{what: s.What}
	for i := range a.records {
		r := &a.records[i]
		if !slices.Contains(s.Names, r.miss.Operation) {
			continue
		}
		j := s.Judge(&r.seen)
		switch {
		case j.Holds():
			t.matched = append(t.matched, r.id)
			t.sure++
			continue
		case j.Unknown():
			t.maybe, t.cut = t.maybe+1, t.cut+1
		}
		t.misses = append(t.misses, near{r, j})
	}
	for _, g := range a.gone {
		if !slices.Contains(s.Names, g.name) {
			continue
		}
		t.gone += g.count
		switch j := s.Judge(&g.seen); {
		case j.Holds():
			t.sure += g.count
		case j.Unknown():
			t.maybe += g.count
		}
	}
	return t
}

// judge tells whether there are as many as a check wants.
func (t *tally) judge(f *Finding, c *scenarios.Check, thing string) {
	least, most := c.Count.Holds(t.sure), c.Count.Holds(t.sure+t.maybe)
	tooMany := c.Count.Most >= 0 && t.sure > c.Count.Most
	tooFew := t.sure+t.maybe < c.Count.Least
	f.OK = least && most
	f.Incomplete = !f.OK && !tooMany && !tooFew
	f.Matched = append(f.Matched, t.matched...)
	f.Seen = t.words(thing, f.Incomplete)
	if !f.OK && !tooMany {
		f.Misses = append(f.Misses, nearest(t.misses)...)
	}
}

// words say what was seen.
func (t *tally) words(thing string, incomplete bool) string {
	text := "no " + thing
	if t.sure > 0 {
		text = scenarios.Quantity(t.sure, thing)
	}
	if lost := t.sure - len(t.matched); lost > 0 {
		text += fmt.Sprintf(", %d of them dropped since", lost)
	}
	if others := len(t.misses); others > 0 {
		text += fmt.Sprintf("; %d more of %s that differ", others, t.what)
	}
	if incomplete {
		text += fmt.Sprintf("; nobody can tell of %d more, because %s", t.maybe, t.lost())
	}
	return text
}

// lost says what it would take to tell.
func (t *tally) lost() string {
	var why []string
	if t.gone > 0 {
		why = append(why, fmt.Sprintf("older ones were dropped: %d", t.gone))
	}
	if t.cut > 0 {
		why = append(why, fmt.Sprintf("bodies were cut: %d", t.cut))
	}
	return strings.Join(why, ", ")
}

// nearest are the misses with the fewest conditions that do not hold, the newest
// of them first.
func nearest(all []near) (misses []Miss) {
	slices.Reverse(all)
	slices.SortStableFunc(all, func(a, b near) int { return cmp.Compare(a.Failed(), b.Failed()) })
	for _, n := range all[:min(len(all), mostMisses)] {
		m := n.miss
		m.Why = n.Why(n.shown())
		misses = append(misses, m)
	}
	return misses
}

// order tells whether calls came one after the other.
func (a *archive) order(f *Finding, steps []*scenarios.Selection) {
	done, last := a.follow(f, steps)
	if done == len(steps) {
		f.OK, f.Seen = true, "in this order: "+strings.Join(f.Matched, ", ")
		return
	}
	missing := steps[done]
	f.Seen = "no call of " + missing.String()
	if last != nil {
		f.Seen += " after " + last.id + ", " + last.miss.Operation
	}
	if f.Incomplete = a.mayFollow(steps); f.Incomplete {
		f.Seen += ", as far as calls were not dropped and bodies not cut"
	}
	t := a.of(missing)
	f.Misses = append(f.Misses, a.early(missing, last)...)
	f.Misses = append(f.Misses, nearest(t.misses)...)
	f.Misses = f.Misses[:min(len(f.Misses), mostMisses)]
}

// follow takes each call that is the next step, and tells how many steps were
// taken and which call was the last.
func (a *archive) follow(f *Finding, steps []*scenarios.Selection) (done int, last *record) {
	for i := range a.records {
		r := &a.records[i]
		if done < len(steps) && slices.Contains(steps[done].Names, r.miss.Operation) && steps[done].Judge(&r.seen).Holds() {
			f.Matched = append(f.Matched, r.id)
			done, last = done+1, r
		}
	}
	return done, last
}

// mayFollow tells whether the calls may have come one after the other, if what
// is not known any more was as it should be. What was dropped came first.
func (a *archive) mayFollow(steps []*scenarios.Selection) bool {
	for len(steps) > 0 && slices.ContainsFunc(a.gone, func(g gone) bool {
		return slices.Contains(steps[0].Names, g.name) && steps[0].Judge(&g.seen).Failed() == 0
	}) {
		steps = steps[1:]
	}
	for i := range a.records {
		r := &a.records[i]
		if len(steps) > 0 && slices.Contains(steps[0].Names, r.miss.Operation) && steps[0].Judge(&r.seen).Failed() == 0 {
			steps = steps[1:]
		}
	}
	return len(steps) == 0
}

// early are the calls that would be the step after last, had they come later;
// the newest first.
func (a *archive) early(step *scenarios.Selection, last *record) (misses []Miss) {
	for i := range a.records {
		r := &a.records[i]
		if last == nil || r == last {
			break
		}
		if slices.Contains(step.Names, r.miss.Operation) && step.Judge(&r.seen).Holds() {
			m := r.miss
			m.Why = "it came before " + last.id
			misses = append(misses, m)
		}
	}
	slices.Reverse(misses)
	return misses
}

// amounts tells whether balances are as they should be.
func (e *evidence) amounts(f *Finding, all []scenarios.Amount) {
	f.OK = true
	var seen []string
	for _, a := range all {
		is, opened := e.balances[a.Provider][a.Balance]
		text := a.Name() + " is " + is.String()
		if !opened {
			text += ", it was never used"
		}
		seen = append(seen, text)
		if a.Holds(is) {
			continue
		}
		f.OK = false
		for _, entry := range slices.Backward(e.ledger[a.Name()]) {
			f.Misses = append(f.Misses, Miss{Request: entry.Request, Operation: entry.Operation, At: entry.At, Why: a.Name() + " " + movement(entry)})
		}
	}
	f.Misses = f.Misses[:min(len(f.Misses), mostMisses)]
	f.Seen = strings.Join(seen, ", ")
}

// movement is an entry of the ledger in words.
func movement(e state.Entry) string {
	if e.Operation == state.Opening {
		return "opened with " + e.After.String()
	}
	sign := ""
	if e.Delta.IsPositive() {
		sign = "+"
	}
	text := sign + e.Delta.String() + " left " + e.After.String()
	if e.Reference != "" {
		text += ", for " + e.Reference
	}
	return text
}
