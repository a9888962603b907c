package providertest

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/provider"
)

var (
	snake    = regexp.MustCompile(`^[a-z][a-z0-9]*(_[a-z0-9]+)*$`)
	sentence = regexp.MustCompile(`^[A-Z].*\.$`)
	lower    = regexp.MustCompile(`^[a-z0-9.-]+$`)
	// Outcomes may go by the provider's own codes.
	outcomeName = regexp.MustCompile(`^[A-Za-z0-9]+([_.-][A-Za-z0-9]+)*$`)
)

// catalogueIsComplete looks at the mock as data.
func catalogueIsComplete(t *testing.T, s *subject) {
	t.Run("Mock", func(t *testing.T) { mockIsWhole(t, s) })
	t.Run("Mounts", func(t *testing.T) { mountsArePlaces(t, s.mock) })
	s.operations(t, func(t *testing.T, op *provider.Operation) { operationIsWhole(t, s, op) })
	t.Run("Outcomes", func(t *testing.T) { outcomesAreDocumented(t, s.mock) })
	t.Run("Machines", func(t *testing.T) { machinesHoldTogether(t, s) })
	t.Run("Actions", func(t *testing.T) { actionsAreDocumented(t, s.mock) })
	t.Run("Knobs", func(t *testing.T) { knobsAreDocumented(t, s.mock.Knobs(), "") })
	t.Run("Credentials", func(t *testing.T) { credentialsDiffer(t, s.mock) })
	t.Run("Served", func(t *testing.T) { catalogueIsServed(t, s) })
}

func mockIsWhole(t *testing.T, s *subject) {
	assert.Regexp(t, lower, s.mock.Name)
	assert.NotEmpty(t, s.mock.Title)
	assert.NotEmpty(t, s.mock.Operations)
	assert.NotNil(t, s.mock.Invariants, "money must be checked")
	assert.NotEmpty(t, s.mock.Secret, "a credential must be masked somewhere")
	if len(s.mock.Events) > 0 {
		assert.NotNil(t, s.mock.Webhook, "nobody can say where its events go")
		assert.NotNil(t, s.mock.Samples, "its receivers cannot be audited")
		assert.True(t, s.mock.Proof.Genuine(), "nothing proves its events")
		assert.Subset(t, s.mock.Secret.Events, s.mock.Proof.Keys, "a key that is shown")
	}
	assert.Empty(t, s.unknownNames(keys(s.Calls)), "Suite.Calls of operations that the mock does not have")
	assert.Empty(t, s.unknownNames(keys(s.Malformed)), "Suite.Malformed")
	assert.Empty(t, s.unknownNames(keys(s.Lenient)), "Suite.Lenient")
	assert.Empty(t, s.unknownNames(keys(s.Nameless)), "Suite.Nameless")
	assert.Empty(t, s.unknownOutcomes(keys(s.Statuses)), "Suite.Statuses of outcomes that the operation does not have")
	assert.Empty(t, s.unknownOutcomes(keys(s.Leaves)), "Suite.Leaves")
}

func mountsArePlaces(t *testing.T, m *provider.Mock) {
	require.NotEmpty(t, m.Mounts)
	assert.Empty(t, m.Mounts[0].Prefix, "the first mount is the base")
	var hosts, prefixes []string
	for _, mount := range m.Mounts {
		assert.NotEmpty(t, mount.Hosts, "mount %q has no documented host", mount.Prefix)
		for _, host := range mount.Hosts {
			assert.Regexp(t, lower, host)
		}
		hosts, prefixes = append(hosts, mount.Hosts...), append(prefixes, mount.Prefix)
	}
	assert.Empty(t, repeated(hosts))
	assert.Empty(t, repeated(prefixes))
}

func operationIsWhole(t *testing.T, s *subject, op *provider.Operation) {
	assert.Regexp(t, snake, op.Name)
	assert.Regexp(t, sentence, op.Summary)
	assert.True(t, strings.HasPrefix(op.Path, "/"), "path %q", op.Path)
	assert.Contains(t, []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}, op.Method)
	assert.NotNil(t, op.Handle)
	assert.NotNil(t, s.Calls[op.Name], "Suite.Calls has no sample of it")
	assert.Empty(t, repeated(op.Params))
	if op.Settles != "" {
		assert.NotNil(t, s.mock.Machine(op.Settles), "it settles %q, which is no machine", op.Settles)
	}
	assert.Subset(t, op.Outcomes(), []string{"unauthorized", "rate_limited", "server_error"})
	assert.Empty(t, repeated(op.Outcomes()))
	for _, name := range op.Outcomes() {
		assert.NotNil(t, s.mock.Outcome(name), "outcome %q is not in the table", name)
	}
}

