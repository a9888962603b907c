// Package workspace puts together what an isolated world is made of: a clock,
// a state, a scenario, a journal, and the accounts that sign in to it.
//
// A [Workspace] answers the providers' calls ([Workspace.Do]) and gives the
// control API one method for each thing it can ask. A [Registry] holds the
// workspaces of a server and knows whose account a call comes from.
package workspace

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mockpay/mockpay/clock"
	"github.com/mockpay/mockpay/journal"
	"github.com/mockpay/mockpay/provider"
	"github.com/mockpay/mockpay/scenarios"
	"github.com/mockpay/mockpay/state"
	"github.com/mockpay/mockpay/webhook"
)

// A Workspace is an isolated world.
type Workspace struct {
	ID      string
	mocks   []*provider.Mock
	lang    *scenarios.Language
	log     *slog.Logger
	clock   *clock.Clock
	db      *state.DB
	journal *journal.Journal
	sender  *webhook.Sender

	delivery *webhook.Delivery
	targets  targets
	counts   *counts // of all workspaces

	// seeded is the seed that was asked for and beats the scenario's; drawn the
	// one for when nobody asked. Both are guarded by world.
	seeded *int64
	drawn  int64

	accounts map[string]map[string]string // credentials by provider, as they were first
	secrets  func() *journal.Secrets      // those among them, and those of callers by their names
	others   func() []string              // the other workspaces
	used     atomic.Int64                 // when a call last came, real time

	// world is held for reading by whoever looks at more than one of the
	// clock, the state, the scenario and the journal, and for writing while
	// they are replaced together.
	world    sync.RWMutex
	scenario atomic.Pointer[scenarios.Scenario]

	reloadError atomic.Pointer[error]
}

// config is what a workspace is made from.
type config struct {
	id        string
	seed      *int64
	drawn     int64
	scenario  *scenarios.Scenario
	docs      state.Docs
	mocks     []*provider.Mock
	lang      *scenarios.Language
	log       *slog.Logger
	counts    *counts
	secrets   *journal.Secrets        // by their names
	strangers func() *journal.Secrets // of all workspaces, where strangers' calls are journaled; nil elsewhere
	sender    *webhook.Sender
	urls      map[string]string // where webhooks go, by provider
	others    func() []string   // the other workspaces

	journalSize, journalBody int
}

// open makes a workspace and begins its scenario.
func open(c config) (*Workspace, error) {
	w := &Workspace{
		ID: c.id, mocks: c.mocks, lang: c.lang, log: c.log.With("workspace", c.id),
		seeded: c.seed, drawn: c.drawn, journal: journal.New(c.journalSize, c.journalBody),
		accounts: make(map[string]map[string]string), sender: c.sender, others: c.others, counts: c.counts,
		targets: targets{given: c.urls, set: make(map[string]Target)},
	}
	w.journal.Drops = c.counts.dropped
	schemas := []state.Schema{webhook.Table, webhook.Notes, happenings}
	for _, m := range c.mocks {
		schemas = append(schemas, m.Tables...)
		w.accounts[m.Name] = make(map[string]string)
		for _, cred := range m.Credentials(c.id) {
			w.accounts[m.Name][cred.Name] = cred.Value
		}
	}
	w.secrets = c.strangers
	if c.strangers == nil {
		own := c.secrets.With(secretsOf(c.mocks, c.id)...)
		w.secrets = func() *journal.Secrets { return own }
	}
	db, err := state.Open(c.docs, state.Options{
		Now:    func() time.Time { return w.clock.Now() },
		Moving: func() bool { return w.clock.Moving() },
		RunJob: w.runJob, Schemas: schemas,
	})
	if err != nil {
		return nil, fmt.Errorf("open workspace %q: %w", c.id, err)
	}
	w.db = db
	w.delivery = w.newDelivery()
	w.clock = clock.New(work{w}, c.scenario.Clock)
	return w, w.begin(c.scenario, true)
}

// work is what falls due on the workspace's clock.
type work struct{ *Workspace }

func (w work) Next() (time.Time, bool) { return w.db.Next() }

func (w work) Run(until time.Time) []clock.Due {
	ran := w.db.Run(until)
	w.delivery.Wake()
	return ran
}

func (w work) Settle() { w.delivery.Settle() }

// close ends the workspace's timer, and its webhooks when ctx does: what is
// queued by then is sent, what is left stands in the log.
func (w *Workspace) close(ctx context.Context) {
	w.clock.Stop()
	w.stopWebhooks(ctx)
	w.journal.Close()
}

