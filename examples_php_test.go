package mockpay_test

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/client"
	"github.com/mockpay/mockpay/mocks"
)

// A cashier sends and manages money at Dinari Cash with the examples in PHP.
type cashier struct {
	*merchant
	store string // where send.php keeps what has no end yet
}

// phpModules are the extensions that PHP has.
var phpModules = sync.OnceValue(func() string {
	modules, _ := exec.Command("php", "-m").Output() // none if it cannot say
	return string(modules)
})

func newCashier(t *testing.T, scenario string) *cashier {
	c := &cashier{newMerchant(t, scenario, needed(t, "php")), filepath.Join(t.TempDir(), "send.json")}
	require.Regexp(t, `(?im)^curl$`, phpModules(), "php needs its curl extension: make need installs it")
	c.with(
		"DINARICASH_BASE_URL="+c.BaseURL("dinaricash"),
		"DINARICASH_ACCOUNT="+c.Credential("dinaricash", "corporate_account_id"), "DINARICASH_KEY="+c.Credential("dinaricash", "gateway_api_key"),
		"DINARICASH_STORE="+c.store, "DINARICASH_POLL=0.02", "DINARICASH_RETRY=0.02",
	)
	return c
}

// recipients are whom each method sends to.
var recipients = map[string][]string{
	"ach":   {"RECIPIENT_FULL_NAME=Sage Smith", "RECIPIENT_BANK_ACCOUNT=1234567890", "RECIPIENT_BANK_ROUTING=123456789", "PUBLIC_TRANSACTION_DESCRIPTION=Order #12345: 50% of a+b"},
	"card":  {"RECIPIENT_FULL_NAME=Sage Smith", "RECIPIENT_EMAILADDRESS=ssmith@example.com"},
	"zelle": {"RECIPIENT_ZELLE_ADDRESS=ssmith@example.com"},
	"swift": {
		"RECIPIENT_FULL_NAME=Sage Smith", "RECIPIENT_STREET_1=123 Street", "RECIPIENT_CITY=Los Angeles", "RECIPIENT_REGION=California",
		"RECIPIENT_COUNTRY_ISO3=USA", "RECIPIENT_BANK_ACCOUNT=1234567890", "RECIPIENT_BANK_ROUTING=AAAABBCC123", "RECIPIENT_BANK_NAME=Citibank",
		"RECIPIENT_BANK_STREET_1=123 Street Address", "RECIPIENT_BANK_CITY=Los Angeles", "RECIPIENT_BANK_REGION=California", "RECIPIENT_BANK_COUNTRY_ISO3=USA",
	},
}

// command is one that sends.
func sending(method, amount string) []string {
	return append([]string{"examples/php/send.php", method, amount}, recipients[method]...)
}

// sends has a send end, and returns what it printed. Unless it is not known what
// became of it nothing is kept.
func (c *cashier) sends(code int, method, amount string, env ...string) (out, err string) {
	c.t.Helper()
	out, err = c.runs(code, sending(method, amount), env...)
	kept, failed := os.ReadFile(c.store)
	require.NoError(c.t, failed)
	assert.Equal(c.t, code == 3, len(kept) > 0, "%s", kept)
	return out, err
}

// manages runs account.php.
func (c *cashier) manages(code int, args ...string) (out, err string) {
	c.t.Helper()
	return c.runs(code, append([]string{"examples/php/account.php"}, args...))
}

// payout is how the balance moved that sends are paid from.
func (c *cashier) payout() []string { return c.moved("dinaricash", "payout") }

// settled settles sends at once, with rules.
func settled(rules string) string {
	return "version: 1\nname: settled\nextends: instant\nrules:\n" + rules
}

// id is what every transaction and card is called.
const id = "[0-9a-f]{32}"

