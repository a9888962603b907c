package dinaricash

import (
	"slices"
	"strings"
	"time"

	"github.com/mockpay/mockpay/provider"
	"github.com/mockpay/mockpay/state"
	"github.com/shopspring/decimal"
)

// A recipient is a card holder, known by an e-mail address.
type recipient struct {
	ID    string `json:"id"`
	Email string `json:"email"`
	Name  string `json:"name"`
}

var recipients = state.NewTable(Name+".recipients", func(r recipient) string { return r.ID },
	state.Index[recipient]{Name: "email", Key: func(r recipient) string { return strings.ToLower(r.Email) }})

// States of a card.
const (
	active       = "ACTIVE"
	paused       = "PAUSED"
	cardCancel   = "CANCELED"
	cardCurrency = "USD"
)

var cardMachine = provider.Machine{
	Name:   "card",
	Doc:    "a virtual card: usable, blocked for a while, closed for good",
	States: []string{active, paused, cardCancel},
	Moves: []provider.Transition{
		{From: active, To: paused}, {From: paused, To: active},
		{From: active, To: cardCancel}, {From: paused, To: cardCancel},
	},
}

// A card is a virtual card. Its balance is what was loaded and set, less what
// was spent and what went back to payout.
type card struct {
	ID        string          `json:"id"`
	Recipient string          `json:"recipient"`
	Email     string          `json:"email"`
	Number    string          `json:"number"` // masked, as it is ever shown
	Expires   string          `json:"expires"`
	Status    string          `json:"status"`
	Created   time.Time       `json:"created"`
	Balance   decimal.Decimal `json:"balance"`
	Loaded    decimal.Decimal `json:"loaded"`
	Set       decimal.Decimal `json:"set"` // by a scenario
	Spent     decimal.Decimal `json:"spent"`
	Returned  decimal.Decimal `json:"returned"`
}

var cards = state.NewTable(Name+".cards", func(c card) string { return c.ID },
	state.Index[card]{Name: "recipient", Key: func(c card) string { return c.Recipient }})

// fields are what a load's answer tells of its card; all empty if there is none.
// Unmasked data is never told [S2 l.341-343].
func (c *card) fields() provider.Object {
	cvv := ""
	if c.ID != "" {
		cvv = "***"
	}
	return provider.Object{
		{Key: "RECIPIENT_ACCOUNT_ID", Value: c.Recipient},
		{Key: "CARD_ACCOUNT_ID", Value: c.ID},
		{Key: "RECIPIENT_CARD_NUMBER", Value: c.Number},
		{Key: "RECIPIENT_CARD_CVV", Value: cvv},
		{Key: "RECIPIENT_CARD_EXPIRATION_DATE", Value: c.Expires},
	}
}

// cardFor is the card that a load goes to: the recipient's that is not canceled,
// else a new one; our choice. Other methods have none.
func (k *call) cardFor(m *method) (to card, err error) {
	if m != cardSend {
		return to, nil
	}
	r, known, err := k.recipient()
	if err != nil {
		return to, err
	}
	if known {
		if to, ok := k.cardOf(r.ID); ok {
			return to, nil
		}
	} else {
		r = recipient{ID: k.Tx.Hex(Name+".recipient", 32), Email: text(k.Call, "RECIPIENT_EMAILADDRESS"), Name: text(k.Call, "RECIPIENT_FULL_NAME")}
		recipients.Put(k.Tx, r)
	}
	return k.issue(r), nil
}

// recipient is whom a load is for: by RECIPIENT_ACCOUNT_ID, else by e-mail in
// any case.
func (k *call) recipient() (r recipient, known bool, err error) {
	id, email := text(k.Call, "RECIPIENT_ACCOUNT_ID"), text(k.Call, "RECIPIENT_EMAILADDRESS")
	if id == "" {
		for r := range recipients.By(k.Tx, "email", strings.ToLower(email)) {
			return r, true, nil
		}
		return r, false, nil
	}
	r, known = recipients.Get(k.Tx, id)
	switch {
	case !known:
		return r, false, k.RefuseFor(invalidParameter, "RECIPIENT_ACCOUNT_ID", "workspace %q has no recipient with this id; leave it out for a first load", k.Workspace)
	case !strings.EqualFold(r.Email, email):
		return r, false, k.RefuseFor(invalidParameter, "RECIPIENT_ACCOUNT_ID", "the recipient with this id has another RECIPIENT_EMAILADDRESS")
	}
	return r, true, nil
}

// cardOf is the recipient's card that is not canceled, the oldest.
func (k *call) cardOf(recipient string) (found card, ok bool) {
	if k.example != nil && k.example.Card != "" {
		return cards.Get(k.Tx, k.example.Card)
	}
	for c := range cards.By(k.Tx, "recipient", recipient) {
		if c.Status != cardCancel {
			return c, true
		}
	}
	return found, false
}

// issue makes a new card.
func (k *call) issue(to recipient) card {
	c := card{
		ID: k.cardID(), Recipient: to.ID, Email: to.Email, Status: active, Created: k.now(),
		Number:  "411111******" + digits(k.Tx.Hex(Name+".card_number", 4), 4),
		Expires: expiry(k.now(), k.CardExpiresInMonths),
	}
	k.Moved(cardMachine.Name, "", c.Status)
	cards.Put(k.Tx, c)
	if k.WebhookOnCreation {
		k.tellCard(&c)
	}
	return c
}

// expiry is the month, MM/YY, so many months after a time.
func expiry(from time.Time, months int) string {
	return time.Date(from.Year(), from.Month()+time.Month(months), 1, 0, 0, 0, 0, time.UTC).Format("01/06")
}

