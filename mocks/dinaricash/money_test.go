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

// A counted shop has books beside it that say what it must have.
type counted struct {
	*shop
	books *books
}

// counting opens a shop with balances, and with knobs as the inside of a YAML
// mapping; set tells the model the same.
func counting(t testing.TB, opening purse, knobs string, set func(*rules)) *counted {
	t.Helper()
	has := opening.texts()
	text := fmt.Sprintf("{balances: {payout: '%s', float: '%s', reserve: '%s'}", has[0], has[1], has[2])
	if knobs != "" {
		text += ", " + knobs
	}
	r := standard()
	r.opening = opening
	if set != nil {
		set(r)
	}
	return &counted{open(t, text+"}"), newBooks(r)}
}

// agrees compares balances and ledger with the books.
func (c *counted) agrees() {
	c.t.Helper()
	has := c.books.has.texts()
	c.shop.has(has[0], has[1], has[2])
	entries, err := c.Ledger(c.t.Context(), client.LedgerFilter{Provider: "dinaricash"})
	require.NoError(c.t, err)
	var moved []posting
	for _, e := range entries[3:] { // the first ones open the balances
		moved = append(moved, posting{e.Balance, e.Delta, e.After, e.Reference})
	}
	assert.Equal(c.t, c.books.ledger, moved)
	c.sound()
}

// shows compares numbers of an answer, to the digit.
func (c *counted) shows(a answer, figures []figure) {
	c.t.Helper()
	for _, f := range figures {
		assert.Equal(c.t, f.value, a.data(c.t, f.key), f.key)
	}
}

// pays sends an amount, or tries to. It may be forced to fail.
func (c *counted) pays(op, amount, outcome string) *booked {
	c.t.Helper()
	before, n := c.books.has, rational(amount)
	a := c.force(op, outcome, c.form(op).with("SEND_AMOUNT", amount))
	var t *booked
	if outcome != "" || !c.books.covers(op, n) {
		require.Equal(c.t, 402, a.status, "%s (%s)", a.body, a.hint())
		t = c.books.refuse(a.data(c.t, "TRANSACTION_ID"), op, n, nil, outcome == "failed_but_debited")
		if op != "ach" { // its refusals have no numbers
			c.shows(a, c.books.sendFigures(t, before))
		}
		return t
	}
	require.Equal(c.t, 200, a.status, "%s (%s)", a.body, a.hint())
	var card *bookedCard
	if op == "card_load" {
		card = &bookedCard{id: a.data(c.t, "CARD_ACCOUNT_ID"), status: "ACTIVE", balance: new(big.Rat)}
		c.books.cards = append(c.books.cards, card)
	}
	rule := c.books.tariffs[op]
	t = c.books.accept(a.data(c.t, "TRANSACTION_ID"), op, n, card)
	c.shows(a, c.books.sendFigures(t, before))
	assert.Equal(c.t, rule.word, a.data(c.t, "TRANSACTION_STATUS"))
	c.books.settle(t, rule.end, rule.after)
	return t
}

// cancels cancels a send, or tries to.
func (c *counted) cancels(t *booked) {
	c.t.Helper()
	before := c.books.has
	a := c.cancelCall(t)
	if !c.books.mayCancel(t) || before[0].Cmp(c.books.canceling(t.amount).total) < 0 {
		require.Equal(c.t, 403, a.status, "%s (%s)", a.body, a.hint())
		c.shows(a, balanceFigures("CANCEL", before, before, c.books.write("cancel")))
		return
	}
	require.Equal(c.t, 200, a.status, "%s (%s)", a.body, a.hint())
	c.books.finish(t, "CANCELED")
	c.shows(a, c.books.cancelFigures(t, before))
}

func (c *counted) cancelCall(t *booked) answer {
	c.t.Helper()
	return c.call("cancel", c.form("cancel").with("TRANSACTION_ID", t.id))
}

// then does to a send what a step says: cancel, a state to move to, or how much
// time passes.
func (c *counted) then(t *booked, step string) {
	c.t.Helper()
	if by, err := time.ParseDuration(step); err == nil {
		c.Advance(by)
		c.books.pass(by)
		return
	}
	if step == "cancel" {
		c.cancels(t)
		return
	}
	require.True(c.t, c.books.mayBecome(t, step), "the test asks for what cannot be")
	c.act("transition", "transaction", t.id, "as", step)
	c.books.finish(t, step)
}

