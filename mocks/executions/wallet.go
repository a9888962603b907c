package executions

import (
	"maps"
	"slices"
	"strconv"

	"github.com/mockpay/mockpay/provider"
	"github.com/mockpay/mockpay/state"
	"github.com/shopspring/decimal"
)

// A wallet holds the merchant's money in one currency. There is no call about
// wallets; statuses are those of the glossary [R-gloss].
type wallet struct {
	ID       int64  `json:"id"`
	Currency string `json:"currency"`
	Status   string `json:"status"`
}

const walletActive = "ACTIVE"

var walletStatuses = []string{walletActive, "RESTRICTED", "FROZEN", "CLOSED"}

var wallets = state.NewTable(Name+".wallets", func(w wallet) string { return w.Currency })

// usual are the currencies of the first wallets, in the order of their ids.
var usual = []string{"USD", "LRD", "RWF"}

// openWallets opens a wallet for each currency, the usual ones first.
func openWallets(c *provider.Call) {
	s := knobs(c)
	others := slices.DeleteFunc(slices.Sorted(maps.Keys(s.Wallets)), func(currency string) bool { return slices.Contains(usual, currency) })
	for i, currency := range slices.Concat(usual, others) {
		w := wallet{ID: int64(s.FirstIDs.Wallet + i), Currency: currency, Status: walletActive}
		if status, ok := s.WalletStatus[currency]; ok {
			w.Status = status
		}
		wallets.Put(c.Tx, w)
		c.Tx.OpenBalance(Name, currency, s.Wallets[currency])
	}
}

// activeWallet is the wallet that pays in a currency.
func (c *call) activeWallet(currency string) (wallet, error) {
	w, ok := wallets.Get(c.Tx, currency)
	switch {
	case !ok:
		var all []string
		for w := range wallets.All(c.Tx) {
			all = append(all, w.Currency)
		}
		return w, c.Refuse(currencyUnknown, "there is no wallet in %q; there are %v, and wallets in the scenario opens more", currency, all)
	case w.Status != walletActive:
		return w, c.Refuse(currencyUnknown, "the wallet in %s is %s", currency, w.Status)
	}
	return w, nil
}

// needFunds refuses a debit that the wallet cannot make.
func (c *call) needFunds(currency string, debit decimal.Decimal) error {
	if w, _ := wallets.Get(c.Tx, currency); w.Status != walletActive {
		return c.Refuse(walletNotActive, "wallet %s (%s) is %s; nothing was debited, the session is used up", strconv.FormatInt(w.ID, 10), currency, w.Status)
	}
	if has := c.Tx.Balance(Name, currency); has.LessThan(debit) {
		return c.Refuse(insufficientWallet,
			"the payout takes %s %s with fees and the wallet holds %s; nothing was debited, the session is used up: top up with PATCH /_mockpay/balances and begin with a new session and key", debit, currency, has)
	}
	return nil
}
