package dinaricash

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/mockpay/mockpay/provider"
	"github.com/shopspring/decimal"
)

// settings are the knobs of providers.dinaricash in a scenario.
type settings struct {
	Balances balances         `knob:"balances" doc:"opening balances in USD"`
	Fees     methods[fee]     `knob:"fees" doc:"what sending costs and which balances it moves, by method"`
	Cancel   cancelFee        `knob:"cancel" doc:"what canceling costs and gives back"`
	Settle   methods[outlook] `knob:"settle" doc:"how an accepted send ends, by method"`
	Webhook  provider.Webhook `knob:"webhook" doc:"where events go"`

	Pace              methods[pace]     `knob:"settlement" doc:"instant, manual (it stays INITIATED until an action moves it) or delayed; empty: as settle says"`
	CancelAllowedFrom methods[[]status] `knob:"cancel_allowed_from" doc:"the statuses that a send can be canceled in, by method"`
	ReplyStatus       methods[string]   `knob:"reply_status" doc:"the word of TRANSACTION_STATUS in an accepted send's answer, whatever its state; by method"`

	SufficiencyTest   string `knob:"sufficiency_test" oneof:"at_least more_than none" doc:"whether payout must hold amount and fees (at_least), more than that, or is not looked at"`
	OnSyncFailure     string `knob:"on_sync_failure" oneof:"nothing debit" doc:"what a refused send moves"`
	OnAsyncFailure    string `knob:"on_async_failure" oneof:"reverse keep_fees keep_all" doc:"what a send that is declined or fails later gives back: all, the amount, nothing"`
	PercentageDisplay string `knob:"percentage_display" oneof:"documented percent_points fraction literal" doc:"how fee percentages are shown; documented: 2.5 for ACH and card loads, the literal 0.03 for SWIFT and Zelle"`
	NumberStyle       styles `knob:"number_style" doc:"how money is written in answers, by operation"`
	IDStyle           string `knob:"id_style" oneof:"hex documented" doc:"ids of 32 hexadecimal digits, or TX and CA with digits where the examples have those"`

	Always200               bool              `knob:"always_200" doc:"answer refusals with HTTP 200 too"`
	AcceptCredentialAliases bool              `knob:"accept_credential_aliases" doc:"take either pair of credential names on every operation"`
	AcceptJSON              bool              `knob:"accept_json" doc:"take JSON bodies too"`
	AccountServiceStatus    string            `knob:"account_service_status" doc:"ACCOUNT_SERVICE_STATUS of the balance"`
	ExtraCredentials        map[string]string `knob:"extra_credentials" doc:"more accounts with their keys that the default workspace lets in"`

	WebhookForm         string `knob:"webhook_form" oneof:"flat wrapped" doc:"events as bare fields, or inside status, message and data as the documents' example responses"`
	WebhookOnRejection  bool   `knob:"webhook_on_rejection" doc:"tell also of sends that are refused at once"`
	WebhookOnCreation   bool   `knob:"webhook_on_card_creation" doc:"tell of a new card with a card_status event"`
	RejectedPurchase    string `knob:"rejected_purchase_fields" oneof:"all sample" doc:"fields of a rejected purchase's event: all fourteen, or those of the documents' sample"`
	CardExpiresInMonths int    `knob:"card_expires_in_months" least:"1" doc:"how long a new card is valid"`

	Recipients   []seedRecipient   `knob:"recipients" doc:"card holders that are there from the beginning"`
	Cards        []seedCard        `knob:"cards" doc:"cards that are there from the beginning"`
	Transactions []seedTransaction `knob:"transactions" doc:"transactions that are there from the beginning"`
	Examples     []example         `knob:"examples" doc:"calls that happen with the ids, times and balances of a document"`
}

type balances struct {
	Payout  decimal.Decimal `knob:"payout" doc:"pays the sends"`
	Float   decimal.Decimal `knob:"float" doc:"moves with the sends"`
	Reserve decimal.Decimal `knob:"reserve" doc:"moves with the sends"`
}

// methods are a setting for each way to send.
type methods[T any] struct {
	ACH   T `knob:"ACH" doc:"bank transfers in the USA"`
	Card  T `knob:"CARD_VIRTUAL" doc:"virtual card loads"`
	Swift T `knob:"SWIFT" doc:"international bank transfers"`
	Zelle T `knob:"ZELLE" doc:"Zelle transfers"`
}

// of is the setting of a method.
func (m *methods[T]) of(method string) T {
	switch method {
	case ach:
		return m.ACH
	case cardVirtual:
		return m.Card
	case swift:
		return m.Swift
	}
	return m.Zelle
}

