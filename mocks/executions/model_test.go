package executions_test

import (
	"cmp"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/provider/providertest"
)

// The knobs and rules of the model's shops: fees that round, own endings, and a
// rule for what one person is paid.
const modelKnobs = `{wallets: {USD: 3000, LRD: 200000, RWF: 0}, session_ttl: 10m, processing_after: 2s, settle_after: 7s, ` +
	`fees: {PAYOUT: {platform_percentage: 1.25, platform_fixed: 0.1, gateway_percentage: 0.333}}, ` +
	`account_endings: {"07": {status: FAILED, message: Account closed}, "08": {status: PENDING}}}`

var modelRules = []string{
	"{name: down, on: executions.payout, when: {header.X-Fault: down}, respond: server_error}",
	"{name: slow, on: executions.payout, when: {passcode.device.name: slow}, settle: {after: 1m}}",
	"{name: fails, on: executions.payout, when: {passcode.device.name: fails}, settle: [{when: {amount: {gte: 50}}, as: FAILED, after: 4s, message: Too much}]}",
}

// A model keeps the books of a shop in exact fractions, and knows nothing of how
// mockpay does it.
type model struct {
	now        time.Duration // since the beginning
	wallets    map[string]*big.Rat
	frozen     map[string]bool
	accounts   []*modelAccount
	sessions   []*modelSession
	executions []*modelExecution
	byKey      map[string]*modelExecution // in small letters
	due        []modelMove
	moves      int // ever scheduled
	ledger     []string
}

type modelAccount struct {
	id       int64
	number   string
	inactive bool
}

type modelSession struct {
	id       int64
	of       *modelAccount
	amount   *big.Rat
	currency string
	until    time.Duration
	used     bool
}

type modelExecution struct {
	key, status, gateway, wallet string
	of                           *modelSession
	debit                        *big.Rat
	moved                        bool // the operator has it
}

type modelMove struct {
	of          *modelExecution
	to, message string
	at          time.Duration
	number      int
}

// cents rounds half up to cents.
func cents(r *big.Rat) *big.Rat {
	n := new(big.Rat).Add(new(big.Rat).Mul(r, big.NewRat(100, 1)), big.NewRat(1, 2))
	return big.NewRat(1, 1).SetFrac(new(big.Int).Div(n.Num(), n.Denom()), big.NewInt(100))
}

// withFees is an amount with what it costs.
func withFees(amount *big.Rat) *big.Rat {
	platform := cents(new(big.Rat).Add(new(big.Rat).Mul(amount, big.NewRat(125, 10_000)), big.NewRat(1, 10)))
	gateway := cents(new(big.Rat).Mul(amount, big.NewRat(333, 100_000)))
	return new(big.Rat).Add(amount, new(big.Rat).Add(platform, gateway))
}

// plainly is an amount with as few digits as it has.
func plainly(r *big.Rat) string {
	return strings.TrimSuffix(strings.TrimRight(r.FloatString(6), "0"), ".")
}

// number is an amount as the wire has it.
func number(r *big.Rat) string {
	text := plainly(r)
	if !strings.Contains(text, ".") {
		text += ".0"
	}
	return text
}

// book moves money and writes it down.
func (m *model) book(currency string, by *big.Rat, reference string) {
	if by.Sign() == 0 && reference == "" {
		return
	}
	w := m.wallets[currency]
	w.Add(w, by)
	m.ledger = append(m.ledger, fmt.Sprint(currency, " ", plainly(by), " ", plainly(w), " ", reference))
}

// move takes an execution to another status, or leaves it.
func (m *model) move(x *modelExecution, to, message string) bool {
	if !slices.Contains(map[string][]string{"PENDING": {"PROCESSING", "FAILED"}, "PROCESSING": {"COMPLETED", "FAILED"}}[x.status], to) {
		return false
	}
	x.status, x.moved = to, true
	if message != "" {
		x.gateway = message
	}
	if to == "FAILED" {
		x.gateway = cmp.Or(x.gateway, "Payout rejected by the operator")
		m.book(x.of.currency, x.debit, x.key)
	}
	return true
}

// pass lets time go by.
func (m *model) pass(by time.Duration) {
	m.now += by
	slices.SortFunc(m.due, func(a, b modelMove) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.number, b.number)) })
	for len(m.due) > 0 && m.due[0].at <= m.now {
		next := m.due[0]
		m.due = m.due[1:]
		m.move(next.of, next.to, next.message)
	}
}

func (m *model) plan(x *modelExecution, to, message string, after time.Duration) {
	m.moves++
	m.due = append(m.due, modelMove{x, to, message, m.now + after, m.moves})
}

