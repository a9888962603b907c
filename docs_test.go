package mockpay_test

import (
	"context"
	_ "embed" // of a fidelity.md
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/client"
	"github.com/mockpay/mockpay/mockpaytest"
	"github.com/mockpay/mockpay/mocks"
	"github.com/mockpay/mockpay/provider"
	"github.com/mockpay/mockpay/scenarios"
	"github.com/mockpay/mockpay/server"
	"github.com/mockpay/mockpay/state"
)

// TestDocuments does what the documents tell the reader to do. A comment before
// a fenced block says what is done with it:
//
//	<!-- test -->       sh: run it; yaml: it is a scenario without mistakes;
//	                    go: it stands in this file, where it runs;
//	                    markdown: it is the fidelity.md of the provider there
//	<!-- output -->     what the block that was run last prints; … stands for
//	                    any text, on a line by itself for any lines
//	<!-- file NAME -->  save it for the blocks after it
//	<!-- shown PATH --> it is that file of the repository, where tests run it
//
// The blocks of a document run in one bash, one after the other, against a
// server of their own. What is printed as port 4402 is that server's, and 4410
// the one that it has for Dinari Cash alone.
func TestDocuments(t *testing.T) {
	for _, file := range append(documents(t), "README.md", "CONTRIBUTING.md", "mocks/README.md") {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			blocks, err := blocksOf(string(text))
			require.NoError(t, err)
			links(t, file, string(text))
			run(t, blocks)
		})
	}
}

// documents are those in docs/.
func documents(t *testing.T) []string {
	files, err := filepath.Glob("docs/*.md")
	require.NoError(t, err)
	return files
}

// A block is a fenced block of a document, with the comment before it.
type block struct {
	line     int // of its fence
	mark     string
	language string
	text     string
}

var marks = regexp.MustCompile(`^<!-- (test|output|file [\w.-]+|shown [\w./-]+) -->$`)

// blocksOf finds the marked blocks of a document.
func blocksOf(text string) (blocks []block, err error) {
	mark, lines := "", strings.Split(text, "\n")
	for i := 0; i < len(lines); i++ {
		switch m := marks.FindStringSubmatch(lines[i]); {
		case m != nil:
			mark = m[1]
		case strings.HasPrefix(lines[i], "<!--"):
			return nil, fmt.Errorf("line %d: %s marks nothing", i+1, lines[i])
		case strings.HasPrefix(lines[i], "```"):
			b := block{line: i + 1, mark: mark, language: strings.TrimPrefix(lines[i], "```")}
			for i++; i < len(lines) && lines[i] != "```"; i++ {
				b.text += lines[i] + "\n"
			}
			if i == len(lines) {
				return nil, fmt.Errorf("line %d: the block has no end", b.line)
			}
			if mark != "" {
				blocks = append(blocks, b)
			}
			mark = ""
		case mark != "":
			return nil, fmt.Errorf("line %d: %q is followed by no block", i, mark)
		}
	}
	return blocks, nil
}

// run does what the blocks are marked for.
func run(t *testing.T, blocks []block) {
	s := started(t, server.Options{Mocks: mocks.All(), ProviderAddrs: map[string]string{"dinaricash": "127.0.0.1:0"}})
	url, own := s.URL(), s.ProviderURL("dinaricash")
	ports := strings.NewReplacer(":4402", url[strings.LastIndex(url, ":"):], ":4410", own[strings.LastIndex(own, ":"):])
	dir := t.TempDir()
	var script strings.Builder
	for i, b := range blocks {
		text := ports.Replace(b.text)
		blocks[i].text = text
		name, isFile := strings.CutPrefix(b.mark, "file ")
		original, isShown := strings.CutPrefix(b.mark, "shown ")
		switch {
		case isShown:
			assert.Equal(t, document(t, original), b.text, "line %d: %s is another", b.line, original)
		case isFile:
			require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
		case b.mark == "test" && b.language == "sh":
			fmt.Fprintf(&script, "printf '%s'\n{\n%s}\n", began(i), text)
		case b.mark == "test" && b.language == "go":
			assert.Contains(t, document(t, "docs_test.go"), text, "line %d: the code that runs is another", b.line)
		case b.mark == "test" && b.language == "markdown":
			assert.Equal(t, fidelity, text, "line %d: the fidelity.md that is read is another", b.line)
		case b.mark == "test" && b.language != "yaml":
			t.Errorf("line %d: %q cannot be tested", b.line, b.language)
		}
		if b.language == "yaml" {
			_, err := scenarios.NewLanguage(mocks.All()).Parse([]byte(text))
			assert.NoError(t, err, "line %d", b.line)
		}
	}
	if script.Len() > 0 {
		compare(t, blocks, bash(t, dir, url, script.String(), blocks))
	}
}

