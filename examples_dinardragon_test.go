package mockpay_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/client"
	"github.com/mockpay/mockpay/mockpaytest"
)

// bankPayers are the examples that pay through Dinar Dragon.
var bankPayers = []exampleIn{
	{"Node", func(t *testing.T) []string { return []string{node(t), "examples/node/dinardragon-payout.mjs"} }},
	{"Go", func(t *testing.T) []string { return []string{goExample(t, "dinardragon-payout")} }},
}

// A payday pays through Dinar Dragon with one of the examples, one run after
// another.
type payday struct {
	*mockpaytest.Mockpay
	t       *testing.T
	command []string
	env     []string
	file    string // where an example keeps what has no end yet
}

// payroll is a file of three that add up to 195, and are charged 4.875.
const payroll = "examples/payroll.json"

// run starts an example that pays what a file lists.
func (p *payday) run(file string, more ...string) *example {
	p.t.Helper()
	var args, env []string
	for _, m := range more {
		if strings.HasPrefix(m, "--") {
			args = append(args, m)
		} else {
			env = append(env, m)
		}
	}
	command := append(slices.Clone(p.command), file)
	return launch(p.t, append(command, args...), append(slices.Clone(p.env), env...))
}

// pays runs an example to its end, and returns what it printed.
func (p *payday) pays(code int, file string, more ...string) (out, err string) {
	p.t.Helper()
	e := p.run(file, more...)
	out = e.ends(code)
	if code == 0 || code == 1 {
		assert.NoFileExists(p.t, p.file, "the end is known")
	}
	return out, e.stderr.String()
}

// listed is a file of payments.
func (p *payday) listed(text string) string {
	p.t.Helper()
	file := filepath.Join(p.t.TempDir(), "payments.json")
	require.NoError(p.t, os.WriteFile(file, []byte(text), 0o600))
	return file
}

// debited asserts what payouts took from the balance, and what came back to it.
func (p *payday) debited(debits []string, credits ...string) {
	p.t.Helper()
	gone, back := moves(p.t, p.Mockpay, "dinardragon", "USD")
	assert.Equal(p.t, debits, gone)
	assert.Equal(p.t, credits, back)
}

// polled waits until the status was asked for after now.
func (p *payday) polled() {
	p.t.Helper()
	n := len(callsOf(p.t, p.Mockpay, "dinardragon.status"))
	_, err := p.AwaitRequests(p.t.Context(), "dinardragon.status", n+2, patience) // one may be on its way
	require.NoError(p.t, err)
}

// outcomes are the statuses of the calls of an operation, oldest first.
func (p *payday) outcomes(operation string) (all []int) {
	p.t.Helper()
	for _, call := range callsOf(p.t, p.Mockpay, "dinardragon."+operation) {
		all = append(all, call.Status)
	}
	return all
}

// moves are what calls took from a balance, and what came back to it.
func moves(t *testing.T, m *mockpaytest.Mockpay, provider, balance string) (debits, credits []string) {
	t.Helper()
	entries, err := m.Ledger(t.Context(), client.LedgerFilter{Provider: provider, Balance: balance})
	require.NoError(t, err)
	for _, e := range entries {
		switch {
		case e.Operation == "opening" || e.Operation == "set by control":
		case strings.HasPrefix(e.Delta, "-"):
			debits = append(debits, e.Delta)
		default:
			credits = append(credits, e.Delta)
		}
	}
	checks, err := m.Invariants(t.Context())
	require.NoError(t, err)
	assert.True(t, checks.OK, "%+v", checks)
	return debits, credits
}

// callsOf are the calls of an operation, or all if it is "", oldest first.
func callsOf(t *testing.T, m *mockpaytest.Mockpay, operation string) []client.Request {
	t.Helper()
	all, err := m.Requests(t.Context(), client.RequestFilter{Operation: operation})
	require.NoError(t, err)
	slices.Reverse(all.Requests)
	return all.Requests
}

