package dinaricash_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/client"
	"github.com/mockpay/mockpay/mockpaytest"
)

// A shop sends money through Dinari Cash. Its clock stands at the time of the
// documented ACH until the test moves it.
type shop struct {
	*mockpaytest.Mockpay
	t       testing.TB
	http    *http.Client
	url     string
	account string
	key     string
	hookKey string
}

// scenario is a text with knobs as a YAML mapping, "" for none, and rules as
// others.
func scenario(knobs string, rules ...string) string {
	text := "version: 1\nname: test\nseed: 1\nclock: {start: 2025-01-08T12:34:56Z, frozen: true}\n"
	if knobs != "" {
		text += "providers: {dinaricash: " + knobs + "}\n"
	}
	if len(rules) > 0 {
		text += "rules:\n  - " + strings.Join(rules, "\n  - ") + "\n"
	}
	return text
}

func open(t testing.TB, knobs string, rules ...string) *shop {
	t.Helper()
	return openScenario(t, scenario(knobs, rules...))
}

func openScenario(t testing.TB, text string) *shop {
	t.Helper()
	m := mockpaytest.Start(t, mockpaytest.Scenario(text))
	transport := &http.Transport{MaxIdleConnsPerHost: 8}
	t.Cleanup(transport.CloseIdleConnections)
	s := &shop{Mockpay: m, t: t, http: &http.Client{Transport: transport}}
	return s.enter(m.Workspace)
}

// enter takes address and credentials from a workspace.
func (s *shop) enter(w *client.Workspace) *shop {
	account := w.Providers["dinaricash"]
	s.url, s.account = account.BaseURL, account.Credentials["corporate_account_id"]
	s.key, s.hookKey = account.Credentials["gateway_api_key"], account.Credentials["webhook_key"]
	return s
}

// neighbor is another shop at the same server, with a workspace of its own.
func (s *shop) neighbor(id, knobs string) *shop {
	s.t.Helper()
	seed := int64(2)
	ws, err := s.CreateWorkspace(s.t.Context(), client.WorkspaceSpec{ID: id, Scenario: scenario(knobs), Seed: &seed})
	require.NoError(s.t, err)
	there := *s.Mockpay
	there.Workspace, there.Client = ws, client.New(s.URL, client.WithWorkspace(id))
	next := &shop{Mockpay: &there, t: s.t, http: s.http}
	return next.enter(ws)
}

// in is the shop in a subtest.
func (s *shop) in(t testing.TB) *shop {
	there := *s
	there.t = t
	return &there
}

// A form is the parameters of a call in their order.
type form []field

type field struct{ name, value string }

// fill makes a form of names and values in turn.
func fill(pairs ...string) (f form) {
	for i := 0; i < len(pairs); i += 2 {
		f = append(f, field{pairs[i], pairs[i+1]})
	}
	return f
}

// with is the form with other values of some parameters, or with more of them.
func (f form) with(pairs ...string) form {
	f = slices.Clone(f)
	for _, add := range fill(pairs...) {
		if i := slices.IndexFunc(f, func(p field) bool { return p.name == add.name }); i >= 0 {
			f[i] = add
		} else {
			f = append(f, add)
		}
	}
	return f
}

func (f form) without(names ...string) form {
	return slices.DeleteFunc(slices.Clone(f), func(p field) bool { return slices.Contains(names, p.name) })
}

func (f form) urlencoded() (media, body string) {
	var pairs []string
	for _, p := range f {
		pairs = append(pairs, url.QueryEscape(p.name)+"="+url.QueryEscape(p.value))
	}
	return "application/x-www-form-urlencoded", strings.Join(pairs, "&")
}

func (f form) multipart() (media, body string) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for _, p := range f {
		_ = w.WriteField(p.name, p.value) // a Buffer takes all
	}
	_ = w.Close()
	return w.FormDataContentType(), b.String()
}

func (f form) json() (media, body string) {
	var pairs []string
	for _, p := range f {
		name, _ := json.Marshal(p.name) // texts can be written
		value, _ := json.Marshal(p.value)
		pairs = append(pairs, string(name)+":"+string(value))
	}
	return "application/json", "{" + strings.Join(pairs, ",") + "}"
}

