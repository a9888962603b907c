package mockpay_test

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/client"
)

// python is a command of Python that runs an example: without packages, even those
// the machine has (-S), and without writing compiled files beside it (-B).
func python(t *testing.T, name string) []string {
	return []string{needed(t, "python3"), "-S", "-B", "examples/python/" + name}
}

// Wages are what the example in Python pays through Dinar Dragon.
type wages struct {
	*merchant
	file  string // whom it pays
	store string // where the example keeps what has no end yet
}

// threeAccounts are those of Dinar Dragon's documents.
const threeAccounts = `acc,amount,bank,country,recipientname
123456789,50,somebank,US,somename
987654321,70.00,someotherbank,SA,"Ålesund, ""Ås"""
111111110,75,yetanotherbank,US,yetanothername
`

func newWages(t *testing.T, scenario, accounts string) *wages {
	dir := t.TempDir()
	p := &wages{newMerchant(t, scenario, python(t, "dragon_payout.py")...), filepath.Join(dir, "accounts.csv"), filepath.Join(dir, "payout.json")}
	require.NoError(t, os.WriteFile(p.file, []byte(accounts), 0o600))
	p.with(
		"DINARDRAGON_BASE_URL="+p.BaseURL("dinardragon"), "DINARDRAGON_KEY="+p.Credential("dinardragon", "private_key"),
		"DINARDRAGON_STORE="+p.store, "DINARDRAGON_POLL=0.02", "DINARDRAGON_RETRY=0.02",
	)
	return p
}

// pays runs the example to its end. Unless that is not known nothing is kept.
func (p *wages) pays(code int, env ...string) (out, err string) {
	p.t.Helper()
	out, err = p.runs(code, []string{"--yes", p.file}, env...)
	if code == 3 {
		assert.FileExists(p.t, p.store)
	} else {
		assert.NoFileExists(p.t, p.store)
	}
	return out, err
}

// balance is how the dashboard balance has moved.
func (p *wages) balance() []string { return p.moved("dinardragon", "USD") }

// quick pays at once, with rules.
func quick(rules string) string {
	return "version: 1\nname: quick\nextends: instant\nrules:\n" + rules
}

// quotedThree is what the example says of threeAccounts before it pays.
const quotedThree = `a payout of 195.00 USD to 3 accounts costs a charge of 4.875 USD\n`