// serve runs a server until the test ends, and returns its URL.
func serve(t *testing.T, mocks ...*provider.Mock) string {
	return started(t, server.Options{Mocks: mocks}).URL()
}

// started is a server that runs until the test ends, on a free port.
func started(t *testing.T, o server.Options) *server.Server {
	o.Addr, o.Version, o.Log = "127.0.0.1:0", "1.0.0", mockpaytest.Logger(t)
	s, err := server.New(o)
	require.NoError(t, err)
	require.NoError(t, s.Start())
	t.Cleanup(func() { assert.NoError(t, s.Stop(context.Background())) })
	return s
}

// began is what is printed before the output of a block.
func began(i int) string { return fmt.Sprintf("\x1e%d\x1e", i) }

var beginning = regexp.MustCompile("\x1e(\\d+)\x1e")

// bash runs a script and returns what it printed.
func bash(t *testing.T, dir, url, script string, blocks []block) string {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "bash", "-euo", "pipefail", "-c", script)
	cmd.Dir = dir
	cmd.Env = []string{
		"PATH=" + filepath.Dir(program(t)) + ":" + os.Getenv("PATH"),
		"HOME=" + dir, "MOCKPAY_URL=" + url,
	}
	out, err := cmd.CombinedOutput()
	if err != nil {
		at := beginning.FindAllStringSubmatchIndex(string(out), -1)
		require.NotEmpty(t, at, "%v\n%s", err, out)
		last := at[len(at)-1]
		var i int
		fmt.Sscan(string(out[last[2]:last[3]]), &i)
		t.Fatalf("line %d: %v\n%s\n%s", blocks[i].line, err, blocks[i].text, out[last[1]:])
	}
	return string(out)
}

// compare looks at what the blocks printed, where the document says it.
func compare(t *testing.T, blocks []block, out string) {
	printed := ""
	for i, b := range blocks {
		if _, after, ran := strings.Cut(out, began(i)); ran {
			printed, _, _ = strings.Cut(after, "\x1e")
		}
		if b.mark == "output" {
			assert.Regexp(t, pattern(b.text), strings.TrimSpace(printed), "line %d", b.line)
		}
	}
}

// pattern is a regular expression of a text in which … stands for anything.
func pattern(text string) string {
	var lines []string
	for line := range strings.SplitSeq(strings.TrimSpace(text), "\n") {
		if line == "…" {
			lines = append(lines, `(?s:.*)`)
			continue
		}
		lines = append(lines, strings.ReplaceAll(regexp.QuoteMeta(line), "…", ".*"))
	}
	return `\A` + strings.Join(lines, `\s*\n`) + `\z`
}

// built is the program, made once for all tests of this package.
var built struct {
	once sync.Once
	dir  string
	err  error
}

// program is the path of mockpay.
func program(t *testing.T) string {
	built.once.Do(func() {
		if built.dir, built.err = os.MkdirTemp("", "mockpay"); built.err != nil {
			return
		}
		built.err = goBuild(built.dir, "./cmd/mockpay")
	})
	require.NoError(t, built.err)
	return filepath.Join(built.dir, "mockpay")
}

// goBuild builds a program as make build does, so that what one build has
// compiled serves the others.
func goBuild(to, pkg string) error {
	cmd := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-o", to, pkg)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%w\n%s", err, out)
	}
	return nil
}

func TestMain(m *testing.M) {
	code := m.Run()
	for _, dir := range []string{built.dir, goExamples.dir} {
		if dir != "" {
			_ = os.RemoveAll(dir)
		}
	}
	os.Exit(code)
}