// begin sets everything to the initial state of a scenario.
func (w *Workspace) begin(s *scenarios.Scenario, loaded bool) error {
	if err := w.checkTargets(s); err != nil {
		return err
	}
	defer w.delivery.Suspend()() // a move of the clock may wait for it
	return w.clock.Replace(s.Clock.State(), func(set func()) error {
		w.world.Lock()
		defer w.world.Unlock()
		before := w.scenario.Swap(s)
		taken := w.targets.restore(loaded)
		set()
		err := w.db.Reset(w.seedFor(s), state.Cause{Operation: state.Opening}, func(tx *state.Tx) error {
			for _, m := range w.mocks {
				if m.Open != nil {
					m.Open(w.call(tx, m))
				}
			}
			w.plan(tx, s)
			return nil
		})
		if err != nil {
			w.scenario.Store(before)
			w.targets.take(taken)
			return fmt.Errorf("begin scenario %q: %w", s.Name, err)
		}
		w.delivery.Abandon()
		w.journal.Clear()
		return nil
	})
}

// seedFor is the seed of a scenario in this workspace.
func (w *Workspace) seedFor(s *scenarios.Scenario) int64 {
	switch {
	case w.seeded != nil:
		return *w.seeded
	case s.Seed != nil:
		return *s.Seed
	}
	return w.drawn
}

// call is what a mock's code sees of the workspace.
func (w *Workspace) call(tx *state.Tx, m *provider.Mock) *provider.Call {
	return &provider.Call{
		Mock: m, Workspace: w.ID, Tx: tx,
		Settings: w.scenario.Load().Settings[m.Name], Credentials: w.account(tx, m), WebhookURL: w.target(m).URL, Others: w.others,
	}
}

// account are the credentials of the workspace's account at a provider.
func (w *Workspace) account(tx *state.Tx, m *provider.Mock) map[string]string {
	if m.Account == nil {
		return w.accounts[m.Name]
	}
	return m.Account(tx, w.ID, w.accounts[m.Name])
}

// update runs a transaction, sets the clock's timer by what it scheduled, and
// has sent what it emitted.
func (w *Workspace) update(cause state.Cause, fn func(*state.Tx) error) error {
	var events webhook.Count
	err := w.db.Update(cause, func(tx *state.Tx) error {
		events = webhook.Counted(tx)
		err := fn(tx)
		if err == nil {
			events = webhook.Counted(tx) // else they are undone
		}
		return err
	})
	w.clock.Rearm()
	w.delivery.Note(events)
	return err
}

// runJob does what fell due. One that fails or panics is dropped: it would only
// do so again, and hold up all that comes after it.
func (w *Workspace) runJob(tx *state.Tx, job state.Job) (err error) {
	before := webhook.Counted(tx)
	defer func() {
		if webhook.IsJob(job.Kind) || webhook.Counted(tx) != before {
			w.delivery.Wake() // whoever runs it, also a mere look; what wakes sees the state after this
		}
	}()
	defer func() {
		if p := recover(); p != nil {
			err = panicked(p)
		}
		w.counts.job(job.Kind, err)
		if err != nil {
			w.log.Error("a job failed and is dropped", "job", job.ID, "kind", job.Kind, "ref", job.Ref, "error", err)
		}
	}()
	if webhook.IsJob(job.Kind) {
		return webhook.RunJob(tx, job)
	}
	if strings.HasPrefix(job.Kind, timelineJob) {
		return w.happen(tx, job)
	}
	name, kind, _ := strings.Cut(job.Kind, ".")
	for _, m := range w.mocks {
		if run := m.Jobs[kind]; m.Name == name && run != nil {
			return run(w.call(tx, m), job)
		}
	}
	return errors.New("nobody knows such jobs")
}

// An Incoming call is one to be answered.
type Incoming struct {
	Mock    *provider.Mock
	Op      *provider.Operation // nil if the path has none
	Request *provider.Request
	URL     string             // as it was sent, for the journal
	Force   string             // the outcome that the caller asks for
	Refusal *provider.Refusal  // why it is refused before anybody looks at it
	Answer  *provider.Response // what it gets without anybody looking at it
	Began   time.Time          // real time
}

// name is the operation's full name, "" if there is none.
func (in *Incoming) name() string {
	if in.Op == nil {
		return ""
	}
	return in.Mock.Name + "." + in.Op.Name
}

// An Outgoing answer is ready to be written.
type Outgoing struct {
	Status int
	Header http.Header
	Body   []byte
	Delay  time.Duration   // to let pass before
	Fault  scenarios.Fault // that happens to it, "" for none

	release func() // lets go of the webhooks that the call caused; nil without any
}

// HasWebhooks tells whether the call caused webhooks, which wait for the answer.
func (o *Outgoing) HasWebhooks() bool { return o.release != nil }

// Answered must be called when the answer is written, or nobody is there to
// read it.
func (o *Outgoing) Answered() {
	if o.release != nil {
		o.release()
	}
}

// exchange is a call on its way through the workspace.
type exchange struct {
	*Incoming
	id       string // in the journal
	at       time.Time
	call     *provider.Call
	decision scenarios.Decision
	forced   bool // as the caller asked
	response *provider.Response
	release  func() // lets its webhooks go
}

// Do answers a call: one transaction, one journal entry.
func (w *Workspace) Do(in *Incoming) *Outgoing {
	w.used.Store(in.Began.UnixNano())
	w.world.RLock()
	defer w.world.RUnlock()
	x := &exchange{Incoming: in}
	err := w.attempt(x, w.answer)
	if err != nil {
		w.log.Error("a call failed inside mockpay", "operation", in.name(), "error", err)
		err = w.attempt(x, func(x *exchange) {
			x.response = x.refuse(provider.Broken())
		})
	}
	if err != nil {
		x.response = &provider.Response{Status: http.StatusInternalServerError, Outcome: provider.ServerError}
	}
	out := w.outgoing(x)
	took := time.Since(x.Began) + out.Delay
	w.counts.call(x, took)
	e := w.entry(x, out, took)
	w.journal.Add(e)
	w.tell(e)
	return out
}

// requestPrefix is how ids of calls begin.
const requestPrefix = "req-"

// attempt runs a part of an exchange in a transaction. A panic becomes an
// error, and leaves nothing behind.
func (w *Workspace) attempt(x *exchange, do func(*exchange)) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = panicked(p)
		}
	}()
	return w.update(state.Cause{Operation: x.name()}, func(tx *state.Tx) error {
		x.id, x.at = requestPrefix+strconv.FormatInt(tx.Count("request"), 10), tx.Now()
		tx.SetCause(state.Cause{Operation: tx.Cause().Operation, Request: x.id})
		x.call = w.call(tx, x.Mock)
		x.call.Op, x.call.Request = x.Op, x.Request
		x.decision, x.forced, x.response = scenarios.Decision{}, false, nil
		before := webhook.Counted(tx)
		do(x)
		x.cover()
		if webhook.Counted(tx).Queued != before.Queued {
			x.release = w.delivery.Hold(x.id)
		}
		return nil
	})
}

// answer decides what a call gets: refused for who calls, what a rule says, or
// what the operation does.
func (w *Workspace) answer(x *exchange) {
	c := x.call
	switch {
	case x.Answer != nil:
		x.response = x.Answer
		return
	case x.Refusal != nil:
		x.response = x.refuse(x.Refusal)
		return
	}
	if err := c.Tx.Try(func() error { return x.Mock.Authenticate(c) }); err != nil {
		x.response = x.failed(err, w.log)
		return
	}
	x.forced = x.Force != ""
	x.decision = w.scenario.Load().Decide(c, c.Tx.Now().Sub(w.clock.Start()), x.forced)
	if !x.decision.Fault.Commits() {
		x.response = w.undone(x)
		return
	}
	if x.decision.Webhooks != nil {
		webhook.Give(c.Tx, *x.decision.Webhooks)
	}
	x.response = w.act(x)
}

// act answers a call as was decided, or else as the operation does.
func (w *Workspace) act(x *exchange) *provider.Response {
	switch d := x.decision; {
	case x.forced:
		return x.refuse(&provider.Refusal{Outcome: x.Force, Hint: "the request asked for this outcome with " + HeaderOutcome})
	case d.Raw != nil:
		return raw(d)
	case d.Outcome != "":
		return x.refuse(&provider.Refusal{Outcome: d.Outcome, Hint: forcedBy(d.Rule, w.scenario.Load().Name)})
	}
	x.call.Settles = x.decision.Settles()
	var response *provider.Response
	err := x.call.Tx.Try(func() (err error) {
		response, err = x.Op.Handle(x.call)
		return err
	})
	if err != nil {
		return x.failed(err, w.log)
	}
	return response
}

func forcedBy(r *scenarios.Rule, scenario string) string {
	return fmt.Sprintf("rule %q of scenario %q answers so", r.ID(), scenario)
}

func raw(d scenarios.Decision) *provider.Response {
	r := &provider.Response{Status: d.Raw.Status, Header: d.Raw.Header.Clone(), Body: d.Raw.Body}
	if r.Status >= http.StatusBadRequest {
		r.Hint = fmt.Sprintf("rule %q of the scenario answers this itself", d.Rule.ID())
	}
	return r
}

// entry is what the journal keeps of an exchange.
func (w *Workspace) entry(x *exchange, out *Outgoing, took time.Duration) *journal.Entry {
	e := &journal.Entry{
		ID: x.id, At: x.at, Provider: x.Mock.Name, Operation: x.name(), Matched: x.Op != nil,
		Method: x.Request.Method, Path: x.URL, Status: out.Status, Outcome: x.response.Outcome,
		Micros: took.Microseconds(), Hint: out.Header.Get(headerHint), Rule: out.Header.Get(headerRule),
		Request:  w.journal.Message(x.Request.Header, x.Request.Body, x.Request.Fields),
		Response: w.journal.Message(out.Header, out.Body, nil),
		Target:   x.Request.Path, Foreign: x.outcome() == "",
		Secret: x.secrets(out), Known: w.secrets,
	}
	if out.Fault != "" {
		e.Fault, e.Hint = string(out.Fault), oneLine(x.faulted())
	}
	if out.Status == 0 {
		e.Response = w.journal.Message(nil, nil, nil) // no answer was made
	}
	return e
}