// What dragon_payout.py does in each situation, with how the money moves.
func TestPythonPaysAtDinarDragon(t *testing.T) {
	t.Parallel()
	const paidThree = `payout [0-9a-f]{16}\n[0-9a-f]{16} 50 USD to 123456789 is there\n[0-9a-f]{16} 70(\.00)? USD to 987654321 is there\n[0-9a-f]{16} 75 USD to 111111110 is there\n`
	for _, tt := range []struct {
		name, scenario string
		run            func(*testing.T, *wages)
	}{
		{"Default", "default", func(t *testing.T, p *wages) {
			_, err := p.Freeze(t.Context())
			require.NoError(t, err)
			e := p.start([]string{"--yes", p.file})
			p.polled("dinardragon.status")
			assert.FileExists(t, p.store)
			p.Advance(2 * time.Second)
			out := e.ends(0)
			assert.Regexp(t, `\A`+quotedThree+`payout [0-9a-f]{16}\n`, out)
			assert.Equal(t, 3, strings.Count(out, "is under way\n"))
			assert.Equal(t, 3, strings.Count(out, "is there\n"))
			assert.NoFileExists(t, p.store)
			assert.Equal(t, []string{"-199.875"}, p.balance())
			for _, call := range p.calls("") {
				assert.Equal(t, 200, call.Status, call.Hint)
			}
		}},
		{"Mixed", "mixed-payment-statuses", func(t *testing.T, p *wages) {
			_, failed := p.SetSpeed(t.Context(), 100)
			require.NoError(t, failed)
			out, err := p.pays(3, "DINARDRAGON_TIMEOUT=1")
			assert.Contains(t, out, "50 USD to 123456789 has failed and was refunded\n")
			assert.Regexp(t, `70(\.00)? USD to 987654321 is there\n`, out)
			assert.Contains(t, err, "1 of 3 are still under way after 1 s: do not pay otherwise, run this again")

			_, failed = p.Simulate(t.Context(), "dinardragon.settle", map[string]string{"payment": "last", "as": "success"})
			require.NoError(t, failed)
			out, err = p.pays(1)
			assert.Regexp(t, `\Aa payout of 195.00 USD to 3 accounts is from an earlier run\npayout `, out)
			assert.Contains(t, err, "1 of 3 failed and came back to the balance: 50 USD to 123456789 (somename); the others are paid")
			assert.Equal(t, []string{"-199.875", "50"}, p.balance())
			assert.Len(t, p.calls("dinardragon.execute"), 1)
		}},
		{"Failed", "failed-payment-refund", func(t *testing.T, p *wages) {
			_, failed := p.SetSpeed(t.Context(), 100)
			require.NoError(t, failed)
			_, err := p.pays(1)
			assert.Regexp(t, `3 of 3 failed and came back to the balance: 50 USD to 123456789 \(somename\), 70(\.00)? USD to 987654321 \(Ålesund, "Ås"\), `, err)
			assert.Equal(t, []string{"-199.875", "50", "70", "75"}, p.balance())
		}},
		{"InsufficientBalance", "insufficient-balance", func(t *testing.T, p *wages) {
			_, err := p.pays(1)
			assert.Equal(t, "dragon-payout: 403 Your request failed because your Dinar Dragon dashboard balance is insufficient to complete this payout.\n", err)
			assert.Empty(t, p.balance())
			_, failed := p.SetBalances(t.Context(), client.Balances{"dinardragon": {"USD": "199.875"}})
			require.NoError(t, failed)
			_, failed = p.SetSpeed(t.Context(), 100)
			require.NoError(t, failed)
			p.pays(0)
			assert.Equal(t, []string{"-199.875"}, p.balance())
		}},
		{"BalanceDropped", quick("  - {on: dinardragon.execute, respond: insufficient_balance}\n"), func(t *testing.T, p *wages) {
			_, err := p.pays(1)
			assert.Contains(t, err, "403 Your request failed because")
			assert.Len(t, p.calls("dinardragon.get_authcode"), 1)
			assert.Empty(t, p.balance())
		}},
		{"CodeExpired", "authcode-expiry", func(t *testing.T, p *wages) {
			_, failed := p.ReplaceRules(t.Context(), "version: 1\nname: at once\nrules: [{on: dinardragon.execute, settle: {as: success, after: 0s}}]\n")
			require.NoError(t, failed)
			e, say := p.asks()
			e.reads(t, "pay? [y/N]")
			p.Advance(15 * time.Minute) // somebody takes their time
			say("y")
			e.reads(t, "the authcode has expired")
			e.reads(t, "pay? [y/N]")
			p.Advance(14 * time.Minute)
			say("yes")
			assert.Regexp(t, paidThree+`\z`, e.ends(0))
			assert.Len(t, p.calls("dinardragon.get_authcode"), 2)
			assert.Equal(t, []string{"-199.875"}, p.balance())
		}},
		{"CodesExpire", quick("  - {on: dinardragon.execute, respond: authcode_expired}\n"), func(t *testing.T, p *wages) {
			_, err := p.pays(1)
			assert.Equal(t, "dragon-payout: three authcodes have expired; nothing was paid\n", err)
			assert.Len(t, p.calls("dinardragon.get_authcode"), 3)
			assert.Empty(t, p.balance())
		}},
		{"No", "default", func(t *testing.T, p *wages) {
			e, say := p.asks()
			say("n")
			e.ends(1)
			assert.Contains(t, e.stderr.String(), "you did not say yes; nothing was paid")
			assert.Empty(t, p.calls("dinardragon.execute"))
			assert.NoFileExists(t, p.store)
		}},
		{"LostReply", "lost-reply", func(t *testing.T, p *wages) {
			out, err := p.pays(3)
			assert.Regexp(t, `\A`+quotedThree+`no clear answer: .+\n\z`, out)
			assert.Regexp(t, `400 Authcode already used\.: the first execution was probably made, .* remove .*payout\.json`, err)
			_, err = p.pays(3)
			assert.Contains(t, err, "Authcode already used", "it does not pay again until somebody has looked")
			assert.Len(t, p.calls("dinardragon.get_authcode"), 1)
			assert.Equal(t, []string{"-199.875"}, p.balance())
		}},
		{"ServerError", quick("  - {on: dinardragon.execute, times: 1, respond: server_error}\n"), func(t *testing.T, p *wages) {
			out, _ := p.pays(0)
			assert.Regexp(t, `\A`+quotedThree+`no clear answer: 500 Internal server error\.\n`+paidThree+`\z`, out)
			codes := p.calls("dinardragon.execute")
			require.Len(t, codes, 2)
			assert.Equal(t, codes[0].Request.Fields["authcode"], codes[1].Request.Fields["authcode"], "a code works once")
			assert.Equal(t, []string{"-199.875"}, p.balance())
		}},
		{"ServerErrors", quick("  - {on: dinardragon.execute, respond: server_error}\n"), func(t *testing.T, p *wages) {
			_, err := p.pays(3)
			assert.Contains(t, err, "nobody can say whether it was paid; run this again within 15 minutes")
			assert.Empty(t, p.balance())
			p.goesOn("")
			out, _ := p.pays(0)
			assert.Regexp(t, `\Aa payout of 195.00 USD to 3 accounts is from an earlier run\n`+paidThree+`\z`, out)
			assert.Len(t, p.calls("dinardragon.get_authcode"), 1)
			assert.Equal(t, []string{"-199.875"}, p.balance())
		}},
		{"StatusFails", quick("  - {on: dinardragon.status, respond: server_error}\n"), func(t *testing.T, p *wages) {
			_, err := p.pays(3)
			assert.Regexp(t, `it was paid as [0-9a-f]{16}, but what became of it is not known: 500 Internal server error\.; run this again`, err)
			p.goesOn("")
			p.pays(0)
			assert.Equal(t, []string{"-199.875"}, p.balance())
		}},
		{"Outage", "provider-outage", func(t *testing.T, p *wages) {
			_, failed := p.Freeze(t.Context())
			require.NoError(t, failed)
			p.Advance(2 * time.Minute)
			_, err := p.pays(1)
			assert.Equal(t, "dragon-payout: 500 Internal server error.\n", err)
			assert.Len(t, p.calls(""), 4, "three more tries")
			assert.Empty(t, p.balance())
		}},
		{"RateLimited", "rate-limited", func(t *testing.T, p *wages) {
			_, failed := p.SetSpeed(t.Context(), 100)
			require.NoError(t, failed)
			p.pays(0)
			p.pays(0)
			refused, failed := p.Requests(t.Context(), client.RequestFilter{Status: 429})
			require.NoError(t, failed)
			assert.GreaterOrEqual(t, len(refused.Requests), 3)
			assert.Equal(t, []string{"-199.875", "-199.875"}, p.balance())
		}},
		{"SlowProvider", quick("  - {on: \"*\", delay: 100ms}\n"), func(t *testing.T, p *wages) {
			p.pays(0)
			assert.Len(t, p.calls("dinardragon.execute"), 1)
		}},
		{"WrongKey", "default", func(t *testing.T, p *wages) {
			_, err := p.pays(1, "DINARDRAGON_KEY=another")
			assert.Equal(t, "dragon-payout: 403 Invalid API key.\n", err)
		}},
		{"NobodyThere", "default", func(t *testing.T, p *wages) {
			_, err := p.pays(1, "DINARDRAGON_BASE_URL=http://"+nobody(t))
			assert.Contains(t, err, "Connection refused")
			_, err = p.pays(1, "DINARDRAGON_BASE_URL="+leaving(t, p.BaseURL("dinardragon"), "/get-authcode"))
			assert.Regexp(t, `\Adragon-payout: .*Connection refused; nothing was paid\n\z`, err)
			assert.Len(t, p.calls(""), 1)
		}},
		{"NobodyThereAnyMore", quick("  - {on: dinardragon.execute, respond: {status: 502, body: \"<html>Bad Gateway</html>\"}}\n"), func(t *testing.T, p *wages) {
			out, _ := p.pays(3)
			assert.Contains(t, out, "no clear answer: 502 <html>Bad Gateway</html>\n")
			_, err := p.pays(3, "DINARDRAGON_BASE_URL=http://"+nobody(t))
			assert.Contains(t, err, "nobody can say whether it was paid")
		}},
		{"ByHostName", "instant", func(t *testing.T, p *wages) {
			p.pays(0, "DINARDRAGON_BASE_URL=http://dinardragon.com", "http_proxy="+p.URL)
			for _, call := range p.calls("") {
				assert.Equal(t, "dinardragon.com", call.Request.Headers["Host"])
			}
			assert.Equal(t, []string{"-199.875"}, p.balance())
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.run(t, newWages(t, tt.scenario, threeAccounts))
		})
	}
}