// What send.php does in each situation, with how the money moves.
func TestPHPSends(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, scenario string
		run            func(*testing.T, *cashier)
	}{
		{"Default", "default", func(t *testing.T, c *cashier) {
			_, err := c.Freeze(t.Context())
			require.NoError(t, err)
			e := c.start(sending("zelle", "300"))
			c.polled("dinaricash.list_transactions")
			out, other := c.runs(2, sending("zelle", "300"))
			assert.Empty(t, out)
			assert.Contains(t, other, "send.json belongs to a run that has not ended")
			c.Advance(5 * time.Second)
			assert.Regexp(t, `\A(`+id+`) takes 300.00 and a fee of 8.00\n`+id+` Initiated\n`+id+` Completed\n\z`, e.ends(0))
			assert.Equal(t, []string{"-308"}, c.payout())
			for _, call := range c.calls("") {
				assert.Equal(t, 200, call.Status, call.Hint)
			}
		}},
		{"Methods", "instant", func(t *testing.T, c *cashier) {
			for method, charge := range map[string]string{"ach": "100.00 and a fee of 7.50", "swift": "100.00 and a fee of 6.00", "zelle": "100.00 and a fee of 6.00"} {
				out, _ := c.sends(0, method, "100")
				assert.Regexp(t, `\A`+id+` takes `+charge+`\n`+id+` Completed\n\z`, out)
			}
			out, _ := c.sends(0, "card", "100")
			assert.Regexp(t, `\A`+id+` takes 100.00 and a fee of 7.50\ncard `+id+` 411111\*{6}\d{4} of `+id+`\n`+id+` Completed\n\z`, out)
			assert.ElementsMatch(t, []string{"-107.5", "-107.5", "-106", "-106"}, c.payout())

			for operation, media := range map[string]string{"ach": "multipart/form-data", "card_load": "application/x-www-form-urlencoded", "swift": "multipart/form-data", "zelle": "application/x-www-form-urlencoded"} {
				calls := c.calls("dinaricash." + operation)
				require.Len(t, calls, 1)
				assert.True(t, strings.HasPrefix(calls[0].Request.Headers["Content-Type"], media), "as in the documents")
			}
			assert.Equal(t, "Order #12345: 50% of a+b", c.calls("dinaricash.ach")[0].Request.Fields["PUBLIC_TRANSACTION_DESCRIPTION"])
		}},
		{"InsufficientBalance", "insufficient-balance", func(t *testing.T, c *cashier) {
			for method, text := range map[string]string{
				"ach": "402 Insufficient balance in account", "card": "402 Insufficient balance.",
				"swift": "402 Transaction failed. Please try again later.", "zelle": "402 Transaction failed due to insufficient funds.",
			} {
				_, err := c.sends(1, method, "100.00")
				assert.Equal(t, "send: "+text+"\n", err)
			}
			assert.Empty(t, c.payout())
			_, err := c.SetBalances(t.Context(), client.Balances{"dinaricash": {"payout": "107.50"}})
			require.NoError(t, err)
			c.sends(0, "ach", "100.00")
			assert.Equal(t, []string{"-107.5"}, c.payout())
		}},
		{"Declined", "swift-declined", func(t *testing.T, c *cashier) {
			_, failed := c.SetSpeed(t.Context(), 100)
			require.NoError(t, failed)
			out, err := c.sends(1, "swift", "100")
			assert.Regexp(t, id+` Initiated\n`+id+` Declined\n\z`, out)
			assert.Contains(t, err, "the send was Declined: ")
			assert.Equal(t, []string{"-106", "106"}, c.payout())
		}},
		{"Failed", "zelle-failed", func(t *testing.T, c *cashier) {
			_, failed := c.SetSpeed(t.Context(), 100)
			require.NoError(t, failed)
			_, err := c.sends(1, "zelle", "100")
			assert.Equal(t, "send: the send was Failed: The recipient is not enrolled with Zelle.\n", err)
			assert.Equal(t, []string{"-106", "106"}, c.payout())
		}},
		{"FailedButDebited", settled("  - {on: dinaricash.swift, respond: failed_but_debited}\n"), func(t *testing.T, c *cashier) {
			out, err := c.runs(3, sending("swift", "300"))
			assert.Empty(t, out)
			assert.Regexp(t, `\Asend: 402 Transaction failed. Please try again later.; yet 308.00 USD have left the payout balance for `+id+`: ask Dinari Cash before you send again\n\z`, err)
		}},
		{"LostReply", "lost-reply", func(t *testing.T, c *cashier) {
			_, failed := c.SetSpeed(t.Context(), 100)
			require.NoError(t, failed)
			c.sends(0, "zelle", "300.00") // of the same amount, and in the list before
			c.goesOn("rules: [{on: dinaricash.zelle, times: 1, fault: lost_reply}]\n")
			out, _ := c.sends(0, "zelle", "300")
			assert.Regexp(t, `\Ano clear answer: .+\nthe list has it: `+id+`\n(`+id+` Initiated\n)?`+id+` Completed\n\z`, out)
			assert.Len(t, c.calls("dinaricash.zelle"), 2)
			assert.Equal(t, []string{"-308", "-308"}, c.payout())
		}},
		{"LostInTheSameSecond", settled("  - {on: dinaricash.zelle, times: 1, skip: 1, fault: lost_reply}\n"), func(t *testing.T, c *cashier) {
			_, err := c.Freeze(t.Context())
			require.NoError(t, err)
			first, _ := c.sends(0, "zelle", "300")
			second, _ := c.sends(0, "zelle", "300")
			assert.Regexp(t, `the list has it: `+id+`\n`, second)
			assert.NotContains(t, second, first[:32], "that was in the list before")
			assert.Equal(t, []string{"-308", "-308"}, c.payout())
		}},
		{"ServerError", settled("  - {on: dinaricash.ach, times: 1, respond: server_error}\n"), func(t *testing.T, c *cashier) {
			out, _ := c.sends(0, "ach", "100")
			assert.Regexp(t, `\Ano clear answer: 500 .+\n`+id+` takes 100.00 and a fee of 7.50\n`+id+` Completed\n\z`, out)
			var flow []string
			for _, call := range c.calls("") {
				flow = append(flow, strings.TrimPrefix(call.Operation, "dinaricash."))
			}
			const look = "list_transactions"
			assert.Equal(t, []string{"balance", look, "ach", look, look, look, "ach", look}, flow, "it looks before it sends again")
			assert.Equal(t, []string{"-107.5"}, c.payout())
		}},
		{"ServerErrors", settled("  - {on: dinaricash.ach, respond: server_error}\n"), func(t *testing.T, c *cashier) {
			_, err := c.sends(3, "ach", "100")
			assert.Equal(t, "send: Dinari Cash gave no clear answer three times, and its list has no such send\n", err)
			assert.Len(t, c.calls("dinaricash.ach"), 3)
			assert.Empty(t, c.payout())

			_, err = c.runs(2, sending("ach", "101"))
			assert.Contains(t, err, "send.json holds a send of 100 by ach that has no end yet")
			c.goesOn("")
			out, _ := c.sends(0, "ach", "100")
			assert.Regexp(t, `\Aa send of 100 is from an earlier run\n`+id+` takes 100.00`, out)
			assert.Equal(t, []string{"-107.5"}, c.payout())
		}},
		{"Ambiguous", settled("  - {on: dinaricash.zelle, times: 1, fault: lost_reply}\n  - {on: dinaricash.list_transactions, skip: 1, respond: server_error}\n"), func(t *testing.T, c *cashier) {
			_, err := c.sends(3, "zelle", "300")
			assert.Contains(t, err, "nobody can say whether it was sent: 500 Failed to fetch transaction list.; run this again")
			answer, failed := http.PostForm(c.BaseURL("dinaricash")+"/send-money", url.Values{ // somebody else's
				"CORPORATE_ACCOUNT_ID": {c.Credential("dinaricash", "corporate_account_id")}, "GATEWAY_API_KEY": {c.Credential("dinaricash", "gateway_api_key")},
				"SEND_METHOD": {"ZELLE"}, "SEND_CURRENCY_ISO3": {"USD"}, "SEND_AMOUNT": {"300.00"}, "RECIPIENT_ZELLE_ADDRESS": {"9175551212"},
			})
			require.NoError(t, failed)
			require.NoError(t, answer.Body.Close())
			require.Equal(t, 200, answer.StatusCode)
			c.goesOn("")
			_, err = c.sends(3, "zelle", "300")
			assert.Regexp(t, `several sends of 300 USD are new: `+id+`, `+id, err)
			assert.Equal(t, []string{"-308", "-308"}, c.payout())
		}},
		{"LostTwice", settled("  - {on: dinaricash.zelle, times: 1, fault: lost_reply}\n  - {on: dinaricash.list_transactions, skip: 1, times: 4, respond: server_error}\n"), func(t *testing.T, c *cashier) {
			c.sends(3, "zelle", "300")
			out, _ := c.sends(0, "zelle", "300")
			assert.Regexp(t, `\Aa send of 300 is from an earlier run\nthe list has it: `+id+`\n`+id+` Completed\n\z`, out)
			assert.Equal(t, []string{"-308"}, c.payout())
		}},
		{"RejectedAndLost", "version: 1\nname: rejected and lost\nextends: insufficient-balance\nrules: [{on: dinaricash.ach, fault: lost_reply}]\n", func(t *testing.T, c *cashier) {
			out, err := c.sends(1, "ach", "300")
			assert.Regexp(t, id+` Failed\n\z`, out)
			assert.Contains(t, err, "the send was Failed: Insufficient balance in account")
			assert.Empty(t, c.payout())
		}},
		{"StillInitiated", "version: 1\nname: stuck\nrules: [{on: dinaricash.zelle, settle: {as: INITIATED, after: 1s}}]\n", func(t *testing.T, c *cashier) {
			out, err := c.sends(3, "zelle", "300", "DINARICASH_TIMEOUT=0.1")
			assert.Regexp(t, id+` Initiated\n\z`, out)
			assert.Regexp(t, `send: `+id+` is still Initiated after 0.1 s: do not send otherwise, run this again`, err)
			_, failed := c.Simulate(t.Context(), "dinaricash.transition", map[string]string{"transaction": "last", "as": "COMPLETED"})
			require.NoError(t, failed)
			c.sends(0, "zelle", "300")
			assert.Len(t, c.calls("dinaricash.zelle"), 1)
			assert.Equal(t, []string{"-308"}, c.payout())
		}},
		{"Outage", "provider-outage", func(t *testing.T, c *cashier) {
			_, failed := c.Freeze(t.Context())
			require.NoError(t, failed)
			c.Advance(90 * time.Second)
			_, err := c.sends(1, "ach", "100")
			assert.Equal(t, "send: 500 Failed to retrieve account balance.\n", err)
			assert.Empty(t, c.calls("dinaricash.ach"))
			c.Advance(90 * time.Second)
			c.sends(0, "ach", "100")
			assert.Equal(t, []string{"-107.5"}, c.payout())
		}},
		{"RateLimited", "rate-limited", func(t *testing.T, c *cashier) {
			c.sends(0, "ach", "100")
			c.sends(0, "ach", "100")
			refused, err := c.Requests(t.Context(), client.RequestFilter{Status: 429})
			require.NoError(t, err)
			assert.Greater(t, len(refused.Requests), 3)
			assert.Equal(t, []string{"-107.5", "-107.5"}, c.payout())
		}},
		{"RateLimitedSend", settled("  - {on: dinaricash.ach, times: 1, respond: rate_limited}\n"), func(t *testing.T, c *cashier) {
			out, _ := c.sends(0, "ach", "100")
			assert.NotContains(t, out, "no clear answer", "429 does nothing")
			assert.Equal(t, []string{"-107.5"}, c.payout())
		}},
		{"SlowProvider", settled("  - {on: \"*\", delay: 100ms}\n"), func(t *testing.T, c *cashier) {
			c.sends(0, "ach", "100")
			assert.Len(t, c.calls("dinaricash.ach"), 1)
		}},
		{"WrongKey", "default", func(t *testing.T, c *cashier) {
			_, err := c.sends(1, "ach", "100", "DINARICASH_KEY=955a380d7d9c05707f199fbe8ba8474e")
			assert.Equal(t, "send: 400 Invalid Corporate Account ID or Gateway API Key.\n", err)
		}},
		{"WrongRecipient", "default", func(t *testing.T, c *cashier) {
			_, err := c.runs(1, []string{"examples/php/send.php", "zelle", "5", "RECIPIENT_ZELLE_ADDRESS=nobody"})
			assert.Equal(t, "send: 400 Invalid RECIPIENT_ZELLE_ADDRESS\n", err)
		}},
		{"NobodyThere", "default", func(t *testing.T, c *cashier) {
			_, err := c.sends(1, "ach", "100", "DINARICASH_BASE_URL=http://"+nobody(t))
			assert.Regexp(t, `\Asend: Failed to connect to .*\n\z`, err)
		}},
		{"GoneBeforeTheSend", "instant", func(t *testing.T, c *cashier) {
			_, err := c.sends(1, "ach", "100", "DINARICASH_BASE_URL="+leaving(t, c.BaseURL("dinaricash"), "/list-transactions"))
			assert.Regexp(t, `\Asend: Failed to connect to .*; nothing was sent\n\z`, err)
			assert.Len(t, c.calls(""), 2)
		}},
		{"ByHostName", "instant", func(t *testing.T, c *cashier) {
			for _, host := range []string{"sandbox.dinaricash.com", "production.dinaricash.com"} {
				c.sends(0, "ach", "100", "DINARICASH_BASE_URL=http://"+host, "http_proxy="+c.URL)
				calls := c.calls("dinaricash.ach")
				assert.Equal(t, host, calls[len(calls)-1].Request.Headers["Host"])
			}
			assert.Equal(t, []string{"-107.5", "-107.5"}, c.payout())
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.run(t, newCashier(t, tt.scenario))
		})
	}
}

