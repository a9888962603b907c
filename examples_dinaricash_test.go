package mockpay_test

import (
	"net/http"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/client"
	"github.com/mockpay/mockpay/mockpaytest"
)

// senders are the examples that send through Dinari Cash.
var senders = []exampleIn{
	{"Node", func(t *testing.T) []string { return []string{node(t), "examples/node/dinaricash-cli.mjs"} }},
	{"Go", func(t *testing.T) []string { return []string{goExample(t, "dinaricash-cli")} }},
}

// A bureau sends through Dinari Cash with one of the examples, one run after another.
type bureau struct {
	*mockpaytest.Mockpay
	t       *testing.T
	command []string
	env     []string
	file    string // where an example keeps a send that has no end yet
}

// run starts an example. Arguments like DINARICASH_X=… are variables.
func (b *bureau) run(args ...string) *example {
	b.t.Helper()
	command, env := slices.Clone(b.command), slices.Clone(b.env)
	for _, arg := range args {
		if strings.HasPrefix(arg, "DINARICASH_") {
			env = append(env, arg)
		} else {
			command = append(command, arg)
		}
	}
	return launch(b.t, command, env)
}

// does runs an example to its end, and returns what it printed.
func (b *bureau) does(code int, args ...string) (out, err string) {
	b.t.Helper()
	e := b.run(args...)
	out = e.ends(code)
	if code == 0 || code == 1 {
		assert.NoFileExists(b.t, b.file, "the end is known")
	}
	return out, e.stderr.String()
}

// debited asserts what sends took from the payout balance, and what came back to it.
func (b *bureau) debited(debits []string, credits ...string) {
	b.t.Helper()
	gone, back := moves(b.t, b.Mockpay, "dinaricash", "payout")
	assert.Equal(b.t, debits, gone)
	assert.Equal(b.t, credits, back)
}

// polled waits until the list was asked for after now.
func (b *bureau) polled() {
	b.t.Helper()
	n := len(callsOf(b.t, b.Mockpay, "dinaricash.list_transactions"))
	_, err := b.AwaitRequests(b.t.Context(), "dinaricash.list_transactions", n+2, patience) // one may be on its way
	require.NoError(b.t, err)
}

// statuses are those of the calls of an operation, oldest first.
func (b *bureau) statuses(operation string) (all []int) {
	b.t.Helper()
	for _, call := range callsOf(b.t, b.Mockpay, "dinaricash."+operation) {
		all = append(all, call.Status)
	}
	return all
}

// over ends what the rules of the scenario did.
func (b *bureau) over() {
	b.t.Helper()
	_, err := b.ReplaceRules(b.t.Context(), "version: 1\nname: over\n")
	require.NoError(b.t, err)
}

// Sends of 300, by their methods.
var (
	byACH   = []string{"send", "ACH", "300.00", "RECIPIENT_FULL_NAME=Sage Smith", "RECIPIENT_BANK_ACCOUNT=1234567890", "RECIPIENT_BANK_ROUTING=123456789"}
	byCard  = []string{"send", "CARD_VIRTUAL", "300.00", "RECIPIENT_FULL_NAME=Sage Smith", "RECIPIENT_EMAILADDRESS=ssmith@example.com"}
	byZelle = []string{"send", "ZELLE", "300.00", "RECIPIENT_ZELLE_ADDRESS=ssmith@example.com"}
	bySWIFT = []string{
		"send", "SWIFT", "300.00", "RECIPIENT_FULL_NAME=Sage Smith", "RECIPIENT_STREET_1=123 Street", "RECIPIENT_CITY=Los Angeles", "RECIPIENT_REGION=California",
		"RECIPIENT_COUNTRY_ISO3=USA", "RECIPIENT_BANK_ACCOUNT=1234567890", "RECIPIENT_BANK_ROUTING=AAAABBCC123", "RECIPIENT_BANK_NAME=Citibank",
		"RECIPIENT_BANK_STREET_1=123 Street Address", "RECIPIENT_BANK_CITY=Los Angeles", "RECIPIENT_BANK_REGION=California", "RECIPIENT_BANK_COUNTRY_ISO3=USA",
	}
)

// longID is what the id of a transaction or a card looks like.
const longID = "[0-9a-f]{32}"

// sentAtOnce settles what is sent at once, with rules.
func sentAtOnce(rules ...string) string {
	text := "version: 1\nname: sent at once\nextends: instant\n"
	if len(rules) > 0 {
		text += "rules:\n  - " + strings.Join(rules, "\n  - ") + "\n"
	}
	return text
}

// The examples send once, whatever goes wrong, and say so; and do the other calls.
func TestExamplesSend(t *testing.T) {
	t.Parallel()
	for _, p := range senders {
		t.Run(p.language, func(t *testing.T) {
			t.Parallel()
			command := p.command(t)
			for _, tt := range sends {
				t.Run(tt.name, func(t *testing.T) {
					t.Parallel()
					m := mockpaytest.Start(t, mockpaytest.Scenario(tt.scenario))
					file := filepath.Join(t.TempDir(), "send.json")
					env := []string{
						"DINARICASH_BASE_URL=" + m.BaseURL("dinaricash"), "DINARICASH_STORE=" + file, "DINARICASH_POLL=0.02",
						"DINARICASH_ACCOUNT_ID=" + m.Credential("dinaricash", "corporate_account_id"),
						"DINARICASH_API_KEY=" + m.Credential("dinaricash", "gateway_api_key"),
						"DINARICASH_WEBHOOK_KEY=" + m.Credential("dinaricash", "webhook_key"),
					}
					tt.run(t, &bureau{m, t, command, env, file})
				})
			}
		})
	}
}

// sends are what the examples are tried with.
var sends = []struct {
	name, scenario string
	run            func(*testing.T, *bureau)
}{
	{"ACH", sentAtOnce(), func(t *testing.T, b *bureau) {
		out, _ := b.does(0, byACH...)
		assert.Regexp(t, `\AACH 300.00 USD, fee 12.50 USD, payout balance 50111.10 -> 49798.60\n`+longID+` Completed\n\z`, out)
		b.debited([]string{"-312.5"})
		b.formed("ach", "multipart/form-data")
	}},
	{"Card", sentAtOnce(), func(t *testing.T, b *bureau) {
		out, _ := b.does(0, byCard...)
		assert.Regexp(t, `\ACARD_VIRTUAL 300.00 USD, fee 12.50 USD, .*\ncard `+longID+` \d{6}\*{6}\d{4} \d\d/\d\d\n`+longID+` Completed\n\z`, out)
		b.debited([]string{"-312.5"})
		b.formed("card_load", "application/x-www-form-urlencoded")
	}},
	{"SWIFT", sentAtOnce(), func(t *testing.T, b *bureau) {
		out, _ := b.does(0, bySWIFT...)
		assert.Regexp(t, `\ASWIFT 300 USD, fee 8 USD, payout balance 50111.1 -> 49803.1\n`+longID+` Completed\n\z`, out)
		b.debited([]string{"-308"})
		b.formed("swift", "multipart/form-data")
	}},
	{"Zelle", "default", func(t *testing.T, b *bureau) {
		_, err := b.Freeze(t.Context())
		require.NoError(t, err)
		e := b.run(byZelle...)
		b.polled()
		assert.FileExists(t, b.file, "it is stored before it has an end")
		b.Advance(5 * time.Second)
		assert.Regexp(t, `\AZELLE 300.00 USD, fee 8.00 USD, .*\n`+longID+` Initiated\n`+longID+` Completed\n\z`, e.ends(0))
		assert.NoFileExists(t, b.file)
		b.debited([]string{"-308"})
		b.formed("zelle", "application/x-www-form-urlencoded")
		var flow []string
		for _, call := range callsOf(t, b.Mockpay, "") {
			assert.Equal(t, 200, call.Status, call.Hint)
			flow = append(flow, strings.TrimPrefix(call.Operation, "dinaricash."))
		}
		assert.Equal(t, []string{"balance", "list_transactions", "zelle", "list_transactions"}, slices.Compact(flow))
	}},
	{"Webhook", "default", func(t *testing.T, b *bureau) { b.toldBy(client.WebhookEndpoint{}) }},
	{"WebhookInJSON", "default", func(t *testing.T, b *bureau) { b.toldBy(client.WebhookEndpoint{Encoding: "json"}) }},
	{"SWIFTDeclined", "swift-declined", func(t *testing.T, b *bureau) {
		b.endsLater(bySWIFT, 10*time.Second, `the send is Declined: .*; the payout balance is 50111.10 USD now, see what came back`)
		b.debited([]string{"-308"}, "308")
	}},
	{"ZelleFailed", "zelle-failed", func(t *testing.T, b *bureau) {
		b.endsLater(byZelle, 10*time.Second, `the send is Failed: The recipient is not enrolled with Zelle.; the payout balance is 50111.10 USD now`)
		b.debited([]string{"-308"}, "308")
	}},
	{"ACHCanceled", "ach-canceled", func(t *testing.T, b *bureau) {
		b.endsLater(byACH, 10*time.Second, `the send is Canceled: Canceled by the receiving bank.; the payout balance is 50078.60 USD now`)
		b.debited([]string{"-312.5"}, "280")
	}},
	{"NeverEnds", sentAtOnce(`{on: dinaricash.zelle, settle: {as: INITIATED}}`), func(t *testing.T, b *bureau) {
		_, err := b.does(3, append(byZelle, "DINARICASH_TIMEOUT=0.1")...)
		assert.Regexp(t, longID+` has no end after \S+( s)?: run this again to go on waiting`, err)
		_, err = b.does(2, byACH...)
		assert.Contains(t, err, "send.json holds another send that has no end yet")

		_, failed := b.Simulate(t.Context(), "dinaricash.transition", map[string]string{"transaction": "last", "as": "COMPLETED"})
		require.NoError(t, failed)
		out, _ := b.does(0, byZelle...)
		assert.Regexp(t, `\A`+longID+` is from an earlier run\n`+longID+` Completed\n\z`, out)
		b.debited([]string{"-308"})
	}},
	{"InsufficientBalance", "insufficient-balance", func(t *testing.T, b *bureau) {
		for _, by := range [][]string{byACH, bySWIFT} { // one tells its error_code, one has none
			_, err := b.does(1, by...)
			assert.Contains(t, err, "402 Transaction failed")
			assert.Contains(t, err, ": top up the payout balance, or send less", by[1])
		}
		b.debited(nil)
		_, failed := b.SetBalances(t.Context(), client.Balances{"dinaricash": {"payout": "312.50"}})
		require.NoError(t, failed)
		b.does(0, byACH...)
		b.debited([]string{"-312.5"})
	}},
	{"FailedButDebited", sentAtOnce(`{on: dinaricash.swift, respond: failed_but_debited}`), func(t *testing.T, b *bureau) {
		_, err := b.does(1, bySWIFT...)
		assert.Contains(t, err, "402 Transaction failed due to insufficient funds or other error. (Transaction failed. Please try again later.), and yet the payout balance fell: ask Dinari Cash")
		b.debited([]string{"-308"})
	}},
	{"LostAnswer", "lost-reply", func(t *testing.T, b *bureau) {
		out, _ := b.does(0, byACH...)
		assert.Regexp(t, `\Athe send has no clear answer: .*\n`+longID+` Completed\n\z`, out)
		assert.Len(t, b.statuses("ach"), 1)
		b.debited([]string{"-312.5"})
	}},
	{"LostAnswerAmongOthers", sentAtOnce(`{on: dinaricash.zelle, skip: 2, times: 1, fault: lost_reply}`), func(t *testing.T, b *bureau) {
		_, err := b.Freeze(t.Context())
		require.NoError(t, err)
		b.does(0, byZelle...)
		b.does(0, "send", "ZELLE", "300", "RECIPIENT_ZELLE_ADDRESS=9175551212")
		out, _ := b.does(0, byZelle...)
		assert.Regexp(t, `\Athe send has no clear answer: .*\n`+longID+` Completed\n\z`, out, "those of the same second are others")
		b.debited([]string{"-308", "-308", "-308"})
	}},
	{"CutAnswer", sentAtOnce(`{on: dinaricash.zelle, times: 1, fault: truncate}`), func(t *testing.T, b *bureau) {
		b.does(0, byZelle...)
		assert.Len(t, b.statuses("zelle"), 1)
		b.debited([]string{"-308"})
	}},
	{"RefusalIsLost", sentAtOnce(`{on: dinaricash.zelle, times: 1, respond: failed, fault: lost_reply}`), func(t *testing.T, b *bureau) {
		_, err := b.does(1, byZelle...)
		assert.Contains(t, err, "the send is Failed: Transaction failed")
		b.debited(nil)
	}},
	{"ServerError", sentAtOnce(`{on: dinaricash.swift, times: 1, respond: server_error}`), func(t *testing.T, b *bureau) {
		out, err := b.does(1, bySWIFT...)
		assert.Regexp(t, `\Athe send has no clear answer: 500 .*\n\z`, out)
		assert.Contains(t, err, "the send was not made, as Dinari Cash does not list it: run this again to send")
		assert.Len(t, b.statuses("list_transactions"), 4, "it asks three times")
		b.debited(nil)
		b.does(0, bySWIFT...)
		b.debited([]string{"-308"})
	}},
	{"NoConnection", sentAtOnce(`{on: dinaricash.zelle, times: 1, fault: drop}`), func(t *testing.T, b *bureau) {
		_, err := b.does(1, byZelle...)
		assert.Contains(t, err, "run this again to send")
		b.does(0, byZelle...)
		b.debited([]string{"-308"})
	}},
	{"NoAnswerInTime", sentAtOnce(`{on: dinaricash.zelle, times: 1, fault: hang}`), func(t *testing.T, b *bureau) {
		_, err := b.does(1, append(byZelle, "DINARICASH_ANSWER=1")...)
		assert.Contains(t, err, "run this again to send")
		b.debited(nil)
	}},
	{"Outage", sentAtOnce(`{on: "*", skip: 2, respond: server_error}`), func(t *testing.T, b *bureau) {
		_, err := b.does(3, byZelle...)
		assert.Contains(t, err, "nobody can say whether the send was made: 500 ")
		assert.Contains(t, err, "run this again, which asks before it sends")
		assert.Len(t, b.statuses("zelle"), 1)
		b.debited(nil)

		b.over()
		b.does(0, byZelle...)
		b.debited([]string{"-308"})
	}},
	{"LostAnswerInOutage", sentAtOnce(`{on: dinaricash.zelle, times: 1, fault: lost_reply}`, `{on: dinaricash.list_transactions, skip: 1, times: 4, respond: server_error}`), func(t *testing.T, b *bureau) {
		b.does(3, byZelle...)
		out, _ := b.does(0, byZelle...)
		assert.Regexp(t, `\A`+longID+` is from an earlier run\n`+longID+` Completed\n\z`, out)
		b.debited([]string{"-308"})
	}},
	{"TwoAlike", sentAtOnce(`{on: dinaricash.zelle, times: 1, fault: lost_reply}`, `{on: dinaricash.list_transactions, skip: 1, times: 4, respond: server_error}`), func(t *testing.T, b *bureau) {
		b.does(3, byZelle...)
		other := b.run(append(byZelle, "DINARICASH_STORE="+filepath.Join(t.TempDir(), "other.json"))...)
		other.ends(0)
		_, err := b.does(3, byZelle...)
		assert.Regexp(t, `2 sends of 300.00 USD are listed since \S+: see in the dashboard which is yours, and remove `, err)
		b.debited([]string{"-308", "-308"})
	}},
	{"OutageWhileWaiting", sentAtOnce(`{on: dinaricash.list_transactions, skip: 1, times: 6, respond: server_error}`), func(t *testing.T, b *bureau) {
		b.does(0, byZelle...)
		b.debited([]string{"-308"})
	}},
	{"KeyIsWithdrawn", sentAtOnce(`{on: dinaricash.list_transactions, skip: 1, respond: unauthorized}`), func(t *testing.T, b *bureau) {
		_, err := b.does(3, byZelle...)
		assert.Regexp(t, `nobody says what became of `+longID+`: 401 .*: compare DINARICASH_ACCOUNT_ID and DINARICASH_API_KEY`, err)
		assert.FileExists(t, b.file)
	}},
	{"RateLimited", sentAtOnce(`{on: dinaricash.*, every: 2, respond: rate_limited}`, `{on: dinaricash.zelle, times: 1, respond: rate_limited}`), func(t *testing.T, b *bureau) {
		b.does(0, byZelle...)
		assert.Contains(t, b.statuses("zelle"), 429)
		b.debited([]string{"-308"})
	}},
	{"RateLimitedForLong", sentAtOnce(`{on: dinaricash.zelle, respond: rate_limited}`), func(t *testing.T, b *bureau) {
		_, err := b.does(1, byZelle...)
		assert.Contains(t, err, ": these are too many calls, wait a while before you run this again")
		b.debited(nil)
	}},
	{"WrongKey", "default", func(t *testing.T, b *bureau) {
		_, err := b.does(1, append(byZelle, "DINARICASH_API_KEY=another")...)
		assert.Contains(t, err, "400 Failed to retrieve account balance. (Invalid Corporate Account ID or Gateway API Key.): compare DINARICASH_ACCOUNT_ID and DINARICASH_API_KEY with the dashboard")
	}},
	{"WrongValues", "default", func(t *testing.T, b *bureau) {
		_, err := b.does(1, byACH[:5]...)
		assert.Contains(t, err, "Dinari Cash does not take these values: 400 Transaction failed due to invalid request. (Missing RECIPIENT_BANK_ROUTING)")
		_, err = b.does(1, append(byACH, "RECIPIENT_BANK_ROUTING=12")...)
		assert.Contains(t, err, "(Invalid RECIPIENT_BANK_ROUTING)")
		b.debited(nil)
	}},
	{"WrongUsage", "default", func(t *testing.T, b *bureau) {
		for _, args := range [][]string{
			{"pay"}, {"send", "WIRE", "5"}, {"card", "burn", "1"}, {"balance", "now"},
		} {
			_, err := b.does(2, args...)
			assert.Contains(t, err, "usage: ", args)
		}
		_, err := b.does(2, "send", "ACH", "5,00")
		assert.Contains(t, err, "5,00 is no amount like 300.00")
		_, err = b.does(2, "send", "ACH", "5", "name")
		assert.Contains(t, err, "name is not like RECIPIENT_FULL_NAME=Ann")
		_, err = b.does(2, "balance", "DINARICASH_API_KEY=")
		assert.Contains(t, err, "DINARICASH_API_KEY is not set")
		_, err = b.does(2, append(byZelle, "DINARICASH_WEBHOOK_PORT=0", "DINARICASH_WEBHOOK_KEY=")...)
		assert.Contains(t, err, "DINARICASH_WEBHOOK_KEY is not set")
		assert.Empty(t, callsOf(t, b.Mockpay, ""))
	}},
	{"ListAndBalance", sentAtOnce(), func(t *testing.T, b *bureau) {
		out, _ := b.does(0, "balance")
		assert.Equal(t, "payout 50111.10 USD, float 1022.25 USD, reserve 100000.00 USD\n", out)
		b.does(0, byZelle...)
		b.does(1, "send", "ZELLE", "99999.00", "RECIPIENT_ZELLE_ADDRESS=ssmith@example.com")
		out, _ = b.does(0, "list", "LIST_ORDER=ASCENDING")
		assert.Regexp(t, `\A`+longID+` \S+ \S+ Completed 300.00 USD .*\n`+longID+` \S+ \S+ Failed 99999.00 USD Transaction failed due to insufficient funds.\n\z`, out)
		_, err := b.does(1, "list", "LIST_ORDER=SIDEWAYS")
		assert.Contains(t, err, "Dinari Cash does not take these values: 400 Failed to fetch transaction list. (Invalid LIST_ORDER)")
		b.formed("balance", "multipart/form-data")
		b.formed("list_transactions", "application/x-www-form-urlencoded")
	}},
	{"Cancel", sentAtOnce(`{on: dinaricash.cancel, skip: 2, times: 1, fault: lost_reply}`), func(t *testing.T, b *bureau) {
		sent := func(by []string) string {
			out, _ := b.does(0, by...)
			return regexp.MustCompile(longID).FindString(out)
		}
		first, zelle, second := sent(byACH), sent(byZelle), sent(byACH)
		out, _ := b.does(0, "cancel", first)
		assert.Equal(t, first+" Canceled, fee 20.00 USD, payout balance 49178.10 -> 49458.10\n", out)
		_, err := b.does(1, "cancel", zelle)
		assert.Contains(t, err, "403 Transaction cancellation failed. (Transaction cannot be canceled.)")
		out, _ = b.does(0, "cancel", second)
		assert.Equal(t, second+" Canceled\n", out, "its answer is lost")
		out, _ = b.does(0, "cancel", first)
		assert.Equal(t, first+" Canceled\n", out, "it was done before")
		b.debited([]string{"-312.5", "-308", "-312.5"}, "280", "280")
		b.formed("cancel", "multipart/form-data")
	}},
	{"CancelInOutage", sentAtOnce(`{on: "*", respond: server_error}`), func(t *testing.T, b *bureau) {
		_, err := b.does(3, "cancel", "ed8f03485e2bc5e19639dcc6248b25c3")
		assert.Contains(t, err, "nobody can say whether ed8f03485e2bc5e19639dcc6248b25c3 is canceled: 500 ")
		assert.Len(t, b.statuses("cancel"), 1)
	}},
	{"Cards", "version: 1\nname: cards\nextends: card-lifecycle\nrules:\n  - {on: dinaricash.manage_cards, when: {SERVICE_ACTION: CANCEL_CARD}, times: 1, fault: lost_reply}\n", func(t *testing.T, b *bureau) {
		const ada, alan = "11111111111111111111111111111111", "33333333333333333333333333333333"
		out, _ := b.does(0, "cards")
		assert.Equal(t, ada+"\n22222222222222222222222222222222\n"+alan+"\n", out)
		_, failed := b.Simulate(t.Context(), "dinaricash.card_purchase", map[string]string{"card": ada, "amount": "12.79"})
		require.NoError(t, failed)
		out, _ = b.does(0, "card", "show", ada)
		assert.Regexp(t, `\A`+ada+` ACTIVE 87.21 USD\n`+longID+` \S+ \S+ 12.79 Completed\n\z`, out)
		for _, tt := range []struct{ action, status string }{{"pause", "PAUSED"}, {"unpause", "ACTIVE"}} {
			out, _ = b.does(0, "card", tt.action, ada)
			assert.Contains(t, out, ada+" "+tt.status+" 87.21 USD\n")
		}
		out, _ = b.does(0, "card", "cancel", ada)
		assert.Contains(t, out, ada+" CANCELED 0.00 USD\n", "its answer is lost")
		b.debited(nil, "87.21")
		_, err := b.does(1, "card", "pause", alan)
		assert.Contains(t, err, "Card is canceled")
		_, err = b.does(1, "card", "show", "0")
		assert.Contains(t, err, "Dinari Cash does not take these values: 400 Transaction failed. (Invalid CARD_ACCOUNT_ID)")
		b.formed("manage_cards", "application/x-www-form-urlencoded")
	}},
}