// outcomesAreDocumented looks at the table of outcomes; each is some
// operation's, or of calls that reach none.
func outcomesAreDocumented(t *testing.T, m *provider.Mock) {
	named := slices.Clone(provider.Always)
	for i := range m.Operations {
		named = append(named, m.Operations[i].Outcomes()...)
	}
	var names []string
	for _, o := range m.Outcomes {
		assert.Regexp(t, outcomeName, o.Name)
		assert.NotEmpty(t, o.Doc, "%s is not documented", o.Name)
		assert.NotEmpty(t, o.Message, "%s says nothing", o.Name)
		assert.True(t, o.Status >= 200 && o.Status <= 599, "%s has status %d", o.Name, o.Status)
		assert.Contains(t, named, o.Name, "no operation has it")
		names = append(names, o.Name)
	}
	assert.Subset(t, names, named)
	assert.Empty(t, repeated(names))
}

func machinesHoldTogether(t *testing.T, s *subject) {
	var names []string
	for _, machine := range s.mock.Machines {
		names = append(names, machine.Name)
		assert.NotEmpty(t, machine.Doc, "%s is not documented", machine.Name)
		require.NotEmpty(t, machine.States, machine.Name)
		assert.Empty(t, repeated(machine.States), machine.Name)
		assert.Subset(t, machine.States, s.Begin[machine.Name], "Suite.Begin")
		reached := append(machine.States[:1:1], s.Begin[machine.Name]...)
		for range machine.States {
			for _, move := range machine.Moves {
				assert.Subset(t, machine.States, []string{move.From, move.To}, "%s moves between states it has not", machine.Name)
				if slices.Contains(reached, move.From) && !slices.Contains(reached, move.To) {
					reached = append(reached, move.To)
				}
			}
		}
		assert.ElementsMatch(t, machine.States, reached, "states of %s that nothing leads to", machine.Name)
		assert.True(t, slices.ContainsFunc(machine.States, machine.Final), "%s never ends", machine.Name)
	}
	assert.Empty(t, repeated(names))
	assert.Subset(t, names, keys(s.Begin), "Suite.Begin of machines that the mock does not have")
}

func actionsAreDocumented(t *testing.T, m *provider.Mock) {
	var names []string
	for _, a := range m.Actions {
		names = append(names, a.Name)
		assert.Regexp(t, snake, a.Name)
		assert.NotEmpty(t, a.Doc, "%s is not documented", a.Name)
		assert.NotNil(t, a.Do)
		for _, arg := range a.Args {
			assert.Regexp(t, snake, arg.Name)
			assert.NotEmpty(t, arg.Doc, "%s of %s is not documented", arg.Name, a.Name)
			assert.False(t, arg.Required && arg.Default != "", "%s of %s is required and has a default", arg.Name, a.Name)
			if len(arg.OneOf) > 0 && !arg.Required {
				assert.Contains(t, arg.OneOf, arg.Default)
			}
		}
	}
	assert.Empty(t, repeated(names))
}

func knobsAreDocumented(t *testing.T, knobs []provider.Knob, path string) {
	types := []string{"decimal", "duration", "boolean", "text", "integer", "object", "map", "list"}
	var names []string
	for _, k := range knobs {
		names = append(names, k.Name)
		assert.NotEmpty(t, k.Doc, "%s%s is not documented", path, k.Name)
		assert.Contains(t, types, k.Type)
		if len(k.OneOf) > 0 && k.Type == "text" {
			assert.Contains(t, k.OneOf, k.Default)
		}
		if k.Type == "object" {
			assert.NotEmpty(t, k.Knobs)
			knobsAreDocumented(t, k.Knobs, path+k.Name+".")
		}
	}
	assert.Empty(t, repeated(names))
}

func credentialsDiffer(t *testing.T, m *provider.Mock) {
	one, two := m.Credentials("one"), m.Credentials("two")
	require.NotEmpty(t, one)
	require.Len(t, two, len(one))
	assert.NotEqual(t, one[0].Value, two[0].Value, "workspaces share the credential that names the account")
	for i, c := range one {
		assert.Regexp(t, snake, c.Name)
		assert.NotEmpty(t, c.Value)
		assert.Equal(t, c.Name, two[i].Name)
	}
}

