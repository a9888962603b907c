package providertest

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/client"
	"github.com/mockpay/mockpay/mockpaytest"
	"github.com/mockpay/mockpay/provider"
)

// A world is a server with a workspace for one test, and a caller in it.
type world struct {
	*subject
	*Caller
	server    string // its URL
	workspace *client.Workspace
}

// scenario is one whose clock stands, with rules as YAML mappings.
func scenario(rules ...string) string {
	return seeded("42", rules...)
}

func seeded(seed string, rules ...string) string {
	text := "version: 1\nname: conformance\nseed: " + seed + "\nclock: {start: 2026-03-01T10:00:00Z, frozen: true}\n"
	for i, rule := range rules {
		if i == 0 {
			text += "rules:\n"
		}
		text += "  - " + rule + "\n"
	}
	return text
}

// world starts a server with a workspace whose clock stands.
func (s *subject) world(t testing.TB, rules ...string) *world {
	return s.begin(t, scenario(rules...))
}

func (s *subject) begin(t testing.TB, text string) *world {
	t.Helper()
	m := mockpaytest.Start(t, mockpaytest.Scenario(text))
	w := &world{subject: s, server: m.URL, workspace: m.Workspace}
	w.Caller = w.caller(t, m.Workspace)
	return w
}

// caller is the account of a workspace of the server.
func (w *world) caller(t testing.TB, ws *client.Workspace) *Caller {
	account := ws.Providers[w.Provider]
	control := client.New(w.server, client.WithWorkspace(ws.ID))
	return w.newCaller(t, hostOf(t, w.server), account.BaseURL, account.Credentials, control)
}

// other makes another workspace on the server, and returns a caller in it.
func (w *world) other(id string) *Caller {
	w.Helper()
	ws, err := w.Control.CreateWorkspace(w.Context(), client.WorkspaceSpec{ID: id, Scenario: scenario()})
	require.NoError(w, err)
	return w.caller(w, ws)
}

// load begins a scenario anew.
func (w *world) load(rules ...string) {
	w.Helper()
	_, err := w.Control.LoadScenario(w.Context(), scenario(rules...))
	require.NoError(w, err)
}

// call makes the sample of an operation and sends it.
func (s *subject) call(c *Caller, op *provider.Operation) *Answer {
	c.Helper()
	return c.Do(s.Calls[op.Name](c))
}

// callAll sends the samples of all operations and returns the answers.
func (s *subject) callAll(c *Caller) []string {
	c.Helper()
	var answers []string
	for i := range s.mock.Operations {
		answers = append(answers, s.mock.Operations[i].Name+" "+s.call(c, &s.mock.Operations[i]).String())
	}
	return answers
}

// What a workspace holds, without what only counts its calls.
type holding struct {
	Ledger json.RawMessage            `json:"ledger"`
	Jobs   json.RawMessage            `json:"jobs"`
	Tables map[string]json.RawMessage `json:"tables"`
}

// holds returns the records, money, jobs and webhooks of a caller's workspace.
func (c *Caller) holds() string {
	c.Helper()
	var snapshot struct {
		State holding `json:"state"`
	}
	require.NoError(c, json.Unmarshal(c.state(), &snapshot))
	held, err := json.MarshalIndent(snapshot.State, "", " ")
	require.NoError(c, err)
	return string(held)
}

// state is a snapshot of the caller's workspace.
func (c *Caller) state() json.RawMessage {
	c.Helper()
	state, err := c.Control.State(c.Context())
	require.NoError(c, err)
	return state
}

// seen is everything the control API shows of the caller's workspace: state,
// balances, ledger, clock and journal. What differs from server to server, its
// port and the time that calls took, is left out.
func (c *Caller) seen() string {
	c.Helper()
	ctx := c.Context()
	balances, err := c.Control.Balances(ctx)
	require.NoError(c, err)
	ledger, err := c.Control.Ledger(ctx, client.LedgerFilter{})
	require.NoError(c, err)
	clock, err := c.Control.Clock(ctx)
	require.NoError(c, err)
	requests := c.journal(client.RequestFilter{})
	for i := range requests {
		requests[i].DurationUS = 0
		delete(requests[i].Request.Headers, "Host")
	}
	all, err := json.MarshalIndent([]any{c.state(), balances, ledger, clock, requests}, "", " ")
	require.NoError(c, err)
	return string(all)
}

// journal lists calls of the caller's workspace, newest first.
func (c *Caller) journal(f client.RequestFilter) []client.Request {
	c.Helper()
	list, err := c.Control.Requests(c.Context(), f)
	require.NoError(c, err)
	return list.Requests
}

// journaled is the entry of an answer.
func (c *Caller) journaled(a *Answer) *client.Request {
	c.Helper()
	entry, err := c.Control.Request(c.Context(), a.Header.Get("X-Mockpay-Request-Id"))
	require.NoError(c, err)
	return entry
}

// newest is the entry of an answer that came just now.
func (w *world) newest(op *provider.Operation, a *Answer) client.Request {
	w.Helper()
	places := []*client.Client{w.Control}
	if w.Nameless[op.Name] != "" {
		places = append(places, client.New(w.server, client.WithWorkspace("default")))
	}
	for _, control := range places {
		list, err := control.Requests(w.Context(), client.RequestFilter{Limit: 1})
		require.NoError(w, err, "the journal can be read")
		for _, entry := range list.Requests {
			if entry.ID == a.Header.Get("X-Mockpay-Request-Id") && entry.Hint == a.Hint() && entry.Status == a.Status {
				return entry
			}
		}
	}
	require.Fail(w, "the journal does not have it", "%s", a)
	return client.Request{}
}

// moneyIsRight checks what the control API says of a workspace's money against
// itself: the invariants, and the ledger added up once more.
func (c *Caller) moneyIsRight() {
	c.Helper()
	ctx := c.Context()
	invariants, err := c.Control.Invariants(ctx)
	require.NoError(c, err)
	assert.True(c, invariants.OK, "invariants: %+v", invariants.Checks)
	assert.NotEmpty(c, invariants.Checks)

	entries, err := c.Control.Ledger(ctx, client.LedgerFilter{})
	require.NoError(c, err)
	balances, err := c.Control.Balances(ctx)
	require.NoError(c, err)
	assert.Equal(c, balances, addUp(c, entries))
}

// unknownNames are those that are no operation's.
func (s *subject) unknownNames(names []string) []string {
	return slices.DeleteFunc(names, func(name string) bool { return s.mock.Operation(name) != nil })
}

// unknownOutcomes are those, as "operation/outcome", that no operation has.
func (s *subject) unknownOutcomes(names []string) []string {
	return slices.DeleteFunc(names, func(name string) bool {
		of, outcome, _ := strings.Cut(name, "/")
		op := s.mock.Operation(of)
		return op != nil && slices.Contains(op.Outcomes(), outcome)
	})
}

// keys are the keys of a map in order.
func keys[T any](m map[string]T) []string { return slices.Sorted(maps.Keys(m)) }

// quoteYAML writes a text for a scenario.
func quoteYAML(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }
