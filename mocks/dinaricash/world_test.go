package dinaricash_test

import (
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"
)

// What the model of this file knows of money it has from the documents' figures:
// it computes with fractions, rounds by itself, and shares nothing with the
// package.

// rational is a decimal number, exactly.
func rational(text string) *big.Rat {
	r, ok := new(big.Rat).SetString(text)
	if !ok {
		panic("no number: " + text)
	}
	return r
}

func sum(all ...*big.Rat) *big.Rat {
	total := new(big.Rat)
	for _, r := range all {
		total.Add(total, r)
	}
	return total
}

func times(a, b *big.Rat) *big.Rat { return new(big.Rat).Mul(a, b) }
func minus(a *big.Rat) *big.Rat    { return new(big.Rat).Neg(a) }

// shortest writes a number with as few digits as it has.
func shortest(r *big.Rat) string {
	if r.IsInt() {
		return r.Num().String()
	}
	return strings.TrimRight(r.FloatString(60), "0")
}

// padded writes a number with two decimals, and with more where it has them.
func padded(r *big.Rat) string {
	if times(r, big.NewRat(100, 1)).IsInt() {
		return r.FloatString(2)
	}
	return shortest(r)
}

// toCents rounds a number that is not negative.
func toCents(r *big.Rat, how string) *big.Rat {
	hundredths := times(r, big.NewRat(100, 1))
	whole, rest := new(big.Int).QuoRem(hundredths.Num(), hundredths.Denom(), new(big.Int))
	half := new(big.Int).Lsh(rest, 1).Cmp(hundredths.Denom()) // of the rest with one half
	var up bool
	switch how {
	case "half_up":
		up = half >= 0
	case "half_even":
		up = half > 0 || half == 0 && whole.Bit(0) == 1
	case "half_down":
		up = half > 0
	case "up":
		up = rest.Sign() > 0
	case "down":
	default:
		panic("no rounding: " + how)
	}
	if up {
		whole.Add(whole, big.NewInt(1))
	}
	return new(big.Rat).SetFrac(whole, big.NewInt(100))
}

// A purse is payout, float and reserve.
type purse [3]*big.Rat

func purseOf(payout, float, reserve string) purse {
	return purse{rational(payout), rational(float), rational(reserve)}
}

func (p purse) plus(q purse) purse { return purse{sum(p[0], q[0]), sum(p[1], q[1]), sum(p[2], q[2])} }
func (p purse) negated() purse     { return purse{minus(p[0]), minus(p[1]), minus(p[2])} }

// texts are the three as the control API writes them.
func (p purse) texts() [3]string { return [3]string{shortest(p[0]), shortest(p[1]), shortest(p[2])} }

// A tariff is what the model knows of a way to send.
type tariff struct {
	fixed, rate string
	rounding    string
	limit       string    // of the percentage, "" if it has none
	shown       string    // the percentage that answers show
	weights     [3]weight // of payout, float, reserve
	word        string    // TRANSACTION_STATUS of the answer
	short       bool      // money is written with as few digits as it has
	end         string    // of a send that no rule decides
	after       time.Duration
	cancelable  []string // the states it can be canceled in
}

// A weight says how a balance moves: times amount, fixed fee and percentage, and
// once.
type weight struct{ amount, fixed, percentage, flat string }

// rules are the settings that the model knows.
type rules struct {
	opening purse
	tariffs map[string]*tariff // by operation
	cancel  struct {
		fixed, rate, rounding, shown string
		float, reserve               string
		short                        bool
		refundFee, restoreFloat      bool
	}
	enough    string // sufficiency_test
	onRefusal string // on_sync_failure
	onFailure string // on_async_failure
}

