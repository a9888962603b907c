package usdtpayout_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/mockpay/mockpay/mocks/usdtpayout"
	"github.com/mockpay/mockpay/provider/providertest"
)

// README.md says how sandbox payouts end, by the end of their amount, and names
// all ends that decide something.
func TestReadmeTellsTheCents(t *testing.T) {
	s := sandboxed(t, "")
	paid, told := make(map[string]string), make(map[string]bool)
	for _, row := range providertest.Table(t, "../../README.md", "| `source_amount` ends in | status | `status_message` |") {
		ending := providertest.Code(row[0])[0]
		told[ending] = true
		want := append(providertest.Code(row[1]), providertest.Code(row[2])...)
		paid[s.pay("10"+ending)] = strings.Join(want, ": ")
	}
	paid[s.pay("10")] = "completed" // no cents
	as := func(s *shop) {
		for id, want := range paid {
			assert.Equal(t, want, s.state(id))
		}
	}

	s.Advance(time.Second)
	as(s)
	s.Advance(24 * time.Hour)
	as(s.login()) // a day is longer than a token lives
	for _, ending := range providertest.Keys(t, usdtpayout.New(), "trailing_cents") {
		assert.True(t, told[ending], "README.md does not tell of %s", ending)
	}
}
