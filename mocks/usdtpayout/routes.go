package usdtpayout

import (
	"net/http"

	"github.com/mockpay/mockpay/provider"
)

// operations are the three documented calls [login][send-payout][status].
func operations() []provider.Operation {
	return []provider.Operation{
		{
			Name: "login", Method: http.MethodPost, Path: "/api/v1/user/login", Handle: login, Refuses: codes(),
			Summary: "Get a token for the other calls; it lives 15 minutes.",
			Params:  []string{"email", "password"},
		},
		{
			Name: "send_payout", Method: http.MethodPost, Path: "/api/v1/payouts/sendPayoutRequest", Handle: sendPayout, Refuses: codes(),
			Summary: "Pay somebody in local currency out of the USDT wallet.",
			Params: []string{
				"idempotency_key", "country_code", "currency_code", "payment_method", "payment_network", "source_amount",
				"source_currency", "recipient_details.name", "recipient_details.account_number", "recipient_details.ifsc",
				"purpose_of_payment", "source_of_funds",
			},
			Settles: payoutMachine.Name,
		},
		{
			Name: "payout_status", Method: http.MethodPost, Path: "/api/v1/payouts/getPayoutStatus", Handle: payoutStatus, Refuses: codes(),
			Summary: "Tell what became of a payout.",
			Params:  []string{"transaction_id"},
		},
	}
}