var (
	link    = regexp.MustCompile(`\]\(([^)#\s]*)(#[^)\s]*)?\)`)
	heading = regexp.MustCompile(`(?m)^#+ (.*)$`)
	dropped = regexp.MustCompile(`[^a-z0-9 _-]`)
)

// links checks that what a document links to is there.
func links(t *testing.T, file, text string) {
	for _, m := range link.FindAllStringSubmatch(text, -1) {
		if strings.Contains(m[1], "://") {
			continue
		}
		target := file
		if m[1] != "" {
			target = filepath.Join(filepath.Dir(file), m[1])
		}
		_, err := os.Stat(target)
		if assert.NoError(t, err, "linked from %s", file) && m[2] != "" {
			assert.Contains(t, anchors(document(t, target)), m[2], "linked from %s", file)
		}
	}
}

// anchors are where links into a document may lead.
func anchors(text string) (all []string) {
	for _, m := range heading.FindAllStringSubmatch(text, -1) {
		name := dropped.ReplaceAllString(strings.ToLower(m[1]), "")
		all = append(all, "#"+strings.ReplaceAll(name, " ", "-"))
	}
	return all
}

// TestScenarioList checks that docs/scenarios.md lists the shipped scenarios,
// all of them and no others, with their descriptions.
func TestScenarioList(t *testing.T) {
	var want []string
	for _, s := range scenarios.NewLanguage(mocks.All()).Library() {
		want = append(want, fmt.Sprintf("| `%s` | %s |", s.Name, s.Description))
	}
	_, rest, _ := strings.Cut(document(t, "docs/scenarios.md"), "\n## Shipped scenarios\n")
	var got []string
	for line := range strings.SplitSeq(rest, "\n") {
		if strings.HasPrefix(line, "| `") {
			got = append(got, line)
		}
	}
	assert.Equal(t, want, got)
}

// TestVerbs checks that docs/cli.md names every verb and every flag.
func TestVerbs(t *testing.T) { namesVerbs(t, document(t, "docs/cli.md"), "") }

var (
	helpVerb = regexp.MustCompile(`(?m)^  ([a-z]+) `)
	helpFlag = regexp.MustCompile(`(?m)^  .*(--[a-z-]+)`)
)

func namesVerbs(t *testing.T, text, verb string) {
	help, err := exec.Command(program(t), append([]string{"help"}, strings.Fields(verb)...)...).CombinedOutput()
	require.NoError(t, err, "%s", help)
	for _, m := range helpFlag.FindAllStringSubmatch(string(help), -1) {
		assert.Contains(t, text, m[1], "a flag of mockpay%s", verb)
	}
	_, verbs, _ := strings.Cut(string(help), "\nAvailable Commands:\n")
	verbs, _, _ = strings.Cut(verbs, "\n\n")
	for _, m := range helpVerb.FindAllStringSubmatch(verbs, -1) {
		assert.Contains(t, text, "mockpay"+verb+" "+m[1], "a verb")
		namesVerbs(t, text, verb+" "+m[1])
	}
}

func document(t *testing.T, file string) string {
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	return string(text)
}

// TestFailedPaymentIsRefunded is the test in README.md.
func TestFailedPaymentIsRefunded(t *testing.T) {
	t.Parallel()
	m := mockpaytest.Start(t, mockpaytest.Scenario("failed-payment-refund"))

	payOut(t, m.BaseURL("dinardragon"), m.Credential("dinardragon", "private_key")) // your code
	assert.Equal(t, "9948.75", m.Balance("dinardragon", "USD"))

	m.Advance(5 * time.Second)
	assert.Equal(t, "9998.75", m.Balance("dinardragon", "USD"))
}

// payOut is the reader's code: it pays 50 dollars.
func payOut(t *testing.T, url, key string) {
	quote := post(t, url+"/get-authcode", key, `{"amount":50,"accounts":[{"acc":123456789,"amount":50,"bank":"somebank","country":"US","recipientname":"somename"}]}`)
	post(t, url+"/execute", key, `{"authcode":"`+quote["authcode"].(string)+`"}`)
}

