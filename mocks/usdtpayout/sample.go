package usdtpayout

import (
	"slices"

	"github.com/mockpay/mockpay/provider"
)

// samples tells the callback of the newest live payout that has come to an end,
// or of one that could have.
func samples(c *provider.Call) {
	for p := range payouts.Newest(c.Tx) {
		if p.Mode == live && slices.Contains(final, p.Status) {
			tell(c, &p)
			return
		}
	}
	tell(c, &payout{ID: c.Tx.UUID(Name + ".sample"), Mode: live, Status: statusCompleted})
}