// cardsAgree compares the cards with the books.
func (c *counted) cardsAgree() {
	c.t.Helper()
	for _, card := range c.books.cards {
		c.shop.holds(card.id, card.status, padded(card.balance))
	}
}

// A worked example is a send whose figures are written down: percentage, total,
// and the balances after it.
type worked struct {
	name              string
	op, amount        string
	opening           purse
	percentage, total string
	after             string
}

// tens are the balances that most examples begin with.
var tens = purseOf("10000", "10000", "10000")

// Sends whose figures are known, some from the documents. What the fees do not
// explain of those is not here.
func TestWorkedExamples(t *testing.T) {
	t.Parallel()
	for _, w := range []worked{
		{"ACH", "ach", "100.00", tens, "2.50", "7.50", "9892.50 9892.50 9990.00"},
		{"ACHTie", "ach", "1.00", tens, "0.03", "5.03", "9993.97 9993.97 9990.00"},
		{"ACHTieOfHalfACent", "ach", "0.20", tens, "0.01", "5.01", "9994.79 9994.79 9990.00"},
		{"Card", "card_load", "300", tens, "7.50", "12.50", "9687.50 9687.50 9995.00"},
		{"Zelle", "zelle", "99.99", tens, "1.00", "6.00", "9894.01 9998.50 10000.00"},
		{"SwiftTie", "swift", "0.50", tens, "0.01", "5.01", "9994.49 9998.50 10000.00"},

		// [S2 l.94-115] has these fees and this reserve.
		{"DocumentedACH", "ach", "250.75", purseOf("5000", "10000", "2000"), "6.27", "11.27", "4737.98 9737.98 1990.00"},
		// [S2 l.317-345]
		{"DocumentedCard", "card_load", "300.00", purseOf("1000", "5000", "2000"), "7.50", "12.50", "687.50 4687.50 1995.00"},
		// [S2 l.283-313]: payout is what has to be enough, and nothing moves.
		{"DocumentedCardWithoutFunds", "card_load", "300.00", purseOf("100", "500", "1000"), "7.50", "12.50", "100.00 500.00 1000.00"},
		// [S2 l.757-780]
		{"DocumentedSwift", "swift", "300", purseOf("2300", "10123.5", "1000000"), "3.00", "8.00", "1992.00 10122.00 1000000.00"},
		// [S2 l.917-940]
		{"DocumentedZelle", "zelle", "300.00", purseOf("2300", "10123.50", "1000000"), "3.00", "8.00", "1992.00 10122.00 1000000.00"},
	} {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			c := counting(t, w.opening, "", nil)
			sent := c.pays(w.op, w.amount, "")
			assert.Equal(t, w.percentage+" "+w.total, padded(sent.cost.percentage)+" "+padded(sent.cost.total))
			assert.Equal(t, w.after, c.books.padded())
			c.agrees()
			c.cardsAgree()
		})
	}
}

// padded are the three balances of the books with two decimals.
func (b *books) padded() string {
	return padded(b.has[0]) + " " + padded(b.has[1]) + " " + padded(b.has[2])
}

// The documented cancel [S2 l.1179-1206]: its fee, float and reserve. Payout
// falls there, and rises here.
func TestDocumentedCancel(t *testing.T) {
	t.Parallel()
	c := counting(t, tens, "", nil)
	sent := c.pays("ach", "300.00", "")
	before := purseOf("1284.50", "200.50", "1000.00")
	_, err := c.SetBalances(t.Context(), client.Balances{"dinaricash": {"payout": "1284.50", "float": "200.50", "reserve": "1000.00"}})
	require.NoError(t, err)
	c.books.fund(before)

	a := c.cancelCall(sent)

	for key, want := range map[string]string{
		"SEND_AMOUNT":           "300.00",
		"SEND_FEE_FIXED_AMOUNT": "5.00", "SEND_FEE_PERCENTAGE": "2.5", "SEND_FEE_PERCENTAGE_AMOUNT": "7.50", "SEND_FEE_TOTAL_AMOUNT": "12.50",
		"CANCEL_FEE_FIXED_AMOUNT": "5.00", "CANCEL_FEE_PERCENTAGE": "0.05", "CANCEL_FEE_PERCENTAGE_AMOUNT": "15.00", "CANCEL_FEE_TOTAL_AMOUNT": "20.00",
		"PAYOUT_BALANCE_BEFORE_CANCEL": "1284.50", "PAYOUT_BALANCE_AFTER_CANCEL": "1564.50",
		"FLOAT_BALANCE_BEFORE_CANCEL": "200.50", "FLOAT_BALANCE_AFTER_CANCEL": "199.50",
		"RESERVE_BALANCE_BEFORE_CANCEL": "1000.00", "RESERVE_BALANCE_AFTER_CANCEL": "1000.00",
	} {
		assert.Equal(t, want, a.data(t, key), key)
	}
	c.books.finish(sent, "CANCELED")
	c.shows(a, c.books.cancelFigures(sent, before))
	c.agrees()
}

