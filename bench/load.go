package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/mockpay/mockpay/client"
)

// A load is what a row measures: calls of one kind.
type load struct {
	name     string
	provider string
	webhooks bool // they go to a receiver

	// once says that a request is good for one call only.
	once bool

	// prepare returns so many requests, or one that is good for all, once the
	// server knows what they are about.
	prepare func(ctx context.Context, s *subject, n int) ([]request, error)

	throughput []target // of requests/s, in the order of connections; nil: none
}

// rich is a scenario with money for all calls, that takes requests prepared long
// before they are sent.
const rich = `version: 1
name: rich
providers:
  dinardragon: {balance: "1000000000000", authcode_ttl: 24h}
  dinaricash: {balances: {payout: "1000000000000", float: "1000000000000", reserve: "1000000000000"}}
  usdtpayout: {wallet: "1000000000000", timestamp_window: 24h, token_ttl: 24h}
`

// richExecutions is the part for a provider that older binaries have not.
const richExecutions = `  executions: {wallets: {USD: "1000000000000"}, token_ttl: 24h, session_ttl: 24h}
`

func loads() []load {
	return []load{
		{name: "dinardragon execute", provider: "dinardragon", once: true, prepare: authcodes},
		{name: "dinaricash ach, urlencoded", provider: "dinaricash", prepare: ach(urlencoded), throughput: []target{0.6, 0.5}},
		{name: "dinaricash ach, multipart", provider: "dinaricash", prepare: ach(multipart), throughput: []target{0.6, 0.5}},
		{name: "dinaricash swift, webhooks on", provider: "dinaricash", webhooks: true, prepare: swift},
		{name: "dinaricash list-transactions", provider: "dinaricash", prepare: listing},
		{name: "usdtpayout send_payout", provider: "usdtpayout", once: true, prepare: sendPayouts},
		{name: "usdtpayout payout_status", provider: "usdtpayout", prepare: payoutStatus},
		{name: "executions payout", provider: "executions", once: true, prepare: executePayouts},
		{name: "executions payout_status", provider: "executions", prepare: executionStatus},
	}
}

// A subject is a mockpay that is measured.
type subject struct {
	*process
	control   *client.Client
	providers map[string]client.Account
	stored    int
	count     atomic.Int64 // of what must be different each time
}

// startSubject starts a mockpay with money in it.
func (o *options) startSubject(ctx context.Context, args ...string) (*subject, error) {
	p, err := o.startMockpay(ctx, args...)
	if err != nil {
		return nil, err
	}
	s := &subject{process: p, control: client.New(p.url), stored: o.stored}
	if err := s.enrich(ctx); err != nil {
		_ = p.stop() // the first error says more
		return nil, err
	}
	return s, nil
}

func (s *subject) enrich(ctx context.Context) error {
	w, err := s.control.Workspace(ctx, "default")
	if err != nil {
		return err
	}
	s.providers = w.Providers
	scenario := rich
	if _, ok := w.Providers["executions"]; ok {
		scenario += richExecutions
	}
	_, err = s.control.LoadScenario(ctx, scenario)
	return err
}

func (s *subject) credential(provider, name string) string {
	return s.providers[provider].Credentials[name]
}

// ask sends one request and decodes what is answered.
func (s *subject) ask(ctx context.Context, r request, into any) error {
	return sendAll(ctx, s.addr(), []request{r}, func(_ int, body []byte) error { return json.Unmarshal(body, into) })
}

// uuid is a UUID of version 4 that was not used before.
func (s *subject) uuid() string { return fmt.Sprintf("00000000-0000-4000-8000-%012x", s.count.Add(1)) }

func encode(v any) string {
	doc, err := json.Marshal(v)
	if err != nil {
		panic("bench: " + err.Error())
	}
	return string(doc)
}

// Dinar Dragon.

const order = `{"amount":195,"accounts":[` +
	`{"acc":123456789,"amount":100,"bank":"somebank","country":"US","recipientname":"somename"},` +
	`{"acc":987654321,"amount":95,"bank":"otherbank","country":"US","recipientname":"othername"}]}`