// asks runs the example without --yes, and returns how to answer it.
func (p *wages) asks() (e *example, say func(line string)) {
	p.t.Helper()
	read, write, err := os.Pipe()
	require.NoError(p.t, err)
	p.t.Cleanup(func() { _ = write.Close() }) // it was read, or nobody reads
	e = &example{t: p.t, cmd: exec.CommandContext(p.t.Context(), p.command[0], append(p.command[1:], p.file)...)}
	e.cmd.Env = append([]string{"PATH=" + os.Getenv("PATH")}, p.env...)
	e.cmd.Stdin, e.cmd.Stderr = read, &e.stderr
	stdout, err := e.cmd.StdoutPipe()
	require.NoError(p.t, err)
	require.NoError(p.t, e.cmd.Start())
	require.NoError(p.t, read.Close())
	e.stdout = bufio.NewReader(stdout)
	return e, func(line string) {
		_, err := io.WriteString(write, line+"\n")
		require.NoError(p.t, err)
	}
}

// reads reads what an example prints up to a line.
func (e *example) reads(t *testing.T, line string) {
	t.Helper()
	for {
		got, err := e.stdout.ReadString('\n')
		require.NoError(t, err, "it did not print %q: %s", line, &e.stderr)
		if got == line+"\n" {
			return
		}
	}
}