// accept debits an execution and plans what becomes of it.
func (m *model) accept(x *modelExecution, device, forced string) {
	x.status, x.of.used = "PENDING", true
	number := x.of.of.number
	end, message, after, atOnce := "COMPLETED", "", 7*time.Second, false
	switch number[len(number)-2:] {
	case "00":
		end = "FAILED"
	case "01":
		end, after = "PROCESSING", 2*time.Second
	case "02":
		end, atOnce = "FAILED", true
	case "07":
		end, message = "FAILED", "Account closed"
	case "08":
		end = "PENDING"
	}
	switch {
	case forced == "operator_failure":
		end, message, after, atOnce = "FAILED", "", 7*time.Second, false
	case device == "slow":
		after, atOnce = time.Minute, false
	case device == "fails" && x.of.amount.Cmp(big.NewRat(50, 1)) >= 0:
		end, message, after, atOnce = "FAILED", "Too much", 4*time.Second, false
	}
	if atOnce {
		x.status, x.gateway = "FAILED", cmp.Or(message, "Payout rejected by the operator")
		return
	}
	m.book(x.of.currency, new(big.Rat).Neg(x.debit), x.key)
	if end != "PENDING" && end != "PROCESSING" {
		m.plan(x, "PROCESSING", "", 2*time.Second)
	}
	if end != "PENDING" {
		m.plan(x, end, message, after)
	}
}

// refusal is why an execution is not taken: its status and text, "" if it is.
func (m *model) refusal(key string, of *modelSession, to *modelAccount, code, forced string) string {
	x := m.byKey[strings.ToLower(key)]
	switch {
	case x != nil && (x.of != of || of.of != to):
		return "422 reference_id already exists"
	case x != nil:
		return ""
	case code != "123456" && forced != "rejected_at_once" && forced != "insufficient_wallet":
		return "403 Invalid passcode"
	case of.used:
		return "422 session not active"
	case m.now >= of.until:
		return "422 session expired"
	case to.inactive:
		return "422 payout account not active"
	case of.of != to:
		return "422 payout account does not match session"
	}
	return ""
}

// answer is the body of an execution, with a placeholder for what the operator
// calls it.
func (x *modelExecution) answer() string {
	null := func(text string) string {
		if text == "" {
			return "null"
		}
		return quoted(text)
	}
	id := "null"
	if x.moved {
		id = `"…"`
	}
	return fmt.Sprintf(`{"reference_id":%q,"provider_transaction_id":%s,"status":%q,"payer_amount":%s,"payer_currency":%q,"payee_currency":%q,"payee_amount":%s,`+
		`"operation_type":"PAYOUT","gateway_message":%s,"wallet_message":%s,"client_secret":null,"requires_action":null}`,
		x.key, id, x.status, number(x.debit), x.of.currency, x.of.currency, number(x.of.amount), null(x.gateway), null(x.wallet))
}

// A run is a shop and the model that tells what it should do.
type run struct {
	*shop
	*model
	*providertest.Dice
	seen map[string]int
}

// latest is one of the newest of a list.
func latest[T any](d *providertest.Dice, all []T) T { return all[len(all)-1-d.N(min(len(all), 15))] }

// prepare makes an account, or a session of one.
func (r *run) prepare() {
	r.t.Helper()
	if len(r.accounts) == 0 || r.N(5) == 0 {
		a := &modelAccount{number: "2318800000" + providertest.Pick(r.Dice, "55", "55", "55", "00", "01", "02", "07", "08")}
		a.id = r.made(r.post(accountPath, accountOf(1, a.number)))
		r.accounts = append(r.accounts, a)
	}
	of := latest(r.Dice, r.accounts)
	amount := big.NewRat(int64(1+r.N(20_000)), 100)
	currency := providertest.Pick(r.Dice, "USD", "USD", "USD", "LRD", "RWF")
	a := r.post(sessionPath, sessionOf(of.id, plainly(amount), currency))
	if of.inactive || r.frozen[currency] {
		require.Equal(r.t, 422, a.status, a.body)
		return
	}
	created := r.now.Truncate(time.Second)
	r.sessions = append(r.sessions, &modelSession{r.made(a), of, amount, currency, created + 10*time.Minute, false})
}