// standard are the rules without any knob.
func standard() *rules {
	whole, nothing, flat := weight{"1", "1", "1", "0"}, weight{"0", "0", "0", "0"}, weight{"0", "0", "0", "1.50"}
	r := &rules{opening: purseOf("50111.10", "1022.25", "100000"), enough: "at_least", onRefusal: "nothing", onFailure: "reverse"}
	r.tariffs = map[string]*tariff{
		"ach": {fixed: "5", rate: "0.025", rounding: "half_up", shown: "2.5", weights: [3]weight{whole, whole, {"0", "2", "0", "0"}},
			word: "Completed", end: "COMPLETED", cancelable: []string{"INITIATED", "COMPLETED"}},
		"card_load": {fixed: "5", rate: "0.025", rounding: "half_up", shown: "2.5", weights: [3]weight{whole, whole, {"0", "1", "0", "0"}},
			word: "Completed", end: "COMPLETED"},
		"swift": {fixed: "5", rate: "0.01", rounding: "half_up", shown: "0.03", weights: [3]weight{whole, flat, nothing}, short: true,
			word: "INITIATED", end: "COMPLETED", after: 5 * time.Second, cancelable: []string{"INITIATED"}},
		"zelle": {fixed: "5", rate: "0.01", rounding: "half_up", shown: "0.03", weights: [3]weight{whole, flat, nothing},
			word: "INITIATED", end: "COMPLETED", after: 5 * time.Second, cancelable: []string{"INITIATED"}},
	}
	c := &r.cancel
	c.fixed, c.rate, c.rounding, c.shown, c.float, c.reserve = "5", "0.05", "half_up", "0.05", "-1", "0"
	return r
}

// A cost is what a send or a cancel costs.
type cost struct {
	fixed, percentage, total *big.Rat
	shown                    string
}

func newCost(amount *big.Rat, fixed, rate, rounding, limit, shown string) cost {
	percentage := toCents(times(amount, rational(rate)), rounding)
	if limit != "" && percentage.Cmp(rational(limit)) > 0 {
		percentage = rational(limit)
	}
	return cost{rational(fixed), percentage, sum(rational(fixed), percentage), shown}
}

func (r *rules) sending(op string, amount *big.Rat) cost {
	t := r.tariffs[op]
	return newCost(amount, t.fixed, t.rate, t.rounding, t.limit, t.shown)
}

func (r *rules) canceling(amount *big.Rat) cost {
	return newCost(amount, r.cancel.fixed, r.cancel.rate, r.cancel.rounding, "", r.cancel.shown)
}

// taken is how a send moves the balances.
func (r *rules) taken(op string, amount *big.Rat, c cost) (by purse) {
	for i, w := range r.tariffs[op].weights {
		by[i] = minus(sum(times(rational(w.amount), amount), times(rational(w.fixed), c.fixed), times(rational(w.percentage), c.percentage), rational(w.flat)))
	}
	return by
}

// A booked transaction is one as the books have it.
type booked struct {
	id      string
	op      string // "" for what came in
	amount  *big.Rat
	cost    cost
	status  string
	moved   purse         // when it was sent
	card    *bookedCard   // that it loads
	due     time.Duration // when it ends, if it waits
	end     string
	waiting bool
}

// A bookedCard is a card, and what it bought, newest first.
type bookedCard struct {
	id, email, status string
	balance           *big.Rat
	bought            []string // ids with amounts
}

// A posting is an entry of the ledger.
type posting struct{ balance, delta, after, reference string }

// books are kept beside a workspace, and say what it must have.
type books struct {
	*rules
	now          time.Duration
	has          purse
	ledger       []posting
	transactions []*booked
	cards        []*bookedCard
}

func newBooks(r *rules) *books { return &books{rules: r, has: r.opening} }

var balanceNames = [3]string{"payout", "float", "reserve"}

func (b *books) post(i int, delta *big.Rat, reference string) {
	if delta.Sign() == 0 {
		return
	}
	b.has[i] = sum(b.has[i], delta)
	b.ledger = append(b.ledger, posting{balanceNames[i], shortest(delta), shortest(b.has[i]), reference})
}

func (b *books) move(by purse, reference string) {
	for i := range by {
		b.post(i, by[i], reference)
	}
}