// What the network does to an execution of Dinar Dragon is found out with the same
// authcode, or left to somebody who looks: nothing is paid twice.
func TestPythonPaysOnceAtDinarDragonOnABadNetwork(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		fault string
		code  int
	}{
		{"reset", 0}, {"drop", 0}, {"hang", 0}, // done nothing
		{"slow", 0}, {"truncate", 3}, {"garbage", 3}, {"lost_reply", 3}, // done
	} {
		t.Run(tt.fault, func(t *testing.T) {
			t.Parallel()
			p := newWages(t, quick("  - {on: dinardragon.execute, times: 1, fault: "+tt.fault+"}\n"), threeAccounts)
			p.pays(tt.code, callTimeout(tt.fault, "DINARDRAGON_CALL_TIMEOUT"))
			assert.Equal(t, []string{"-199.875"}, p.balance())
		})
	}
}

// callTimeout is a variable that has an example not wait long for an answer that will not come.
func callTimeout(fault, variable string) string {
	if fault == "hang" {
		return variable + "=2"
	}
	return variable + "=30"
}

// Amounts are decimals from the file to the wire.
func TestPythonKeepsAmountsExact(t *testing.T) {
	t.Parallel()
	p := newWages(t, "instant", "acc,amount,bank,country,recipientname\n1,0.1,b,US,a\n2,0.2,b,US,b\n3,1234567.0000000001,b,US,c\n")
	_, err := p.SetBalances(t.Context(), client.Balances{"dinardragon": {"USD": "2000000"}})
	require.NoError(t, err)
	p.pays(0)
	body := p.calls("dinardragon.get_authcode")[0].Request.Body
	assert.True(t, strings.HasPrefix(body, `{"amount":1234567.3000000001,"accounts":[{"acc":1,"amount":0.1,`), body)
	assert.Contains(t, body, `"amount":1234567.0000000001,`)
}

