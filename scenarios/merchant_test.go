package scenarios_test

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/client"
)

// A merchant takes webhooks as a careful shop does: it believes what is genuine,
// fresh and whole, and acts on it once.
type merchant struct {
	*httptest.Server
	shop   *shop
	judge  func(*arrival) string // why it refuses, "" if it does not
	status func(n int) int       // of the answer to the n-th arrival, whatever it is; 0: by what it is

	mu   sync.Mutex
	came []*arrival
	seen map[string]bool
}

// An arrival is a webhook as it came, and what the merchant thinks of it.
type arrival struct {
	id, event string
	header    http.Header
	body      string
	now       time.Time // of the workspace
	verdict   string    // "taken", "again", or why it was refused
}

// Verdicts of a merchant that refuses.
const (
	forged  = "forged"
	stale   = "stale"
	damaged = "damaged"
)

// freshness is how old what a merchant believes may be.
const freshness = 5 * time.Minute

// merchantOf listens to the webhooks of a provider of the shop's workspace.
func (s *shop) merchantOf(provider, encoding string) *merchant {
	s.t.Helper()
	m := &merchant{shop: s, seen: make(map[string]bool)}
	m.judge = map[string]func(*arrival) string{"dinaricash": m.judgeCash, "usdtpayout": m.judgePontis}[provider]
	m.Server = httptest.NewServer(m)
	s.t.Cleanup(m.Close)
	_, err := s.SetWebhookEndpoint(s.t.Context(), provider, client.WebhookEndpoint{URL: m.URL + "/hooks", Encoding: encoding})
	require.NoError(s.t, err)
	return m
}

// ServeHTTP answers a webhook. X-Handled tells whether it was acted on.
func (m *merchant) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body) // what is cut is judged as it is
	a := &arrival{id: r.Header.Get("X-Mockpay-Webhook-Id"), event: r.Header.Get("X-Mockpay-Webhook-Event"), header: r.Header, body: string(body)}
	if clock, err := m.shop.Clock(context.WithoutCancel(r.Context())); err == nil {
		a.now = clock.Now
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	status := http.StatusOK
	switch a.verdict = m.judge(a); {
	case a.verdict == forged:
		status = http.StatusUnauthorized
	case a.verdict != "":
		status = http.StatusUnprocessableEntity
	case m.seen[a.id]:
		a.verdict = "again"
		w.Header().Set("X-Handled", "false")
	default:
		a.verdict = "taken"
		w.Header().Set("X-Handled", "true")
	}
	m.came = append(m.came, a)
	if m.status != nil {
		status = cmp.Or(m.status(len(m.came)), status)
	}
	m.seen[a.id] = m.seen[a.id] || a.verdict == "taken" && status == http.StatusOK
	w.WriteHeader(status)
}

// arrivals are those since the last look.
func (m *merchant) arrivals() []*arrival {
	m.mu.Lock()
	defer m.mu.Unlock()
	came := m.came
	m.came = nil
	return came
}

// verdicts are those of the arrivals since the last look.
func (m *merchant) verdicts() (all []string) {
	for _, a := range m.arrivals() {
		all = append(all, a.verdict)
	}
	return all
}

// fields are what an arrival tells; nil if it cannot be read.
func (a *arrival) fields() map[string]string {
	all := make(map[string]string)
	if strings.HasPrefix(a.header.Get("Content-Type"), "application/json") {
		var got map[string]any
		if json.Unmarshal([]byte(a.body), &got) != nil {
			return nil
		}
		for name, v := range got {
			all[name] = fmt.Sprint(v)
		}
		return all
	}
	form, err := url.ParseQuery(a.body)
	if err != nil {
		return nil
	}
	for name := range form {
		all[name] = form.Get(name)
	}
	return all
}

// cashFields are the fields of the webhooks of Dinari Cash; the last is the time.
var cashFields = [][]string{
	{"CORPORATE_ACCOUNT_ID", "TRANSACTION_ID", "TRANSACTION_STATUS", "TRANSACTION_DATETIME_UPDATED"},
	{"CLIENT_ACCOUNT_ID", "TRANSACTION_ID", "TRANSACTION_STATUS", "TRANSACTION_DATETIME_UPDATE"},
	{"CORPORATE_ACCOUNT_ID", "CARD_ACCOUNT_ID", "CARD_ACCOUNT_STATUS", "DATETIME_UPDATE"},
	{"CORPORATE_ACCOUNT_ID", "PURCHASE_ID", "PURCHASE_AMOUNT", "PURCHASE_STATUS", "POSTPURCHASE_BALANCE", "DATETIME_UPDATE"},
}