// Whatever the network does to a send, the recipient gets the money once.
func TestPHPSendsOnceOnABadNetwork(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		fault string
		sends int // how many times the program sends
	}{
		{"reset", 2}, {"drop", 2}, {"hang", 2}, // done nothing
		{"truncate", 1}, {"garbage", 1}, {"lost_reply", 1}, {"slow", 1}, // done
	} {
		t.Run(tt.fault, func(t *testing.T) {
			t.Parallel()
			c := newCashier(t, settled("  - {on: dinaricash.zelle, times: 1, fault: "+tt.fault+"}\n"))
			patient := "30"
			if tt.fault == "hang" {
				patient = "2"
			}
			out, _ := c.sends(0, "zelle", "300", "DINARICASH_CALL_TIMEOUT="+patient)
			assert.Equal(t, tt.fault != "slow", strings.Contains(out, "no clear answer: "), out)
			assert.Len(t, c.calls("dinaricash.zelle"), tt.sends)
			assert.Equal(t, []string{"-308"}, c.payout())
		})
	}
}

// On a network where one call in four goes wrong, send.php is run until it knows the
// end, and has sent once.
func TestPHPSendsOnceOnAFlakyNetwork(t *testing.T) {
	t.Parallel()
	for _, seed := range []int{27, 44, 49, 55, 58} { // 44, 49 and 55 lose the answer to the send
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			c := newCashier(t, fmt.Sprintf("version: 1\nname: flaky\nextends: flaky-network\nseed: %d\nproviders: {dinaricash: {settle: {ZELLE: {after: 0s}}}}\n", seed))
			var said strings.Builder
			code := 3
			for runs := 0; runs < 5 && code == 3; runs++ {
				e := c.start(sending("zelle", "300"))
				out, err := io.ReadAll(e.stdout)
				require.NoError(t, err)
				_ = e.cmd.Wait() // the exit code says it
				code = e.cmd.ProcessState.ExitCode()
				said.Write(out)
				said.Write(e.stderr.Bytes())
			}
			assert.Zero(t, code, said.String())
			assert.Equal(t, []string{"-308"}, c.payout(), said.String())
		})
	}
}