// formed asserts in which form an operation was called.
func (b *bureau) formed(operation, media string) {
	b.t.Helper()
	calls := callsOf(b.t, b.Mockpay, "dinaricash."+operation)
	require.NotEmpty(b.t, calls)
	for _, call := range calls {
		assert.Regexp(b.t, "^"+regexp.QuoteMeta(media), call.Request.Headers["Content-Type"])
	}
}

// endsLater sends what is accepted, and after a while on the clock has failed.
func (b *bureau) endsLater(by []string, after time.Duration, says string) {
	b.t.Helper()
	_, err := b.Freeze(b.t.Context())
	require.NoError(b.t, err)
	e := b.run(by...)
	b.polled()
	b.Advance(after)
	assert.Regexp(b.t, longID+" Initiated\n"+longID+" ", e.ends(1))
	assert.Regexp(b.t, says, e.stderr.String())
	assert.NoFileExists(b.t, b.file)
}

// toldBy sends what ends when a webhook comes: it asks by itself too seldom. One with
// another key changes nothing.
func (b *bureau) toldBy(endpoint client.WebhookEndpoint) {
	b.t.Helper()
	_, err := b.Freeze(b.t.Context())
	require.NoError(b.t, err)
	e := b.run(append(byZelle, "DINARICASH_WEBHOOK_PORT=0", "DINARICASH_POLL=600", "DINARICASH_TIMEOUT=600")...)
	line, err := e.stdout.ReadString('\n')
	require.NoError(b.t, err)
	endpoint.URL = strings.TrimSpace(strings.TrimPrefix(line, "webhooks go to "))
	_, err = b.SetWebhookEndpoint(b.t.Context(), "dinaricash", endpoint)
	require.NoError(b.t, err)
	_, err = b.AwaitRequests(b.t.Context(), "dinaricash.list_transactions", 2, patience)
	require.NoError(b.t, err)
	for _, form := range []url.Values{{"WEBHOOK_KEY": {"another"}}, {"TRANSACTION_STATUS": {"COMPLETED"}}, {}} {
		res, err := http.PostForm(endpoint.URL, form)
		require.NoError(b.t, err)
		require.NoError(b.t, res.Body.Close())
		assert.Equal(b.t, http.StatusUnauthorized, res.StatusCode)
	}
	b.Advance(5 * time.Second)
	assert.Regexp(b.t, `\AZELLE .*\n`+longID+` Initiated\n`+longID+` Completed\n\z`, e.ends(0))
	b.debited([]string{"-308"})
}