// Two knobs bring figures that the defaults do not: the balances of the
// documented ACH [S2 l.106-113], and its fee as the documented cancel has it
// [S2 l.1190-1193].
func TestDocumentedFiguresByKnobs(t *testing.T) {
	t.Parallel()
	t.Run("BalancesOfTheACH", func(t *testing.T) {
		t.Parallel()
		s := open(t, "{balances: {payout: 5000, float: 10000, reserve: 2000}, fees: {ACH: {payout: {fixed: 0, flat: '-1.50'}, float: {fixed: 0, flat: '-1.50'}}}}")
		s.sent("ach", "250.75")
		s.has("4744.48", "9744.48", "1990")
		s.sound()
	})
	t.Run("FeeInTheCancel", func(t *testing.T) {
		t.Parallel()
		s := open(t, "{fees: {ACH: {rate: '0.05'}}, percentage_display: fraction}")
		a := s.accepted("cancel", s.form("cancel").with("TRANSACTION_ID", s.sent("ach", "300")))
		for _, of := range []string{"SEND", "CANCEL"} {
			assert.Equal(t, "5.00 0.05 15.00 20.00", a.data(t, of+"_FEE_FIXED_AMOUNT")+" "+a.data(t, of+"_FEE_PERCENTAGE")+" "+a.data(t, of+"_FEE_PERCENTAGE_AMOUNT")+" "+a.data(t, of+"_FEE_TOTAL_AMOUNT"))
		}
		s.sound()
	})
}

// A vector is a send, and what becomes of it, for the model to compute.
type vector struct {
	name       string
	knobs      string       // as the inside of a YAML mapping
	set        func(*rules) // the same for the model
	op, amount string
	then       string // steps, with a blank between them
	outcome    string // that is forced on the send
	opening    purse  // tens if not said
}

func (v *vector) check(t *testing.T) {
	t.Parallel()
	opening := v.opening
	if opening[0] == nil {
		opening = tens
	}
	c := counting(t, opening, v.knobs, v.set)
	sent := c.pays(v.op, v.amount, v.outcome)
	c.agrees()
	for step := range strings.FieldsSeq(v.then) {
		c.then(sent, step)
		c.agrees()
	}
	c.cardsAgree()
	assert.Equal(t, strings.ToLower(sent.status), strings.ToLower(c.state(sent.id)))
}

// Fees of all methods on amounts that are small, large, or come to ties.
func TestFees(t *testing.T) {
	t.Parallel()
	rich := purseOf("1e30", "0", "0")
	for _, op := range sends {
		for _, amount := range []string{
			"0.01", "0.19", "0.20", "0.21", "0.49", "0.50", "0.51", "0.60", "1", "1.00", "1.4", "1.50", "1.80", "2.50", "3", "99.99", "149.50", "150.50", "300", "4711.13", "9700.00",
		} {
			v := vector{op: op, amount: amount}
			t.Run(op+" "+amount, v.check)
		}
		for _, amount := range []string{"12345678901234567890.60", "123456789012345678901234567890.12", "999999999999999999999999999.99"} {
			v := vector{op: op, amount: amount, opening: rich}
			t.Run(op+" "+amount, v.check)
		}
	}
}

// Each rounding on ties and beside them: 0.025 of the amount.
func TestRoundings(t *testing.T) {
	t.Parallel()
	for _, how := range []string{"half_up", "half_even", "half_down", "up", "down"} {
		for _, amount := range []string{"0.01", "0.20", "0.21", "0.60", "1.00", "1.40", "1.01", "0.99", "4", "250.75"} {
			for _, op := range []string{"ach", "card_load"} {
				v := vector{
					knobs: "fees: {" + sendMethods[op] + ": {rounding: " + how + "}}", set: func(r *rules) { r.tariffs[op].rounding = how },
					op: op, amount: amount,
				}
				t.Run(how+" "+op+" "+amount, v.check)
			}
		}
		for _, amount := range []string{"0.10", "0.30", "0.50", "0.51", "300"} {
			v := vector{
				knobs: "cancel: {rounding: " + how + ", fixed: 0}", set: func(r *rules) { r.cancel.rounding, r.cancel.fixed = how, "0" },
				op: "zelle", amount: amount, then: "cancel 10s",
			}
			t.Run(how+" cancel "+amount, v.check)
		}
	}
}

