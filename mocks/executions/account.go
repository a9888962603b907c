package executions

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mockpay/mockpay/state"
)

// The methods that money can be paid by [R-market].
const (
	mtnLiberia    = "MTN_MOMO_LBR"
	orangeLiberia = "ORANGE_MONEY_LBR"
	airtelRwanda  = "AIRTEL_RWA"
	mtnRwanda     = "MTN_MOMO_RWA"
	orangeRwanda  = "ORANGE_MONEY_RWA"
	creditCard    = "CREDIT_CARD"
	walletMethod  = "WALLET"
)

var methods = []string{mtnLiberia, orangeLiberia, airtelRwanda, mtnRwanda, orangeRwanda, creditCard, walletMethod}

// The networks that carry them [R-market].
const (
	pawapay  = "PAWAPAY"
	stripe   = "STRIPE"
	platform = "PLATFORM"
)

// networkOf is the network that carries a method.
func networkOf(method string) string {
	switch method {
	case creditCard:
		return stripe
	case walletMethod:
		return platform
	}
	return pawapay
}

// operationTypes are the four money operations [C-tr].
var operationTypes = []string{collection, payoutType, transfer, refund}

const (
	collection = "COLLECTION"
	payoutType = "PAYOUT"
	transfer   = "TRANSFER"
	refund     = "REFUND"
)

// An account is where somebody is paid, or pays from.
type account struct {
	ID        int64     `json:"id"`
	Operation string    `json:"operation_type"`
	Label     string    `json:"account_name"`
	Provider  string    `json:"provider"` // as it was sent
	Method    string    `json:"method"`
	Party     int64     `json:"party_id"`
	Country   *string   `json:"country_code,omitempty"`
	Number    *string   `json:"account_number,omitempty"`
	Inactive  bool      `json:"inactive,omitempty"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

var accounts = state.NewTable(Name+".accounts", func(a account) string { return strconv.FormatInt(a.ID, 10) })

var accountEndpoints = []endpoint{{
	name: "create_payment_account", method: http.MethodPost, path: "/payment-accounts/create",
	summary: "Register where a party is paid, or pays from.",
	payload: "CreatePaymentAccountPayload",
	query:   []field{operationField},
	body: []field{
		{name: "account_name", doc: "a label"},
		{name: "provider", doc: "the network PAWAPAY, STRIPE or PLATFORM that carries the method, or the method itself"},
		{name: "method", doc: "one of " + strings.Join(methods, ", ")},
		{name: "party_id", doc: "whose account it is", kind: integer},
		{name: "country_code", doc: "its country, ISO 3166-1 alpha-2", optional: true},
		{name: "insensitive_account_number", doc: "the phone of a mobile wallet; it is not shown again", optional: true},
	},
	answers: accountAnswer{}, schema: "PaymentAccountResponse",
	refuses: []string{invalidCombination, partyUnknown},
	handle:  createAccount,
}}

// An accountAnswer is the documented shape [AR-pa].
type accountAnswer struct {
	ID        int64   `json:"id"`
	Label     string  `json:"account_name"`
	Provider  string  `json:"provider"`
	Method    string  `json:"method"`
	Party     int64   `json:"party_id"`
	Active    bool    `json:"is_active"`
	CreatedAt stamp   `json:"created_at"`
	UpdatedAt stamp   `json:"updated_at"`
	Country   *string `json:"country_code"`
}

func (a account) answer() accountAnswer {
	return accountAnswer{a.ID, a.Label, a.Provider, a.Method, a.Party, !a.Inactive, stamp(a.CreatedAt), stamp(a.UpdatedAt), a.Country}
}

// createAccount answers POST /payment-accounts/create. The same data makes
// another account; our choice.
func createAccount(c *call) (any, error) {
	method, network := c.body.text("method"), c.body.text("provider")
	if err := c.checkMethod(method, network); err != nil {
		return nil, err
	}
	of, err := c.partyOf(c.body.id("party_id"))
	if err != nil {
		return nil, err
	}
	now := c.Tx.Now()
	a := account{
		ID: c.next("account", c.FirstIDs.Account), Operation: c.query.text("operation_type"), Label: c.body.text("account_name"),
		Provider: network, Method: method, Party: of.ID, Country: c.body.maybe("country_code"),
		Number: c.body.maybe("insensitive_account_number"), CreatedAt: now, UpdatedAt: now,
	}
	accounts.Put(c.Tx, a)
	return a.answer(), nil
}

// checkMethod refuses methods there are not, and providers that do not carry
// them. Most examples send the method as the provider too [API-pa].
func (c *call) checkMethod(method, network string) error {
	ck := &checker{knobs: c.settings}
	wrong := wording{outcome: invalidCombination, msg: "invalid combination", kind: "value_error"}
	switch {
	case !slices.Contains(methods, method):
		ck.add(wrong, []any{"body", "method"}, method, "method is %q, must be one of %s", method, strings.Join(methods, ", "))
	case network != method && network != networkOf(method):
		ck.add(wrong, []any{"body", "provider"}, network, "provider is %q, for the method %s it must be %s or %s", network, method, networkOf(method), method)
	}
	return ck.refusal(c.Call)
}

// ending is what the last two digits of the account's number stand for.
func (a account) ending() string {
	if a.Number == nil || len(*a.Number) < 2 {
		return ""
	}
	return (*a.Number)[len(*a.Number)-2:]
}