// What dragon_payout.py does not understand it does not pay.
func TestPythonDragonUsage(t *testing.T) {
	t.Parallel()
	p := newWages(t, "default", threeAccounts)
	const header = "acc,amount,bank,country,recipientname\n"
	for _, tt := range []struct{ accounts, says string }{
		{header, "accounts.csv has no accounts"}, {"acc,amount\n1,5\n", "payment 1: bank is missing"},
		{header + "1,5,b,US,n\n2,,b,US,n\n", "payment 2: amount is missing"},
		{header + "012,5,b,US,n\n", "012 is no account number that Dinar Dragon takes"},
		{header + "1,five,b,US,n\n", "five is no amount"},
		{header + "1,5,b,US,\"n\n", "accounts.csv: "},
		{header + "1,5,b\xff,US,n\n", "accounts.csv: 'utf-8' codec"},
	} {
		require.NoError(t, os.WriteFile(p.file, []byte(tt.accounts), 0o600))
		_, err := p.runs(2, []string{"--yes", p.file})
		assert.Contains(t, err, tt.says)
	}
	require.NoError(t, os.WriteFile(p.file, []byte(threeAccounts), 0o600))
	for _, tt := range []struct{ says, env string }{
		{"DINARDRAGON_KEY is not set", "DINARDRAGON_KEY="},
		{"DINARDRAGON_TIMEOUT is no number of seconds: soon", "DINARDRAGON_TIMEOUT=soon"},
		{"payout.json holds no payout", "DINARDRAGON_STORE=" + filepath.Join(filepath.Dir(p.file), "other-payout.json")},
	} {
		require.NoError(t, os.WriteFile(filepath.Join(filepath.Dir(p.file), "other-payout.json"), []byte("{}"), 0o600))
		_, err := p.runs(2, []string{"--yes", p.file}, tt.env)
		assert.Contains(t, err, tt.says)
	}
	_, err := p.runs(2, nil)
	assert.Contains(t, err, "usage: dragon_payout.py [--yes] FILE.csv")
	_, err = p.runs(2, []string{"--yes", p.file + "x"})
	assert.Contains(t, err, "No such file")
	assert.Empty(t, p.calls(""))
}

// Whatever the network does to an execution of Dollr, it is paid once.
func TestPythonPaysOnceAtDollrOnABadNetwork(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		fault   string
		payouts int // how many times the program executes
	}{
		{"reset", 2}, {"drop", 2}, // done nothing
		{"truncate", 1}, {"garbage", 1}, {"lost_reply", 1}, // done
	} {
		t.Run(tt.fault, func(t *testing.T) {
			t.Parallel()
			m := newDollrMerchant(t, quick("  - {on: executions.payout, times: 1, fault: "+tt.fault+"}\n"))
			out, _ := m.runs(0, []string{"Musu Flomo", paidPhone, "25.00"})
			assert.Contains(t, out, "has no clear answer: ")
			assert.Len(t, m.calls("executions.payout"), tt.payouts)
			assert.Equal(t, []string{"-25"}, m.moved("executions", "USD"))
		})
	}
}

// newDollrMerchant is a merchant who pays with dollr_payout.py.
func newDollrMerchant(t *testing.T, scenario string) *merchant {
	m := newMerchant(t, scenario, python(t, "dollr_payout.py")...)
	m.with(
		"DOLLR_BASE_URL="+m.BaseURL("executions"), "DOLLR_STORE="+filepath.Join(t.TempDir(), "payout.json"), "DOLLR_POLL=0.02", "DOLLR_RETRY=0.02",
		"DOLLR_CLIENT_ID="+m.Credential("executions", "client_id"), "DOLLR_CLIENT_SECRET="+m.Credential("executions", "client_secret"),
		"DOLLR_PASSCODE="+m.Credential("executions", "passcode"), "DOLLR_PASSCODE_PHONE="+m.Credential("executions", "phone"),
	)
	return m
}