// paidAtOnce settles what is executed at once, with more rules or knobs.
func paidAtOnce(knobs, rules string) string {
	text := "version: 1\nname: paid at once\nextends: instant\n"
	if knobs != "" {
		text += "providers: {dinardragon: {" + knobs + "}}\n"
	}
	if rules != "" {
		text += "rules:\n" + rules
	}
	return text
}

// shortID is what a payment's or payout's id looks like.
const shortID = "[0-9a-f]{16}"

const (
	threeQuoted = "3 payments of 195 USD, charge 4.875 USD\n"
	threePaid   = "payout " + shortID + "\n" + shortID + " somename 50.00 USD paid\n" + shortID + " someothername 70.00 USD paid\n" + shortID + " yetanothername 75.00 USD paid\n"
)

// The examples pay to bank accounts once, whatever goes wrong, and say so.
func TestExamplesPayToBankAccounts(t *testing.T) {
	t.Parallel()
	for _, p := range bankPayers {
		t.Run(p.language, func(t *testing.T) {
			t.Parallel()
			command := p.command(t)
			for _, tt := range bankPayments {
				t.Run(tt.name, func(t *testing.T) {
					t.Parallel()
					m := mockpaytest.Start(t, mockpaytest.Scenario(tt.scenario))
					file := filepath.Join(t.TempDir(), "payout.json")
					env := []string{
						"DINARDRAGON_BASE_URL=" + m.BaseURL("dinardragon"), "DINARDRAGON_PRIVATE_KEY=" + m.Credential("dinardragon", "private_key"),
						"DINARDRAGON_STORE=" + file, "DINARDRAGON_POLL=0.02",
					}
					tt.run(t, &payday{m, t, command, env, file})
				})
			}
		})
	}
}

