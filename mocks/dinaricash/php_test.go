package dinaricash_test

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/client"
)

const noPHP = "php with the curl extension is needed: make need installs it"

// phpWithCurl tells whether the programs can run.
var phpWithCurl = sync.OnceValue(func() bool {
	modules, err := exec.Command("php", "-m").Output()
	return err == nil && regexp.MustCompile(`(?im)^curl$`).Match(modules)
})

// php is a command that runs a program of testdata/php, or a server of it.
func (s *shop) php(encoding string, args ...string) *exec.Cmd {
	s.t.Helper()
	if !phpWithCurl() {
		s.t.Fatal(noPHP)
	}
	cmd := exec.CommandContext(s.t.Context(), "php", args...)
	cmd.Env = append(os.Environ(),
		"MOCKPAY_ADDRESS="+strings.TrimPrefix(s.URL, "http://"), "MOCKPAY_ACCOUNT="+s.account, "MOCKPAY_KEY="+s.key, "MOCKPAY_ENCODING="+encoding,
		"no_proxy=*")
	return cmd
}

func program(name string) string { return filepath.Join("testdata", "php", name+".php") }

// The programs that the documents' descriptions lead to work as they stand but
// for TLS, with the body encoded as there and in the other way.
func TestPHPPrograms(t *testing.T) {
	t.Parallel()
	const multipart, urlencoded = "multipart/form-data", "application/x-www-form-urlencoded"
	tests := []struct {
		op      string
		media   string               // as documented
		prepare func(s *shop) string // what the program is told
	}{
		{"ach", multipart, nil},
		{"card_load", urlencoded, nil},
		{"manage_cards", urlencoded, func(s *shop) string {
			card := s.loaded("ssmith@example.com", "300")
			s.act("card_purchase", "card", card, "amount", "12.79")
			return card
		}},
		{"swift", multipart, nil},
		{"zelle", urlencoded, nil},
		{"list_transactions", urlencoded, func(s *shop) string {
			id := s.sent("ach", "250.75")
			s.call("ach", s.form("ach").with("SEND_AMOUNT", "1000000"))
			return id
		}},
		{"cancel", multipart, func(s *shop) string { return s.sent("ach", "300") }},
		{"balance", multipart, nil},
	}
	for _, tt := range tests {
		for _, encoding := range []string{"", "multipart", "urlencoded"} {
			media := map[string]string{"": tt.media, "multipart": multipart, "urlencoded": urlencoded}[encoding]
			if encoding != "" && media == tt.media {
				continue // as documented
			}
			name := map[string]string{multipart: "Multipart", urlencoded: "URLEncoded"}[media]
			t.Run(tt.op+"/"+name, func(t *testing.T) {
				t.Parallel()
				s := open(t, "")
				args := []string{program(tt.op)}
				if tt.prepare != nil {
					args = append(args, tt.prepare(s))
				}
				require.NoError(t, s.DeleteRequests(t.Context()))
				said, err := s.php(encoding, args...).CombinedOutput()
				assert.NoError(t, err, string(said))
				assert.Empty(t, string(said))

				requests, err := s.Requests(t.Context(), client.RequestFilter{Operation: tt.op})
				require.NoError(t, err)
				require.NotEmpty(t, requests.Requests)
				for _, r := range requests.Requests {
					assert.True(t, strings.HasPrefix(r.Request.Headers["Content-Type"], media), r.Request.Headers["Content-Type"])
					assert.Regexp(t, `^(sandbox|production)\.dinaricash\.com$`, r.Request.Headers["Host"])
				}
				s.sound()
			})
		}
	}
}