// What send.php does not understand it does not send.
func TestPHPSendUsage(t *testing.T) {
	t.Parallel()
	c := newCashier(t, "default")
	for _, tt := range []struct {
		says string
		args []string
		env  string
	}{
		{"usage: php send.php", nil, ""},
		{"usage: php send.php", []string{"wire", "5", "A=b"}, ""},
		{"usage: php send.php", []string{"zelle", "5"}, ""},
		{`"0.00" is no amount of dollars and cents`, []string{"zelle", "0.00", "A=b"}, ""},
		{`"5.005" is no amount of dollars and cents`, []string{"zelle", "5.005", "A=b"}, ""},
		{`"-5" is no amount of dollars and cents`, []string{"zelle", "-5", "A=b"}, ""},
		{`"ssmith@example.com" has no =`, []string{"zelle", "5", "ssmith@example.com"}, ""},
		{"DINARICASH_ACCOUNT is not set", sending("zelle", "5")[1:], "DINARICASH_ACCOUNT="},
		{"DINARICASH_TIMEOUT is no number of seconds: soon", sending("zelle", "5")[1:], "DINARICASH_TIMEOUT=soon"},
		{"cannot be written", sending("zelle", "5")[1:], "DINARICASH_STORE=/nowhere/send.json"},
	} {
		_, err := c.runs(2, append([]string{"examples/php/send.php"}, tt.args...), tt.env)
		assert.Contains(t, err, tt.says)
	}
	assert.Empty(t, c.calls(""))
}

