package usdtpayout_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/provider/providertest"
)

// Every move of payouts is counted, once.
func TestMovesAreCounted(t *testing.T) {
	t.Parallel()
	s := alive(t, `{auto_approval_limit: "100"}`)
	moves := func() map[string]int64 {
		return providertest.Moves(t.Context(), t, s.Client, "usdtpayout")
	}
	assert.Empty(t, moves())

	// To each end, from both beginnings and by the clock.
	for _, to := range []string{"processing", "completed", "failed", "rejected", "canceled"} {
		require.Equal(t, 200, s.move(s.pay("1"), to))
	}
	assert.Equal(t, map[string]int64{
		"payout:pending": 5, "payout:processing": 1, "payout:completed": 1, "payout:failed": 1, "payout:rejected": 1, "payout:canceled": 1,
		"payout:pending:processing": 1, "payout:pending:completed": 1, "payout:pending:failed": 1, "payout:pending:rejected": 1, "payout:pending:canceled": 1,
	}, moves())

	_, err := s.Reset(t.Context())
	require.NoError(t, err)
	s = s.login()
	for _, to := range []string{"pending", "rejected", "canceled"} {
		id := s.accepted(s.create(s.order("101")), "pending_approval")
		require.Equal(t, 200, s.move(id, to))
	}
	s.Advance(time.Minute) // the approved one is processing, and completed
	require.Equal(t, 200, s.move("first", "reversed"))
	require.Equal(t, 409, s.move("first", "reversed"))
	require.Equal(t, 200, s.move(s.pay("2"), "processing"))
	require.Equal(t, 200, s.move("last", "failed"))
	assert.Equal(t, map[string]int64{
		"payout:pending_approval": 3, "payout:pending": 2, "payout:processing": 2, "payout:completed": 1, "payout:failed": 1,
		"payout:rejected": 1, "payout:canceled": 1, "payout:reversed": 1,
		"payout:pending_approval:pending": 1, "payout:pending_approval:rejected": 1, "payout:pending_approval:canceled": 1,
		"payout:pending:processing": 2, "payout:processing:completed": 1, "payout:processing:failed": 1, "payout:completed:reversed": 1,
	}, moves())
}
