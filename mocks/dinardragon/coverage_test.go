package dinardragon_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/provider/providertest"
)

func (s *shop) moves() map[string]int64 {
	s.t.Helper()
	return providertest.Moves(s.t.Context(), s.t, s.Client, "dinardragon")
}

// Every move of codes and payments is counted, once.
func TestMovesAreCounted(t *testing.T) {
	t.Parallel()
	s := open(t, `{failing_accounts: ["2"]}`)
	assert.Empty(t, s.moves())

	s.pay(asks("60", account("1", "10"), account("2", "20"), account("3", "30")))
	require.Equal(t, 200, s.settle(map[string]string{"payment": "last", "as": "failed"}))
	require.Equal(t, 409, s.settle(map[string]string{"payment": "last", "as": "success"}))
	s.Advance(time.Minute)
	assert.Equal(t, map[string]int64{
		"authcode:issued": 1, "authcode:consumed": 1, "authcode:issued:consumed": 1,
		"payment:processing": 3, "payment:success": 1, "payment:failed": 2, "payment:processing:success": 1, "payment:processing:failed": 2,
	}, s.moves())
}

// A code's expiry is counted once, when it is noticed.
func TestExpiryIsCounted(t *testing.T) {
	t.Parallel()
	for _, knobs := range []string{"", "{hold_on_authcode: true}"} {
		t.Run(knobs, func(t *testing.T) {
			t.Parallel()
			s := open(t, knobs)
			code := s.quote(pays("10")).Authcode
			s.send("POST", "/execute", `{"authcode":"`+code+`"}`, map[string][]string{"Authorization": {s.key}, "X-Mockpay-Outcome": {"authcode_expired"}})
			assert.Equal(t, map[string]int64{"authcode:issued": 1}, s.moves(), "it was only said to have expired")
			s.Advance(15 * time.Minute)
			s.refused(s.execute(code), 400, "Authcode expired.")
			s.refused(s.execute(code), 400, "Authcode expired.")
			assert.Equal(t, map[string]int64{"authcode:issued": 1, "authcode:expired": 1, "authcode:issued:expired": 1}, s.moves())
			s.sound()
		})
	}
}
