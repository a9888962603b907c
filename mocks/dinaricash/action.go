package dinaricash

import (
	"github.com/mockpay/mockpay/provider"
	"github.com/shopspring/decimal"
)

// Defaults of what actions are told.
const (
	defaultDescription = "CARD PURCHASE"
	defaultCategory    = "5999"
	defaultIncoming    = "Incoming transfer received"
)

// What examples of purchases are on, and the outcome of those that are refused.
const (
	purchaseAction = "card_purchase"
	rejected       = "rejected"
)

func actions() []provider.Action {
	return []provider.Action{
		{
			Name: "transition",
			Doc:  "move a transaction to another state, with the money and the webhook that go with it",
			Args: []provider.Arg{
				{Name: "transaction", Doc: "TRANSACTION_ID, or last or first", Required: true},
				{Name: "as", Doc: "the state to move to", Default: string(completed), OneOf: transactionMachine.States[1:]},
				{Name: "message", Doc: "GATEWAY_MESSAGE of the transaction from then on"},
			},
			Do: transition,
		},
		{
			Name: purchaseAction,
			Doc:  "buy something with a card; a purchase that is rejected says so",
			Args: []provider.Arg{
				{Name: "card", Doc: "CARD_ACCOUNT_ID, or last or first", Required: true},
				{Name: "amount", Doc: "above 0, at most two decimals", Required: true},
				{Name: "currency", Doc: "3 letters; amounts are not converted", Default: cardCurrency},
				{Name: "description", Doc: "at most 100 characters", Default: defaultDescription},
				{Name: "category_code", Doc: "at most 10 characters", Default: defaultCategory},
			},
			Do: cardPurchase,
		},
		{
			Name: "add_incoming",
			Doc:  "receive money: payout is credited, the list shows an INCOMING transaction",
			Args: []provider.Arg{
				{Name: "amount", Doc: "in USD, above 0, at most two decimals", Required: true},
				{Name: "message", Doc: "GATEWAY_MESSAGE of the transaction", Default: defaultIncoming},
				{Name: "customer", Doc: "CUSTOMER_ID that lists it"},
			},
			Do: addIncoming,
		},
	}
}

// moved is what a transition changed.
type moved struct {
	Transaction string `json:"transaction"`
	From        status `json:"from"`
	To          status `json:"to"`
	Balances    funds  `json:"balances"`
}

func transition(c *provider.Call, args map[string]string) (any, error) {
	t, ok := pick(c, args["transaction"])
	if !ok {
		return nil, provider.Faultf(provider.Unknown, "no transaction %q in workspace %q", args["transaction"], c.Workspace)
	}
	c.Recall(t.ID)
	from, to := t.Status, status(args["as"])
	if !t.allows(knobs(c), to) {
		return nil, provider.Faultf(provider.Conflict, "%s cannot become %s: %s", t.ID, to, t.stuck())
	}
	if to == canceled && t.spent(c.Tx) {
		return nil, provider.Faultf(provider.Conflict, "%s cannot become %s: the card holds less than the %s that it loaded", t.ID, to, t.Amount)
	}
	action(c).end(&t, to, args["message"])
	return moved{t.ID, from, t.Status, balancesOf(c.Tx)}, nil
}

// stuck says why a transaction cannot move as it was told to.
func (t *transaction) stuck() string {
	if t.Direction == incoming {
		return "it came in, and is what it is"
	}
	if t.Status == completed {
		return "the " + t.Method + " send is COMPLETED, and cancel_allowed_from has no COMPLETED for it"
	}
	return "it is " + string(t.Status) + ", which is final"
}

// pick finds the transaction that an argument names.
func pick(c *provider.Call, id string) (transaction, bool) {
	if id == "last" || id == "first" {
		return transactions.Pick(c.Tx, id)
	}
	return newest(c.Tx, id)
}

// bought is what a purchase changed.
type bought struct {
	Purchase string          `json:"purchase"`
	Card     string          `json:"card"`
	Status   string          `json:"status"`
	Amount   decimal.Decimal `json:"amount"`
	Before   decimal.Decimal `json:"prepurchase_balance"`
	After    decimal.Decimal `json:"postpurchase_balance"`
}

func cardPurchase(c *provider.Call, args map[string]string) (any, error) {
	amount, ok := parseAmount(args["amount"])
	switch {
	case !ok:
		return nil, provider.Faultf(provider.Invalid, "amount must be above 0 with at most two decimals, it is %q", args["amount"])
	case !letters(args["currency"]):
		return nil, provider.Faultf(provider.Invalid, "currency must be 3 letters, it is %q", args["currency"])
	case !text100(args["description"]) || !chars(10)(args["category_code"]):
		return nil, provider.Faultf(provider.Invalid, "description has at most 100 characters, category_code at most 10")
	}
	to, ok := cards.Pick(c.Tx, args["card"])
	if !ok {
		return nil, provider.Faultf(provider.Unknown, "no card %q in workspace %q; a card load issues one", args["card"], c.Workspace)
	}
	c.Recall(to.ID)
	fields := map[string]any{"card": to.ID, "amount": args["amount"], "description": args["description"]}
	p := replayPurchase(c, &to, fields, amount).buy(&to, purchase{
		Amount: amount, Currency: args["currency"], Description: args["description"], Category: args["category_code"],
	})
	return bought{p.ID, p.Card, p.Status, p.Amount, p.Before, p.After}, nil
}

// replayPurchase is a purchase as an example has it: accepted, or rejected by the
// card as the example begins.
func replayPurchase(c *provider.Call, to *card, fields map[string]any, amount decimal.Decimal) *call {
	if k := replay(c, purchaseAction, "", fields); k.example != nil {
		return k
	}
	k := replay(c, purchaseAction, rejected, fields)
	if k.example != nil {
		begun := *to
		begun.Balance = k.example.Before.Card.Or(to.Balance)
		if begun.verdict(amount) == authorized {
			k.example = nil
		}
	}
	return k
}

// received is what money coming in changed.
type received struct {
	Transaction string          `json:"transaction"`
	Amount      decimal.Decimal `json:"amount"`
	Payout      decimal.Decimal `json:"payout"`
}

func addIncoming(c *provider.Call, args map[string]string) (any, error) {
	amount, ok := parseAmount(args["amount"])
	if !ok {
		return nil, provider.Faultf(provider.Invalid, "amount must be above 0 with at most two decimals, it is %q", args["amount"])
	}
	t := transaction{
		ID: c.Tx.Hex(Name+".transaction", 32), Direction: incoming, Status: completed, Currency: "USD", Amount: amount,
		Created: c.Tx.Now(), Updated: c.Tx.Now(), Message: args["message"], Customer: args["customer"], Sent: funds{Payout: amount},
	}
	move(c.Tx, t.Sent, t.ID)
	t.add(c.Tx)
	return received{t.ID, amount, c.Tx.Balance(Name, Payout)}, nil
}