// Paths of the operations, in the order of the documents.
var (
	operations = []string{"ach", "card_load", "manage_cards", "swift", "zelle", "list_transactions", "cancel", "balance"}
	sends      = []string{"ach", "card_load", "swift", "zelle"}
	paths      = map[string]string{
		"ach": "/", "card_load": "/send-transaction", "manage_cards": "/manage-cards", "swift": "/swift-transfer",
		"zelle": "/send-money", "list_transactions": "/list-transactions", "cancel": "/transaction/status", "balance": "/account/balance",
	}
	sendMethods = map[string]string{"ach": "ACH", "card_load": "CARD_VIRTUAL", "swift": "SWIFT", "zelle": "ZELLE"}
)

// What each operation requires, besides credentials and what all sends do.
var requires = map[string]form{
	"ach":       fill("RECIPIENT_FULL_NAME", "Sage Smith", "RECIPIENT_BANK_ACCOUNT", "1234567890", "RECIPIENT_BANK_ROUTING", "123456789"),
	"card_load": fill("RECIPIENT_FULL_NAME", "Sage Smith", "RECIPIENT_EMAILADDRESS", "ssmith@example.com"),
	"swift": fill("RECIPIENT_FULL_NAME", "Sage Smith", "RECIPIENT_STREET_1", "123 Street", "RECIPIENT_CITY", "Los Angeles", "RECIPIENT_REGION", "California",
		"RECIPIENT_COUNTRY_ISO3", "USA", "RECIPIENT_BANK_ACCOUNT", "1234567890", "RECIPIENT_BANK_ROUTING", "AAAABBCC123", "RECIPIENT_BANK_NAME", "Citibank",
		"RECIPIENT_BANK_STREET_1", "123 Street Address", "RECIPIENT_BANK_CITY", "Los Angeles", "RECIPIENT_BANK_REGION", "California", "RECIPIENT_BANK_COUNTRY_ISO3", "USA"),
	"zelle":        fill("RECIPIENT_ZELLE_ADDRESS", "ssmith@example.com"),
	"manage_cards": fill("SERVICE_ACTION", "GET_CARD_LIST"),
	"cancel":       fill("TRANSACTION_ID", "0123456789abcdef0123456789abcdef"),
}

// credentials are the pair that an operation asks for.
func (s *shop) credentials(op string) form {
	if op == "ach" {
		return fill("PUBLIC_KEY", s.account, "API_SECRET", s.key)
	}
	return fill("CORPORATE_ACCOUNT_ID", s.account, "GATEWAY_API_KEY", s.key)
}

// form is what an operation requires; sends are of 300.
func (s *shop) form(op string) form {
	f := s.credentials(op)
	if slices.Contains(sends, op) {
		f = append(f, fill("SEND_METHOD", sendMethods[op], "SEND_CURRENCY_ISO3", "USD", "SEND_AMOUNT", "300")...)
	}
	return append(f, requires[op]...)
}

// An answer is what came back.
type answer struct {
	status int
	body   string
	header http.Header
}

func (a answer) hint() string { return a.header.Get("X-Mockpay-Hint") }

// data is one of the values that an answer has under data or details.
func (a answer) data(t testing.TB, key string) string {
	t.Helper()
	var all struct{ Data, Details map[string]json.RawMessage }
	require.NoError(t, json.Unmarshal([]byte(a.body), &all), a.body)
	value, ok := all.Data[key]
	if !ok {
		value, ok = all.Details[key]
	}
	require.True(t, ok, "no %s in %s", key, a.body)
	return strings.Trim(string(value), `"`)
}

// call posts a form urlencoded.
func (s *shop) call(op string, f form) answer {
	s.t.Helper()
	media, body := f.urlencoded()
	return s.send(http.MethodPost, paths[op], media, body, nil)
}

// force posts a form and asks for an outcome.
func (s *shop) force(op, outcome string, f form) answer {
	s.t.Helper()
	media, body := f.urlencoded()
	return s.send(http.MethodPost, paths[op], media, body, http.Header{"X-Mockpay-Outcome": {outcome}})
}