// What the knobs of fees say.
func TestFeeKnobs(t *testing.T) {
	t.Parallel()
	for _, v := range []vector{
		{"NoFee", "fees: {ACH: {fixed: 0, rate: 0}}", func(r *rules) { a := r.tariffs["ach"]; a.fixed, a.rate, a.shown = "0", "0", "0" }, "ach", "300", "cancel", "", purse{}},
		{"All", "fees: {ZELLE: {rate: 1, shown: none}}", func(r *rules) { z := r.tariffs["zelle"]; z.rate, z.shown = "1", "1" }, "zelle", "300", "cancel", "", purse{}},
		{"FineRate", "fees: {SWIFT: {rate: '0.0000333'}}", func(r *rules) { r.tariffs["swift"].rate = "0.0000333" }, "swift", "150.15", "5s", "", purse{}},
		{"FineRateShown", "fees: {SWIFT: {rate: '0.0000333', shown: none}}", func(r *rules) { s := r.tariffs["swift"]; s.rate, s.shown = "0.0000333", "0.0000333" }, "swift", "9000", "5s", "", purse{}},
		{"FineFixed", "fees: {CARD_VIRTUAL: {fixed: '0.3333'}}", func(r *rules) { r.tariffs["card_load"].fixed = "0.3333" }, "card_load", "1.01", "", "", purse{}},
		{"OtherFixed", "fees: {ACH: {fixed: '12.345'}}", func(r *rules) { r.tariffs["ach"].fixed = "12.345" }, "ach", "10", "cancel", "", purse{}},
		{"Cap", "fees: {SWIFT: {rate: '0.03', shown: none, fee_cap: '3.00'}}", func(r *rules) { s := r.tariffs["swift"]; s.rate, s.shown, s.limit = "0.03", "0.03", "3" }, "swift", "300", "5s", "", purse{}},
		{"AtTheCap", "fees: {ZELLE: {rate: '0.03', fee_cap: 3}}", func(r *rules) { z := r.tariffs["zelle"]; z.rate, z.limit = "0.03", "3" }, "zelle", "100", "", "", purse{}},
		{"BelowTheCap", "fees: {ZELLE: {rate: '0.03', fee_cap: 3}}", func(r *rules) { z := r.tariffs["zelle"]; z.rate, z.limit = "0.03", "3" }, "zelle", "99.66", "", "", purse{}},
		{"RoundedToTheCap", "fees: {ZELLE: {rate: '0.03', fee_cap: 3}}", func(r *rules) { z := r.tariffs["zelle"]; z.rate, z.limit = "0.03", "3" }, "zelle", "99.99", "cancel", "", purse{}},
		{"CapOfNothing", "fees: {ACH: {fee_cap: 0}}", func(r *rules) { r.tariffs["ach"].limit = "0" }, "ach", "300", "cancel", "", purse{}},
		{"CapBetweenCents", "fees: {ACH: {fee_cap: '1.005'}}", func(r *rules) { r.tariffs["ach"].limit = "1.005" }, "ach", "300", "", "", purse{}},
		{"NoCap", "fees: {ACH: {fee_cap: none}}", nil, "ach", "300", "", "", purse{}},
		// The balances of the documented ACH [S2 l.106-113].
		{"CoefficientsOfTheSample", "fees: {ACH: {payout: {fixed: 0, flat: '-1.50'}, float: {fixed: 0, flat: '-1.50'}}}", func(r *rules) {
			r.tariffs["ach"].weights = [3]weight{{"1", "0", "1", "-1.50"}, {"1", "0", "1", "-1.50"}, {"0", "2", "0", "0"}}
		}, "ach", "250.75", "", "", purseOf("5000", "10000", "2000")},
		{"AllCoefficients", "fees: {SWIFT: {payout: {amount: '1.5', fixed: 2, percentage: '0.25', flat: '0.01'}, float: {amount: '-1', fixed: '-0.5', percentage: 3, flat: 0}, reserve: {amount: '0.001', fixed: '0.3', percentage: '-1', flat: '-7.77'}}}", func(r *rules) {
			r.tariffs["swift"].weights = [3]weight{{"1.5", "2", "0.25", "0.01"}, {"-1", "-0.5", "3", "0"}, {"0.001", "0.3", "-1", "-7.77"}}
		}, "swift", "123.45", "FAILED", "", purse{}},
		{"NoCoefficients", "fees: {ZELLE: {payout: {amount: 0, fixed: 0, percentage: 0}, float: {flat: 0}}}", func(r *rules) {
			nothing := weight{"0", "0", "0", "0"}
			r.tariffs["zelle"].weights = [3]weight{nothing, nothing, nothing}
		}, "zelle", "300", "DECLINED", "", purse{}},
		{"OneCoefficient", "fees: {CARD_VIRTUAL: {reserve: {fixed: '-1'}}}", func(r *rules) { r.tariffs["card_load"].weights[2].fixed = "-1" }, "card_load", "0.02", "", "", purse{}},
	} {
		t.Run(v.name, v.check)
	}
}