// account.php shows and changes what there is.
func TestPHPAccount(t *testing.T) {
	t.Parallel()
	t.Run("Balance", func(t *testing.T) {
		t.Parallel()
		c := newCashier(t, "default")
		out, _ := c.manages(0, "balance")
		assert.Equal(t, "payout 50111.10\nfloat 1022.25\nreserve 100000.00\n", out)
	})
	t.Run("List", func(t *testing.T) {
		t.Parallel()
		c := newCashier(t, "version: 1\nname: list\nextends: instant\nclock: {start: 2026-01-15T09:00:00Z, frozen: true}\n")
		c.sends(0, "zelle", "300")
		c.Advance(time.Hour)
		c.sends(1, "ach", "1000000")
		const first, second = `2026-01-15 09:00:00 ` + id + ` Completed 300.00 USD: .*\n`, `2026-01-15 10:00:00 ` + id + ` Failed 1000000.00 USD: Insufficient balance in account\n`
		for args, want := range map[string]string{
			"list": second + first, "list 2026-01-15T09:30:00": second, "list 2026-01-15T00:00:00 2026-01-15T09:00:00": first,
			"list 2026-01-16T00:00:00": "",
		} {
			out, _ := c.manages(0, strings.Fields(args)...)
			assert.Regexp(t, `\A`+want+`\z`, out)
		}
		_, err := c.manages(1, "list", "yesterday")
		assert.Equal(t, "account: 400 Invalid DATETIME_START\n", err)
	})
	t.Run("Cancel", func(t *testing.T) {
		t.Parallel()
		c := newCashier(t, "default")
		out, _ := c.sends(0, "ach", "300")
		sent := out[:32]
		out, _ = c.manages(0, "cancel", sent)
		assert.Equal(t, sent+" Canceled, the fee is 20.00, payout moves by 280.00\n", out)
		_, err := c.manages(1, "cancel", sent)
		assert.Equal(t, "account: 403 Transaction cannot be canceled.\n", err)
		_, err = c.manages(1, "cancel", strings.Repeat("0", 32))
		assert.Equal(t, "account: 400 Invalid TRANSACTION_ID\n", err)
		assert.Equal(t, []string{"-312.5", "280"}, c.payout())
	})
	t.Run("CancelLost", func(t *testing.T) {
		t.Parallel()
		c := newCashier(t, "version: 1\nname: lost\nrules: [{on: dinaricash.cancel, times: 1, fault: lost_reply}, {on: dinaricash.cancel, times: 1, respond: server_error}]\n")
		for _, want := range []int{0, 1} {
			out, _ := c.sends(0, "ach", "300")
			out, err := c.manages(want, "cancel", out[:32])
			assert.Contains(t, out, "no clear answer: ")
			assert.Equal(t, want == 0, strings.HasSuffix(out, " Canceled\n"), out)
			assert.Equal(t, want == 1, strings.Contains(err, " is Completed: it was not canceled, run this again"), err)
		}
		assert.Equal(t, []string{"-312.5", "280", "-312.5"}, c.payout())
		c.goesOn("rules: [{on: dinaricash.cancel, fault: drop}, {on: dinaricash.list_transactions, respond: server_error}]\n")
		_, err := c.manages(3, "cancel", strings.Repeat("0", 32))
		assert.Contains(t, err, "nobody can say whether")
	})
	t.Run("Cards", func(t *testing.T) {
		t.Parallel()
		c := newCashier(t, "card-lifecycle")
		cards := func(n string) string { return strings.Repeat(n, 32) }
		out, _ := c.manages(0, "cards")
		assert.Equal(t, fmt.Sprintf("%s ACTIVE 100.00 USD\n%s PAUSED 50.00 USD\n%s CANCELED 0.00 USD\n", cards("1"), cards("2"), cards("3")), out)
		for _, step := range []struct{ args, says string }{
			{"pause " + cards("1"), "PAUSED 100.00"}, {"unpause " + cards("1"), "ACTIVE 100.00"}, {"cancel " + cards("2"), "CANCELED 0.00"},
		} {
			out, _ := c.manages(0, append([]string{"card"}, strings.Fields(step.args)...)...)
			assert.Regexp(t, `\A`+id+` `+step.says+` USD\n\z`, out)
		}
		assert.Equal(t, []string{"50"}, c.payout(), "a canceled card's money comes back")
		_, err := c.manages(1, "card", "pause", cards("3"))
		assert.Equal(t, "account: 400 Card is canceled\n", err)

		_, failed := c.Simulate(t.Context(), "dinaricash.card_purchase", map[string]string{"card": cards("1"), "amount": "12.79"})
		require.NoError(t, failed)
		out, _ = c.manages(0, "card", "details", cards("1"))
		assert.Regexp(t, `\A1{32} ACTIVE 87.21 USD\n  \S+ \S+ 12.79 \w+\n\z`, out)

		c.goesOn("rules: [{on: dinaricash.manage_cards, times: 1, fault: lost_reply}]\n")
		out, _ = c.manages(0, "card", "cancel", cards("1"))
		assert.Regexp(t, `\Ano clear answer: .*\n1{32} CANCELED 0.00 USD\n\z`, out)
		assert.Equal(t, []string{"50", "87.21"}, c.payout())
	})
	t.Run("CardNotCanceled", func(t *testing.T) {
		t.Parallel()
		c := newCashier(t, "version: 1\nname: not\nextends: card-lifecycle\nrules: [{on: dinaricash.manage_cards, times: 1, respond: server_error}]\n")
		_, err := c.manages(1, "card", "cancel", strings.Repeat("1", 32))
		assert.Equal(t, "account: it was not canceled, run this again\n", err)
	})
	t.Run("Usage", func(t *testing.T) {
		t.Parallel()
		c := newCashier(t, "default")
		for _, args := range []string{"", "status", "cancel", "balance 1", "card pause", "card freeze 1"} {
			_, err := c.manages(2, strings.Fields(args)...)
			assert.Contains(t, err, "usage: php account.php balance\n")
		}
		assert.Empty(t, c.calls(""))
	})
}

// The examples in PHP take nothing but PHP, check certificates, know nothing of
// mockpay, and call all that Dinari Cash has.
func TestPHPExamplesAreWhole(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("examples/php/*.php")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		text := document(t, file)
		assert.NotRegexp(t, `(?i)mockpay|localhost|:4402|vendor/|VERIFY(PEER|HOST) => (false|0)`, text, file)
		for _, m := range regexp.MustCompile(`(?m)^require (.*);$`).FindAllStringSubmatch(text, -1) {
			assert.Regexp(t, `^__DIR__ \. '/\w+\.php'$`, m[1], file)
		}
	}
	client := document(t, "examples/php/DinariCash.php")
	for _, m := range mocks.All() {
		for _, op := range m.Operations {
			assert.Equal(t, m.Name == "dinaricash", strings.Contains(client, "'"+op.Name+"' => ['"+op.Path+"'"), "%s.%s", m.Name, op.Name)
		}
	}
}
