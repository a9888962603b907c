package usdtpayout

import (
	"crypto/sha256"
	_ "embed" // of fidelity.md

	"github.com/mockpay/mockpay/provider"
	"github.com/mockpay/mockpay/state"
	"github.com/mockpay/mockpay/webhook"
	"github.com/shopspring/decimal"
)

// Name is the provider's name; the others are its balances.
const (
	Name     = "usdtpayout"
	Balance  = "USDT"          // what is available
	Reserved = "USDT_reserved" // what accepted payouts hold
)

// Modes, decided by the host [sandbox].
const (
	sandbox = "sandbox"
	live    = "live"
)

// fidelity says what is documented, what is inferred and what is chosen.
//
//go:embed fidelity.md
var fidelity string

// New returns the mock.
func New() *provider.Mock {
	return &provider.Mock{
		Name:     Name,
		Title:    "Pontis Globe",
		Fidelity: fidelity,
		Mounts: []provider.Mount{
			{Hosts: []string{"sandbox.pontisglobe.com"}, Mode: sandbox},
			{Prefix: "/live", Hosts: []string{"api.pontisglobe.com"}, Mode: live},
		},
		Operations:   operations(),
		Outcomes:     outcomes,
		Machines:     []provider.Machine{payoutMachine},
		Actions:      actions(),
		Events:       []string{eventStatus},
		Webhook:      func(s any) provider.Webhook { return s.(*settings).Webhook },
		CheckWebhook: checkCallbackURL,
		SignWebhook:  signCallback,
		Proof:        webhook.Proof{Signature: "X-Pontis-Signature"},
		Samples:      samples,

		AnyWebhookAnswer: true, // any 2xx; our choice

		Settings:    func() any { return defaults() },
		Credentials: credentials,
		Account:     currentCredentials,
		Secret: provider.Secrets{
			Headers: []string{"X-Api-Key", "Authorization"}, Fields: []string{"password"}, Answer: []string{"access_token"},
		},
		BodyLimit:    bodyLimit,
		Decode:       func(*provider.Request) (map[string]any, error) { return nil, nil }, // once it is known whose it is
		Identify:     func(r *provider.Request) string { return r.Header.Get(headerKey) },
		Authenticate: authenticate,
		Refuse:       refuse,
		Open: func(c *provider.Call) {
			c.Tx.OpenBalance(Name, Balance, knobs(c).Wallet)
			c.Tx.OpenBalance(Name, Reserved, decimal.Decimal{})
		},
		Jobs: map[string]func(*provider.Call, state.Job) error{
			moveJob: runMove,
		},
		Tables:     []state.Schema{payouts, accounts, meters},
		Invariants: invariants,
		Vectors:    vectors,
	}
}

// bodyLimit is the largest body: 64 KB [errors].
const bodyLimit = 64 << 10

// settings are the knobs of providers.usdtpayout in a scenario.
type settings struct {
	Wallet          decimal.Decimal   `knob:"wallet" min:"0" doc:"opening balance in USDT"`
	ProcessingAfter provider.Duration `knob:"processing_after" doc:"when an accepted live payout is processing"`
	SettleAfter     provider.Duration `knob:"settle_after" doc:"when a payout ends: after its creation in sandbox, after it is processing in live mode"`
	TrailingCents   map[string]cents  `knob:"trailing_cents" doc:"what becomes of a sandbox payout, by the end of its source_amount"`
	Webhook         provider.Webhook  `knob:"webhook" doc:"where callbacks of live payouts go"`

	Limits            limits            `knob:"limits" doc:"caps of the account, in USDT; 0: none"`
	AutoApprovalLimit provider.Optional `knob:"auto_approval_limit" doc:"payouts above it wait for approval; none: no payout does"`
	SandboxChecks     bool              `knob:"sandbox_checks" doc:"check limits, funds and auto-approval in sandbox too; the wallet stays untouched"`

	KYC           bool     `knob:"kyc" doc:"whether the account's KYC is complete"`
	Suspended     bool     `knob:"suspended" doc:"whether the account is suspended"`
	SuspendedCode string   `knob:"suspended_code" oneof:"forbidden account_suspended" doc:"what creating a payout answers then"`
	WalletFrozen  bool     `knob:"wallet_frozen" doc:"whether the wallet is frozen"`
	Allowlist     []string `knob:"ip_allowlist" doc:"addresses and networks that may call; empty: all"`

	RateLimit  rate `knob:"rate_limit" doc:"how often each operation may be called in each mode"`
	LoginLimit rate `knob:"login_limit" doc:"how often login may be tried in each mode"`

	TokenTTL          provider.Duration `knob:"token_ttl" least:"1" doc:"how long a token lives"`
	TimestampWindow   provider.Duration `knob:"timestamp_window" doc:"how far x-timestamp may be from the clock"`
	StaleCode         string            `knob:"stale_timestamp_code" oneof:"invalid_signature unauthorized" doc:"what a missing or stale x-timestamp answers"`
	AnyUUIDVersion    bool              `knob:"any_uuid_version" doc:"take idempotency keys that are UUIDs of another version than 4"`
	StrictCallbackURL bool              `knob:"strict_callback_url" doc:"take only https callback URLs with a public host"`

	RequiredRecipient map[string][]string `knob:"recipient_fields" doc:"what recipient_details must hold besides name, by payment_method"`
}