// authcodes gets a code for each execution: a code is good for one.
func authcodes(ctx context.Context, s *subject, n int) ([]request, error) {
	key := s.credential("dinardragon", "private_key")
	post := func(path, body string) request {
		return newRequest(http.MethodPost, "/dinardragon"+path, body, "Content-Type", "application/json", "Authorization", key)
	}
	quotes := make([]request, n)
	for i := range quotes {
		quotes[i] = post("/get-authcode", order)
	}
	executions := make([]request, n)
	err := sendAll(ctx, s.addr(), quotes, func(i int, body []byte) error {
		var quote struct {
			Authcode string `json:"authcode"`
		}
		if err := json.Unmarshal(body, &quote); err != nil {
			return err
		}
		executions[i] = post("/execute", encode(quote))
		return nil
	})
	return executions, err
}

// Dinari Cash.

// A form is parameters in their order, names and values in turn.
type form []string

func urlencoded(f form) (body, contentType string) {
	var pairs []string
	for i := 0; i < len(f); i += 2 {
		pairs = append(pairs, f[i]+"="+url.QueryEscape(f[i+1]))
	}
	return strings.Join(pairs, "&"), "application/x-www-form-urlencoded"
}

// multipart is as PHP's curl writes it.
func multipart(f form) (body, contentType string) {
	const boundary = "------------------------5c0f1e2d3a4b5968"
	var b strings.Builder
	for i := 0; i < len(f); i += 2 {
		fmt.Fprintf(&b, "--%s\r\nContent-Disposition: form-data; name=\"%s\"\r\n\r\n%s\r\n", boundary, f[i], f[i+1])
	}
	fmt.Fprintf(&b, "--%s--\r\n", boundary)
	return b.String(), "multipart/form-data; boundary=" + boundary
}

func cash(path string, f form, encoding func(form) (string, string)) request {
	body, kind := encoding(f)
	return newRequest(http.MethodPost, "/dinaricash"+path, body, "Content-Type", kind)
}

func ach(encoding func(form) (string, string)) func(context.Context, *subject, int) ([]request, error) {
	return func(_ context.Context, s *subject, _ int) ([]request, error) {
		return []request{cash("/", form{
			"PUBLIC_KEY", s.credential("dinaricash", "corporate_account_id"), "API_SECRET", s.credential("dinaricash", "gateway_api_key"),
			"SEND_METHOD", "ACH", "SEND_CURRENCY_ISO3", "USD", "SEND_AMOUNT", "123.45",
			"RECIPIENT_FULL_NAME", "Sam Smith", "RECIPIENT_BANK_ACCOUNT", "123456789", "RECIPIENT_BANK_ROUTING", "021000021",
			"PUBLIC_TRANSACTION_DESCRIPTION", "Invoice 17",
		}, encoding)}, nil
	}
}

func (s *subject) cashCredentials() form {
	return form{"CORPORATE_ACCOUNT_ID", s.credential("dinaricash", "corporate_account_id"), "GATEWAY_API_KEY", s.credential("dinaricash", "gateway_api_key")}
}

func swift(_ context.Context, s *subject, _ int) ([]request, error) {
	return []request{cash("/swift-transfer", append(s.cashCredentials(),
		"SEND_METHOD", "SWIFT", "SEND_CURRENCY_ISO3", "USD", "SEND_AMOUNT", "300",
		"RECIPIENT_FULL_NAME", "Sam Smith", "RECIPIENT_STREET_1", "1 Main St", "RECIPIENT_CITY", "Berlin", "RECIPIENT_REGION", "BE",
		"RECIPIENT_COUNTRY_ISO3", "DEU", "RECIPIENT_BANK_ACCOUNT", "DE02120300000000202051", "RECIPIENT_BANK_ROUTING", "BYLADEM1001",
		"RECIPIENT_BANK_NAME", "Some Bank", "RECIPIENT_BANK_STREET_1", "2 Main St", "RECIPIENT_BANK_CITY", "Berlin",
		"RECIPIENT_BANK_REGION", "BE", "RECIPIENT_BANK_COUNTRY_ISO3", "DEU",
	), urlencoded)}, nil
}

// Transactions are stored in groups of so many at one time, a minute after each
// other, as the baseline has them.
const group = 100

