package dinaricash

import (
	"slices"

	"github.com/mockpay/mockpay/provider"
	"github.com/shopspring/decimal"
)

// An example makes a call happen as a document shows it: what the document has
// and the model cannot know, the id, the time and the balances before, is as the
// example says, all else is done as ever.
type example struct {
	On       string            `knob:"on" required:"true" oneof:"ach card_load manage_cards swift zelle list_transactions cancel balance card_purchase" doc:"the operation, or card_purchase"`
	Outcomes []string          `knob:"outcomes" oneof:"insufficient_balance failed failed_but_debited cancel_refused not_cancelable card_canceled invalid_credentials missing_parameter invalid_parameter unauthorized rate_limited server_error rejected" doc:"the outcomes it is for, rejected for a purchase; none: accepted calls"`
	When     map[string]string `knob:"when" doc:"parameters with the values they must have"`

	At      instantTime `knob:"at" doc:"when it happens"`
	ID      string      `knob:"id" doc:"of the transaction or purchase"`
	Account string      `knob:"account" doc:"CORPORATE_ACCOUNT_ID of the answer"`
	Method  string      `knob:"method" doc:"of the transaction to cancel, where more than one has the id"`
	Card    string      `knob:"card" doc:"id of the card that is loaded"`
	Cards   []string    `knob:"cards" doc:"LIST_CARDS"`

	Before       amounts           `knob:"before" doc:"the balances before"`
	Delta        moves             `knob:"delta" doc:"what canceling moves, instead of what the model says"`
	Debited      bool              `knob:"debited" doc:"a send that fails is debited"`
	Postpurchase provider.Optional `knob:"postpurchase_balance" doc:"the card's balance after a purchase"`
	WebhookKey   string            `knob:"webhook_key" doc:"WEBHOOK_KEY of its events"`
	Unfiltered   bool              `knob:"unfiltered" doc:"list all transactions of the customer, whatever else is asked for"`
}

// Moves are changes of the three balances, amounts are the balances themselves.
type moves struct {
	Payout  provider.Optional `knob:"payout" doc:"of the payout balance"`
	Float   provider.Optional `knob:"float" doc:"of the float balance"`
	Reserve provider.Optional `knob:"reserve" doc:"of the reserve balance"`
}

type amounts struct {
	Payout  provider.Optional `knob:"payout" doc:"of the payout balance"`
	Float   provider.Optional `knob:"float" doc:"of the float balance"`
	Reserve provider.Optional `knob:"reserve" doc:"of the reserve balance"`
	Card    provider.Optional `knob:"card" doc:"of the card"`
}

// reference is what the ledger says of balances that an example sets.
const reference = "documented example"

// replay is a call that happens as the first example for it says, if there is
// one, with the balances set to those before.
func replay(c *provider.Call, on, outcome string, fields map[string]any) *call {
	k := action(c)
	for i := range k.Examples {
		x := &k.Examples[i]
		if x.On == on && x.isFor(outcome) && x.matches(fields) {
			k.example = x
			has := balancesOf(c.Tx)
			before := funds{x.Before.Payout.Or(has.Payout), x.Before.Float.Or(has.Float), x.Before.Reserve.Or(has.Reserve)}
			move(c.Tx, before.plus(has.negated()), reference)
			break
		}
	}
	return k
}

func (x *example) isFor(outcome string) bool {
	if outcome == "" {
		return len(x.Outcomes) == 0
	}
	return slices.Contains(x.Outcomes, outcome)
}

// matches compares texts, and numbers as decimals.
func (x *example) matches(fields map[string]any) bool {
	for name, want := range x.When {
		got := scalar(fields[name])
		if got == want {
			continue
		}
		a, err := provider.ParseDecimal(got)
		b, none := provider.ParseDecimal(want)
		if err != nil || none != nil || !a.Equal(b) {
			return false
		}
	}
	return true
}

// deltas are moves of the balances as the example has them.
func (x *example) deltas(model funds) funds {
	return funds{x.Delta.Payout.Or(model.Payout), x.Delta.Float.Or(model.Float), x.Delta.Reserve.Or(model.Reserve)}
}

// setCard gives a card that is open the balance that the example begins with.
func (k *call) setCard(c *card) {
	if k.example != nil && k.example.Before.Card.Given && c.Status != cardCancel {
		c.set(k.example.Before.Card.Value)
		cards.Put(k.Tx, *c)
	}
}

// Seeds are records that are there from the beginning.
type (
	seedRecipient struct {
		ID    string `knob:"id" required:"true" doc:"RECIPIENT_ACCOUNT_ID"`
		Email string `knob:"email" required:"true" doc:"RECIPIENT_EMAILADDRESS"`
		Name  string `knob:"name" doc:"RECIPIENT_FULL_NAME"`
	}
	seedCard struct {
		ID        string          `knob:"id" required:"true" doc:"CARD_ACCOUNT_ID"`
		Recipient string          `knob:"recipient" required:"true" doc:"id of a recipient"`
		Number    string          `knob:"number" doc:"masked, 411111******1111"`
		Expires   string          `knob:"expires" doc:"12/26"`
		Status    string          `knob:"status" oneof:"ACTIVE PAUSED CANCELED" doc:"its state"`
		Created   instantTime     `knob:"created" doc:"when it was issued"`
		Balance   decimal.Decimal `knob:"balance" min:"0" doc:"its balance, after the purchases"`
		Purchases []seedPurchase  `knob:"purchases" doc:"authorized purchases, oldest first"`
	}
	seedPurchase struct {
		ID          string          `knob:"id" required:"true" doc:"PURCHASE_ID"`
		Amount      decimal.Decimal `knob:"amount" required:"true" min:"0" doc:"in USD"`
		Description string          `knob:"description" doc:"PURCHASE_DESCRIPTION"`
		At          instantTime     `knob:"at" doc:"when it was made"`
	}
	seedTransaction struct {
		ID        string            `knob:"id" required:"true" doc:"TRANSACTION_ID"`
		Method    string            `knob:"method" oneof:"ACH CARD_VIRTUAL SWIFT ZELLE" doc:"SEND_METHOD of what goes out; ACH if not said"`
		Direction string            `knob:"direction" oneof:"OUTGOING INCOMING" doc:"OUTGOING if not said"`
		Status    status            `knob:"status" doc:"its state; COMPLETED if not said"`
		Currency  string            `knob:"currency" doc:"USD if not said"`
		Amount    decimal.Decimal   `knob:"amount" required:"true" min:"0" doc:"TRANSACTION_SEND_AMOUNT"`
		Created   instantTime       `knob:"created" doc:"when it was made; the clock's start if not said"`
		Message   string            `knob:"message" doc:"GATEWAY_MESSAGE"`
		Customer  string            `knob:"customer" doc:"CUSTOMER_ID that lists it"`
		FeeRate   provider.Optional `knob:"fee_rate" doc:"the rate that its fee was charged at, shown as a fraction; none: as fees says"`
	}
)