// bankPayments are what the examples are tried with.
var bankPayments = []struct {
	name, scenario string
	run            func(*testing.T, *payday)
}{
	{"Default", "default", func(t *testing.T, p *payday) {
		_, err := p.Freeze(t.Context())
		require.NoError(t, err)
		e := p.run(payroll)
		p.polled()
		assert.FileExists(t, p.file, "it is stored before it has an end")
		p.Advance(2 * time.Second)
		waiting := strings.ReplaceAll(threePaid, " paid", " processing")
		assert.Regexp(t, `\A`+threeQuoted+waiting+strings.TrimPrefix(threePaid, "payout "+shortID+"\n")+`\z`, e.ends(0))
		assert.NoFileExists(t, p.file)
		p.debited([]string{"-199.875"})
		for _, call := range callsOf(t, p.Mockpay, "") {
			assert.Equal(t, 200, call.Status, call.Hint)
		}
	}},
	{"ExactNumbers", paidAtOnce("", ""), func(t *testing.T, p *payday) {
		file := p.listed(`[
			{"acc": "90071992547409931", "amount": "0.10", "bank": "a \"bank\"", "country": "US", "recipientname": "Zoë 12.50"},
			{"acc": "2", "amount": "0.2", "bank": "b", "country": "SA", "recipientname": "B"}]`)
		out, _ := p.pays(0, file)
		assert.Regexp(t, `\A2 payments of 0.3 USD, charge 0.0075 USD\npayout `, out)
		assert.Contains(t, callsOf(t, p.Mockpay, "dinardragon.get_authcode")[0].Request.Body,
			`{"amount":0.3,"accounts":[{"acc":90071992547409931,"amount":0.10,"bank":"a \"bank\"","country":"US","recipientname":"Zoë 12.50"},`)
		p.debited([]string{"-0.3075"})
	}},
	{"SomePaymentsFail", "mixed-payment-statuses", func(t *testing.T, p *payday) {
		_, err := p.Freeze(t.Context())
		require.NoError(t, err)
		e := p.run(payroll)
		p.polled()
		p.Advance(5 * time.Second)
		out := e.ends(1)
		assert.Regexp(t, shortID+" somename 50.00 USD failed\n", out)
		assert.Regexp(t, shortID+" someothername 70.00 USD paid\n", out)
		assert.Contains(t, e.stderr.String(), "1 of 3 payments failed, 50 USD are back on the dashboard balance: ask who is paid for another account")
		p.debited([]string{"-199.875"}, "50")
	}},
	{"NeverEnds", "mixed-payment-statuses", func(t *testing.T, p *payday) {
		endless := p.listed(`[{"acc": "10", "amount": "5", "bank": "b", "country": "US", "recipientname": "Ten"}]`)
		out, err := p.pays(3, endless, "DINARDRAGON_TIMEOUT=0.1")
		assert.Regexp(t, shortID+" Ten 5 USD processing\n", out)
		assert.Regexp(t, `payout `+shortID+` has no end after \S+( s)?: run this again to go on waiting`, err)
		_, err = p.pays(2, payroll)
		assert.Contains(t, err, "payout.json holds another payout that has no end yet")

		_, failed := p.Simulate(t.Context(), "dinardragon.settle", map[string]string{"payment": "last", "as": "success"})
		require.NoError(t, failed)
		out, _ = p.pays(0, endless)
		assert.Regexp(t, `\A`+shortID+" is from an earlier run\n"+shortID+" Ten 5 USD paid\n\\z", out)
		p.debited([]string{"-5.125"})
	}},
	{"InsufficientBalance", "insufficient-balance", func(t *testing.T, p *payday) {
		_, err := p.pays(1, payroll)
		assert.Contains(t, err, "403 Your request failed because your Dinar Dragon dashboard balance is insufficient to complete this payout. Top it up")
		assert.Empty(t, p.outcomes("execute"))
		p.debited(nil)

		_, failed := p.SetBalances(t.Context(), client.Balances{"dinardragon": {"USD": "199.875"}})
		require.NoError(t, failed)
		_, failed = p.SetSpeed(t.Context(), 100)
		require.NoError(t, failed)
		p.pays(0, payroll)
		p.debited([]string{"-199.875"})
	}},
	{"InsufficientBalanceAtExecution", paidAtOnce("", ""), func(t *testing.T, p *payday) {
		e, answer := p.asked(payroll)
		_, err := p.SetBalances(t.Context(), client.Balances{"dinardragon": {"USD": "199.874"}})
		require.NoError(t, err)
		answer("yes")
		e.ends(1)
		assert.Contains(t, e.stderr.String(), "balance is insufficient to complete this payout. Top it up, or pay less")
		assert.NoFileExists(t, p.file, "a refusal leaves nothing behind")
		p.debited(nil)
	}},
	{"NotAgreed", "authcode-expiry", func(t *testing.T, p *payday) {
		e, answer := p.asked(payroll)
		answer("no")
		e.ends(1)
		assert.Contains(t, e.stderr.String(), "nothing was paid")
		assert.NoFileExists(t, p.file)
		assert.Empty(t, p.outcomes("execute"))
	}},
	{"CodeExpires", "authcode-expiry", func(t *testing.T, p *payday) {
		e, answer := p.asked(payroll)
		p.Advance(15 * time.Minute)
		answer("yes")
		p.polled()
		p.Advance(2 * time.Second)
		out := e.ends(0)
		assert.Contains(t, out, "the code has expired, here is another\n"+threeQuoted+"payout ")
		assert.Equal(t, []int{400, 200}, p.outcomes("execute"))
		p.debited([]string{"-199.875"})
	}},
	{"CodeIsGoodToTheEnd", "authcode-expiry", func(t *testing.T, p *payday) {
		e, answer := p.asked(payroll)
		p.Advance(15*time.Minute - time.Second)
		answer("yes")
		p.polled()
		p.Advance(2 * time.Second)
		e.ends(0)
		assert.Equal(t, []int{200}, p.outcomes("execute"))
	}},
	{"CodesExpireAtOnce", paidAtOnce("", "  - {on: dinardragon.execute, respond: authcode_expired}\n"), func(t *testing.T, p *payday) {
		_, err := p.pays(1, payroll)
		assert.Contains(t, err, "400 Authcode expired.")
		assert.Len(t, p.outcomes("execute"), 4, "it stops")
		p.debited(nil)
	}},
	{"ChargeChanges", paidAtOnce("", `  - {on: dinardragon.execute, times: 1, respond: authcode_expired}
  - {on: dinardragon.get_authcode, skip: 1, respond: {status: 200, body: {code: 200, charge_in_usd: 5, authcode: 6afc61f8c5e7738819b7021dc0664cab}}}
`), func(t *testing.T, p *payday) {
		_, err := p.pays(1, payroll)
		assert.Contains(t, err, "the charge was 4.875 USD and is 5 USD now: run this again if that is right. Nothing was paid")
		assert.Len(t, p.outcomes("execute"), 1)
		p.debited(nil)
	}},
	{"LostAnswer", "lost-reply", func(t *testing.T, p *payday) {
		out, err := p.pays(3, payroll)
		assert.Regexp(t, `\A`+threeQuoted+"the execution has no clear answer: .*\n\\z", out)
		assert.Contains(t, err, "the payout was executed, and the answer with its ids was lost: see on the dashboard what becomes of it, do not pay it again")
		_, err = p.pays(3, payroll)
		assert.Contains(t, err, "do not pay it again", "it says so as long as the file is there")
		assert.Len(t, p.outcomes("get_authcode"), 1, "no other code is asked for")
		p.debited([]string{"-199.875"})
	}},
	{"CutAnswer", paidAtOnce("", "  - {on: dinardragon.execute, times: 1, fault: truncate}\n"), func(t *testing.T, p *payday) {
		_, err := p.pays(3, payroll)
		assert.Contains(t, err, "do not pay it again")
		p.debited([]string{"-199.875"})
	}},
	{"UnreadableAnswer", paidAtOnce("", "  - {on: dinardragon.execute, times: 1, respond: {status: 200, body: OK}}\n"), func(t *testing.T, p *payday) {
		out, _ := p.pays(0, payroll)
		assert.Regexp(t, `\A`+threeQuoted+"the execution has no clear answer: .*\n"+threePaid+`\z`, out)
		p.debited([]string{"-199.875"})
	}},
	{"NoConnection", paidAtOnce("", "  - {on: dinardragon.execute, times: 1, fault: drop}\n"), func(t *testing.T, p *payday) {
		out, _ := p.pays(0, payroll)
		assert.Regexp(t, `\A`+threeQuoted+"the execution has no clear answer: .*\n"+threePaid+`\z`, out)
		p.debited([]string{"-199.875"})
	}},
	{"NoAnswerInTime", paidAtOnce("", "  - {on: dinardragon.execute, times: 1, fault: hang}\n"), func(t *testing.T, p *payday) {
		out, _ := p.pays(0, payroll, "DINARDRAGON_ANSWER=1")
		assert.Regexp(t, `\A`+threeQuoted+"the execution has no clear answer: .*\n"+threePaid+`\z`, out)
		p.debited([]string{"-199.875"})
	}},
	{"RefusedAfterNoAnswer", paidAtOnce("", `  - {on: dinardragon.execute, times: 1, fault: lost_reply}
  - {on: dinardragon.execute, respond: authcode_unknown}
`), func(t *testing.T, p *payday) {
		_, err := p.pays(3, payroll)
		assert.Contains(t, err, "nobody can say whether the payout was executed: 400 Invalid authcode.; look for it on the dashboard, then remove ")
		p.debited([]string{"-199.875"})
	}},
	{"Outage", paidAtOnce("", "  - {on: dinardragon.execute, respond: server_error}\n"), func(t *testing.T, p *payday) {
		_, err := p.pays(3, payroll)
		assert.Contains(t, err, "nobody can say whether the payout was executed: 500 Internal server error.; run this again within 15 minutes")
		assert.Len(t, p.outcomes("execute"), 4)
		assert.FileExists(t, p.file)
		p.debited(nil)

		_, failed := p.ReplaceRules(t.Context(), "version: 1\nname: over\n")
		require.NoError(t, failed)
		out, _ := p.pays(0, payroll)
		assert.Regexp(t, `\A[0-9a-f]{32} is from an earlier run\n`+threePaid+`\z`, out)
		p.debited([]string{"-199.875"})
	}},
	{"OutageBeforeAndAfter", paidAtOnce("", `  - {on: dinardragon.get_authcode, times: 2, respond: server_error}
  - {on: dinardragon.status, times: 3, respond: server_error}
`), func(t *testing.T, p *payday) {
		p.pays(0, payroll)
		assert.Equal(t, []int{500, 500, 200}, p.outcomes("get_authcode"))
		assert.Equal(t, []int{500, 500, 500, 200}, p.outcomes("status"))
		p.debited([]string{"-199.875"})
	}},
	{"RateLimited", paidAtOnce("", "  - {on: dinardragon.*, every: 2, respond: rate_limited}\n"), func(t *testing.T, p *payday) {
		p.pays(0, payroll)
		assert.Equal(t, []int{429, 200}, p.outcomes("execute"))
		p.debited([]string{"-199.875"})
	}},
	{"RateLimitedForLong", paidAtOnce("", "  - {on: dinardragon.execute, respond: rate_limited}\n"), func(t *testing.T, p *payday) {
		_, err := p.pays(1, payroll)
		assert.Contains(t, err, "429 Too many requests.: these are too many calls, wait a while")
		p.debited(nil)
	}},
	{"WrongKey", "default", func(t *testing.T, p *payday) {
		_, err := p.pays(1, payroll, "DINARDRAGON_PRIVATE_KEY=another")
		assert.Contains(t, err, "403 Invalid API key. Compare DINARDRAGON_PRIVATE_KEY with the dashboard")
	}},
	{"KeyIsWithdrawn", "version: 1\nname: withdrawn\nextends: instant\nrules:\n  - {on: dinardragon.status, respond: unauthorized}\n", func(t *testing.T, p *payday) {
		_, err := p.pays(3, payroll)
		assert.Regexp(t, `payout `+shortID+` was executed, and nobody says what became of it: 401 Unauthorized. Compare DINARDRAGON_PRIVATE_KEY`, err)
		assert.FileExists(t, p.file)
	}},
	{"WrongUsage", "default", func(t *testing.T, p *payday) {
		for _, tt := range []struct{ list, says string }{
			{`[]`, "is no list of payments"},
			{`[{"acc": "007", "amount": "5", "bank": "b", "country": "US", "recipientname": "R"}]`, "payment 1: acc must be a text of digits"},
			{`[{"acc": "7", "amount": "5,00", "bank": "b", "country": "US", "recipientname": "R"}]`, `payment 1: amount must be a text like "50.00"`},
			{`[{"acc": "7", "amount": "5", "bank": "b", "country": "US"}]`, "payment 1: recipientname is missing"},
		} {
			_, err := p.pays(2, p.listed(tt.list))
			assert.Contains(t, err, tt.says, tt.list)
		}
		_, err := p.pays(2, payroll, "DINARDRAGON_PRIVATE_KEY=")
		assert.Contains(t, err, "DINARDRAGON_PRIVATE_KEY is not set")
		_, err = p.pays(2, payroll, "--force")
		assert.Contains(t, err, "usage: ")
		assert.Empty(t, callsOf(t, p.Mockpay, ""))
	}},
}

// asked runs an example until it asks whether to pay, and returns what answers it.
func (p *payday) asked(file string) (e *example, answer func(string)) {
	p.t.Helper()
	e = p.run(file, "--ask")
	for _, want := range []string{threeQuoted, "pay? yes or no\n"} {
		line, err := e.stdout.ReadString('\n')
		require.NoError(p.t, err)
		require.Equal(p.t, want, line)
	}
	return e, func(text string) {
		_, err := fmt.Fprintln(e.stdin, text)
		require.NoError(p.t, err)
	}
}
