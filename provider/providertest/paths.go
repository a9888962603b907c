package providertest

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/mockpay/mockpay/provider"
)

// unknownPathIsNotFound mistypes the path of each operation.
func unknownPathIsNotFound(t *testing.T, s *subject) {
	s.operations(t, func(t *testing.T, op *provider.Operation) {
		w := s.world(t)
		for _, wrong := range s.mistypes(op.Path) {
			req := s.Calls[op.Name](w.Caller)
			req.URL.Path = strings.TrimSuffix(req.URL.Path, lastOf(op.Path)) + wrong

			a := w.Do(req)

			assert.Equal(t, s.mock.Outcome(provider.NotFound).Status, a.Status, "%s", a)
			w.unmatched(a, provider.NotFound)
			assert.Contains(t, a.Hint(), op.Method+" "+op.Path, "the nearest operation to %s", req.URL.Path)
		}
		req := s.Calls[op.Name](w.Caller)
		req.URL.Path = strings.TrimSuffix(req.URL.Path, lastOf(op.Path)) + "nothing-anybody/ever/documented"

		a := w.Do(req)

		assert.Equal(t, s.mock.Outcome(provider.NotFound).Status, a.Status, "%s", a)
		w.unmatched(a, provider.NotFound)
	})
}

// lastOf is the part of a path after its last slash.
func lastOf(path string) string { return path[strings.LastIndex(path, "/")+1:] }

// mistypes are wrong spellings of a path's last part that no operation has.
func (s *subject) mistypes(path string) []string {
	last := lastOf(path)
	if strings.Contains(last, "{") {
		return nil
	}
	wrong := []string{last + "x", last + "/"}
	if len(last) > 3 {
		wrong = append(wrong, last[1:], last[:len(last)-1], strings.ToUpper(last))
	}
	return slices.DeleteFunc(wrong, func(w string) bool {
		whole := strings.TrimSuffix(path, last) + w
		return whole == path || slices.ContainsFunc(s.mock.Operations, func(op provider.Operation) bool {
			return op.Path == whole || strings.Contains(op.Path, "{")
		})
	})
}

// unmatched checks what goes with a call that no operation takes.
func (w *world) unmatched(a *Answer, outcome string) {
	w.Helper()
	w.Refusal(w, a)
	compact(w, a)
	assert.Empty(w, a.Header.Get("X-Mockpay-Operation"))
	assert.NotEmpty(w, a.Hint())
	entry := w.journaled(a)
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
			w.unmatched(a, provider.MethodNotAllowed)
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