// A fee is what a send costs, and how it moves the balances: each by
// −(amount × its amount + fixed fee × its fixed + percentage × its percentage + flat).
type fee struct {
	Fixed    decimal.Decimal   `knob:"fixed" min:"0" doc:"the fixed fee"`
	Rate     decimal.Decimal   `knob:"rate" min:"0" doc:"the part of the amount that is charged"`
	Shown    provider.Optional `knob:"shown" doc:"the percentage that answers show; none: computed from rate"`
	Rounding rounding          `knob:"rounding" doc:"of the percentage to cents: half_up, half_even, half_down, up or down"`
	Cap      provider.Optional `knob:"fee_cap" doc:"the most that the percentage comes to; none: no limit"`
	Payout   coefficients      `knob:"payout" doc:"how the payout balance moves"`
	Float    coefficients      `knob:"float" doc:"how the float balance moves"`
	Reserve  coefficients      `knob:"reserve" doc:"how the reserve balance moves"`
}

type coefficients struct {
	Amount     decimal.Decimal `knob:"amount" doc:"times the amount"`
	Fixed      decimal.Decimal `knob:"fixed" doc:"times the fixed fee"`
	Percentage decimal.Decimal `knob:"percentage" doc:"times the percentage"`
	Flat       decimal.Decimal `knob:"flat" doc:"once"`
}

type cancelFee struct {
	Fixed         decimal.Decimal   `knob:"fixed" min:"0" doc:"the fixed fee"`
	Rate          decimal.Decimal   `knob:"rate" min:"0" doc:"the part of the amount that is charged"`
	Shown         provider.Optional `knob:"shown" doc:"the percentage that answers show; none: rate"`
	Rounding      rounding          `knob:"rounding" doc:"of the percentage to cents: half_up, half_even, half_down, up or down"`
	Float         decimal.Decimal   `knob:"float" doc:"what the float balance moves by"`
	Reserve       decimal.Decimal   `knob:"reserve" doc:"what the reserve balance moves by"`
	RefundSendFee bool              `knob:"refund_send_fee" also:"refund_send_fee" doc:"give the send's fee back too"`
	RestoreFloat  bool              `knob:"restore_float" also:"restore_float" doc:"undo what the send moved of the float balance"`
}

// An outlook is how an accepted send ends.
type outlook struct {
	As    status            `knob:"as" doc:"INITIATED leaves it as it is"`
	After provider.Duration `knob:"after" doc:"0s: at once"`
}

// styles are how each operation writes money.
type styles struct {
	ACH     style `knob:"ach" doc:"two_decimals or minimal"`
	Load    style `knob:"card_load" doc:"two_decimals or minimal"`
	Cards   style `knob:"manage_cards" doc:"two_decimals or minimal"`
	Swift   style `knob:"swift" doc:"two_decimals or minimal"`
	Zelle   style `knob:"zelle" doc:"two_decimals or minimal"`
	List    style `knob:"list_transactions" doc:"two_decimals or minimal"`
	Cancel  style `knob:"cancel" doc:"two_decimals or minimal"`
	Balance style `knob:"balance" doc:"two_decimals or minimal"`
}

// defaults are the model that reproduces most documented examples; what it does
// not, the scenario documented-examples overrides.
func defaults() *settings {
	one, flat := number("1"), number("1.50")
	whole := coefficients{Amount: one, Fixed: one, Percentage: one}
	domestic := fee{Fixed: number("5"), Rate: number("0.025"), Payout: whole, Float: whole}
	achFee, cardFee := domestic, domestic
	achFee.Reserve.Fixed = number("2")
	cardFee.Reserve.Fixed = one
	abroad := fee{Fixed: number("5"), Rate: number("0.01"), Shown: provider.Some("0.03"), Payout: whole, Float: coefficients{Flat: flat}}
	return &settings{
		Balances: balances{number("50111.10"), number("1022.25"), number("100000.00")},
		Fees:     methods[fee]{achFee, cardFee, abroad, abroad},
		Cancel:   cancelFee{Fixed: number("5"), Rate: number("0.05"), Float: number("-1")},
		Settle: methods[outlook]{
			ACH: outlook{completed, 0}, Card: outlook{completed, 0},
			Swift: outlook{completed, provider.MustDuration("5s")}, Zelle: outlook{completed, provider.MustDuration("5s")},
		},
		Webhook: provider.Webhook{Encoding: "form", Attempts: 1, Backoff: []provider.Duration{provider.MustDuration("1s")}, Timeout: provider.MustDuration("10s")},
		CancelAllowedFrom: methods[[]status]{
			ACH: []status{initiated, completed}, Card: []status{}, Swift: []status{initiated}, Zelle: []status{initiated},
		},
		ReplyStatus:          methods[string]{"Completed", "Completed", "INITIATED", "INITIATED"},
		SufficiencyTest:      "at_least",
		OnSyncFailure:        "nothing",
		OnAsyncFailure:       "reverse",
		PercentageDisplay:    "documented",
		NumberStyle:          styles{Swift: minimal},
		IDStyle:              "hex",
		AccountServiceStatus: "LIVE",
		WebhookForm:          "flat",
		RejectedPurchase:     "all",
		CardExpiresInMonths:  36,
	}
}

