package dinaricash

import (
	"github.com/mockpay/mockpay/provider"
	"github.com/shopspring/decimal"
)

// samples tells an event of each kind: of the newest record, or of one that could
// be there, as if it had come to that just now.
func samples(c *provider.Call) {
	k := action(c)
	of := k.sampleCard()
	sent, load := k.sampleSend(zelle), k.sampleSend(cardVirtual)
	load.Card = of.ID
	for t := range transactions.Newest(c.Tx) {
		if sent.kept() && load.kept() {
			break
		}
		switch {
		case t.Direction == incoming || t.Status == failed: // nobody may have been told of it
		case t.Method == cardVirtual && !load.kept():
			load = t
		case t.Method != cardVirtual && !sent.kept():
			sent = t
		}
	}
	sent.Updated, load.Updated = k.now(), k.now()
	k.tell(&sent)
	k.tell(&load)
	k.samplePurchase(&of)
	k.tellCard(&of)
}

// kept tells whether a transaction is a record.
func (t *transaction) kept() bool { return t.Key != "" }

// sampleSend is a send that was completed just now.
func (k *call) sampleSend(method string) transaction {
	return transaction{
		ID: k.Tx.Hex(Name+".sample", 32), Method: method, Direction: outgoing, Status: completed,
		Currency: "USD", Amount: decimal.NewFromInt(100), Updated: k.now(),
	}
}

// sampleCard is the newest card, or one that could have been issued.
func (k *call) sampleCard() card {
	for c := range cards.Newest(k.Tx) {
		return c
	}
	return card{ID: k.Tx.Hex(Name+".sample", 32), Email: "ssmith@example.com", Status: active, Balance: decimal.NewFromInt(100)}
}

// samplePurchase tells the newest purchase, or one that a card could have been
// used for.
func (k *call) samplePurchase(of *card) {
	for p := range purchases.Newest(k.Tx) {
		if c, ok := cards.Get(k.Tx, p.Card); ok {
			p.At = k.now()
			k.tellPurchase(&p, &c)
			return
		}
	}
	amount := decimal.NewFromInt(10)
	k.tellPurchase(&purchase{
		ID: k.Tx.Hex(Name+".sample", 32), Card: of.ID, Amount: amount, Currency: cardCurrency, Description: defaultDescription,
		Category: defaultCategory, Status: authorized, Before: of.Balance.Add(amount), After: of.Balance, At: k.now(),
	}, of)
}