// judgeCash looks at the key, at the fields, at the time that they tell.
func (m *merchant) judgeCash(a *arrival) string {
	got := a.fields()
	if got == nil {
		return damaged
	}
	if got["WEBHOOK_KEY"] != m.shop.Credential("dinaricash", "webhook_key") {
		return forged
	}
	for _, names := range cashFields {
		if slices.ContainsFunc(names, func(name string) bool { return got[name] == "" }) {
			continue
		}
		at, err := time.Parse("2006-01-02 15:04:05", got[names[len(names)-1]])
		switch {
		case err != nil:
			return damaged
		case a.now.Sub(at).Abs() > freshness:
			return stale
		}
		return ""
	}
	return damaged
}

// judgePontis looks at the signature, which also tells damage, and at the time
// that is signed.
func (m *merchant) judgePontis(a *arrival) string {
	at := a.header.Get("X-Pontis-Timestamp")
	if m.signature(at, a.body) != a.header.Get("X-Pontis-Signature") {
		return forged
	}
	seconds, err := strconv.ParseInt(at, 10, 64)
	if err != nil || a.now.Sub(time.Unix(seconds, 0)).Abs() > freshness {
		return stale
	}
	if got := a.fields(); got["transaction_id"] == "" || got["status"] == "" {
		return damaged
	}
	return ""
}

// signature is that of Pontis Globe.
func (m *merchant) signature(at, body string) string {
	key, err := base64.RawURLEncoding.DecodeString(m.shop.Credential("usdtpayout", "hmac_secret"))
	if err != nil {
		return ""
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(at + "." + body))
	return "sha256=" + hex.EncodeToString(mac.Sum(nil))
}

// drain waits until nothing is pending.
func (s *shop) drain() {
	s.t.Helper()
	require.NoError(s.t, s.DrainWebhooks(s.t.Context(), 10*time.Second))
}

// log are the workspace's webhooks, oldest first.
func (s *shop) log() []client.Webhook {
	s.t.Helper()
	list, err := s.Webhooks(s.t.Context(), client.WebhookFilter{})
	require.NoError(s.t, err)
	slices.Reverse(list.Webhooks)
	return list.Webhooks
}

// A teller is a provider that tells of a call by one webhook.
type teller struct {
	name, provider, encoding string
	rule                     string        // of the call, to be gone on with
	call                     func(s *shop) // makes it, and lets its webhook fall due
}

// tellers are all ways in which webhooks are proven to be genuine.
var tellers = []teller{
	{"CashForm", "dinaricash", "form", "on: dinaricash.swift, settle: {as: INITIATED}", func(s *shop) { s.send(swiftSend, "300.00") }},
	{"CashJSON", "dinaricash", "json", "on: dinaricash.swift, settle: {as: INITIATED}", func(s *shop) { s.send(swiftSend, "300.00") }},
	{"PontisLive", "usdtpayout", "", "on: usdtpayout.send_payout", func(s *shop) {
		p := s.payer("live")
		*p.calls = 1000 * len(s.log()) // no key twice
		p.pay("5.00", "pending")
		s.Advance(2 * time.Second)
	}},
}

// each opens a shop for each way to be told, whose calls have webhooks that
// misbehave so.
func each(t *testing.T, webhooks string, do func(t *testing.T, s *shop, m *merchant, by teller)) {
	t.Helper()
	for _, by := range tellers {
		t.Run(by.name, func(t *testing.T) {
			t.Parallel()
			s := openShop(t, "rules: [{name: trouble, "+by.rule+", webhooks: "+webhooks+"}]")
			do(t, s, s.merchantOf(by.provider, by.encoding), by)
		})
	}
}

// forgiveAge has a merchant believe also what is old: Dinari Cash tells when a
// thing happened, not when the webhook was sent.
func (m *merchant) forgiveAge() {
	judge := m.judge
	m.judge = func(a *arrival) string {
		if verdict := judge(a); verdict != stale {
			return verdict
		}
		return ""
	}
}