// fund sets balances, as the control API does: in the order of their names.
func (b *books) fund(to purse) {
	for _, i := range []int{1, 0, 2} {
		b.post(i, sum(to[i], minus(b.has[i])), "")
	}
}

// covers tells whether payout is enough for a send.
func (b *books) covers(op string, amount *big.Rat) bool {
	over := b.has[0].Cmp(sum(amount, b.sending(op, amount).total))
	switch b.enough {
	case "none":
		return true
	case "more_than":
		return over > 0
	}
	return over >= 0
}

// accept enters a send that was accepted. The answer tells of the balances as
// they are now.
func (b *books) accept(id, op string, amount *big.Rat, card *bookedCard) *booked {
	c := b.sending(op, amount)
	t := &booked{id: id, op: op, amount: amount, cost: c, status: "INITIATED", moved: b.taken(op, amount, c), card: card}
	b.move(t.moved, id)
	b.transactions = append(b.transactions, t)
	return t
}

// settle says how a send ends that was just accepted, and after how long.
func (b *books) settle(t *booked, end string, after time.Duration) {
	switch {
	case end == "INITIATED":
	case after == 0:
		b.finish(t, end)
	default:
		t.waiting, t.due, t.end = true, b.now+after, end
	}
}

// refuse enters a send that failed at once, for which money may have moved.
func (b *books) refuse(id, op string, amount *big.Rat, card *bookedCard, debited bool) *booked {
	c := b.sending(op, amount)
	t := &booked{id: id, op: op, amount: amount, cost: c, status: "FAILED", moved: purseOf("0", "0", "0"), card: card}
	if debited || b.onRefusal == "debit" {
		t.moved = b.taken(op, amount, c)
	}
	b.move(t.moved, id)
	b.transactions = append(b.transactions, t)
	return t
}

// receive enters money that came in.
func (b *books) receive(id string, amount *big.Rat) {
	b.move(purse{amount, new(big.Rat), new(big.Rat)}, id)
	b.transactions = append(b.transactions, &booked{id: id, amount: amount, status: "COMPLETED"})
}

// finish ends a send.
func (b *books) finish(t *booked, status string) {
	t.status, t.waiting = status, false
	switch status {
	case "COMPLETED":
		if t.card != nil {
			b.load(t.card, t.amount)
		}
	case "DECLINED", "FAILED":
		b.move(b.givenBack(t), t.id)
	case "CANCELED":
		b.move(b.canceled(t), t.id)
	}
}

// load puts money on a card; that of one which was canceled goes to payout.
func (b *books) load(c *bookedCard, amount *big.Rat) {
	c.balance = sum(c.balance, amount)
	if c.status == "CANCELED" {
		b.empty(c)
	}
}

func (b *books) empty(c *bookedCard) {
	b.post(0, c.balance, c.id)
	c.balance = new(big.Rat)
}

// givenBack is what a send gives back that ends badly.
func (b *books) givenBack(t *booked) purse {
	switch b.onFailure {
	case "keep_all":
		return purseOf("0", "0", "0")
	case "keep_fees":
		var amounts purse
		for i, w := range b.tariffs[t.op].weights {
			amounts[i] = times(rational(w.amount), t.amount)
		}
		return amounts
	}
	return t.moved.negated()
}

// canceled is how canceling a send moves the balances.
func (b *books) canceled(t *booked) purse {
	by := purse{sum(t.amount, minus(b.canceling(t.amount).total)), rational(b.cancel.float), rational(b.cancel.reserve)}
	if b.cancel.refundFee {
		by[0] = sum(by[0], t.cost.total)
	}
	if b.cancel.restoreFloat {
		by[1] = sum(by[1], minus(t.moved[1]))
	}
	return by
}

// mayCancel tells whether a call may cancel a transaction, funds aside.
func (b *books) mayCancel(t *booked) bool {
	return t.op != "" && slices.Contains(b.tariffs[t.op].cancelable, t.status)
}