func (s *shop) send(method, path, media, body string, header http.Header) answer {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, strings.NewReader(body))
	require.NoError(s.t, err)
	for name, values := range header {
		req.Header[name] = values
	}
	req.Host = header.Get("Host")
	if media != "" {
		req.Header.Set("Content-Type", media)
	}
	res, err := s.http.Do(req)
	require.NoError(s.t, err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	require.NoError(s.t, err)
	return answer{res.StatusCode, string(text), res.Header}
}

// accepted makes a call that must succeed.
func (s *shop) accepted(op string, f form) answer {
	s.t.Helper()
	a := s.call(op, f)
	require.Equal(s.t, 200, a.status, "%s (%s)", a.body, a.hint())
	require.Contains(s.t, a.body, `{"status":"success",`)
	assert.Equal(s.t, "application/json", a.header.Get("Content-Type"))
	assert.Empty(s.t, a.hint())
	return a
}

// sent sends an amount and returns the id of the transaction.
func (s *shop) sent(op, amount string) string {
	s.t.Helper()
	return s.accepted(op, s.form(op).with("SEND_AMOUNT", amount)).data(s.t, "TRANSACTION_ID")
}

// loaded loads the card of a recipient and returns its id.
func (s *shop) loaded(email, amount string) string {
	s.t.Helper()
	return s.accepted("card_load", s.form("card_load").with("RECIPIENT_EMAILADDRESS", email, "SEND_AMOUNT", amount)).data(s.t, "CARD_ACCOUNT_ID")
}

// manage makes one of the five actions with a card.
func (s *shop) manage(action, card string) answer {
	s.t.Helper()
	return s.call("manage_cards", s.form("manage_cards").with("SERVICE_ACTION", action, "CARD_ACCOUNT_ID", card))
}

// holds checks state and balance of a card.
func (s *shop) holds(card, status, balance string) {
	s.t.Helper()
	a := s.manage("GET_CARD_DETAILS", card)
	assert.Equal(s.t, status+" "+balance, a.data(s.t, "CARD_STATUS")+" "+a.data(s.t, "CARD_BALANCE"))
}

// A row is a transaction as the list has it.
type row struct {
	ID       string      `json:"TRANSACTION_ID"`
	Created  string      `json:"TRANSACTION_DATETIME_CREATED"`
	Status   string      `json:"TRANSACTION_STATUS"`
	Currency string      `json:"TRANSACTION_CURRENCY_ISO3"`
	Amount   json.Number `json:"TRANSACTION_SEND_AMOUNT"`
	Message  string      `json:"GATEWAY_MESSAGE"`
}

// list are the transactions that some filters select.
func (s *shop) list(filters ...string) []row {
	s.t.Helper()
	a := s.accepted("list_transactions", s.form("list_transactions").with(filters...))
	var all struct {
		Data struct {
			Rows []row `json:"TRANSACTION_LIST_ARRAY"`
		} `json:"data"`
	}
	require.NoError(s.t, json.Unmarshal([]byte(a.body), &all))
	return all.Data.Rows
}

// state is the status of a transaction, as the list has it.
func (s *shop) state(id string) string {
	s.t.Helper()
	rows := s.list("TRANSACTION_ID", id)
	require.Len(s.t, rows, 1)
	return rows[0].Status
}

// has checks payout, float and reserve.
func (s *shop) has(payout, float, reserve string) {
	s.t.Helper()
	all, err := s.Balances(s.t.Context())
	require.NoError(s.t, err)
	b := all["dinaricash"]
	assert.Equal(s.t, payout+" "+float+" "+reserve, b["payout"]+" "+b["float"]+" "+b["reserve"])
}

// act makes an action and returns what it changed.
func (s *shop) act(action string, pairs ...string) string {
	s.t.Helper()
	changed, err := s.Simulate(s.t.Context(), "dinaricash."+action, args(pairs...))
	require.NoError(s.t, err)
	return string(changed)
}

// tried is the HTTP status of an action.
func (s *shop) tried(action string, pairs ...string) int {
	s.t.Helper()
	_, err := s.Simulate(s.t.Context(), "dinaricash."+action, args(pairs...))
	if err == nil {
		return 200
	}
	var refused *client.Error
	require.ErrorAs(s.t, err, &refused)
	assert.NotEmpty(s.t, refused.Detail)
	return refused.Status
}

func args(pairs ...string) map[string]string {
	all := make(map[string]string)
	for _, p := range fill(pairs...) {
		all[p.name] = p.value
	}
	return all
}

