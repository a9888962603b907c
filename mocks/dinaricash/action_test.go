package dinaricash_test

import (
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/client"
)

// What a transaction of 300 gives back when it ends badly after it was accepted:
// payout, float, reserve.
var reversed = map[string]string{"ach": "312.5 312.5 10", "card_load": "312.5 312.5 5", "swift": "308 1.5 0", "zelle": "308 1.5 0"}

// Every state leads to every other that the machine allows, with its money and
// its webhook; all else is a conflict that changes nothing.
func TestTransitions(t *testing.T) {
	t.Parallel()
	states := []string{"INITIATED", "COMPLETED", "DECLINED", "FAILED", "CANCELED"}
	allowed := func(op, from, to string) bool {
		return from == "INITIATED" && to != "INITIATED" || from == "COMPLETED" && to == "CANCELED" && op == "ach"
	}
	for _, op := range sends {
		for _, from := range states {
			t.Run(op+"/"+from, func(t *testing.T) {
				t.Parallel()
				s := open(t, allManual)
				for _, to := range states[1:] {
					id := s.inState(op, from)
					before, told := s.funds(), len(s.told())
					if !allowed(op, from, to) {
						assert.Equal(t, 409, s.tried("transition", "transaction", id, "as", to), to)
						assert.Equal(t, before, s.funds())
						assert.Len(t, s.told(), told)
						assert.Equal(t, strings.ToLower(from), strings.ToLower(s.state(id)))
						continue
					}
					changed := s.act("transition", "transaction", id, "as", to)
					after := s.funds()
					assert.JSONEq(t, fmt.Sprintf(`{"transaction":%q,"from":%q,"to":%q,"balances":{"payout":%q,"float":%q,"reserve":%q}}`, id, from, to, after[0], after[1], after[2]), changed)
					assert.Equal(t, strings.ToLower(to), strings.ToLower(s.state(id)))
					want := "0 0 0"
					switch to {
					case "DECLINED", "FAILED":
						want = reversed[op]
					case "CANCELED":
						want = "280 -1 0"
					}
					assert.Equal(t, want, moved(before, after), "%s to %s", from, to)
					event := "transaction_status "
					if op == "card_load" {
						event = "card_load "
					}
					assert.Equal(t, event+to, s.told()[told])
					assert.Len(t, s.told(), told+1)
				}
				s.sound()
			})
		}
	}
}

// funds are payout, float and reserve.
func (s *shop) funds() [3]string {
	s.t.Helper()
	all, err := s.Balances(s.t.Context())
	require.NoError(s.t, err)
	b := all["dinaricash"]
	return [3]string{b["payout"], b["float"], b["reserve"]}
}

// moved is the difference of balances, as texts of decimals.
func moved(before, after [3]string) string {
	var all []string
	for i := range before {
		is, _ := new(big.Rat).SetString(after[i]) // the server writes numbers
		was, _ := new(big.Rat).SetString(before[i])
		text := strings.TrimRight(is.Sub(is, was).FloatString(6), "0")
		all = append(all, strings.TrimSuffix(text, "."))
	}
	return strings.Join(all, " ")
}

// A message stays with the transaction.
func TestTransitionSaysWhy(t *testing.T) {
	t.Parallel()
	s := open(t, allManual)
	id := s.inState("zelle", "INITIATED")
	s.act("transition", "transaction", id, "as", "FAILED", "message", "The recipient is not enrolled.")
	assert.Equal(t, "The recipient is not enrolled.", s.list("TRANSACTION_ID", id)[0].Message)
}

// last and first are those of the workspace, whatever their kind.
func TestTransitionByPlace(t *testing.T) {
	t.Parallel()
	s := open(t, allManual)
	assert.Equal(t, 404, s.tried("transition", "transaction", "last"))
	assert.Equal(t, 404, s.tried("transition", "transaction", "first"))
	first, middle, last := s.sent("ach", "1"), s.sent("swift", "1"), s.sent("zelle", "1")
	s.act("transition", "transaction", "last", "as", "DECLINED")
	s.act("transition", "transaction", "first")
	assert.Equal(t, "Completed Initiated Declined", s.state(first)+" "+s.state(middle)+" "+s.state(last))
	assert.Equal(t, 409, s.tried("transition", "transaction", "last"))
	s.act("add_incoming", "amount", "1")
	assert.Equal(t, 409, s.tried("transition", "transaction", "last"), "what came in does not move")
}

// A transition takes the place of the settlement that was due.
func TestTransitionStopsTheSettlement(t *testing.T) {
	t.Parallel()
	s := open(t, "")
	id := s.sent("zelle", "300")
	s.act("transition", "transaction", id, "as", "FAILED")
	assert.Empty(t, s.Advance(time.Hour).Fired)
	assert.Equal(t, "Failed", s.state(id))
	s.has("50111.1", "1022.25", "100000")
	s.sound()
}