// Cents are what becomes of a sandbox payout whose amount ends so.
type cents struct {
	Status  string `json:"status" knob:"status" oneof:"pending processing completed failed rejected canceled reversed pending_approval" doc:"the status it comes to"`
	Message string `json:"message" knob:"message" doc:"its status_message"`
}

type limits struct {
	PerPayout decimal.Decimal `knob:"per_payout" min:"0" doc:"of one payout"`
	Daily     decimal.Decimal `knob:"daily" min:"0" doc:"of a day in UTC"`
	Monthly   decimal.Decimal `knob:"monthly" min:"0" doc:"of a month in UTC"`
}

type rate struct {
	Requests int               `knob:"requests" doc:"how many; 0: as many as you like"`
	Per      provider.Duration `knob:"per" least:"1" doc:"within this time"`
}

func defaults() *settings {
	return &settings{
		Wallet:          decimal.NewFromInt(10000),
		ProcessingAfter: provider.MustDuration("1s"),
		SettleAfter:     provider.MustDuration("1s"),
		TrailingCents: map[string]cents{
			".00": {statusCompleted, ""},
			".01": {statusFailed, "Insufficient funds"},
			".02": {statusFailed, "Recipient not found"},
			".03": {statusPending, ""},
			".04": {statusFailed, "Network error"},
		},
		Webhook: provider.Webhook{
			Encoding: "json", Attempts: 1, Timeout: provider.MustDuration("10s"),
			Backoff: []provider.Duration{provider.MustDuration("1s"), provider.MustDuration("5s"), provider.MustDuration("30s")},
		},
		KYC:               true,
		SuspendedCode:     codeForbidden,
		RateLimit:         rate{Per: provider.MustDuration("1m")},
		LoginLimit:        rate{Per: provider.MustDuration("1m")},
		TokenTTL:          provider.MustDuration("15m"),
		TimestampWindow:   provider.MustDuration("5m"),
		StaleCode:         codeInvalidSignature,
		RequiredRecipient: map[string][]string{"bank_local": {"account_number"}, "imps": {"account_number", "ifsc"}},
	}
}

// knobs are the settings in force for a call.
func knobs(c *provider.Call) *settings { return c.Settings.(*settings) }

// Names of the credentials.
const (
	apiKey        = "api_key"
	encryptSecret = "encryption_secret"
	hmacSecret    = "hmac_secret"
	ownerEmail    = "email"
	ownerPassword = "password"
)

// credentials are one set an account, valid in both modes [sandbox].
func credentials(workspace string) []provider.Credential {
	if workspace == "default" {
		return []provider.Credential{
			{Name: apiKey, Value: "pg-default-api-key"},
			{Name: encryptSecret, Value: "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"},
			{Name: hmacSecret, Value: "oKGio6SlpqeoqaqrrK2ur7CxsrO0tba3uLm6u7y9vr8"},
			{Name: ownerEmail, Value: "owner@example.test", Public: true},
			{Name: ownerPassword, Value: "pw-1"},
		}
	}
	return []provider.Credential{
		{Name: apiKey, Value: "pg-" + workspace + "-api-key"},
		{Name: encryptSecret, Value: derived(workspace, encryptSecret, 1)},
		{Name: hmacSecret, Value: derived(workspace, hmacSecret, 1)},
		{Name: ownerEmail, Value: "owner@" + workspace + ".test", Public: true},
		{Name: ownerPassword, Value: "pw-" + workspace},
	}
}

// derived is a secret of 32 bytes that follows from the workspace's name and how
// often its credentials were made anew.
func derived(workspace, name string, version int) string {
	text := Name + "/" + workspace + "/" + name
	for range version - 1 {
		text += "'"
	}
	sum := sha256.Sum256([]byte(text))
	return encode64(sum[:])
}

// An account is what of a workspace's credentials can change.
type account struct {
	ID      string `json:"id"`
	Version int    `json:"version"` // 1 until they are made anew
}

var meters = state.NewTable(Name+".meters", func(m meter) string { return m.ID })

var accounts = state.NewTable(Name+".accounts", func(a account) string { return a.ID })

// theAccount is the one account of a workspace.
const theAccount = "account"

// version is how often the credentials were made, 1 in the beginning.
func version(tx *state.Tx) int {
	if a, ok := accounts.Get(tx, theAccount); ok {
		return a.Version
	}
	return 1
}

// currentCredentials are the account's credentials as they are now: the API key,
// the e-mail and the password stay, the secrets change.
func currentCredentials(tx *state.Tx, workspace string, first map[string]string) map[string]string {
	v := version(tx)
	if v == 1 {
		return first
	}
	return map[string]string{
		apiKey: first[apiKey], ownerEmail: first[ownerEmail], ownerPassword: first[ownerPassword],
		encryptSecret: derived(workspace, encryptSecret, v), hmacSecret: derived(workspace, hmacSecret, v),
	}
}