// A program that gets another answer than the documents' says so.
func TestPHPProgramsNotice(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ op, knobs, says string }{
		{"ach", "{reply_status: {ACH: COMPLETED}}", "TRANSACTION_STATUS is 'COMPLETED', not 'Completed'"},
		{"swift", "{number_style: {swift: two_decimals}}", "TRANSACTION_SEND_AMOUNT is 300.0, not 300"},
		{"balance", `{balances: {payout: "1"}}`, "PAYOUT_BALANCE is 1.0, not 50111.1"},
	} {
		t.Run(tt.op, func(t *testing.T) {
			t.Parallel()
			s := open(t, tt.knobs)
			said, err := s.php("", program(tt.op)).CombinedOutput()
			var failed *exec.ExitError
			require.ErrorAs(t, err, &failed)
			assert.Equal(t, 1, failed.ExitCode())
			assert.Equal(t, tt.says+"\n", string(said))
		})
	}
}

var listens = regexp.MustCompile(`\((http://[^)]+)\) started`)

// phpReceiver runs the webhook receiver and returns where it listens and what it
// writes to.
func phpReceiver(t *testing.T, s *shop, key string) (url, file string) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "webhooks")
	server := s.php("", "-S", "127.0.0.1:0", program("webhooks"))
	server.Env = append(server.Env, "WEBHOOK_KEY="+key, "WEBHOOK_FILE="+file)
	says, err := server.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, server.Start())
	lines := bufio.NewScanner(says)
	t.Cleanup(func() { // the test's context has ended it
		for lines.Scan() { // until it is gone
		}
		_ = server.Wait() // it was killed
	})
	for lines.Scan() {
		if at := listens.FindStringSubmatch(lines.Text()); at != nil {
			return at[1], file
		}
	}
	t.Fatalf("php -S does not say where it listens: %v", lines.Err())
	return "", ""
}

// A receiver in PHP has the fields in $_POST, checks the key and is believed.
func TestPHPReceiver(t *testing.T) {
	t.Parallel()
	for _, encoding := range []string{"form", "json"} {
		t.Run(encoding, func(t *testing.T) {
			t.Parallel()
			s := open(t, "")
			url, file := phpReceiver(t, s, s.hookKey)
			_, err := s.LoadScenario(t.Context(), scenario(`{webhook: {url: "`+url+`/hooks", encoding: `+encoding+`}}`))
			require.NoError(t, err)

			a := s.accepted("card_load", s.form("card_load"))
			id, card := a.data(t, "TRANSACTION_ID"), a.data(t, "CARD_ACCOUNT_ID")
			s.act("card_purchase", "card", card, "amount", "10.00", "description", "Crème & brûlée + 100%", "category_code", "5942")
			s.manage("PAUSE_CARD", card)
			s.Advance(0) // returns when all that fell due was sent

			for _, e := range s.webhooks("") {
				assert.Equal(t, "delivered", e.Status, e.Hint)
			}
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			lines := strings.Split(strings.TrimSpace(string(text)), "\n")
			require.Len(t, lines, 4)
			for i, status := range []string{"INITIATED", "COMPLETED"} {
				assert.Equal(t, notice{"card_load", id, card, status}.json(s), lines[i])
			}
			amount := map[string]string{"form": `"10.00"`, "json": "10"}[encoding]
			assert.Contains(t, lines[2], `"PURCHASE_AMOUNT":`+amount+`,"PURCHASE_DESCRIPTION":"Cr\u00e8me & br\u00fbl\u00e9e + 100%","PURCHASE_CATEGORY_CODE":"5942","PURCHASE_STATUS":"AUTHORIZED",`)
			assert.Equal(t, notice{"card_status", "", card, "PAUSED"}.json(s), lines[3])
		})
	}
}

// One that has another key refuses what comes.
func TestPHPReceiverWithAnotherKey(t *testing.T) {
	t.Parallel()
	s := open(t, "")
	url, file := phpReceiver(t, s, "d4238f59beea578ab494a6f5126cf853")
	_, err := s.LoadScenario(t.Context(), scenario(`{webhook: {url: "`+url+`"}}`))
	require.NoError(t, err)
	s.sent("ach", "1")
	s.Advance(0) // returns when all that fell due was sent
	for _, e := range s.webhooks("") {
		assert.Equal(t, "failed", e.Status)
		assert.Contains(t, e.Hint, "403")
	}
	assert.NoFileExists(t, file)
}