// sound checks that the workspace's money adds up.
func (s *shop) sound() {
	s.t.Helper()
	invariants, err := s.Invariants(s.t.Context())
	require.NoError(s.t, err)
	assert.True(s.t, invariants.OK, "%+v", invariants.Checks)
}

// told are the events that were written, sent or not, oldest first: CANCELED of
// a transaction_status.
func (s *shop) told() []string {
	s.t.Helper()
	said := []string{}
	for _, e := range slices.Backward(s.webhooks("")) {
		for _, key := range []string{"TRANSACTION_STATUS", "PURCHASE_STATUS", "CARD_ACCOUNT_STATUS"} {
			if status, ok := e.Payload[key]; ok {
				said = append(said, fmt.Sprint(e.Event, " ", status))
			}
		}
	}
	return said
}

// An event is a webhook as the control API shows it.
type event struct {
	ID       string
	Event    string
	Status   string
	Hint     string
	Payload  map[string]any
	Attempts []struct {
		At      string
		Status  int
		Error   string
		Request struct{ Body string }
	}
}

// webhooks are the events, newest first.
func (s *shop) webhooks(query string) []event {
	s.t.Helper()
	var all struct{ Webhooks []event }
	require.NoError(s.t, json.Unmarshal([]byte(s.control("webhooks", query)), &all))
	return all.Webhooks
}