// How percentages and money are shown changes no money.
func TestLooksOfMoney(t *testing.T) {
	t.Parallel()
	shown := func(ach, swift, cancel string) func(*rules) {
		return func(r *rules) {
			r.tariffs["ach"].shown, r.tariffs["card_load"].shown = ach, ach
			r.tariffs["swift"].shown, r.tariffs["zelle"].shown, r.cancel.shown = swift, swift, cancel
		}
	}
	for display, set := range map[string]func(*rules){
		"documented": nil, "literal": nil, "percent_points": shown("2.5", "1", "5"), "fraction": shown("0.025", "0.01", "0.05"),
	} {
		for _, op := range sends {
			v := vector{knobs: "percentage_display: " + display, set: set, op: op, amount: "123.45", then: "cancel"}
			t.Run(display+" "+op, v.check)
		}
	}
	for _, v := range []vector{
		{"ShownACH", "fees: {ACH: {shown: '7'}}", func(r *rules) { r.tariffs["ach"].shown = "7" }, "ach", "300", "cancel", "", purse{}},
		{"ShownSwift", "fees: {SWIFT: {shown: none}}", func(r *rules) { r.tariffs["swift"].shown = "0.01" }, "swift", "300", "cancel", "", purse{}},
		{"ShownCancel", "cancel: {shown: '12.50'}", func(r *rules) { r.cancel.shown = "12.5" }, "ach", "300", "cancel", "", purse{}},
		{"PointsBeatShown", "percentage_display: percent_points, fees: {ACH: {shown: 7}}", func(r *rules) { r.cancel.shown = "5" }, "ach", "300", "cancel", "", purse{}},
		{"ACHAsTheCancelShowsIt", "percentage_display: fraction, fees: {ACH: {rate: '0.05'}}", func(r *rules) { a := r.tariffs["ach"]; a.rate, a.shown = "0.05", "0.05" }, "ach", "300", "cancel", "", purse{}}, // [S2 l.1190-1193]
		{"MinimalACH", "number_style: {ach: minimal}", func(r *rules) { r.tariffs["ach"].short = true }, "ach", "300.10", "cancel", "", purse{}},
		{"MinimalCard", "number_style: {card_load: minimal}", func(r *rules) { r.tariffs["card_load"].short = true }, "card_load", "300.00", "", "", purse{}},
		{"MinimalRefusal", "number_style: {card_load: minimal}", func(r *rules) { r.tariffs["card_load"].short = true }, "card_load", "300000.50", "", "", purse{}},
		{"PaddedSwift", "number_style: {swift: two_decimals}", func(r *rules) { r.tariffs["swift"].short = false }, "swift", "300", "", "", purse{}},
		{"MinimalZelle", "number_style: {zelle: minimal}", func(r *rules) { r.tariffs["zelle"].short = true }, "zelle", "300", "", "", purse{}},
		{"MinimalCancel", "number_style: {cancel: minimal}", func(r *rules) { r.cancel.short = true }, "ach", "300", "cancel cancel", "", purse{}},
		{"Word", "reply_status: {ACH: Pending}", func(r *rules) { r.tariffs["ach"].word = "Pending" }, "ach", "300", "cancel", "", purse{}},
		{"WordOfSwift", "reply_status: {SWIFT: Completed}", func(r *rules) { r.tariffs["swift"].word = "Completed" }, "swift", "300", "5s", "", purse{}},
	} {
		t.Run(v.name, v.check)
	}
}