func (k *call) cardID() string {
	for k.IDStyle == "documented" {
		id := "CA" + digits(k.Tx.Hex(Name+".card", 10), 10)
		if _, taken := cards.Get(k.Tx, id); !taken {
			return id
		}
	}
	return k.Tx.Hex(Name+".card", 32)
}

// load puts a completed send's amount on its card. What a card that was canceled
// meanwhile cannot take goes where its money went, to payout.
func (k *call) load(t *transaction) {
	c, ok := cards.Get(k.Tx, t.Card)
	if !ok {
		return
	}
	c.Loaded = c.Loaded.Add(t.Amount)
	c.Balance = c.Balance.Add(t.Amount)
	if c.Status == cardCancel {
		k.empty(&c)
	}
	cards.Put(k.Tx, c)
}

// unload takes a completed send's amount off its card again.
func (k *call) unload(t *transaction) {
	if c, ok := cards.Get(k.Tx, t.Card); ok {
		c.Loaded = c.Loaded.Sub(t.Amount)
		c.Balance = c.Balance.Sub(t.Amount)
		cards.Put(k.Tx, c)
	}
}

// spent tells whether the money that a completed send loaded is not on its card
// any more, as far as can be told.
func (t *transaction) spent(tx *state.Tx) bool {
	c, ok := cards.Get(tx, t.Card)
	return ok && t.Status == completed && c.Balance.LessThan(t.Amount)
}

// empty returns a card's money to the payout balance; float and reserve stay as
// they are [S2 l.365].
func (k *call) empty(c *card) {
	k.Tx.Move(Name, Payout, c.Balance, c.ID)
	c.Returned = c.Returned.Add(c.Balance)
	c.Balance = decimal.Decimal{}
}

// The five actions of /manage-cards.
const (
	getCardList    = "GET_CARD_LIST"
	getCardDetails = "GET_CARD_DETAILS"
	pauseCard      = "PAUSE_CARD"
	unpauseCard    = "UNPAUSE_CARD"
	cancelCard     = "CANCEL_CARD"
)

var serviceActions = []string{getCardList, getCardDetails, pauseCard, unpauseCard, cancelCard}

// changes are the states that actions lead to.
var changes = map[string]string{pauseCard: paused, unpauseCard: active, cancelCard: cardCancel}

// manageCards answers POST /manage-cards. The one documented answer serves all
// five actions [S2 l.437-461]; it shows the card as it is afterwards.
func manageCards(k *call) (*provider.Response, error) {
	what, id := text(k.Call, "SERVICE_ACTION"), text(k.Call, "CARD_ACCOUNT_ID")
	if id == "" {
		if what != getCardList {
			return nil, k.RefuseFor(missingParameter, "CARD_ACCOUNT_ID", "%s is about one card; %s lists them", what, getCardList)
		}
		return k.shown(nil), nil
	}
	c, ok := cards.Get(k.Tx, id)
	if !ok {
		return nil, k.RefuseFor(invalidParameter, "CARD_ACCOUNT_ID", "workspace %q has no card with this id; %s lists those there are", k.Workspace, getCardList)
	}
	k.setCard(&c)
	if to, ok := changes[what]; ok && to != c.Status {
		if !cardMachine.Allows(c.Status, to) {
			return nil, k.Refuse(cardCanceled, "the card is %s, which is for good; a new load for its recipient issues a new card", c.Status)
		}
		k.change(&c, to)
	}
	return k.shown(&c), nil
}

// change moves a card to another state.
func (k *call) change(c *card, to string) {
	k.Moved(cardMachine.Name, c.Status, to)
	c.Status = to
	if to == cardCancel {
		k.empty(c)
	}
	cards.Put(k.Tx, *c)
	k.tellCard(c)
}

// shown is the documented answer about a card, or about none in particular.
func (k *call) shown(c *card) *provider.Response {
	s := k.style("manage_cards")
	id, created, status := "", "", ""
	if c == nil {
		c = &card{}
	} else {
		id, created, status = c.ID, c.Created.Format(plainDates), c.Status
	}
	return success("Transaction processed successfully.", provider.Object{
		{Key: "GATEWAY_DATETIME", Value: k.now().Format(plainDates)},
		{Key: "CARD_ACCOUNT_ID", Value: id},
		{Key: "CARD_DATETIME_CREATED", Value: created},
		{Key: "CARD_CURRENCY_ISO3", Value: cardCurrency},
		{Key: "CARD_BALANCE", Value: s.money(c.Balance)},
		{Key: "CARD_STATUS", Value: status},
		{Key: "LIST_CARDS", Value: k.cardIDs()},
		{Key: "LIST_TANSACTIONS", Value: k.spending(c.ID, s)},
		{Key: "CORPORATE_ACCOUNT_ID", Value: k.account()},
	})
}

// cardIDs are the ids of all cards, oldest first.
func (k *call) cardIDs() []string {
	if k.example != nil && len(k.example.Cards) > 0 {
		return k.example.Cards
	}
	ids := []string{}
	for c := range cards.All(k.Tx) {
		ids = append(ids, c.ID)
	}
	return ids
}

// spending are a card's authorized purchases so far, newest first.
func (k *call) spending(id string, s style) []provider.Object {
	list := []provider.Object{}
	for p := range purchases.By(k.Tx, "card", id) {
		if p.Status == authorized && !p.At.After(k.now()) {
			list = append(list, provider.Object{
				{Key: "TRANSACTION_ID", Value: p.ID},
				{Key: "AMOUNT", Value: s.money(p.Amount)},
				{Key: "TRANSACTION_STATUS", Value: completed.title()},
				{Key: "TRANSACTION_DATETIME_CREATED", Value: p.At.Format(plainDates)},
			})
		}
	}
	slices.Reverse(list)
	return list
}
