package providertest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"mime"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/journal"
	"github.com/mockpay/mockpay/provider"
)

// callsSucceed makes the sample of each operation.
func callsSucceed(t *testing.T, s *subject) {
	s.operations(t, func(t *testing.T, op *provider.Operation) {
		w := s.world(t)
		a := w.call(w.Caller, op)
		require.Equal(t, 2, a.Status/100, "%s", a)
		assert.Equal(t, s.full(op), a.Header.Get("X-Mockpay-Operation"))
		assert.Empty(t, a.Hint(), "a hint is for refusals")
		assert.Empty(t, a.Header.Get("X-Mockpay-Rule"))
		assert.NotEmpty(t, a.Header.Get("Content-Type"))
		assert.Equal(t, "Sun, 01 Mar 2026 10:00:00 GMT", a.Header.Get("Date"), "the workspace's time")
		compact(t, a)

		entry := w.journaled(a)
		assert.True(t, entry.Matched)
		assert.Equal(t, s.mock.Name, entry.Provider)
		assert.Equal(t, s.full(op), entry.Operation)
		assert.Equal(t, a.Status, entry.Status)
		assert.Equal(t, s.masked(a.Body), entry.Response.Body)
		assert.Empty(t, entry.Outcome+entry.Hint+entry.Rule)
	})
}

// masked is a JSON answer as the journal shows it.
func (s *subject) masked(body []byte) string {
	text := string(body)
	for _, name := range s.mock.Secret.Answer {
		secret := regexp.MustCompile(`"` + regexp.QuoteMeta(name) + `":"([^"\\]+)"`)
		text = secret.ReplaceAllStringFunc(text, func(found string) string {
			value := secret.FindStringSubmatch(found)[1]
			return strings.Replace(found, value, journal.Mask(value), 1)
		})
	}
	return text
}

// compact checks that a JSON body has no white space between its tokens, none
// at its end, and nothing escaped for HTML.
func compact(t testing.TB, a *Answer) {
	t.Helper()
	media, _, err := mime.ParseMediaType(a.Header.Get("Content-Type"))
	require.NoError(t, err)
	if media != "application/json" {
		return
	}
	var b bytes.Buffer
	require.NoError(t, json.Compact(&b, a.Body), "%s", a.Body)
	assert.Equal(t, b.String(), string(a.Body))
	for _, escaped := range []string{`\u003c`, `\u003e`, `\u0026`, `\u2028`, `\u2029`} {
		assert.NotContains(t, string(a.Body), escaped)
	}
}

// A way is one of those in which an outcome can be had.
type way struct {
	name  string
	rules []string
	force string // the request header
	rule  string // what the answer says acted
}

// waysTo lists them: by rules that are named, that are known by their place, that
// match a condition, and by the request itself.
func (s *subject) waysTo(op *provider.Operation, outcome string) []way {
	respond := "respond: " + quoteYAML(outcome)
	never := fmt.Sprintf("{on: %s, when: {request.method: NONE}, respond: server_error}", s.full(op))
	return []way{
		{name: "NamedRule", rule: "the one", rules: []string{fmt.Sprintf("{name: the one, on: %s, %s}", s.full(op), respond)}},
		{name: "PlacedRule", rule: "2", rules: []string{never, fmt.Sprintf("{on: %s, when: {request.method: %s}, %s}", s.full(op), op.Method, respond)}},
		{name: "Header", rule: "X-Mockpay-Outcome", force: outcome},
	}
}

// outcomesAreReachable has every operation answer with each of its outcomes.
func outcomesAreReachable(t *testing.T, s *subject) {
	s.operations(t, func(t *testing.T, op *provider.Operation) {
		w := s.world(t)
		usual := w.call(w.Caller, op)
		for _, name := range op.Outcomes() {
			t.Run(name, func(t *testing.T) {
				var first *Answer
				for _, way := range s.waysTo(op, name) {
					a := w.in(t).had(op, name, way)
					assert.Equal(t, usual.Header.Get("Content-Type"), a.Header.Get("Content-Type"))
					if first == nil {
						first = a
					}
					assert.Equal(t, string(first.Body), string(a.Body), way.name)
				}
			})
		}
	})
}

// in is the world in a subtest.
func (w *world) in(t testing.TB) *world {
	c := *w.Caller
	c.TB = t
	return &world{w.subject, &c, w.server, w.workspace}
}

