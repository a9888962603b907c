package workspace_test

import (
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/mocks"
	"github.com/mockpay/mockpay/scenarios"
	"github.com/mockpay/mockpay/state"
	"github.com/mockpay/mockpay/workspace"
)

func newRegistry(t *testing.T) (*workspace.Registry, *scenarios.Scenario) {
	t.Helper()
	all := mocks.All()
	lang := scenarios.NewLanguage(all)
	r := workspace.NewRegistry(workspace.Options{
		Store: state.Memory(), Mocks: all, Language: lang, JournalSize: 10, JournalBody: 1000, Log: slog.New(slog.DiscardHandler),
	})
	s, err := lang.Shipped(scenarios.Default)
	require.NoError(t, err)
	_, err = r.Create(workspace.Spec{ID: workspace.Default, Scenario: s})
	require.NoError(t, err)
	return r, s
}

func TestUnusedWorkspacesEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, s := newRegistry(t)
		_, err := r.Create(workspace.Spec{ID: "idle", Scenario: s, TTL: time.Minute})
		require.NoError(t, err)
		_, err = r.Create(workspace.Spec{ID: "stays", Scenario: s})
		require.NoError(t, err)

		time.Sleep(50 * time.Second) // of the bubble's clock
		_, err = r.Get("idle")
		require.NoError(t, err, "a use begins the time anew")
		time.Sleep(59 * time.Second)
		synctest.Wait()
		assert.Len(t, r.List(), 3)
		time.Sleep(time.Second)
		synctest.Wait()
		_, err = r.Get("idle")
		assert.ErrorIs(t, err, workspace.ErrUnknown)
		assert.Equal(t, []string{"default", "stays"}, ids(r))
		require.NoError(t, r.Close(t.Context()))
	})
}

func ids(r *workspace.Registry) []string {
	var all []string
	for _, w := range r.List() {
		all = append(all, w.ID)
	}
	return all
}

func TestCreate(t *testing.T) {
	r, s := newRegistry(t)
	defer r.Close(t.Context())
	seen := make(map[string]bool)
	for range 100 {
		w, err := r.Create(workspace.Spec{Scenario: s})
		require.NoError(t, err)
		assert.False(t, seen[w.ID])
		seen[w.ID] = true
	}
	for _, id := range []string{" ", "-a", "a/b", "ü", "a\n", string(make([]byte, 65))} {
		_, err := r.Create(workspace.Spec{ID: id, Scenario: s})
		assert.ErrorIs(t, err, workspace.ErrID, "%q", id)
	}
	_, err := r.Create(workspace.Spec{ID: "default", Scenario: s})
	assert.ErrorIs(t, err, workspace.ErrTaken)
}

func TestAccountsLeadToTheirWorkspace(t *testing.T) {
	r, s := newRegistry(t)
	defer r.Close(t.Context())
	m := mocks.All()[0]
	a, err := r.Create(workspace.Spec{ID: "a", Scenario: s})
	require.NoError(t, err)
	upper, err := r.Create(workspace.Spec{ID: "A", Scenario: s})
	require.NoError(t, err)
	keyOf := func(w *workspace.Workspace) string {
		credentials, err := w.Credentials(m)
		require.NoError(t, err)
		return credentials["private_key"]
	}
	key := keyOf(a)
	assert.NotEqual(t, key, keyOf(upper))
	assert.Same(t, a, r.For(m, key))
	assert.Same(t, upper, r.For(m, keyOf(upper)))
	assert.Equal(t, "default", r.For(m, "nobody's").ID)
	require.NoError(t, r.Delete("a"))
	assert.Equal(t, "default", r.For(m, key).ID, "a deleted workspace's key is nobody's")
	assert.ErrorIs(t, r.Delete("a"), workspace.ErrUnknown)
	assert.ErrorIs(t, r.Delete("default"), workspace.ErrDefault)

	again, err := r.Create(workspace.Spec{ID: "a", Scenario: s})
	require.NoError(t, err)
	assert.Same(t, again, r.For(m, key))
	entries, err := again.Ledger("dinardragon", "")
	require.NoError(t, err)
	assert.Len(t, entries, 1, "nothing is left of the deleted workspace")
}

// Workspaces are made until there are too many, and again when one is gone.
func TestWorkspacesAreBounded(t *testing.T) {
	r, s := newRegistry(t)
	r.Most = 3
	for _, id := range []string{"a", "b"} {
		_, err := r.Create(workspace.Spec{ID: id, Scenario: s})
		require.NoError(t, err)
	}
	_, err := r.Create(workspace.Spec{ID: "c", Scenario: s})
	require.ErrorIs(t, err, workspace.ErrFull)
	assert.EqualError(t, err, "there are too many workspaces; delete some, or give them a ttl: 3")
	require.NoError(t, r.Delete("a"))
	_, err = r.Create(workspace.Spec{ID: "c", Scenario: s})
	assert.NoError(t, err)
}