// What dollr_payout.py does beyond what all examples of Dollr are tried with.
func TestPythonPaysAtDollr(t *testing.T) {
	t.Parallel()
	order := []string{"Musu Flomo", paidPhone, "25.00"}
	t.Run("ByHostName", func(t *testing.T) {
		t.Parallel()
		m := newDollrMerchant(t, "instant")
		m.runs(0, order, "DOLLR_BASE_URL=http://api.heydollr.app", "http_proxy="+m.URL)
		for _, call := range m.calls("") {
			assert.Equal(t, "api.heydollr.app", call.Request.Headers["Host"])
		}
		assert.Equal(t, []string{"-25"}, m.moved("executions", "USD"))
		assert.Contains(t, m.calls("executions.create_payout_session")[0].Request.Body, `"amount":25.00,`)
	})
	t.Run("Outage", func(t *testing.T) {
		t.Parallel()
		m := newDollrMerchant(t, "provider-outage")
		_, failed := m.Freeze(t.Context())
		require.NoError(t, failed)
		m.Advance(time.Minute)
		_, err := m.runs(1, order)
		assert.Equal(t, "dollr-payout: no token: 500 Internal Server Error\n", err)
		assert.Len(t, m.calls(""), 4, "three more tries")
		assert.Empty(t, m.moved("executions", "USD"))
	})
	t.Run("OutageOfStatus", func(t *testing.T) {
		t.Parallel()
		m := newDollrMerchant(t, quick("  - {on: executions.payout_status, respond: server_error}\n"))
		_, err := m.runs(3, order)
		assert.Regexp(t, `nobody can say what became of `+key+`: 500 Internal Server Error; run this again`, err)
		m.goesOn("")
		m.runs(0, order)
		assert.Equal(t, []string{"-25"}, m.moved("executions", "USD"))
	})
	t.Run("NobodyThere", func(t *testing.T) {
		t.Parallel()
		m := newDollrMerchant(t, "default")
		_, err := m.runs(1, order, "DOLLR_BASE_URL=http://"+nobody(t))
		assert.Contains(t, err, "Connection refused")
		_, err = m.runs(1, order, "DOLLR_BASE_URL="+leaving(t, m.BaseURL("executions"), "/sessions/payout"))
		assert.Regexp(t, `\Adollr-payout: .*Connection refused; nothing was paid\n\z`, err)
		assert.Empty(t, m.calls("executions.payout"))
	})
	t.Run("Usage", func(t *testing.T) {
		t.Parallel()
		m := newDollrMerchant(t, "default")
		for _, args := range [][]string{order[:2], {"a", "b", "five"}, {"a", "b", "-1"}, {"a", "b", "Infinity"}} {
			m.runs(2, args)
		}
		assert.Empty(t, m.calls(""))
	})
}

// The examples in Python are for 3.9, need no packages and know nothing of mockpay.
func TestPythonExamplesAreWhole(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("examples/python/*.py")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	const check = `
import ast, sys
ours = {name.rsplit('/', 1)[1][:-3] for name in sys.argv[1:]}
for name in sys.argv[1:]:
    for node in ast.walk(ast.parse(open(name, encoding='utf-8').read(), name, feature_version=(3, 9))):
        roots = [a.name for a in node.names] if isinstance(node, ast.Import) else [node.module] if isinstance(node, ast.ImportFrom) else []
        for root in (r.split('.')[0] for r in roots):
            if root not in ours and root not in getattr(sys, 'stdlib_module_names', {root}):
                print(name, 'needs', root)
`
	out, err := exec.Command(needed(t, "python3"), append([]string{"-c", check}, files...)...).CombinedOutput()
	require.NoError(t, err, "%s", out)
	assert.Empty(t, string(out))
	for _, file := range files {
		assert.NotRegexp(t, `(?i)mockpay|localhost|:4402|verify_mode|_create_unverified`, document(t, file), file)
	}
}