// mayBecome tells whether an action may move a transaction to a state.
func (b *books) mayBecome(t *booked, status string) bool {
	switch {
	case t.op == "":
		return false
	case t.status == "INITIATED":
		return true
	}
	return t.status == "COMPLETED" && status == "CANCELED" && b.mayCancel(t)
}

// pass lets time go by and returns how many sends ended, in the order of their
// times.
func (b *books) pass(by time.Duration) int {
	until := b.now + by
	var due []*booked
	for _, t := range b.transactions {
		if t.waiting && t.due <= until {
			due = append(due, t)
		}
	}
	slices.SortStableFunc(due, func(x, y *booked) int { return int(x.due - y.due) })
	for _, t := range due {
		b.now = t.due
		b.finish(t, t.end)
	}
	b.now = until
	return len(due)
}

// cardOf is the card that a load for somebody goes to, nil if there is none.
func (b *books) cardOf(email string) *bookedCard {
	for _, c := range b.cards {
		if strings.EqualFold(c.email, email) && c.status != "CANCELED" {
			return c
		}
	}
	return nil
}

// expects tells whether money is on its way to an open card.
func (b *books) expects(c *bookedCard) bool {
	return c.status != "CANCELED" && slices.ContainsFunc(b.transactions, func(t *booked) bool { return t.card == c && t.waiting })
}

// buy is what a card says to a purchase, which it pays if it can.
func (c *bookedCard) buy(id string, amount *big.Rat) string {
	switch {
	case c.status == "CANCELED":
		return "REJECTED: Card canceled"
	case c.status == "PAUSED":
		return "REJECTED: Card paused"
	case c.balance.Cmp(amount) < 0:
		return "REJECTED: Insufficient funds"
	}
	c.balance = sum(c.balance, minus(amount))
	c.bought = append([]string{fmt.Sprintf("%s %s", id, padded(amount))}, c.bought...)
	return "AUTHORIZED"
}

// A figure is a number of an answer by its key.
type figure struct{ key, value string }

// figures are a cost as answers show it.
func (c cost) figures(of string, write func(*big.Rat) string) []figure {
	return []figure{
		{of + "_FEE_FIXED_AMOUNT", write(c.fixed)}, {of + "_FEE_PERCENTAGE", c.shown},
		{of + "_FEE_PERCENTAGE_AMOUNT", write(c.percentage)}, {of + "_FEE_TOTAL_AMOUNT", write(c.total)},
	}
}

// balanceFigures are the balances before and after something.
func balanceFigures(what string, before, after purse, write func(*big.Rat) string) (all []figure) {
	for i, name := range balanceNames {
		name = strings.ToUpper(name)
		all = append(all, figure{name + "_BALANCE_BEFORE_" + what, write(before[i])}, figure{name + "_BALANCE_AFTER_" + what, write(after[i])})
	}
	return all
}

// write is how an operation's answers write money.
func (r *rules) write(op string) func(*big.Rat) string {
	if t := r.tariffs[op]; t != nil && t.short || op == "cancel" && r.cancel.short {
		return shortest
	}
	return padded
}

// sendFigures are the numbers in the answer to a send.
func (b *books) sendFigures(t *booked, before purse) []figure {
	write := b.write(t.op)
	all := append([]figure{{"TRANSACTION_SEND_AMOUNT", write(t.amount)}}, t.cost.figures("SEND", write)...)
	return append(all, balanceFigures("TRANSACTION", before, b.has, write)...)
}

// cancelFigures are the numbers in the answer to a cancel.
func (b *books) cancelFigures(t *booked, before purse) []figure {
	write := b.write("cancel")
	all := append([]figure{{"SEND_AMOUNT", write(t.amount)}}, t.cost.figures("SEND", write)...)
	all = append(all, b.canceling(t.amount).figures("CANCEL", write)...)
	return append(all, balanceFigures("CANCEL", before, b.has, write)...)
}