// Payout must hold amount and fees: 107.50 of an ACH of 100, 106 of a Zelle.
func TestSufficiency(t *testing.T) {
	t.Parallel()
	knob := func(how string) (string, func(*rules)) {
		if how == "" {
			return "", nil
		}
		return "sufficiency_test: " + how, func(r *rules) { r.enough = how }
	}
	for _, tt := range []struct {
		how, op, payout string
		enough          bool
	}{
		{"", "ach", "107.50", true},
		{"", "ach", "107.49", false},
		{"", "ach", "107.4999999999999999999999999999", false},
		{"", "ach", "100", false},
		{"", "ach", "0", false},
		{"", "ach", "-1", false},
		{"", "card_load", "107.50", true},
		{"", "card_load", "107.49", false},
		{"", "swift", "106", true},
		{"", "swift", "105.99", false},
		{"", "zelle", "106", true},
		{"", "zelle", "105.99", false},
		{"at_least", "zelle", "106", true},
		{"at_least", "zelle", "105.99", false},
		{"more_than", "ach", "107.50", false},
		{"more_than", "ach", "107.51", true},
		{"more_than", "swift", "106", false},
		{"more_than", "swift", "106.0000000000000000000000000001", true},
		{"none", "ach", "0", true},
		{"none", "card_load", "-5000", true},
		{"none", "swift", "105.99", true},
		{"none", "zelle", "0.01", true},
	} {
		t.Run(tt.how+" "+tt.op+" "+tt.payout, func(t *testing.T) {
			t.Parallel()
			knobs, set := knob(tt.how)
			c := counting(t, purseOf(tt.payout, "0", "0"), knobs, set) // float and reserve are not looked at
			sent := c.pays(tt.op, "100", "")
			assert.Equal(t, tt.enough, sent.status != "FAILED")
			c.agrees()
			c.cardsAgree()
		})
	}
}

// What a send moves that fails at once, and one that fails later.
func TestFailures(t *testing.T) {
	t.Parallel()
	for _, op := range sends {
		for _, outcome := range []string{"", "insufficient_balance", "failed", "failed_but_debited"} {
			for _, v := range []vector{
				{"Nothing", "", nil, op, "12345.60", "", outcome, purse{}},
				{"Debit", "on_sync_failure: debit", func(r *rules) { r.onRefusal = "debit" }, op, "12345.60", "", outcome, purse{}},
			} {
				t.Run(op+" refused "+outcome+" "+v.name, v.check)
			}
		}
		for _, how := range []string{"", "reverse", "keep_fees", "keep_all"} {
			for _, end := range []string{"DECLINED", "FAILED"} {
				knobs, set := "", func(r *rules) { r.tariffs[op].end, r.tariffs[op].after = end, 2*time.Second }
				if how != "" {
					knobs, set = "on_async_failure: "+how+", ", func(r *rules) { r.onFailure, r.tariffs[op].end, r.tariffs[op].after = how, end, 2*time.Second }
				}
				v := vector{
					knobs: knobs + "settle: {" + sendMethods[op] + ": {as: " + end + ", after: 2s}}", set: set,
					op: op, amount: "250.75", then: "1999ms 1ms 1h",
				}
				t.Run(op+" "+end+" "+how, v.check)
			}
		}
	}
}

// When sends end, by knobs.
func TestSettlementMovesMoneyInTime(t *testing.T) {
	t.Parallel()
	ends := func(op, end string, after time.Duration) func(*rules) {
		return func(r *rules) { r.tariffs[op].end, r.tariffs[op].after = end, after }
	}
	for _, v := range []vector{
		{"CardAtOnce", "", nil, "card_load", "300", "", "", purse{}},
		{"CardDelayed", "settlement: {CARD_VIRTUAL: delayed}", ends("card_load", "COMPLETED", 5*time.Second), "card_load", "300", "4999ms 1ms", "", purse{}},
		{"CardManual", "settlement: {CARD_VIRTUAL: manual}", ends("card_load", "INITIATED", 0), "card_load", "300", "1h COMPLETED", "", purse{}},
		{"CardManualFails", "settlement: {CARD_VIRTUAL: manual}", ends("card_load", "INITIATED", 0), "card_load", "300", "1h FAILED", "", purse{}},
		{"CardDelayedCanceledByAction", "settlement: {CARD_VIRTUAL: delayed}", ends("card_load", "COMPLETED", 5*time.Second), "card_load", "300", "1s CANCELED 1h", "", purse{}},
		{"SwiftInstant", "settlement: {SWIFT: instant}", ends("swift", "COMPLETED", 0), "swift", "300", "cancel", "", purse{}},
		{"DeclinedAtOnce", "settle: {ACH: {as: DECLINED}}", ends("ach", "DECLINED", 0), "ach", "300", "", "", purse{}},
		{"FailedInstant", "settlement: {ZELLE: instant}, settle: {ZELLE: {as: FAILED}}", ends("zelle", "FAILED", 0), "zelle", "300", "", "", purse{}},
		{"CanceledLater", "settle: {ZELLE: {as: CANCELED, after: 1m}}", ends("zelle", "CANCELED", time.Minute), "zelle", "300", "59999ms 1ms", "", purse{}},
		{"DelayedAsSaid", "settlement: {SWIFT: delayed}, settle: {SWIFT: {after: 90s}}", ends("swift", "COMPLETED", 90*time.Second), "swift", "300", "89999ms 1ms", "", purse{}},
		{"FailsBeforeItsTime", "", nil, "zelle", "300", "4999ms FAILED 1s", "", purse{}},
	} {
		t.Run(v.name, v.check)
	}
}