// control is an answer of the control API.
func (s *shop) control(path, query string) string {
	s.t.Helper()
	res, err := s.http.Get(s.URL + "/_mockpay/" + path + "?workspace=" + s.Workspace.ID + query)
	require.NoError(s.t, err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	require.NoError(s.t, err)
	require.Equal(s.t, 200, res.StatusCode, string(text))
	return string(text)
}

// untouched checks that nothing was stored, moved or told since the beginning
// with fewFunds.
func (s *shop) untouched() {
	s.t.Helper()
	s.has("1000", "5000", "2000")
	assert.Empty(s.t, s.list())
	assert.Empty(s.t, s.told())
	assert.Contains(s.t, s.accepted("manage_cards", s.form("manage_cards")).body, `"LIST_CARDS":[]`)
	ledger, err := s.Ledger(s.t.Context(), client.LedgerFilter{Provider: "dinaricash"})
	require.NoError(s.t, err)
	assert.Len(s.t, ledger, 3, "the opening balances")
}

// Refusals of each operation for what is wrong with the call itself. In the
// place of what varies stand WHY, NOW, ACCOUNT and the name of a parameter.
var refusals = map[string]string{
	"ach": `{"status":"error","message":"Transaction failed due to invalid request.","error_code":400,"details":{"TRANSACTION_ID":"","TRANSACTION_DATETIME_CREATED":"NOWZ","TRANSACTION_STATUS":"Failed","GATEWAY_MESSAGE":"WHY","CORPORATE_ACCOUNT_ID":"ACCOUNT"}}`,
	"card_load": `{"status":"error","message":"Transaction failed due to invalid request.","error_code":400,"details":{"TRANSACTION_ID":"","TRANSACTION_DATETIME_CREATED":"NOWZ","TRANSACTION_CURRENCY_ISO3":"USD","TRANSACTION_SEND_AMOUNT":300.00,"TRANSACTION_STATUS":"Failed","GATEWAY_MESSAGE":"WHY","TANSACTION_SEND_METHOD":"CARD_VIRTUAL",` +
		`"SEND_FEE_FIXED_AMOUNT":5.00,"SEND_FEE_PERCENTAGE":2.5,"SEND_FEE_PERCENTAGE_AMOUNT":7.50,"SEND_FEE_TOTAL_AMOUNT":12.50,` + balancesText("TRANSACTION") +
		`"RECIPIENT_ACCOUNT_ID":"","CARD_ACCOUNT_ID":"","RECIPIENT_CARD_NUMBER":"","RECIPIENT_CARD_CVV":"","RECIPIENT_CARD_EXPIRATION_DATE":"","CORPORATE_ACCOUNT_ID":"ACCOUNT"}}`,
	"swift": `{"status":"error","message":"Transaction failed due to insufficient funds or other error.","data":{"TRANSACTION_ID":"","TRANSACTION_DATETIME_CREATED":"NOW","TRANSACTION_CURRENCY_ISO3":"USD","TRANSACTION_SEND_AMOUNT":300,"TRANSACTION_STATUS":"FAILED","GATEWAY_MESSAGE":"WHY","TRANSACTION_SEND_METHOD":"SWIFT",` +
		`"SEND_FEE_FIXED_AMOUNT":5,"SEND_FEE_PERCENTAGE":0.03,"SEND_FEE_PERCENTAGE_AMOUNT":3,"SEND_FEE_TOTAL_AMOUNT":8,` + strings.ReplaceAll(balancesText("TRANSACTION"), ".00", "") + `"CORPORATE_ACCOUNT_ID":"ACCOUNT"}}`,
	"zelle": `{"status":"error","message":"Transaction failed","error_code":"TRANSACTION_FAILED","data":{"TRANSACTION_ID":"","TRANSACTION_DATETIME_CREATED":"NOW","TRANSACTION_CURRENCY_ISO3":"USD","TRANSACTION_SEND_AMOUNT":300.00,"TRANSACTION_STATUS":"FAILED","GATEWAY_MESSAGE":"WHY","TRANSACTION_SEND_METHOD":"ZELLE",` +
		`"SEND_FEE_FIXED_AMOUNT":5.00,"SEND_FEE_PERCENTAGE":0.03,"SEND_FEE_PERCENTAGE_AMOUNT":3.00,"SEND_FEE_TOTAL_AMOUNT":8.00,` + balancesText("TRANSACTION") + `"CORPORATE_ACCOUNT_ID":"ACCOUNT"}}`,
	"manage_cards":      `{"status":"error","message":"Transaction failed.","error_code":400,"details":{"TRANSACTION_ID":"","TRANSACTION_DATETIME_CREATED":"NOWZ","TRANSACTION_STATUS":"Failed","GATEWAY_MESSAGE":"WHY","GATEWAY_ERROR":"WHY","CORPORATE_ACCOUNT_ID":"ACCOUNT"}}`,
	"list_transactions": `{"status":"error","message":"Failed to fetch transaction list.","error_code":400,"details":{"GATEWAY_DATETIME":"NOW","CORPORATE_ACCOUNT_ID":"ACCOUNT","CUSTOMER_ID":"<CUSTOMER_ID>","GATEWAY_ERROR":"WHY"}}`,
	"cancel":            `{"status":"error","message":"Transaction cancellation failed.","error_code":400,"details":{"TRANSACTION_ID":"<TRANSACTION_ID>","GATEWAY_ERROR":"WHY",` + balancesText("CANCEL") + `"CORPORATE_ACCOUNT_ID":"ACCOUNT"}}`,
	"balance":           `{"status":"error","message":"Failed to retrieve account balance.","error_code":400,"data":{"GATEWAY_DATETIME":"NOW","CORPORATE_ACCOUNT_ID":"ACCOUNT","GATEWAY_ERROR":"WHY"}}`,
}

// The balances of refusals above: those of the knobs fewFunds.
const fewFunds = `balances: {payout: "1000.00", float: "5000.00", reserve: "2000.00"}`

func balancesText(what string) string {
	return `"PAYOUT_BALANCE_BEFORE_` + what + `":1000.00,"PAYOUT_BALANCE_AFTER_` + what + `":1000.00,"FLOAT_BALANCE_BEFORE_` + what + `":5000.00,"FLOAT_BALANCE_AFTER_` + what + `":5000.00,"RESERVE_BALANCE_BEFORE_` + what + `":2000.00,"RESERVE_BALANCE_AFTER_` + what + `":2000.00,`
}

var (
	balanceValue = regexp.MustCompile(`(_BALANCE_[A-Z_]+":)[0-9.]+`)
	amountValue  = regexp.MustCompile(`((?:TRANSACTION_SEND_AMOUNT|SEND_FEE_[A-Z_]+)":)[0-9.]+`)
	numericCode  = regexp.MustCompile(`"error_code":[0-9]+`)
)

// refusal is how an operation refuses a form that is not of 300: for a text, an
// HTTP status, in front of somebody who has the key or not.
func refusal(op string, f form, why string, status int, trusted bool) string {
	value := make(map[string]string)
	for _, p := range f {
		value[p.name] = p.value
	}
	account := value["CORPORATE_ACCOUNT_ID"]
	if op == "ach" {
		account = value["PUBLIC_KEY"]
	}
	text := refusals[op]
	if name, missing := strings.CutPrefix(why, "Missing "); missing && op == "manage_cards" {
		said := map[string]string{"CORPORATE_ACCOUNT_ID": "Corporate Account ID", "GATEWAY_API_KEY": "Gateway API Key", "SERVICE_ACTION": "Service Action", "CARD_ACCOUNT_ID": "Card Account ID"}
		text = strings.Replace(text, "Transaction failed.", "Transaction failed due to missing "+said[name]+".", 1)
	}
	if !trusted {
		text = balanceValue.ReplaceAllString(text, `$1""`)
	}
	if value["SEND_AMOUNT"] != "300" {
		text = amountValue.ReplaceAllString(text, `$1""`)
	}
	text = numericCode.ReplaceAllString(text, fmt.Sprintf(`"error_code":%d`, status))
	return strings.NewReplacer("WHY", why, "NOWZ", "2025-01-08T12:34:56Z", "NOW", "2025-01-08 12:34:56", `"ACCOUNT"`, `"`+account+`"`,
		"<CUSTOMER_ID>", value["CUSTOMER_ID"], "<TRANSACTION_ID>", value["TRANSACTION_ID"]).Replace(text)
}

// refused checks a refusal byte for byte.
func (s *shop) refused(a answer, op string, f form, why string, status int) {
	s.t.Helper()
	s.denied(a, refusal(op, f, why, status, true), status)
}

var dateTime = regexp.MustCompile(`[0-9]{4}-[0-9]{2}-[0-9]{2}([T ])[0-9]{2}:[0-9]{2}:[0-9]{2}`)

// distrusted is refused for those who have not shown the key. Those who say no
// account have the default workspace's time.
func (s *shop) distrusted(a answer, op string, f form, why string) {
	s.t.Helper()
	a.body = dateTime.ReplaceAllString(a.body, "2025-01-08${1}12:34:56")
	s.denied(a, refusal(op, f, why, 400, false), 400)
}

func (s *shop) denied(a answer, body string, status int) {
	s.t.Helper()
	assert.Equal(s.t, body, a.body)
	assert.Equal(s.t, status, a.status)
	assert.Equal(s.t, "application/json", a.header.Get("Content-Type"))
	assert.NotEmpty(s.t, a.hint())
}

// Texts of refusals.
const (
	badCredentials = "Invalid Corporate Account ID or Gateway API Key."
	notCancelable  = "Transaction cannot be canceled."
	cannotPay      = "Insufficient balance to process the cancellation."
	canceledCard   = "Card is canceled"
)

// A receiver takes webhooks and keeps them, in the order they came.
type receiver struct {
	*httptest.Server
	mu      sync.Mutex
	got     []hook
	answers []string // to the next ones: a status, or a body for 200
}

// A hook is a webhook as it came.
type hook struct{ method, media, id, event, body string }

func receive(t testing.TB, answers ...string) *receiver {
	t.Helper()
	r := &receiver{answers: answers}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body) // the test looks at what came
		r.mu.Lock()
		defer r.mu.Unlock()
		r.got = append(r.got, hook{req.Method, req.Header.Get("Content-Type"), req.Header.Get("X-Mockpay-Webhook-Id"), req.Header.Get("X-Mockpay-Webhook-Event"), string(body)})
		if len(r.answers) > 0 {
			next := r.answers[0]
			r.answers = r.answers[1:]
			if next == "500" {
				w.WriteHeader(500)
				return
			}
			_, _ = io.WriteString(w, next) // nobody reads it if it fails
		}
	}))
	t.Cleanup(r.Close)
	return r
}

// took are the bodies that came since the last look.
func (r *receiver) took(s *shop) (bodies []string) {
	for _, h := range r.hooks(s) {
		bodies = append(bodies, h.body)
	}
	return bodies
}

func (r *receiver) hooks(s *shop) []hook {
	s.t.Helper()
	s.Advance(0) // returns when all that fell due was sent
	r.mu.Lock()
	defer r.mu.Unlock()
	got := r.got
	r.got = nil
	return got
}
