package mockpay_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/client"
	"github.com/mockpay/mockpay/mocks"
)

// A scripter pays with one of the scripts.
type scripter struct {
	*merchant
	store string   // where the script keeps what has no end yet
	order []string // what it pays
}

// dragonScript pays 50 dollars through Dinar Dragon, zelleScript 300 through Dinari
// Cash.
func dragonScript(t *testing.T, scenario string) *scripter {
	s := newScripter(t, scenario, "dragon-payout.sh", "DINARDRAGON")
	s.order = []string{"123456789", "50.00", `Banco "Ñ" \`, "US", "somename"}
	s.with("DINARDRAGON_KEY=" + s.Credential("dinardragon", "private_key"))
	return s
}

func zelleScript(t *testing.T, scenario string) *scripter {
	s := newScripter(t, scenario, "zelle.sh", "DINARICASH")
	s.order = []string{"300", "ssmith@example.com"}
	s.with("DINARICASH_ACCOUNT="+s.Credential("dinaricash", "corporate_account_id"), "DINARICASH_KEY="+s.Credential("dinaricash", "gateway_api_key"))
	return s
}

func newScripter(t *testing.T, scenario, script, prefix string) *scripter {
	needed(t, "curl")
	s := &scripter{newMerchant(t, scenario, needed(t, "bash"), "examples/curl/"+script), filepath.Join(t.TempDir(), "payout.txt"), nil}
	s.with(prefix+"_STORE="+s.store, prefix+"_BASE_URL="+s.BaseURL(strings.ToLower(prefix)), prefix+"_POLL=0.02", prefix+"_RETRIES=0")
	return s
}

// pays runs the script to its end. Unless that is not known nothing is kept.
func (s *scripter) pays(code int, env ...string) (out, err string) {
	s.t.Helper()
	out, err = s.runs(code, s.order, env...)
	if code == 3 {
		assert.FileExists(s.t, s.store)
	} else {
		assert.NoFileExists(s.t, s.store)
	}
	return out, err
}

// byHostName is a folder for CURL_HOME with the .curlrc there is, for another port.
func (s *scripter) byHostName() string {
	return "CURL_HOME=" + filepath.Join(copied(s.t, "curl", s.URL), "examples", "curl")
}

// hosts asserts that all calls were made to a host.
func (s *scripter) hosts(host string) {
	for _, call := range s.calls("") {
		assert.Equal(s.t, host, call.Request.Headers["Host"])
	}
}

// pace makes the clock a hundred times as fast.
func (s *scripter) pace() {
	_, err := s.SetSpeed(s.t.Context(), 100)
	require.NoError(s.t, err)
}

// A scripted is what a script is tried with.
type scripted struct {
	name, scenario string
	run            func(*testing.T, *scripter)
}

// tries runs a script in all situations.
func tries(t *testing.T, script func(*testing.T, string) *scripter, all []scripted) {
	t.Parallel()
	for _, tt := range all {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.run(t, script(t, tt.scenario))
		})
	}
}

// What dragon-payout.sh does in each situation, with how the money moves.
func TestCurlPaysAtDinarDragon(t *testing.T) {
	const quoted = `50.00 USD to 123456789 cost a charge of 1.25 USD\n`
	const paid = `[0-9a-f]{16} is there\n`
	once := func(t *testing.T, s *scripter) {
		t.Helper()
		assert.Equal(t, []string{"-51.25"}, s.moved("dinardragon", "USD"))
	}
	tries(t, dragonScript, []scripted{
		{"Default", "default", func(t *testing.T, s *scripter) {
			_, err := s.Freeze(t.Context())
			require.NoError(t, err)
			e := s.start(s.order)
			s.polled("dinardragon.status")
			assert.FileExists(t, s.store)
			s.Advance(2 * time.Second)
			assert.Regexp(t, `\A`+quoted+`[0-9a-f]{16} is under way\n`+paid+`\z`, e.ends(0))
			assert.NoFileExists(t, s.store)
			once(t, s)
			assert.Contains(t, s.calls("dinardragon.get_authcode")[0].Request.Body, `"bank":"Banco \"Ñ\" \\"`)
		}},
		{"Failed", "failed-payment-refund", func(t *testing.T, s *scripter) {
			s.pace()
			_, err := s.pays(1)
			assert.Equal(t, "dragon-payout: the payment has failed and came back to the balance: 50.00 USD to 123456789 (somename)\n", err)
			assert.Equal(t, []string{"-51.25", "50"}, s.moved("dinardragon", "USD"))
		}},
		{"InsufficientBalance", "insufficient-balance", func(t *testing.T, s *scripter) {
			_, err := s.pays(1)
			assert.Equal(t, "dragon-payout: 403 Your request failed because your Dinar Dragon dashboard balance is insufficient to complete this payout.; nothing was paid\n", err)
			_, failed := s.SetBalances(t.Context(), client.Balances{"dinardragon": {"USD": "51.25"}})
			require.NoError(t, failed)
			s.pace()
			s.pays(0)
			once(t, s)
		}},
		{"CodeExpired", quick("  - {on: dinardragon.execute, times: 1, respond: authcode_expired}\n"), func(t *testing.T, s *scripter) {
			out, _ := s.pays(0)
			assert.Regexp(t, `\A`+quoted+`the authcode has expired\n`+quoted+paid+`\z`, out)
			once(t, s)
		}},
		{"CodesExpire", quick("  - {on: dinardragon.execute, respond: authcode_expired}\n"), func(t *testing.T, s *scripter) {
			_, err := s.pays(1)
			assert.Equal(t, "dragon-payout: three authcodes have expired; nothing was paid\n", err)
		}},
		{"LostReply", "lost-reply", func(t *testing.T, s *scripter) {
			out, err := s.pays(3)
			assert.Regexp(t, `\A`+quoted+`no clear answer: curl: .*\n\z`, out)
			assert.Contains(t, err, "400 Authcode already used.: the first execution was probably made")
			s.pays(3)
			assert.Len(t, s.calls("dinardragon.get_authcode"), 1)
			once(t, s)
		}},
		{"ServerError", quick("  - {on: dinardragon.execute, times: 1, respond: server_error}\n"), func(t *testing.T, s *scripter) {
			out, _ := s.pays(0)
			assert.Regexp(t, `\A`+quoted+`no clear answer: 500 Internal server error.\n`+paid+`\z`, out)
			once(t, s)
		}},
		{"ServerErrors", quick("  - {on: dinardragon.execute, respond: server_error}\n"), func(t *testing.T, s *scripter) {
			_, err := s.pays(3)
			assert.Contains(t, err, "nobody can say whether it was paid; run this again within 15 minutes")
			_, err = s.runs(2, []string{"1", "50", "b", "US", "other"})
			assert.Contains(t, err, "payout.txt holds another payout that has no end yet: ")
			s.goesOn("")
			out, _ := s.pays(0)
			assert.Regexp(t, `\Ait was begun by an earlier run\n`+paid+`\z`, out)
			once(t, s)
		}},
		{"Stuck", quick("  - {on: dinardragon.execute, settle: {as: processing, after: 0s}}\n"), func(t *testing.T, s *scripter) {
			_, err := s.pays(3, "DINARDRAGON_TIMEOUT=0")
			assert.Contains(t, err, "is still under way after 0 s: do not pay otherwise")
			_, failed := s.Simulate(t.Context(), "dinardragon.settle", map[string]string{"payment": "last", "as": "success"})
			require.NoError(t, failed)
			out, _ := s.pays(0)
			assert.Regexp(t, `\Ait was begun by an earlier run\n`+paid+`\z`, out)
			once(t, s)
		}},
		{"Outage", "provider-outage", func(t *testing.T, s *scripter) {
			_, failed := s.Freeze(t.Context())
			require.NoError(t, failed)
			s.Advance(time.Minute)
			_, err := s.pays(1, "DINARDRAGON_RETRIES=1")
			assert.Equal(t, "dragon-payout: 500 Internal server error.; nothing was paid\n", err)
			assert.Len(t, s.calls("dinardragon.get_authcode"), 2)
		}},
		{"RateLimited", quick("  - {on: dinardragon.execute, times: 2, respond: rate_limited}\n"), func(t *testing.T, s *scripter) {
			s.pays(0)
			once(t, s)
		}},
		{"RateLimitedForLong", quick("  - {on: dinardragon.execute, respond: rate_limited}\n"), func(t *testing.T, s *scripter) {
			_, err := s.pays(1)
			assert.Equal(t, "dragon-payout: 429 Too many requests.; nothing was paid\n", err)
		}},
		{"SlowProvider", quick("  - {on: \"*\", delay: 100ms}\n"), func(t *testing.T, s *scripter) {
			s.pays(0)
			once(t, s)
		}},
		{"WrongKey", "default", func(t *testing.T, s *scripter) {
			_, err := s.pays(1, "DINARDRAGON_KEY=another")
			assert.Equal(t, "dragon-payout: 403 Invalid API key.; nothing was paid\n", err)
		}},
		{"NobodyThere", "default", func(t *testing.T, s *scripter) {
			_, err := s.pays(1, "DINARDRAGON_BASE_URL=http://"+nobody(t))
			assert.Regexp(t, `\Adragon-payout: curl: \(7\) .*; nothing was paid\n\z`, err)
			_, err = s.pays(1, "DINARDRAGON_BASE_URL="+leaving(t, s.BaseURL("dinardragon"), "/get-authcode"))
			assert.Regexp(t, `\Adragon-payout: curl: \(7\) .*; nothing was paid\n\z`, err)
			assert.Len(t, s.calls(""), 1)
		}},
		{"ByHostName", "instant", func(t *testing.T, s *scripter) {
			s.pays(0, s.byHostName(), "DINARDRAGON_BASE_URL=http://dinardragon.com")
			s.hosts("dinardragon.com")
			once(t, s)
		}},
		{"Usage", "default", func(t *testing.T, s *scripter) {
			for _, args := range [][]string{nil, {"012", "5", "b", "US", "n"}, {"1", "05", "b", "US", "n"}, {"1", "0.00", "b", "US", "n"}, {"1", "5", "b", "US", "n\x07"}} {
				s.runs(2, args)
			}
			_, err := s.pays(2, "DINARDRAGON_KEY=")
			assert.Equal(t, "dragon-payout: DINARDRAGON_KEY is not set\n", err)
			assert.Empty(t, s.calls(""))
		}},
	})
}

// What zelle.sh does in each situation, with how the money moves.
func TestCurlSendsByZelle(t *testing.T) {
	const sent = id + ` takes 300 and a fee of 8.00\n`
	once := func(t *testing.T, s *scripter) {
		t.Helper()
		assert.Equal(t, []string{"-308"}, s.moved("dinaricash", "payout"))
	}
	tries(t, zelleScript, []scripted{
		{"Default", "default", func(t *testing.T, s *scripter) {
			s.pace()
			out, _ := s.pays(0)
			assert.Regexp(t, `\A`+sent+`(`+id+` Initiated\n)?`+id+` Completed\n\z`, out)
			once(t, s)
		}},
		{"Failed", "zelle-failed", func(t *testing.T, s *scripter) {
			s.pace()
			_, err := s.pays(1)
			assert.Equal(t, "zelle: the send was Failed: The recipient is not enrolled with Zelle.\n", err)
			assert.Equal(t, []string{"-308", "308"}, s.moved("dinaricash", "payout"))
		}},
		{"InsufficientBalance", "insufficient-balance", func(t *testing.T, s *scripter) {
			_, err := s.pays(1)
			assert.Equal(t, "zelle: 402 Transaction failed due to insufficient funds.; nothing was sent\n", err)
		}},
		{"LostReply", "lost-reply", func(t *testing.T, s *scripter) {
			s.pace()
			s.pays(0) // of the same amount, and in the list before
			s.goesOn("rules: [{on: dinaricash.zelle, times: 1, fault: lost_reply}]\n")
			out, _ := s.pays(0)
			assert.Regexp(t, `\Ano clear answer: curl: .*\nthe list has it: `+id+`\n`, out)
			assert.Len(t, s.calls("dinaricash.zelle"), 2)
		}},
		{"LostInTheSameSecond", settled("  - {on: dinaricash.zelle, times: 1, skip: 1, fault: lost_reply}\n"), func(t *testing.T, s *scripter) {
			_, err := s.Freeze(t.Context())
			require.NoError(t, err)
			first, _ := s.pays(0)
			second, _ := s.pays(0)
			assert.Regexp(t, `the list has it: `+id+`\n`, second)
			assert.NotContains(t, second, first[:32], "that was in the list before")
			assert.Len(t, s.calls("dinaricash.zelle"), 2)
		}},
		{"ServerError", settled("  - {on: dinaricash.zelle, times: 1, respond: server_error}\n"), func(t *testing.T, s *scripter) {
			out, _ := s.pays(0)
			assert.Regexp(t, `\Ano clear answer: 500 .*\n`+sent, out)
			assert.Len(t, s.calls("dinaricash.list_transactions"), 5, "one before, three between, one after")
			once(t, s)
		}},
		{"Hang", settled("  - {on: dinaricash.zelle, times: 1, fault: hang}\n"), func(t *testing.T, s *scripter) {
			out, _ := s.pays(0, "DINARICASH_CALL_TIMEOUT=2")
			assert.Contains(t, out, "no clear answer: curl: (28) ")
			once(t, s)
		}},
		{"LostTwice", settled("  - {on: dinaricash.zelle, times: 1, fault: lost_reply}\n  - {on: dinaricash.list_transactions, skip: 1, times: 1, respond: server_error}\n"), func(t *testing.T, s *scripter) {
			_, err := s.pays(3)
			assert.Contains(t, err, "nobody can say whether it was sent: 500 Details about the error.")
			out, _ := s.pays(0)
			assert.Regexp(t, `\Ait was begun by an earlier run\nthe list has it: `+id+`\n`+id+` Completed\n\z`, out)
			once(t, s)
		}},
		{"Stuck", "version: 1\nname: stuck\nrules: [{on: dinaricash.zelle, settle: {as: INITIATED, after: 1s}}]\n", func(t *testing.T, s *scripter) {
			_, err := s.pays(3, "DINARICASH_TIMEOUT=0")
			assert.Contains(t, err, "is still Initiated after 0 s: do not send otherwise")
			_, failed := s.Simulate(t.Context(), "dinaricash.transition", map[string]string{"transaction": "last", "as": "DECLINED"})
			require.NoError(t, failed)
			_, err = s.pays(1)
			assert.Contains(t, err, "the send was Declined: ")
			assert.Equal(t, []string{"-308", "308"}, s.moved("dinaricash", "payout"))
		}},
		{"WrongKey", "default", func(t *testing.T, s *scripter) {
			_, err := s.pays(1, "DINARICASH_KEY=another")
			assert.Equal(t, "zelle: 400 Invalid Corporate Account ID or Gateway API Key.; nothing was sent\n", err)
		}},
		{"NobodyThere", "default", func(t *testing.T, s *scripter) {
			_, err := s.pays(1, "DINARICASH_BASE_URL=http://"+nobody(t))
			assert.Regexp(t, `\Azelle: curl: \(7\) .*; nothing was sent\n\z`, err)
			_, err = s.pays(1, "DINARICASH_BASE_URL="+leaving(t, s.BaseURL("dinaricash"), "/list-transactions"))
			assert.Regexp(t, `\Azelle: curl: \(7\) .*; nothing was sent\n\z`, err)
			assert.Len(t, s.calls(""), 2)
		}},
		{"ByHostName", "instant", func(t *testing.T, s *scripter) {
			s.pays(0, s.byHostName(), "DINARICASH_BASE_URL=http://sandbox.dinaricash.com")
			s.hosts("sandbox.dinaricash.com")
			once(t, s)
		}},
		{"Usage", "default", func(t *testing.T, s *scripter) {
			for _, args := range [][]string{nil, {"5.005", "a@example.com"}, {"0", "a@example.com"}, {"5", "a\n@example.com"}} {
				s.runs(2, args)
			}
			assert.Empty(t, s.calls(""))
		}},
	})
}

// Whatever the network does, the scripts do not pay twice.
func TestCurlPaysOnceOnABadNetwork(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		fault  string
		dragon int // its exit code
	}{
		{"reset", 0}, {"drop", 0}, // done nothing
		{"truncate", 3}, {"garbage", 3}, {"lost_reply", 3}, // done
	} {
		t.Run(tt.fault, func(t *testing.T) {
			t.Parallel()
			d := dragonScript(t, quick("  - {on: dinardragon.execute, times: 1, fault: "+tt.fault+"}\n"))
			d.pays(tt.dragon)
			assert.Equal(t, []string{"-51.25"}, d.moved("dinardragon", "USD"))

			z := zelleScript(t, settled("  - {on: dinaricash.zelle, times: 1, fault: "+tt.fault+"}\n"))
			z.pays(0)
			assert.Equal(t, []string{"-308"}, z.moved("dinaricash", "payout"))
		})
	}
}

// The scripts know nothing of mockpay and check certificates, and .curlrc has every
// host name of every provider.
func TestCurlExamplesAreWhole(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("examples/curl/*.sh")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		assert.NotRegexp(t, `(?i)mockpay|localhost|:4402|--insecure|curl -k|\bjq\b`, document(t, file), file)
	}
	curlrc := document(t, "examples/curl/.curlrc")
	for _, m := range mocks.All() {
		for _, mount := range m.Mounts {
			for _, host := range mount.Hosts {
				assert.Contains(t, curlrc, `connect-to = "`+host+`:80:127.0.0.1:4402"`)
			}
		}
	}
}