// TestSendIsTold is the test in docs/webhooks.md.
func TestSendIsTold(t *testing.T) {
	t.Parallel()
	m := mockpaytest.Start(t)
	told := make(chan string, 2)
	app := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		told <- r.FormValue("TRANSACTION_STATUS") // your code
	}))
	defer app.Close()
	_, err := m.SetWebhookEndpoint(t.Context(), "dinaricash", client.WebhookEndpoint{URL: app.URL})
	require.NoError(t, err)

	sendMoney(t, m) // your code
	assert.Equal(t, "INITIATED", <-told)

	m.Advance(5 * time.Second)
	assert.Equal(t, "COMPLETED", <-told)
}

// sendMoney is the reader's code: it sends 300 dollars by Zelle.
func sendMoney(t *testing.T, m *mockpaytest.Mockpay) {
	res, err := http.PostForm(m.BaseURL("dinaricash")+"/send-money", url.Values{
		"CORPORATE_ACCOUNT_ID": {m.Credential("dinaricash", "corporate_account_id")},
		"GATEWAY_API_KEY":      {m.Credential("dinaricash", "gateway_api_key")},
		"SEND_METHOD":          {"ZELLE"}, "SEND_CURRENCY_ISO3": {"USD"}, "SEND_AMOUNT": {"300"},
		"RECIPIENT_ZELLE_ADDRESS": {"ssmith@example.com"},
	})
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	require.Equal(t, http.StatusOK, res.StatusCode, res.Header.Get("X-Mockpay-Hint"))
}

// post makes a call of a provider, which must succeed.
func post(t *testing.T, url, key, body string) (answer map[string]any) {
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
	require.NoError(t, err)
	req.Header.Set("Authorization", key)
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer res.Body.Close()
	require.Equal(t, http.StatusOK, res.StatusCode, res.Header.Get("X-Mockpay-Hint"))
	require.NoError(t, json.NewDecoder(res.Body).Decode(&answer))
	return answer
}

// TestFiveSteps calls the provider that CONTRIBUTING.md makes in five steps.
func TestFiveSteps(t *testing.T) {
	url := serve(t, New())
	control := client.New(url)
	_, err := control.Freeze(t.Context())
	require.NoError(t, err)

	paid := post(t, url+"/acme/v1/payments", "acme-default-key", `{"amount":12.50}`)
	assert.Equal(t, 12.5, paid["amount"])
	assert.Equal(t, "pending", paid["status"])
	balances, err := control.Balances(t.Context())
	require.NoError(t, err)
	assert.Equal(t, client.Balances{"acme": {"EUR": "987.5"}}, balances)

	statements, err := control.Fidelity(t.Context(), client.FidelityFilter{Is: "our choice"})
	require.NoError(t, err)
	require.Len(t, statements, 2)
	assert.Equal(t, client.Statement{
		Provider: "acme", Topic: "Payments", What: "A payment is paid after a second", Is: "our choice", Note: `they say "soon"`,
		Switches: []string{"settle_after"}, Switch: "`settle_after`",
	}, statements[1])

	now, err := control.Advance(t.Context(), time.Second)
	require.NoError(t, err)
	require.Len(t, now.Fired, 1)
	assert.Equal(t, paid["id"], now.Fired[0].Ref)
	checked, err := control.Invariants(t.Context())
	require.NoError(t, err)
	assert.True(t, checked.OK, "%+v", checked)
}

// What follows is that provider.

//go:embed testdata/acme/fidelity.md
var fidelity string

// New returns the mock.
func New() *provider.Mock {
	return &provider.Mock{
		Name:       "acme",
		Title:      "Acme Pay",
		Fidelity:   fidelity,
		Mounts:     []provider.Mount{{Hosts: []string{"api.acme.example"}}},
		Operations: operations(),
		Outcomes:   outcomes,
		Machines:   []provider.Machine{paymentMachine},
		Settings: func() any {
			return &settings{Balance: decimal.NewFromInt(1000), SettleAfter: provider.Duration(time.Second)}
		},
		Credentials: func(workspace string) []provider.Credential {
			return []provider.Credential{{Name: "api_key", Value: "acme-" + workspace + "-key"}}
		},
		Secret:       provider.Secrets{Headers: []string{"Authorization"}},
		Identify:     func(r *provider.Request) string { return r.Header.Get("Authorization") },
		Authenticate: authenticate,
		Refuse:       refuse,
		Open:         func(c *provider.Call) { c.Tx.OpenBalance("acme", "EUR", knobs(c).Balance) },
		Jobs:         map[string]func(*provider.Call, state.Job) error{"settle": settle},
		Tables:       []state.Schema{payments},
	}
}

