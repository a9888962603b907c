package dinardragon

import (
	_ "embed" // of fidelity.md

	"github.com/mockpay/mockpay/provider"
	"github.com/mockpay/mockpay/state"
	"github.com/shopspring/decimal"
)

// Name is the provider's name; Balance and Held are its balances.
const (
	Name    = "dinardragon"
	Balance = "USD"      // the dashboard balance
	Held    = "USD_held" // what authcodes reserve, with hold_on_authcode
)

// fidelity says what is documented, what is inferred and what is chosen.
//
//go:embed fidelity.md
var fidelity string

// New returns the mock.
func New() *provider.Mock {
	return &provider.Mock{
		Name:         Name,
		Title:        "Dinar Dragon",
		Fidelity:     fidelity,
		Mounts:       []provider.Mount{{Hosts: []string{"dinardragon.com"}}},
		Operations:   operations(),
		Outcomes:     outcomes,
		Machines:     []provider.Machine{authcodeMachine, paymentMachine},
		Actions:      actions,
		Settings:     func() any { return defaults() },
		Credentials:  credentials,
		Secret:       provider.Secrets{Headers: []string{"Authorization"}},
		Identify:     func(r *provider.Request) string { return privateKey(r.Header) },
		Authenticate: authenticate,
		Refuse:       refuse,
		Open: func(c *provider.Call) {
			c.Tx.OpenBalance(Name, Balance, knobs(c).Balance)
		},
		LaterBalances: []string{Held},
		Jobs: map[string]func(*provider.Call, state.Job) error{
			settleJob: runSettle,
			expireJob: runExpire,
		},
		Tables:     []state.Schema{authcodes, payouts, payments},
		Invariants: invariants,
	}
}

// Settings are the knobs of providers.dinardragon in a scenario.
type settings struct {
	Balance     decimal.Decimal   `knob:"balance" min:"0" doc:"opening dashboard balance in USD"`
	AuthcodeTTL provider.Duration `knob:"authcode_ttl" doc:"how long an authcode lives; it is expired at exactly that age"`
	SettleAfter provider.Duration `knob:"settle_after" doc:"when a payment succeeds after its execution"`
	Fee         fee               `knob:"fee" doc:"what charge_in_usd is made of"`
	Debit       string            `knob:"debit" also:"debit_mode" oneof:"amount_plus_charge charge_only" doc:"what executing takes from the balance"`
	Sufficiency string            `knob:"sufficiency" oneof:"at_least more_than" doc:"whether a balance that just covers the debit is enough (at_least) or not"`
	Hold        bool              `knob:"hold_on_authcode" doc:"reserve the debit when the authcode is issued, until it is executed or expires"`
	Recheck     bool              `knob:"recheck_on_execute" doc:"look at the balance again when executing"`
	Refund      string            `knob:"refund_on_fail" oneof:"amount_only amount_and_fee_share" doc:"what a failed payment gives back"`

	FailingAccounts []string `knob:"failing_accounts" doc:"account numbers whose payments fail"`

	AccountEmail     string `knob:"account_email" doc:"the email in each account of an execution"`
	Message          string `knob:"message" doc:"the message of an execution"`
	StrictTypes      bool   `knob:"strict_types" doc:"take acc as an integer only"`
	RequireRecipient bool   `knob:"require_recipient" doc:"refuse accounts that name no payee"`
	EnforceSum       bool   `knob:"enforce_sum" doc:"refuse payouts whose accounts do not add up to amount"`
	Always200        bool   `knob:"always_200" doc:"answer refusals with HTTP 200 too; code in the body stays"`
}

// A fee is rate × amount + fixed + per_payment × payments, rounded.
type fee struct {
	Rate       decimal.Decimal `knob:"rate" also:"fee_rate" min:"0" doc:"part of amount that is charged"`
	Fixed      decimal.Decimal `knob:"fixed" also:"fee_fixed" min:"0" doc:"charged once a payout"`
	PerPayment decimal.Decimal `knob:"per_payment" also:"fee_per_payment" min:"0" doc:"charged for each payment"`
	Rounding   rounding        `knob:"rounding" also:"fee_rounding" doc:"none, or the decimals that the charge is rounded to, half up"`
}

func defaults() *settings {
	return &settings{
		Balance:          decimal.NewFromInt(10000),
		AuthcodeTTL:      provider.MustDuration("15m"),
		SettleAfter:      provider.MustDuration("2s"),
		Fee:              fee{Rate: decimal.RequireFromString("0.025"), Rounding: exact},
		Debit:            "amount_plus_charge",
		Sufficiency:      "at_least",
		Recheck:          true,
		Refund:           "amount_only",
		AccountEmail:     "youremail@anemailprovider.com",
		Message:          "Payout completed successfully.",
		RequireRecipient: true,
		EnforceSum:       true,
	}
}

// knobs are the settings in force for a call.
func knobs(c *provider.Call) *settings { return c.Settings.(*settings) }

// credentials are one private key a workspace.
func credentials(workspace string) []provider.Credential {
	return []provider.Credential{{Name: "private_key", Value: "dd-" + workspace + "-private-key"}}
}