// had gets an outcome in one way, and checks all that goes with it.
func (w *world) had(op *provider.Operation, outcome string, way way) *Answer {
	w.Helper()
	w.load(way.rules...)
	req := w.Calls[op.Name](w.Caller)
	if way.force != "" {
		req.Header.Set("X-Mockpay-Outcome", way.force)
	}
	before := w.holds()

	a := w.Do(req)

	if reason, leaves := w.Leaves[op.Name+"/"+outcome]; leaves {
		assert.NotEmpty(w, reason, "Suite.Leaves says why")
		assert.NotEqual(w, before, w.holds(), "%s: Suite.Leaves says that it leaves something behind", way.name)
		w.moneyIsRight()
	} else {
		assert.Equal(w, before, w.holds(), "%s: an outcome leaves nothing behind", way.name)
	}
	assert.Equal(w, w.status(op, outcome), a.Status, way.name)
	assert.Equal(w, w.full(op), a.Header.Get("X-Mockpay-Operation"), way.name)
	assert.Equal(w, way.rule, a.Header.Get("X-Mockpay-Rule"), way.name)
	assert.NotEmpty(w, a.Hint(), way.name)
	w.Refusal(w, a)
	compact(w, a)

	entry := w.journaled(a)
	assert.Equal(w, outcome, entry.Outcome, way.name)
	assert.Equal(w, way.rule, entry.Rule, way.name)
	assert.Equal(w, a.Hint(), entry.Hint, way.name)
	assert.Equal(w, a.Status, entry.Status, way.name)
	assert.True(w, entry.Matched, way.name)
	return a
}

// status is that of an outcome of an operation.
func (s *subject) status(op *provider.Operation, outcome string) int {
	if status, ok := s.Statuses[op.Name+"/"+outcome]; ok {
		return status
	}
	return s.mock.Outcome(outcome).Status
}

// rawAnswersAreVerbatim has rules answer what no provider does.
func rawAnswersAreVerbatim(t *testing.T, s *subject) {
	s.operations(t, func(t *testing.T, op *provider.Operation) {
		w := s.world(t)
		one, two := s.Calls[op.Name](w.Caller), s.Calls[op.Name](w.Caller)
		_, err := w.Control.ReplaceRules(t.Context(), scenario(
			fmt.Sprintf("{name: text, on: %s, times: 1, respond: {status: 418, headers: {X-Tea: green, Content-Type: text/tea}, body: ' <é> '}}", s.full(op)),
			fmt.Sprintf("{name: mapping, on: %s.*, respond: {body: {z: 1.50, a: [<é>, null, true]}}}", s.mock.Name)))
		require.NoError(t, err)
		before := w.holds()

		text, mapping := w.Do(one), w.Do(two)

		assert.Equal(t, 418, text.Status)
		assert.Equal(t, "green", text.Header.Get("X-Tea"))
		assert.Equal(t, "text/tea", text.Header.Get("Content-Type"))
		assert.Equal(t, " <é> ", string(text.Body))
		assert.Equal(t, "text", text.Header.Get("X-Mockpay-Rule"))
		assert.NotEmpty(t, text.Hint(), "an error answer has a hint")
		assert.Equal(t, 200, mapping.Status)
		assert.Equal(t, "application/json", mapping.Header.Get("Content-Type"))
		assert.Equal(t, `{"z":1.50,"a":["<é>",null,true]}`, string(mapping.Body))
		assert.Equal(t, "mapping", mapping.Header.Get("X-Mockpay-Rule"))
		assert.Equal(t, before, w.holds(), "nothing happens behind a raw answer")
	})
}

// unknownOutcomeIsRefused asks for an outcome that the operation has not.
func unknownOutcomeIsRefused(t *testing.T, s *subject) {
	s.operations(t, func(t *testing.T, op *provider.Operation) {
		w := s.world(t)
		for _, name := range []string{"no_such_outcome", "server_errr", "SERVER_ERROR", "not_found"} {
			if slices.Contains(op.Outcomes(), name) {
				continue // "not_found" is what some say of records too
			}
			req := s.Calls[op.Name](w.Caller)
			req.Header.Set("X-Mockpay-Outcome", name)
			before := w.holds()

			a := w.Do(req)

			var problem struct {
				Status int      `json:"status"`
				Detail string   `json:"detail"`
				Valid  []string `json:"valid"`
			}
			assert.Equal(t, 400, a.Status, "%s", a)
			assert.Equal(t, "application/problem+json", a.Header.Get("Content-Type"))
			require.NoError(t, json.Unmarshal(a.Body, &problem))
			assert.Equal(t, 400, problem.Status)
			assert.ElementsMatch(t, op.Outcomes(), problem.Valid)
			assert.Contains(t, problem.Detail, name)
			for _, valid := range op.Outcomes() {
				assert.Contains(t, problem.Detail, valid)
			}
			assert.Equal(t, before, w.holds())
		}
	})
}