// Arguments are checked before anything happens.
func TestArgumentsOfActions(t *testing.T) {
	t.Parallel()
	s := open(t, "")
	card, id := s.loaded("ssmith@example.com", "300"), s.sent("zelle", "1")
	before, told := s.funds(), s.told()
	for _, tt := range []struct {
		name   string
		action string
		args   []string
		status int
	}{
		{"NoTransaction", "transition", []string{"as", "FAILED"}, 422},
		{"UnknownTransaction", "transition", []string{"transaction", unknownID}, 404},
		{"EmptyTransaction", "transition", []string{"transaction", ""}, 404},
		{"CardAsTransaction", "transition", []string{"transaction", card}, 404},
		{"BackToInitiated", "transition", []string{"transaction", id, "as", "INITIATED"}, 422},
		{"TitleCase", "transition", []string{"transaction", id, "as", "Failed"}, 422},
		{"EmptyState", "transition", []string{"transaction", id, "as", ""}, 422},
		{"UnknownArgument", "transition", []string{"transaction", id, "to", "FAILED"}, 422},

		{"NoCard", "card_purchase", []string{"amount", "1"}, 422},
		{"NoAmount", "card_purchase", []string{"card", card}, 422},
		{"UnknownCard", "card_purchase", []string{"card", unknownID, "amount", "1"}, 404},
		{"EmptyCard", "card_purchase", []string{"card", "", "amount", "1"}, 404},
		{"ZeroAmount", "card_purchase", []string{"card", card, "amount", "0"}, 422},
		{"NegativeAmount", "card_purchase", []string{"card", card, "amount", "-1"}, 422},
		{"FineAmount", "card_purchase", []string{"card", card, "amount", "0.001"}, 422},
		{"NoNumber", "card_purchase", []string{"card", card, "amount", "lots"}, 422},
		{"EmptyAmount", "card_purchase", []string{"card", card, "amount", ""}, 422},
		{"ShortCurrency", "card_purchase", []string{"card", card, "amount", "1", "currency", "US"}, 422},
		{"NumericCurrency", "card_purchase", []string{"card", card, "amount", "1", "currency", "840"}, 422},
		{"LongDescription", "card_purchase", []string{"card", card, "amount", "1", "description", long(101)}, 422},
		{"LongCategory", "card_purchase", []string{"card", card, "amount", "1", "category_code", long(11)}, 422},

		{"NoIncoming", "add_incoming", nil, 422},
		{"ZeroIncoming", "add_incoming", []string{"amount", "0"}, 422},
		{"NegativeIncoming", "add_incoming", []string{"amount", "-1"}, 422},
		{"FineIncoming", "add_incoming", []string{"amount", "1.005"}, 422},
		{"UnknownIncoming", "add_incoming", []string{"amount", "1", "currency", "EUR"}, 422},
		{"UnknownAction", "settle", []string{"amount", "1"}, 404},
	} {
		t.Run(tt.name, func(t *testing.T) {
			assert.Equal(t, tt.status, s.in(t).tried(tt.action, tt.args...))
		})
	}
	assert.Equal(t, before, s.funds())
	assert.Equal(t, told, s.told())
	s.holds(card, "ACTIVE", "300.00")
	s.sound()
}

// A purchase has defaults for all but card and amount; its texts may be as long
// as the webhook's fields.
func TestPurchaseArguments(t *testing.T) {
	t.Parallel()
	s := open(t, "")
	first := s.loaded("ssmith@example.com", "300")
	last := s.loaded("jsmith@example.com", "300")
	for _, tt := range []struct {
		args []string
		want string // currency, amount, description, category and card
	}{
		{[]string{"card", first, "amount", "12.79"}, "USD 12.79 CARD PURCHASE 5999 " + first},
		{[]string{"card", "last", "amount", "1"}, "USD 1 CARD PURCHASE 5999 " + last},
		{[]string{"card", "first", "amount", "1.00", "currency", "EUR"}, "EUR 1 CARD PURCHASE 5999 " + first},
		{[]string{"card", first, "amount", "0.01", "description", long(100), "category_code", long(10)}, "USD 0.01 " + long(100) + " " + long(10) + " " + first},
	} {
		s.act("card_purchase", tt.args...)
		p := s.webhooks("")[0].Payload
		assert.Equal(t, tt.want, fmt.Sprint(p["PURCHASE_CURRENCY_ISO3"], " ", p["PURCHASE_AMOUNT"], " ", p["PURCHASE_DESCRIPTION"], " ", p["PURCHASE_CATEGORY_CODE"], " ", p["CARD_ACCOUNT_ID"]))
	}
	s.sound()
}

func TestPurchaseWithoutCards(t *testing.T) {
	t.Parallel()
	s := open(t, "")
	assert.Equal(t, 404, s.tried("card_purchase", "card", "last", "amount", "1"))
}

// Money that comes in is payout's.
func TestAddIncoming(t *testing.T) {
	t.Parallel()
	s := open(t, "")
	changed := s.act("add_incoming", "amount", "12.50", "message", "Thanks", "customer", "c1")
	rows := s.list()
	require.Len(t, rows, 1)
	assert.JSONEq(t, fmt.Sprintf(`{"transaction":%q,"amount":"12.5","payout":"50123.6"}`, rows[0].ID), changed)
	assert.Equal(t, "Thanks", rows[0].Message)
	assert.Equal(t, "12.50", rows[0].Amount.String())
	s.has("50123.6", "1022.25", "100000")
	ledger, err := s.Ledger(t.Context(), client.LedgerFilter{Provider: "dinaricash"})
	require.NoError(t, err)
	entry := ledger[len(ledger)-1]
	assert.Equal(t, "payout 12.5 "+rows[0].ID, entry.Balance+" "+entry.Delta+" "+entry.Reference)
	s.sound()
}

// Actions and their arguments are told by the server.
func TestActionsAreListed(t *testing.T) {
	t.Parallel()
	s := open(t, "")
	actions, err := s.Actions(t.Context())
	require.NoError(t, err)
	var names []string
	for _, a := range actions {
		if strings.HasPrefix(a.Name, "dinaricash.") {
			names = append(names, a.Name)
			assert.NotEmpty(t, a.Description)
			assert.NotEmpty(t, a.Args)
		}
	}
	assert.Equal(t, []string{"dinaricash.transition", "dinaricash.card_purchase", "dinaricash.add_incoming"}, names)
}
