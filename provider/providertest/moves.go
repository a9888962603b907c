package providertest

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/client"
	"github.com/mockpay/mockpay/provider"
)

// movesAreCounted checks that what a call settles is counted when it begins and
// when it ends.
func movesAreCounted(t *testing.T, s *subject) {
	s.operations(t, func(t *testing.T, op *provider.Operation) {
		if op.Settles == "" {
			t.Skip("it settles nothing")
		}
		w := s.world(t)
		require.Equal(t, 2, w.call(w.Caller, op).Status/100)
		_, err := w.Control.Advance(t.Context(), time.Hour)
		require.NoError(t, err)
		begun, moved := false, false
		for name := range Moves(t.Context(), t, w.Control, s.Provider) {
			if rest, of := strings.CutPrefix(name, op.Settles+":"); of {
				begun, moved = true, moved || strings.Contains(rest, ":")
			}
		}
		assert.True(t, begun, "no record of %q was counted: call Moved where one begins", op.Settles)
		assert.True(t, moved, "no transition of %q was counted: call Moved where one is made", op.Settles)
	})
}

// Moves are the states and transitions of a mock that were counted in a
// workspace, "payment:failed" and "payment:processing:failed", and how often.
func Moves(ctx context.Context, t testing.TB, c *client.Client, mock string) map[string]int64 {
	t.Helper()
	coverage, err := c.Coverage(ctx, mock)
	require.NoError(t, err)
	counted := make(map[string]int64)
	for _, item := range coverage.Items() {
		if name := strings.TrimPrefix(item.Name, mock+"."); item.Count > 0 && strings.Contains(name, ":") {
			counted[name] = item.Count
		}
	}
	return counted
}
