package providertest

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/client"
)

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
