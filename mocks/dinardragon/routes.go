package dinardragon

import (
	"net/http"

	"github.com/mockpay/mockpay/provider"
)

// operations are the three documented calls [S0][S1].
func operations() []provider.Operation {
	return []provider.Operation{
		{
			Name: "get_authcode", Method: http.MethodPost, Path: "/get-authcode", Handle: getAuthcode,
			Summary: "Quote a payout to bank accounts and get the code that executes it.",
			Params:  []string{"amount", "accounts.*.acc", "accounts.*.amount", "accounts.*.bank", "accounts.*.country", "accounts.*.recipientname"},
			Refuses: []string{insufficientBalance, sumMismatch, missingKey, invalidKey, invalidJSON, invalidField},
		},
		{
			Name: "execute", Method: http.MethodPost, Path: "/execute", Handle: execute,
			Summary: "Execute a quoted payout; it cannot be reversed.",
			Params:  []string{"authcode"},
			Settles: paymentMachine.Name,
			Refuses: []string{insufficientBalance, authcodeExpired, authcodeUsed, authcodeUnknown, missingKey, invalidKey, invalidJSON, invalidField},
		},
		{
			Name: "status", Method: http.MethodPost, Path: "/status", Handle: status,
			Summary: "Tell what became of a payment or of all payments of a payout.",
			Params:  []string{"uniqueid", "payment_id"},
			Refuses: []string{missingID, paymentUnknown, missingKey, invalidKey, invalidJSON, invalidField},
		},
	}
}