// turnOver executes a session, or tries: a key may be used, a code wrong, an
// outcome forced, the same call come five times at once.
func (r *run) turnOver() {
	r.t.Helper()
	of := latest(r.Dice, r.sessions)
	for range 3 {
		if of.used && r.N(4) > 0 {
			of = latest(r.Dice, r.sessions)
		}
	}
	to, key, code := of.of, r.key(), "123456"
	if r.N(8) == 0 && len(r.executions) > 0 {
		x := latest(r.Dice, r.executions)
		key = providertest.Pick(r.Dice, x.key, strings.ToUpper(x.key))
		if r.N(3) > 0 {
			of, to = x.of, x.of.of
		}
	}
	if r.N(15) == 0 {
		to = latest(r.Dice, r.accounts)
	}
	if r.N(15) == 0 {
		code = "000000"
	}
	device := providertest.Pick(r.Dice, "usual", "usual", "usual", "slow", "fails")
	f := r.order(of.id, to.id).with("reference_id", key, "passcode.token.code", code, "passcode.device.name", device)
	switch r.N(20) {
	case 0:
		r.refused(r.execute(f, "X-Fault", "down"), 500, says("Internal Server Error"))
		return
	case 1:
		r.refused(r.execute(f, "X-Mockpay-Outcome", "session_expired"), 422, stateFault("session_id", "session expired"))
		return
	case 2, 3:
		forced := providertest.Pick(r.Dice, "insufficient_wallet", "rejected_at_once", "operator_failure")
		r.judge(r.execute(f, "X-Mockpay-Outcome", forced), key, of, to, code, device, forced)
		return
	case 4:
		if r.refusal(key, of, to, code, "") == "" {
			for i, x := range r.together(f, f, f, f, f) {
				r.judgeStatus(x.Status, i, key, of, to, code, device)
			}
			return
		}
	}
	r.judge(r.execute(f), key, of, to, code, device, "")
}

// judgeStatus is judge for one of some answers that came at the same time.
func (r *run) judgeStatus(status string, i int, key string, of *modelSession, to *modelAccount, code, device string) {
	r.t.Helper()
	if i == 0 {
		r.enact(key, of, code, device, "")
	}
	require.Equal(r.t, r.byKey[strings.ToLower(key)].status, status)
}

// judge compares the answer to an execution with what it should be.
func (r *run) judge(a answer, key string, of *modelSession, to *modelAccount, code, device, forced string) {
	r.t.Helper()
	if why := r.refusal(key, of, to, code, forced); why != "" {
		require.Equal(r.t, why[:3], fmt.Sprint(a.status), "%s, not %s", why, a.body)
		require.Contains(r.t, a.body, why[4:])
		r.seen[why]++
		return
	}
	r.enact(key, of, code, device, forced)
	require.Equal(r.t, "200 "+r.byKey[strings.ToLower(key)].answer(), fmt.Sprint(a.status, " ", anonymous(a.body)))
}

// enact lets the model do what is taken.
func (r *run) enact(key string, of *modelSession, code, device, forced string) {
	if r.byKey[strings.ToLower(key)] != nil {
		r.seen["replayed"]++
		return
	}
	x := &modelExecution{key: key, status: "FAILED", of: of, debit: withFees(of.amount)}
	of.used = true
	switch {
	case forced == "insufficient_wallet":
		x.wallet = "Insufficient wallet balance"
	case forced == "rejected_at_once":
		x.gateway = "Payout rejected by the operator"
	case r.frozen[of.currency]:
		x.wallet = "Wallet is not active"
	case r.wallets[of.currency].Cmp(x.debit) < 0:
		x.wallet = "Insufficient wallet balance"
	default:
		r.accept(x, device, forced)
	}
	r.executions = append(r.executions, x)
	r.byKey[strings.ToLower(key)] = x
}

// anonymous is an answer without what the operator calls the execution.
func anonymous(body string) string {
	const name = `"provider_transaction_id":"`
	before, rest, found := strings.Cut(body, name)
	if !found {
		return body
	}
	_, after, _ := strings.Cut(rest, `"`)
	return before + name + `…"` + after
}

// look reads an execution.
func (r *run) look(x *modelExecution) execution {
	r.t.Helper()
	a := r.get(statusPath + x.key)
	require.Equal(r.t, "200 "+x.answer(), fmt.Sprint(a.status, " ", anonymous(a.body)))
	return accepted[execution](r.t, a)
}