// What canceling costs and gives back, by knobs.
func TestCancelKnobs(t *testing.T) {
	t.Parallel()
	const fine = "cancel: {fixed: '0.333', rate: '0.0333', float: '2.22', reserve: '-0.007'}"
	for _, v := range []vector{
		{"ACH", "", nil, "ach", "123.45", "cancel cancel", "", purse{}},
		{"Swift", "", nil, "swift", "123.45", "4999ms cancel 1h", "", purse{}},
		{"SwiftTooLate", "", nil, "swift", "123.45", "5s cancel", "", purse{}},
		{"CardNever", "", nil, "card_load", "123.45", "cancel", "", purse{}},
		{"CostsMoreThanItGives", "", nil, "ach", "0.01", "cancel", "", purse{}},
		{"NoFee", "cancel: {fixed: 0, rate: 0, float: 0}", func(r *rules) {
			c := &r.cancel
			c.fixed, c.rate, c.shown, c.float = "0", "0", "0", "0"
		}, "ach", "300", "cancel", "", purse{}},
		{"Fine", fine, func(r *rules) {
			c := &r.cancel
			c.fixed, c.rate, c.shown, c.float, c.reserve = "0.333", "0.0333", "0.0333", "2.22", "-0.007"
		}, "zelle", "300.10", "cancel", "", purse{}},
		{"RefundsTheFee", "cancel: {refund_send_fee: true}", func(r *rules) { r.cancel.refundFee = true }, "ach", "300", "cancel", "", purse{}},
		{"RefundsTheFeeOfSwift", "refund_send_fee: true", func(r *rules) { r.cancel.refundFee = true }, "swift", "300", "1s cancel", "", purse{}},
		{"RestoresFloat", "cancel: {restore_float: true}", func(r *rules) { r.cancel.restoreFloat = true }, "ach", "300", "cancel", "", purse{}},
		{"RestoresFloatOfZelle", "restore_float: true, cancel: {float: 0}", func(r *rules) { r.cancel.restoreFloat, r.cancel.float = true, "0" }, "zelle", "300", "cancel", "", purse{}},
		{"RestoresBoth", "restore_float: true, refund_send_fee: true", func(r *rules) { r.cancel.restoreFloat, r.cancel.refundFee = true, true }, "ach", "250.75", "cancel", "", purse{}},
		{"ByAction", "cancel: {refund_send_fee: true}", func(r *rules) { r.cancel.refundFee = true }, "ach", "300", "CANCELED", "", purse{}},
		{"ByActionOfZelle", "", nil, "zelle", "300", "1s CANCELED 10s", "", purse{}},
		{"SwiftWhenCompleted", "cancel_allowed_from: {SWIFT: [INITIATED, COMPLETED]}", func(r *rules) { r.tariffs["swift"].cancelable = []string{"INITIATED", "COMPLETED"} }, "swift", "300", "5s cancel", "", purse{}},
		{"ACHNever", "cancel_allowed_from: {ACH: []}", func(r *rules) { r.tariffs["ach"].cancelable = nil }, "ach", "300", "cancel", "", purse{}},
		{"CardWhilePending", "cancel_allowed_from: {CARD_VIRTUAL: [INITIATED]}, settlement: {CARD_VIRTUAL: delayed}", func(r *rules) {
			c := r.tariffs["card_load"]
			c.cancelable, c.end, c.after = []string{"INITIATED"}, "COMPLETED", 5*time.Second
		}, "card_load", "300", "cancel 1h", "", purse{}},
		// Canceling 100 costs 10; 107.50 are gone before.
		{"JustEnoughForTheFee", "", nil, "ach", "100", "cancel", "", purseOf("117.50", "0", "0")},
		{"CentTooFewForTheFee", "", nil, "ach", "100", "cancel", "", purseOf("117.49", "0", "0")},
		{"NothingForTheFee", "", nil, "ach", "100", "cancel", "", purseOf("107.50", "0", "0")},
		{"ByActionTheFeeIsNotAsked", "", nil, "ach", "100", "CANCELED", "", purseOf("107.50", "0", "0")},
	} {
		t.Run(v.name, v.check)
	}
}

