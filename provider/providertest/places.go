package providertest

import (
	"context"
	"net"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/client"
	"github.com/mockpay/mockpay/mockpaytest"
	"github.com/mockpay/mockpay/mocks"
	"github.com/mockpay/mockpay/provider"
	"github.com/mockpay/mockpay/server"
)

// placesAnswerAlike makes all calls at every place where the provider answers,
// each time from the same beginning.
func placesAnswerAlike(t *testing.T, s *subject) {
	w := s.world(t)
	for _, mount := range s.mock.Mounts {
		prefixed := w.in(t).answersAt(w.server + "/" + s.mock.Name + mount.Prefix)
		for _, host := range hostsOf(s.mock, mount) {
			for _, spelled := range spellings(host) {
				t.Run("http://"+spelled, func(t *testing.T) {
					assert.Equal(t, prefixed, w.in(t).answersAt("http://"+spelled))
				})
			}
		}
		if mount.Prefix == "" {
			t.Run("OwnListener", func(t *testing.T) {
				assert.Equal(t, prefixed, s.listen(t, w.workspace.ID))
			})
		}
	}
}

// answersAt begins anew and makes all calls at a place, and one that there is
// not.
func (w *world) answersAt(place string) []string {
	w.Helper()
	w.load()
	return w.answers(w.at(place))
}

func (s *subject) answers(c *Caller) []string {
	c.Helper()
	all := s.callAll(c)
	for i := range s.mock.Operations {
		if s.Nameless[s.mock.Operations[i].Name] != "" {
			continue // default counts such calls
		}
		req := s.Calls[s.mock.Operations[i].Name](c)
		req.URL.Path += "/nowhere"
		all = append(all, c.Do(req).String())
	}
	return all
}

// hostsOf are the names that a mount is known by.
func hostsOf(m *provider.Mock, mount provider.Mount) []string {
	if mount.Prefix == "" {
		return append([]string{m.Name + ".localhost"}, mount.Hosts...)
	}
	return mount.Hosts
}

// spellings of a host name that all mean the same.
func spellings(host string) []string {
	mixed := strings.ToUpper(host[:1]) + host[1:len(host)-1] + strings.ToUpper(host[len(host)-1:])
	return []string{host, strings.ToUpper(host), mixed, host + ":4402", strings.ToUpper(host) + ":8080"}
}

// listen has the provider answer at the root of a listener of its own.
func (s *subject) listen(t *testing.T, workspaceID string) []string {
	t.Helper()
	addr := freeAddr(t)
	srv, err := server.New(server.Options{
		Addr: "127.0.0.1:0", ProviderAddrs: map[string]string{s.mock.Name: addr},
		Mocks: mocks.All(), Log: mockpaytest.Logger(t),
	})
	require.NoError(t, err)
	require.NoError(t, srv.Start())
	t.Cleanup(func() { assert.NoError(t, srv.Stop(context.WithoutCancel(t.Context()))) })

	global := client.New(srv.URL())
	ws, err := global.CreateWorkspace(t.Context(), client.WorkspaceSpec{ID: workspaceID, Scenario: scenario()})
	require.NoError(t, err)
	control := client.New(srv.URL(), client.WithWorkspace(ws.ID))
	return s.answers(s.newCaller(t, addr, "http://"+addr, ws.Providers[s.mock.Name].Credentials, control))
}

// freeAddr is an address that nobody listens at just now.
func freeAddr(t testing.TB) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, l.Close())
	return l.Addr().String()
}
