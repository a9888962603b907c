package providertest

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/client"
	"github.com/mockpay/mockpay/provider"
)

// workspacesAreIsolated lets one workspace after the other be busy, and looks
// whether the others notice.
func workspacesAreIsolated(t *testing.T, s *subject) {
	w := s.world(t)
	idle := w.caller(t, w.defaultWorkspace())
	_, err := idle.Control.Freeze(t.Context())
	require.NoError(t, err)
	all := []*Caller{w.Caller, w.other("b"), w.other("c"), idle}
	for _, busy := range all[:3] {
		var before []string
		for _, c := range all {
			before = append(before, c.seen())
		}

		s.callAll(busy)
		busy.advance(time.Second)

		for i, c := range all {
			if c == busy {
				assert.NotEqual(t, before[i], c.seen(), "nothing happened")
				continue
			}
			assert.Equal(t, before[i], c.seen())
			for name, secret := range busy.Credentials {
				assert.True(t, c.Credentials[name] == secret || !strings.Contains(c.seen(), secret), "%s is seen elsewhere", name)
			}
		}
	}
}

// defaultWorkspace is the one that always is there.
func (w *world) defaultWorkspace() *client.Workspace {
	w.Helper()
	ws, err := w.Control.Workspace(w.Context(), "default")
	require.NoError(w, err)
	return ws
}

// strangersAreJournaledInDefault calls with credentials that nobody has, and
// with none.
func strangersAreJournaledInDefault(t *testing.T, s *subject) {
	s.operations(t, func(t *testing.T, op *provider.Operation) {
		w := s.world(t)
		byDefault := w.caller(t, w.defaultWorkspace())
		before, held := w.seen(), byDefault.holds()
		for _, req := range s.strange(w, op) {
			byDefaultBefore := len(byDefault.journal(client.RequestFilter{}))

			a := w.Do(req)

			assert.NotEmpty(t, a.Hint(), "%s", a)
			s.Refusal(t, a)
			compact(t, a)
			entries := byDefault.journal(client.RequestFilter{})
			require.Len(t, entries, byDefaultBefore+1)
			assert.True(t, entries[0].Matched)
			assert.Equal(t, s.full(op), entries[0].Operation)
			assert.Equal(t, a.Header.Get("X-Mockpay-Request-Id"), entries[0].ID)
			assert.Equal(t, before, w.seen(), "another workspace saw the call")
			assert.Equal(t, held, byDefault.holds(), "the call did something")
		}
	})
}

// strange are calls of an operation by nobody that a workspace knows. Those
// that depend on other calls cannot be made with unknown credentials.
func (s *subject) strange(w *world, op *provider.Operation) []*http.Request {
	c := w.other("scratch") // where calls that these depend on leave their traces
	req := s.Calls[op.Name](c)
	s.Anonymous(req)
	strange := []*http.Request{req}
	if c.sent == 0 {
		stranger := *c
		stranger.Credentials = make(map[string]string)
		for _, credential := range s.mock.Credentials("no-such-workspace") {
			stranger.Credentials[credential.Name] = credential.Value
		}
		strange = append(strange, s.Calls[op.Name](&stranger))
	}
	return strange
}