// catalogueIsServed compares what GET providers shows with the mock.
func catalogueIsServed(t *testing.T, s *subject) {
	w := s.world(t)
	shown := w.catalogue()
	assert.Equal(t, s.mock.Title, shown.Title)
	assert.Equal(t, w.URL, shown.BaseURL)
	for _, mount := range s.mock.Mounts {
		assert.Subset(t, shown.Hosts, mount.Hosts)
	}
	require.Len(t, shown.Operations, len(s.mock.Operations))
	for i, op := range s.mock.Operations {
		assert.Equal(t, operation{op.Name, op.Method, op.Path, op.Summary, op.Outcomes()}, shown.Operations[i])
	}
	require.Len(t, shown.Outcomes, len(s.mock.Outcomes))
	for i, o := range s.mock.Outcomes {
		assert.Equal(t, outcome{o.Name, o.Status, o.Doc}, shown.Outcomes[i])
	}
	assert.Equal(t, append([]string{}, s.mock.Events...), shown.Events)
	assert.Equal(t, s.mock.Machines, shown.Machines)
	require.Len(t, shown.Actions, len(s.mock.Actions))
	for i, a := range s.mock.Actions {
		assert.Equal(t, action{a.Name, a.Doc, a.Args}, shown.Actions[i])
	}
	assert.Len(t, shown.Knobs, len(s.mock.Knobs()))
}

// A shownProvider is a provider as the control API shows it.
type shownProvider struct {
	Name       string             `json:"name"`
	Title      string             `json:"title"`
	BaseURL    string             `json:"base_url"`
	Hosts      []string           `json:"hosts"`
	Operations []operation        `json:"operations"`
	Outcomes   []outcome          `json:"outcomes"`
	Actions    []action           `json:"actions"`
	Events     []string           `json:"webhook_events"`
	Machines   []provider.Machine `json:"state_machines"`
	Knobs      []shownKnob        `json:"knobs"`
}

type operation struct {
	Name     string   `json:"name"`
	Method   string   `json:"method"`
	Path     string   `json:"path"`
	Summary  string   `json:"summary"`
	Outcomes []string `json:"outcomes"`
}

type outcome struct {
	Name   string `json:"name"`
	Status int    `json:"status"`
	Doc    string `json:"description"`
}

type action struct {
	Name string         `json:"name"`
	Doc  string         `json:"description"`
	Args []provider.Arg `json:"args"`
}

type shownKnob struct {
	Name    string          `json:"name"`
	Type    string          `json:"type"`
	Default json.RawMessage `json:"default"`
	Knobs   []shownKnob     `json:"knobs"`
}

func (w *world) catalogue() shownProvider {
	w.Helper()
	req, err := http.NewRequestWithContext(w.Context(), http.MethodGet, w.server+"/_mockpay/providers", nil)
	require.NoError(w, err)
	var all struct {
		Providers []shownProvider `json:"providers"`
	}
	require.NoError(w, json.Unmarshal(w.Need(req).Body, &all))
	for _, p := range all.Providers {
		if p.Name == w.mock.Name {
			return p
		}
	}
	require.FailNow(w, "the catalogue does not have it")
	return shownProvider{}
}

// defaultsCanBeWritten writes every default that the catalogue shows into a
// scenario; the workspace is then as without.
func defaultsCanBeWritten(t *testing.T, s *subject) {
	w := s.world(t)
	before := w.holds()
	text := scenario() + "providers:\n  " + s.mock.Name + ": " + writeKnobs(w.catalogue().Knobs) + "\n"

	_, err := w.Control.LoadScenario(t.Context(), text)

	require.NoError(t, err, text)
	assert.Equal(t, before, w.holds())
}

// writeKnobs writes knobs with their defaults. JSON is YAML.
func writeKnobs(knobs []shownKnob) string {
	var parts []string
	for _, k := range knobs {
		switch {
		case k.Type == "object":
			parts = append(parts, k.Name+": "+writeKnobs(k.Knobs))
		case len(k.Default) > 0 && string(k.Default) != "null":
			parts = append(parts, k.Name+": "+string(k.Default))
		}
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

// repeated are the values that stand in a list more than once.
func repeated(list []string) []string {
	var twice []string
	seen := make(map[string]bool)
	for _, v := range list {
		if seen[v] {
			twice = append(twice, v)
		}
		seen[v] = true
	}
	return twice
}