// act does something by hand.
func (r *run) act() {
	r.t.Helper()
	switch r.N(6) {
	case 0:
		currency := providertest.Pick(r.Dice, "USD", "LRD", "RWF")
		r.frozen[currency] = r.N(3) == 0
		status := map[bool]string{true: "FROZEN", false: "ACTIVE"}[r.frozen[currency]]
		require.Equal(r.t, 200, r.simulate("set_wallet", "currency", currency, "status", status))
		return
	case 1:
		if r.N(3) == 0 && len(r.accounts) > 0 {
			of := latest(r.Dice, r.accounts)
			of.inactive = true
			require.Equal(r.t, 200, r.simulate("deactivate_account", "account", fmt.Sprint(of.id)))
		}
		return
	}
	if len(r.executions) == 0 {
		return
	}
	x := latest(r.Dice, r.executions)
	to := providertest.Pick(r.Dice, "PENDING", "PROCESSING", "COMPLETED", "FAILED")
	got := r.simulate("transition", "reference", x.key, "as", to, "gateway_message", "By hand")
	if !r.move(x, to, "By hand") {
		require.Equal(r.t, 409, got)
		return
	}
	require.Equal(r.t, 200, got)
	if to != "PROCESSING" {
		r.due = slices.DeleteFunc(r.due, func(m modelMove) bool { return m.of == x })
	}
}

// happen does one random thing.
func (r *run) happen() {
	r.t.Helper()
	switch n := r.N(40); {
	case n < 12 || len(r.sessions) == 0:
		r.prepare()
	case n < 26:
		r.turnOver()
	case n < 30 && len(r.executions) > 0:
		r.look(latest(r.Dice, r.executions))
	case n < 33:
		r.act()
	case n < 38:
		by := providertest.Pick(r.Dice, 0, ms, 999*ms, second, 2*second, 5*second, 7*second-ms, time.Minute, 9*time.Minute)
		r.shop.pass(by)
		r.model.pass(by)
		if r.now/time.Hour != (r.now-by)/time.Hour || by >= time.Minute {
			r.token = r.grant()
		}
	default:
		currency := providertest.Pick(r.Dice, "USD", "LRD", "RWF")
		amount := big.NewRat(int64(r.N(300_000)), 100)
		r.fund(plainly(amount), currency)
		r.book(currency, new(big.Rat).Sub(amount, r.wallets[currency]), "")
	}
}

// check compares balances, the ledger, each execution and the invariants. Money is
// conserved: what the wallets lost to executions is what those cost that did not
// fail.
func (r *run) check() {
	r.t.Helper()
	shown, err := r.Balances(r.t.Context())
	require.NoError(r.t, err)
	want, lost := make(map[string]string), make(map[string]*big.Rat)
	for currency, held := range r.wallets {
		want[currency], lost[currency] = plainly(held), new(big.Rat)
	}
	require.Equal(r.t, want, shown["executions"])
	var lines []string
	for _, e := range r.shop.moves() {
		lines = append(lines, fmt.Sprint(e.Balance, " ", e.Delta, " ", e.After, " ", e.Reference))
		if e.Reference != "" {
			lost[e.Balance].Sub(lost[e.Balance], rat(r.t, e.Delta))
		}
	}
	require.Equal(r.t, r.ledger, lines)
	for _, x := range r.executions {
		if got := r.look(x); got.Status != "FAILED" {
			lost[got.PayerCurrency].Sub(lost[got.PayerCurrency], rat(r.t, got.PayerAmount.String()))
		}
	}
	for currency, left := range lost {
		require.Zero(r.t, left.Sign(), "%s lost %s more than executions cost", currency, plainly(left))
	}
	r.sound()
}

// rat is a decimal number, exactly.
func rat(t require.TestingT, text string) *big.Rat {
	r, ok := new(big.Rat).SetString(text)
	require.True(t, ok, text)
	return r
}

// TestBooksAgree lets 5,000 random things happen, and keeps books of its own
// beside.
func TestBooksAgree(t *testing.T) {
	t.Parallel()
	h := newHandler(t)
	for world := range 10 {
		t.Run(fmt.Sprint(world), func(t *testing.T) {
			t.Parallel()
			d := &providertest.Dice{}
			for range world * 1000 {
				d.N(2)
			}
			m := &model{
				wallets: map[string]*big.Rat{"USD": big.NewRat(3000, 1), "LRD": big.NewRat(200_000, 1), "RWF": new(big.Rat)},
				frozen:  make(map[string]bool), byKey: make(map[string]*modelExecution),
			}
			r := &run{within(t, h, fmt.Sprint("books-", world), modelKnobs, modelRules...), m, d, make(map[string]int)}
			r.party()
			for turn := range 500 {
				r.happen()
				if turn%200 == 199 {
					r.check()
				}
			}
			r.shop.pass(time.Hour)
			r.model.pass(time.Hour)
			r.token = r.grant()
			r.check()
			for _, x := range r.executions {
				r.seen[x.status+x.wallet]++
			}
			require.Greater(t, len(r.seen), 8, "too little happened: %v", r.seen)
			require.Greater(t, len(r.ledger), 50, "hardly any money moved: %v", r.seen)
		})
	}
}
