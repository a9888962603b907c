package dinaricash_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/provider/providertest"
)

// Every move of transactions and cards is counted, once; what came in and what a
// scenario begins with is not.
func TestMovesAreCounted(t *testing.T) {
	t.Parallel()
	s := open(t, allManual)
	moves := func() map[string]int64 {
		return providertest.Moves(t.Context(), t, s.Client, "dinaricash")
	}
	s.act("add_incoming", "amount", "5")
	assert.Empty(t, moves())

	for _, to := range []string{"COMPLETED", "DECLINED", "FAILED", "CANCELED"} {
		s.inState("ach", to)
	}
	s.act("transition", "transaction", s.inState("ach", "COMPLETED"), "as", "CANCELED")
	s.force("zelle", "failed", s.form("zelle"))
	s.call("ach", s.form("ach").with("SEND_METHOD", "?"))
	assert.Equal(t, map[string]int64{
		"transaction:INITIATED": 5, "transaction:COMPLETED": 2, "transaction:DECLINED": 1, "transaction:FAILED": 2, "transaction:CANCELED": 2,
		"transaction:INITIATED:COMPLETED": 2, "transaction:INITIATED:DECLINED": 1, "transaction:INITIATED:FAILED": 1,
		"transaction:INITIATED:CANCELED": 1, "transaction:COMPLETED:CANCELED": 1,
	}, moves())

	_, err := s.Reset(t.Context())
	require.NoError(t, err)
	for _, email := range []string{"a@example.com", "b@example.com"} {
		card := s.loaded(email, "10")
		s.manage("PAUSE_CARD", card)
		s.manage("PAUSE_CARD", card) // it is
		if email == "a@example.com" {
			s.manage("UNPAUSE_CARD", card)
		}
		s.manage("CANCEL_CARD", card)
		s.manage("UNPAUSE_CARD", card) // it cannot be
	}
	assert.Equal(t, map[string]int64{
		"transaction:INITIATED": 2,
		"card:ACTIVE":           3, "card:PAUSED": 2, "card:CANCELED": 2,
		"card:ACTIVE:PAUSED": 2, "card:PAUSED:ACTIVE": 1, "card:ACTIVE:CANCELED": 1, "card:PAUSED:CANCELED": 1,
	}, moves())
}