// Settings are the knobs of providers.acme in a scenario.
type settings struct {
	Balance     decimal.Decimal   `knob:"balance" min:"0" doc:"opening balance in EUR"`
	SettleAfter provider.Duration `knob:"settle_after" doc:"when a payment is paid"`
}

func knobs(c *provider.Call) *settings { return c.Settings.(*settings) }

// outcomes is the error table.
var outcomes = []provider.Outcome{
	{Name: "no_funds", Status: 402, Message: "insufficient funds", Doc: "the balance is too low; documented"},
	{Name: "bad_amount", Status: 400, Message: "amount is invalid", Doc: "no amount, or none above 0; our choice"},
	{Name: provider.Unauthorized, Status: 401, Message: "unknown key", Doc: "documented"},
	{Name: provider.RateLimited, Status: 429, Message: "slow down", Doc: "forced only; our choice"},
	{Name: provider.ServerError, Status: 500, Message: "internal error", Doc: "forced only; our choice"},
	{Name: provider.NotFound, Status: 404, Message: "not found", Doc: "an unknown path; our choice"},
	{Name: provider.MethodNotAllowed, Status: 405, Message: "method not allowed", Doc: "our choice"},
	{Name: provider.TooLarge, Status: 413, Message: "body too large", Doc: "our choice"},
	{Name: provider.Incomplete, Status: 400, Message: "body incomplete", Doc: "our choice"},
}

// refuse writes a refusal as Acme does.
func refuse(c *provider.Call, r *provider.Refusal) *provider.Response {
	o := c.Mock.Outcome(r.Outcome)
	return provider.JSON(o.Status, map[string]string{"error": o.Message})
}

func authenticate(c *provider.Call) error {
	if c.Header.Get("Authorization") != c.Credentials["api_key"] {
		return c.Refuse(provider.Unauthorized, "send the api_key of a workspace in the Authorization header")
	}
	return nil
}

// operations are all of Acme's calls.
func operations() []provider.Operation {
	return []provider.Operation{{
		Name: "send", Method: http.MethodPost, Path: "/v1/payments", Handle: send,
		Summary: "Send money.",
		Params:  []string{"amount"},
		Refuses: []string{"no_funds", "bad_amount"},
		Settles: paymentMachine.Name,
	}}
}

// A payment is what send makes.
type payment struct {
	ID     string           `json:"id"`
	Amount provider.Minimal `json:"amount"`
	Status string           `json:"status"`
}

var payments = state.NewTable("acme.payments", func(p payment) string { return p.ID })

var paymentMachine = provider.Machine{
	Name: "payment", Doc: "money on its way",
	States: []string{"pending", "paid"},
	Moves:  []provider.Transition{{From: "pending", To: "paid"}},
}

func send(c *provider.Call) (*provider.Response, error) {
	amount, ok := provider.Number(c.Fields["amount"])
	if !ok || !amount.IsPositive() {
		return nil, c.Refuse("bad_amount", "amount must be a number above 0")
	}
	if balance := c.Tx.Balance("acme", "EUR"); balance.LessThan(amount) {
		return nil, c.Refuse("no_funds", "the balance is %s, amount is %s", balance, amount)
	}
	p := payment{ID: c.Tx.UUID("acme.payment"), Amount: provider.Minimal{Decimal: amount}, Status: "pending"}
	payments.Put(c.Tx, p)
	c.Moved(paymentMachine.Name, "", p.Status)
	c.Tx.Move("acme", "EUR", amount.Neg(), p.ID)
	if end := c.Settlement(c.Fields, "paid", knobs(c).SettleAfter); paymentMachine.Allows(p.Status, end.As) {
		c.Tx.Schedule(c.Tx.Now().Add(*end.After), "acme.settle", p.ID, nil)
	}
	return provider.OK(p)
}

func settle(c *provider.Call, job state.Job) error {
	p, _ := payments.Get(c.Tx, job.Ref)
	c.Moved(paymentMachine.Name, p.Status, "paid")
	p.Status = "paid"
	payments.Put(c.Tx, p)
	return nil
}
