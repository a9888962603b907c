package dinaricash

import "github.com/mockpay/mockpay/provider"

// balance answers POST /account/balance [S2 l.1209-1284].
func balance(k *call) (*provider.Response, error) {
	s := k.style("balance")
	has := balancesOf(k.Tx)
	return success("Account balance retrieved successfully.", provider.Object{
		{Key: "GATEWAY_DATETIME", Value: k.now().Format(plainDates)},
		{Key: "CORPORATE_ACCOUNT_ID", Value: k.account()},
		{Key: "ACCOUNT_SERVICE_STATUS", Value: k.AccountServiceStatus},
		{Key: "ACCOUNT_CURRENCY_ISO3", Value: "USD"},
		{Key: "PAYOUT_BALANCE", Value: s.money(has.Payout)},
		{Key: "FLOAT_BALANCE", Value: s.money(has.Float)},
		{Key: "RESERVE_BALANCE", Value: s.money(has.Reserve)},
	}), nil
}