// listing stores transactions, and asks for those of one minute in the middle.
func listing(ctx context.Context, s *subject, _ int) ([]request, error) {
	began := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	if _, err := s.control.LoadScenario(ctx, rich+"clock: {start: "+began.Format(time.RFC3339)+", frozen: true}\n"); err != nil {
		return nil, err
	}
	one, err := ach(urlencoded)(ctx, s, 1)
	if err != nil {
		return nil, err
	}
	sends := make([]request, group)
	for i := range sends {
		sends[i] = one[0]
	}
	for range s.stored / group {
		if err := sendAll(ctx, s.addr(), sends, nil); err != nil {
			return nil, err
		}
		if _, err := s.control.Advance(ctx, time.Minute); err != nil {
			return nil, err
		}
	}
	middle := began.Add(time.Duration(s.stored/group/2) * time.Minute)
	const layout = "2006-01-02T15:04:05"
	return []request{cash("/list-transactions", append(s.cashCredentials(),
		"DATETIME_START", middle.Format(layout), "DATETIME_END", middle.Add(time.Minute-time.Second).Format(layout),
	), urlencoded)}, nil
}

// Dollr.

func (s *subject) dollr(method, path, token string, body any) request {
	headers := []string{"Content-Type", "application/json"}
	if token != "" {
		headers = append(headers, "Authorization", "Bearer "+token)
	}
	text := ""
	if body != nil {
		text = encode(body)
	}
	return newRequest(method, "/executions/v1"+path, text, headers...)
}

// A merchant of Dollr is somebody with a token and an account to pay.
type merchant struct {
	token   string
	account int
}

func (s *subject) merchant(ctx context.Context) (m merchant, err error) {
	var grant struct {
		Token string `json:"access_token"`
	}
	err = s.ask(ctx, s.dollr(http.MethodPost, "/jwt/client/obtain/token", "", map[string]string{
		"client_id": s.credential("executions", "client_id"), "client_secret": s.credential("executions", "client_secret"),
	}), &grant)
	if err != nil {
		return m, err
	}
	m.token = grant.Token
	var made struct {
		ID int `json:"id"`
	}
	if err := s.ask(ctx, s.dollr(http.MethodPost, "/parties/create", m.token, map[string]string{"fullname": "Sam Smith", "phone": "231771234567"}), &made); err != nil {
		return m, err
	}
	err = s.ask(ctx, s.dollr(http.MethodPost, "/payment-accounts/create?operation_type=PAYOUT", m.token, map[string]any{
		"account_name": "Sam's phone", "provider": "PAWAPAY", "method": "MTN_MOMO_LBR", "party_id": made.ID, "insensitive_account_number": "231771234599",
	}), &made)
	m.account = made.ID
	return m, err
}

// executePayouts opens a session for each execution: a session is good for one.
func executePayouts(ctx context.Context, s *subject, n int) ([]request, error) {
	m, err := s.merchant(ctx)
	if err != nil {
		return nil, err
	}
	sessions := make([]request, n)
	for i := range sessions {
		sessions[i] = s.dollr(http.MethodPost, "/sessions/payout", m.token, map[string]any{
			"payout_account_id": m.account, "amount": json.Number("100.5"), "currency": "USD",
		})
	}
	payouts := make([]request, n)
	err = sendAll(ctx, s.addr(), sessions, func(i int, body []byte) error {
		var session struct {
			ID int `json:"id"`
		}
		if err := json.Unmarshal(body, &session); err != nil {
			return err
		}
		payouts[i] = s.payout(m, session.ID, s.uuid())
		return nil
	})
	return payouts, err
}

func (s *subject) payout(m merchant, session int, reference string) request {
	return s.dollr(http.MethodPost, "/executions/payout", m.token, map[string]any{
		"session_id": strconv.Itoa(session), "payout_account_id": strconv.Itoa(m.account), "reference_id": reference,
		"passcode": map[string]any{
			"token":  map[string]string{"code": s.credential("executions", "passcode"), "phone": s.credential("executions", "phone")},
			"device": map[string]string{"name": "bench", "type": "SERVER", "platform": "GO", "user_agent": "bench/1", "client_ip": "127.0.0.1"},
		},
	})
}

// executionStatus asks for one payout that is completed.
func executionStatus(ctx context.Context, s *subject, _ int) ([]request, error) {
	payouts, err := executePayouts(ctx, s, 1)
	if err != nil {
		return nil, err
	}
	var made struct {
		Reference string `json:"reference_id"`
	}
	if err := s.ask(ctx, payouts[0], &made); err != nil {
		return nil, err
	}
	if _, err := s.control.Advance(ctx, time.Minute); err != nil {
		return nil, err
	}
	m, err := s.merchant(ctx)
	return []request{s.dollr(http.MethodGet, "/status/payout/"+made.Reference, m.token, nil)}, err
}