func number(text string) decimal.Decimal { return decimal.RequireFromString(text) }

// knobs are the settings in force for a call.
func knobs(c *provider.Call) *settings { return c.Settings.(*settings) }

// A choice is a text of a few.
type choice interface {
	~string
	provider.Enumerated
}

// choose reads a text that is one of those there are.
func choose[T choice](into *T, text string) error {
	if known := (*into).Values(); !slices.Contains(known, text) {
		return errors.New(provider.NoSuch("value", text, known))
	}
	*into = T(text)
	return nil
}

// texts are values as they are written.
func texts[T ~string](values ...T) (all []string) {
	for _, v := range values {
		all = append(all, string(v))
	}
	return all
}

// A pace says when an accepted send ends.
type pace string

const (
	asSettled pace = ""
	instant   pace = "instant"
	manual    pace = "manual"
	delayed   pace = "delayed"
)

// Values are all there are.
func (pace) Values() []string { return texts(instant, manual, delayed, asSettled) }

// UnmarshalText reads a pace.
func (p *pace) UnmarshalText(text []byte) error {
	return choose(p, string(text))
}

// A style is how money is written.
type style string

const (
	twoDecimals style = "two_decimals"
	minimal     style = "minimal"
)

// Values are all there are.
func (style) Values() []string { return texts(twoDecimals, minimal) }

// UnmarshalText reads a style.
func (s *style) UnmarshalText(text []byte) error {
	return choose(s, string(text))
}

// MarshalText writes the style; two decimals are the unsaid one.
func (s style) MarshalText() ([]byte, error) {
	if s == "" {
		s = twoDecimals
	}
	return []byte(s), nil
}

// money is an amount as it is written in a style.
func (s style) money(d decimal.Decimal) any {
	if s == minimal {
		return provider.Minimal{Decimal: d}
	}
	return provider.Cents{Decimal: d}
}

// An instantTime is a time of a scenario, "2025-01-08T12:34:56Z".
type instantTime struct{ time.Time }

// UnmarshalText reads RFC 3339.
func (i *instantTime) UnmarshalText(text []byte) error {
	t, err := time.Parse(time.RFC3339Nano, string(text))
	if err != nil {
		return fmt.Errorf("%q is not a time like 2025-01-08T12:34:56Z", text)
	}
	i.Time = t.UTC()
	return nil
}

// delayedBy is how long a delayed send takes where settle says at once.
const delayedBy = 5 * time.Second

// outlook is how an accepted send of a method ends if no rule says.
func (s *settings) outlook(method string) outlook {
	o := s.Settle.of(method)
	switch s.Pace.of(method) {
	case instant:
		o.After = 0
	case manual:
		o.As = initiated
	case delayed:
		if o.After == 0 {
			o.After = provider.Duration(delayedBy)
		}
	}
	return o
}

// percentage is a rate as answers show it; points tells whether the method
// shows percent points.
func (s *settings) percentage(rate decimal.Decimal, shown provider.Optional, points bool) decimal.Decimal {
	switch s.PercentageDisplay {
	case "percent_points":
		return rate.Shift(2)
	case "fraction":
		return rate
	}
	if shown.Given || !points {
		return shown.Or(rate)
	}
	return rate.Shift(2)
}

// style is how an operation writes money.
func (s *settings) style(op string) style {
	n := &s.NumberStyle
	switch op {
	case "ach":
		return n.ACH
	case "card_load":
		return n.Load
	case "manage_cards":
		return n.Cards
	case "swift":
		return n.Swift
	case "zelle":
		return n.Zelle
	case "list_transactions":
		return n.List
	case "cancel":
		return n.Cancel
	}
	return n.Balance
}
