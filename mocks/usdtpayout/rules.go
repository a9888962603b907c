package usdtpayout

import (
	"time"

	"github.com/mockpay/mockpay/provider"
	"github.com/shopspring/decimal"
)

// checkRules refuses payouts that the account may not make, in this order: KYC,
// frozen wallet, caps, funds; then it decides about approval. The order is our
// choice [4.2]. In sandbox, whose wallet is not touched, all but KYC is looked at
// only with sandbox_checks.
func checkRules(c *provider.Call, p *payout) error {
	s := knobs(c)
	if !s.KYC {
		return c.Refuse(codeForbidden, "the account's KYC is not complete (kyc in the scenario)")
	}
	p.Answer = statusPending
	if c.Mode == sandbox && !s.SandboxChecks {
		return nil
	}
	if s.WalletFrozen {
		return c.Refuse(codeWalletFrozen, "the wallet is frozen (wallet_frozen in the scenario)")
	}
	if err := checkCaps(c, p.Amount); err != nil {
		return err
	}
	if has := c.Tx.Balance(Name, Balance); has.LessThan(p.Amount) {
		return c.Refuse(codeFunds, "the payout takes %s USDT and %s are available; lower source_amount or set the balance with PATCH /_mockpay/balances", p.Amount, has)
	}
	if s.AutoApprovalLimit.Given && p.Amount.GreaterThan(s.AutoApprovalLimit.Value) {
		p.Answer = statusPendingApproval
	}
	return nil
}

// checkCaps refuses payouts that would pass a cap. A volume that just reaches it
// is fine; days and months are those of UTC.
func checkCaps(c *provider.Call, amount decimal.Decimal) error {
	l := knobs(c).Limits
	if l.PerPayout.IsPositive() && amount.GreaterThan(l.PerPayout) {
		return c.Refuse(codePerPayout, "the payout is of %s USDT, limits.per_payout is %s", amount, l.PerPayout)
	}
	today := c.Tx.Now().UTC()
	if l.Daily.IsPositive() {
		if v := volume(c, today, today); v.Add(amount).GreaterThan(l.Daily) {
			return c.Refuse(codeDaily, "%s USDT were paid out today and the payout is of %s, limits.daily is %s; the day ends at 00:00 UTC", v, amount, l.Daily)
		}
	}
	if l.Monthly.IsPositive() {
		first := today.AddDate(0, 0, 1-today.Day())
		if v := volume(c, first, today); v.Add(amount).GreaterThan(l.Monthly) {
			return c.Refuse(codeMonthly, "%s USDT were paid out this month and the payout is of %s, limits.monthly is %s", v, amount, l.Monthly)
		}
	}
	return nil
}

// volume is what payouts created on some days in the mode of the call come to.
// Those that did not go through do not count.
func volume(c *provider.Call, from, to time.Time) (sum decimal.Decimal) {
	key := func(day time.Time) string { return c.Mode + "/" + day.Format("2006-01-02") }
	for p := range payouts.Between(c.Tx, "created", key(from), key(to.AddDate(0, 0, 1)), false) {
		switch p.Status {
		case statusFailed, statusRejected, statusCanceled, statusReversed:
		default:
			sum = sum.Add(p.Amount)
		}
	}
	return sum
}