// What knobs say is no mistake of the money: the invariants hold of it.
func TestInvariantsHoldUnderAnyKnobs(t *testing.T) {
	t.Parallel()
	ofTheSample := func(r *rules) {
		r.tariffs["ach"].weights[0] = weight{"1", "0", "1", "-1.50"}
	}
	for _, v := range []vector{
		{"CoefficientsOfTheSampleKeepFees", "fees: {ACH: {payout: {fixed: 0, flat: '-1.50'}}}, on_async_failure: keep_fees, settle: {ACH: {as: FAILED}}", func(r *rules) {
			ofTheSample(r)
			r.onFailure, r.tariffs["ach"].end = "keep_fees", "FAILED"
		}, "ach", "10", "", "", purse{}},
		{"CoefficientsOfTheSampleRefundFee", "fees: {ACH: {payout: {fixed: 0, flat: '-1.50'}}}, refund_send_fee: true", func(r *rules) {
			ofTheSample(r)
			r.cancel.refundFee = true
		}, "ach", "10", "cancel", "", purse{}},
		{"HalfTheAmount", "fees: {ZELLE: {payout: {amount: '0.5'}}}", func(r *rules) { r.tariffs["zelle"].weights[0].amount = "0.5" }, "zelle", "300", "cancel", "", purse{}},
		{"CancelThatPays", "cancel: {fixed: 0, rate: 0, float: 5}, refund_send_fee: true", func(r *rules) {
			c := &r.cancel
			c.fixed, c.rate, c.shown, c.float, c.refundFee = "0", "0", "0", "5", true
		}, "zelle", "300", "cancel", "", purse{}},
	} {
		t.Run(v.name, v.check)
	}
}

// By default the refused, the declined and the canceled leave what the documents'
// reader expects: nothing taken, all back, all but two fees back.
func TestRoundTrips(t *testing.T) {
	t.Parallel()
	c := counting(t, tens, "", nil)
	c.pays("swift", "10000", "")
	require.Equal(t, "10000.00 10000.00 10000.00", c.books.padded())
	c.then(c.pays("zelle", "1000", ""), "FAILED")
	require.Equal(t, "10000.00 10000.00 10000.00", c.books.padded())
	c.then(c.pays("ach", "1000", ""), "cancel") // 30 for the send, 55 for the cancel
	require.Equal(t, "9915.00 8969.00 9990.00", c.books.padded())
	c.agrees()
}

// The model's own rounding is right: the rest of this file stands on it.
func TestModelRounds(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{ // half up, half even, half down, up, down
		"0":         "0.00 0.00 0.00 0.00 0.00",
		"0.005":     "0.01 0.00 0.00 0.01 0.00",
		"0.015":     "0.02 0.02 0.01 0.02 0.01",
		"0.025":     "0.03 0.02 0.02 0.03 0.02",
		"0.0250":    "0.03 0.02 0.02 0.03 0.02",
		"0.02501":   "0.03 0.03 0.03 0.03 0.02",
		"0.02499":   "0.02 0.02 0.02 0.03 0.02",
		"0.0001":    "0.00 0.00 0.00 0.01 0.00",
		"6.26875":   "6.27 6.27 6.27 6.27 6.26",
		"7.5":       "7.50 7.50 7.50 7.50 7.50",
		"99.995":    "100.00 100.00 99.99 100.00 99.99",
		"1e30":      "1" + strings.Repeat("0", 30) + ".00",
		"2/3":       "0.67 0.67 0.67 0.67 0.66",
		"1/1000000": "0.00 0.00 0.00 0.01 0.00",
	} {
		var got []string
		for _, how := range []string{"half_up", "half_even", "half_down", "up", "down"} {
			got = append(got, padded(toCents(rational(text), how)))
		}
		if text == "1e30" {
			got = got[:1]
		}
		assert.Equal(t, want, strings.Join(got, " "), text)
	}
}
