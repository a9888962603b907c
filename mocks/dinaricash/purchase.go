package dinaricash

import (
	"strconv"
	"time"

	"github.com/mockpay/mockpay/provider"
	"github.com/mockpay/mockpay/state"
	"github.com/shopspring/decimal"
)

// A purchase is what a card network asked for, and what it was told [S2 l.522-590]. As
// the documents use one id for two purchases, records have a key of their own.
type purchase struct {
	Key         string          `json:"key"`
	ID          string          `json:"id"`
	Card        string          `json:"card"`
	Amount      decimal.Decimal `json:"amount"`
	Currency    string          `json:"currency"`
	Description string          `json:"description"`
	Category    string          `json:"category"`
	Status      string          `json:"status"` // AUTHORIZED, or REJECTED: and why
	Before      decimal.Decimal `json:"before"` // the card's balance
	After       decimal.Decimal `json:"after"`
	At          time.Time       `json:"at"`
}

var purchases = state.NewTable(Name+".purchases", func(p purchase) string { return p.Key },
	state.Index[purchase]{Name: "card", Key: func(p purchase) string { return p.Card }})

// What purchases are told. The first two are documented, the others ours.
const (
	authorized       = "AUTHORIZED"
	noFunds          = "REJECTED: Insufficient funds"
	rejectedPaused   = "REJECTED: Card paused"
	rejectedCanceled = "REJECTED: Card canceled"
)

// verdict is what a card's purchase is told.
func (c *card) verdict(amount decimal.Decimal) string {
	switch {
	case c.Status == cardCancel:
		return rejectedCanceled
	case c.Status == paused:
		return rejectedPaused
	case c.Balance.LessThan(amount):
		return noFunds
	}
	return authorized
}

// buy decides a purchase and tells of it. The balances of the account stay as
// they are: the money is the card's.
func (k *call) buy(c *card, p purchase) purchase {
	k.setCard(c)
	p.ID, p.Card, p.At = k.purchaseID(), c.ID, k.now()
	p.Status, p.Before = c.verdict(p.Amount), c.Balance
	if p.Status == authorized {
		c.Spent = c.Spent.Add(p.Amount)
		c.Balance = c.Balance.Sub(p.Amount)
	}
	if k.example != nil && k.example.Postpurchase.Given { // the document's own sum
		c.set(k.example.Postpurchase.Value)
	}
	p.After = c.Balance
	cards.Put(k.Tx, *c)
	p.add(k.Tx)
	k.tellPurchase(&p, c)
	return p
}

// add stores a new purchase.
func (p *purchase) add(tx *state.Tx) {
	p.Key = strconv.FormatInt(tx.Count(Name+".purchases"), 10)
	purchases.Put(tx, *p)
}

func (k *call) purchaseID() string {
	if k.example != nil && k.example.ID != "" {
		return k.example.ID
	}
	return k.Tx.Hex(Name+".purchase", 32)
}

// set gives a card another balance.
func (c *card) set(balance decimal.Decimal) {
	c.Set = c.Set.Add(balance.Sub(c.Balance))
	c.Balance = balance
}

// tellPurchase emits the card_purchase event.
func (k *call) tellPurchase(p *purchase, c *card) {
	money := func(d decimal.Decimal) any { return provider.Cents{Decimal: d} }
	fields := provider.Object{
		k.webhookKey(),
		{Key: "WEBHOOK_ACTION", Value: "CARD PURCHASE UPDATE"},
		{Key: "PURCHASE_ID", Value: p.ID},
		{Key: "PURCHASE_CURRENCY_ISO3", Value: p.Currency},
		{Key: "PURCHASE_AMOUNT", Value: money(p.Amount)},
		{Key: "PURCHASE_DESCRIPTION", Value: p.Description},
		{Key: "PURCHASE_CATEGORY_CODE", Value: p.Category},
		{Key: "PURCHASE_STATUS", Value: p.Status},
		{Key: "PREPURCHASE_BALANCE", Value: money(p.Before)},
		{Key: "POSTPURCHASE_BALANCE", Value: money(p.After)},
		{Key: "CARD_ACCOUNT_ID", Value: p.Card},
		{Key: "CARDHOLDER_EMAILADDRESS", Value: c.Email},
		{Key: "CORPORATE_ACCOUNT_ID", Value: k.Credentials[accountID]},
		{Key: "DATETIME_UPDATE", Value: p.At.Format(plainDates)},
	}
	if p.Status == authorized {
		k.emit(eventCardPurchase, fields, wrapper{message: "Card purchase update processed successfully."})
		return
	}
	sample := append(fields.Without("PURCHASE_CURRENCY_ISO3", "PURCHASE_AMOUNT", "PURCHASE_DESCRIPTION", "PURCHASE_CATEGORY_CODE"),
		provider.Member{Key: "GATEWAY_MESSAGE", Value: gatewayMessages[p.Status]})
	if k.RejectedPurchase == "sample" {
		fields = sample
	}
	k.emit(eventCardPurchase, fields, wrapper{message: "Card purchase update failed.", code: 400, payload: sample})
}

// gatewayMessages are what the documents' short form says of a rejection; the
// first is documented.
var gatewayMessages = map[string]string{
	noFunds:          "Insufficient funds to complete the purchase.",
	rejectedPaused:   "The card is paused.",
	rejectedCanceled: "The card is canceled.",
}
