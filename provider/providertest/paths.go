package providertest

import (
	"cmp"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/provider"
)

// unknownPathIsNotFound mistypes the path of each operation.
func unknownPathIsNotFound(t *testing.T, s *subject) {
	s.operations(t, func(t *testing.T, op *provider.Operation) {
		w := s.world(t)
		for _, wrong := range s.mistypes(op.Path) {
			req := s.Calls[op.Name](w.Caller)
			sent := strings.Split(req.URL.Path, "/") // ends like op.Path, with values for the variables
			i, last := lastOf(op.Path)
			at := len(sent) - len(strings.Split(op.Path, "/")) + i
			require.Equal(t, last, sent[at])
			sent[at] = wrong
			req.URL.Path = strings.Join(sent, "/")

			a := w.Do(req)

			assert.Equal(t, s.mock.Outcome(provider.NotFound).Status, a.Status, "%s", a)
			w.unmatched(op, a, provider.NotFound)
			assert.Contains(t, a.Hint(), op.Method+" "+op.Path, "the nearest operation to %s", req.URL.Path)
		}
		req := s.Calls[op.Name](w.Caller)
		req.URL.Path = req.URL.Path[:strings.LastIndex(req.URL.Path, "/")+1] + "nothing-anybody/ever/documented"

		a := w.Do(req)

		assert.Equal(t, s.mock.Outcome(provider.NotFound).Status, a.Status, "%s", a)
		w.unmatched(op, a, provider.NotFound)
	})
}

// lastOf is the last part of a path that is no variable, and its place.
func lastOf(path string) (place int, part string) {
	parts := strings.Split(path, "/")
	for i, p := range parts {
		if !strings.Contains(p, "{") {
			place = i
		}
	}
	return place, parts[place]
}

// mistypes are wrong spellings of a path's last part that no operation has.
func (s *subject) mistypes(path string) []string {
	place, last := lastOf(path)
	wrong := []string{last + "x", last + "/"}
	if len(last) > 3 {
		wrong = append(wrong, last[1:], last[:len(last)-1], strings.ToUpper(last))
	}
	return slices.DeleteFunc(wrong, func(w string) bool {
		parts := strings.Split(path, "/")
		parts[place] = w
		return w == last || s.answersTo(strings.Join(parts, "/"))
	})
}

var variable = regexp.MustCompile(`\\\{[^}]*\\\}`)

// answersTo tells whether an operation has a path.
func (s *subject) answersTo(path string) bool {
	return slices.ContainsFunc(s.mock.Operations, func(op provider.Operation) bool {
		pattern := cmp.Or(op.Matches, op.Path)
		pattern = variable.ReplaceAllString(regexp.QuoteMeta(pattern), `[^/]+`)
		return regexp.MustCompile("^" + pattern + "$").MatchString(path)
	})
}

// unmatched checks what goes with a call that no operation takes.
func (w *world) unmatched(op *provider.Operation, a *Answer, outcome string) {
	w.Helper()
	w.Refusal(w, a)
	compact(w, a)
	assert.Empty(w, a.Header.Get("X-Mockpay-Operation"))
	assert.NotEmpty(w, a.Hint())
	entry := w.newest(op, a)
	assert.False(w, entry.Matched)
	assert.Empty(w, entry.Operation)
	assert.Equal(w, w.mock.Name, entry.Provider)
	assert.Equal(w, outcome, entry.Outcome)
	assert.Equal(w, a.Hint(), entry.Hint)
	assert.Equal(w, a.Status, entry.Status)
}

// wrongMethodIsNotAllowed calls each operation by all methods it does not take.
func wrongMethodIsNotAllowed(t *testing.T, s *subject) {
	all := []string{
		http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete,
		http.MethodOptions, http.MethodTrace, "PROPFIND", "post",
	}
	s.operations(t, func(t *testing.T, op *provider.Operation) {
		w := s.world(t)
		for _, method := range slices.DeleteFunc(slices.Clone(all), func(m string) bool { return s.takes(op.Path, m) }) {
			req := s.Calls[op.Name](w.Caller)
			req.Method = method
			before := w.holds()

			a := w.Do(req)

			assert.Equal(t, s.mock.Outcome(provider.MethodNotAllowed).Status, a.Status, "%s", a)
			w.unmatched(op, a, provider.MethodNotAllowed)
			assert.Contains(t, a.Header.Get("Allow"), op.Method)
			assert.Contains(t, a.Hint(), op.Method)
			assert.Contains(t, a.Hint(), method)
			assert.Equal(t, before, w.holds())
		}
		if s.takes(op.Path, http.MethodGet) {
			return
		}
		head := s.Calls[op.Name](w.Caller)
		head.Method = http.MethodHead
		assert.Equal(t, s.mock.Outcome(provider.MethodNotAllowed).Status, w.Do(head).Status)
	})
}

// takes tells whether an operation with a path takes a method.
func (s *subject) takes(path, method string) bool {
	return slices.ContainsFunc(s.mock.Operations, func(op provider.Operation) bool {
		return op.Path == path && op.Method == method
	})
}
