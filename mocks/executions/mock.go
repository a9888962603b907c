package executions

import (
	_ "embed" // of fidelity.md

	"github.com/mockpay/mockpay/provider"
	"github.com/mockpay/mockpay/state"
	"github.com/shopspring/decimal"
)

// Name is the provider's name. Its balances are wallets, by currency.
const Name = "executions"

// fidelity says what is documented, what is inferred and what is chosen.
//
//go:embed fidelity.md
var fidelity string

// New returns the mock.
func New() *provider.Mock {
	return &provider.Mock{
		Name:        Name,
		Title:       "Dollr Open API",
		Fidelity:    fidelity,
		Mounts:      []provider.Mount{{Hosts: []string{"api.heydollr.app"}}},
		Operations:  operations(),
		Outcomes:    outcomes,
		Machines:    []provider.Machine{executionMachine, sessionMachine},
		Actions:     actions(),
		Settings:    func() any { return defaults() },
		Credentials: credentials,
		Secret: provider.Secrets{
			Headers: []string{"Authorization"}, Fields: []string{"client_secret", "passcode.token.code"}, Answer: []string{"access_token"},
		},
		Decode:       decode,
		Identify:     identify,
		Authenticate: authenticate,
		Refuse:       refuse,
		Open:         open,
		Jobs:         map[string]func(*provider.Call, state.Job) error{moveJob: runMove},
		Tables:       []state.Schema{merchants, wallets, parties, counterparties, accounts, sessions, executions},
		Invariants:   invariants,
		OpenAPI:      document,
	}
}

// Styles of validation errors, and answers to a wrong passcode.
const (
	documented = "documented"
	pydantic2  = "pydantic2"

	passcode403    = "403"
	passcode422    = "422"
	passcodeFailed = "failed"
)

// settings are the knobs of providers.executions in a scenario.
type settings struct {
	Wallets      map[string]decimal.Decimal `knob:"wallets" keys:"[A-Z]{3}" min:"0" doc:"opening balance of the wallet in each currency; wallets that are not named keep theirs"`
	WalletStatus map[string]string          `knob:"wallet_status" keys:"[A-Z]{3}" oneof:"ACTIVE RESTRICTED FROZEN CLOSED" doc:"opening status of wallets that are not ACTIVE"`

	Verified    bool     `knob:"verified" doc:"whether the merchant is verified; if not, payout sessions and payouts are refused with 403"`
	Merchant    merchant `knob:"merchant" doc:"who the merchant is"`
	PasscodeSet bool     `knob:"passcode_set" doc:"whether the merchant has set up a passcode; without one every code is wrong"`
	UserID      string   `knob:"user_id" doc:"the user_id that the passcode belongs to; empty: any"`
	FirstIDs    firstIDs `knob:"first_ids" doc:"where the ids of each kind begin"`

	TokenTTL        provider.Duration `knob:"token_ttl" least:"1" doc:"how long a token lives; it is dead at exactly that age"`
	SessionTTL      provider.Duration `knob:"session_ttl" least:"1" doc:"how long a session lives from its created_at, which is a whole second; it is expired at exactly its expires_at"`
	ProcessingAfter provider.Duration `knob:"processing_after" doc:"when an accepted execution is PROCESSING"`
	SettleAfter     provider.Duration `knob:"settle_after" doc:"when an accepted execution ends, from its acceptance on"`

	AccountEndings map[string]ending `knob:"account_endings" keys:"[0-9]{2}" doc:"what becomes of payouts, by the last two digits of the account's insensitive_account_number"`
	PhonePrefixes  map[string]string `knob:"phone_prefixes" keys:"[0-9]+" oneof:"MTN_MOMO_LBR ORANGE_MONEY_LBR AIRTEL_RWA MTN_MOMO_RWA ORANGE_MONEY_RWA" doc:"the operator of phone numbers, by their beginning; the longest that fits counts"`

	Fees    map[string]fee             `knob:"fees" keys:"COLLECTION|PAYOUT|TRANSFER|REFUND" doc:"fees by operation type"`
	FXRates map[string]decimal.Decimal `knob:"fx_rates" keys:"[A-Z]{3}/[A-Z]{3}" min:"0.000001" doc:"exchange rates for predictions: \"USD/LRD\": \"190\" makes 190 LRD of a dollar"`

	ValidationStyle   string `knob:"validation_style" oneof:"documented pydantic2" doc:"how 422 errors are put: in the documents' words, or as the live service presumably does"`
	WrongPasscode     string `knob:"wrong_passcode" oneof:"403 422 failed" doc:"what a wrong passcode is answered with; failed: 200 with status FAILED, which uses up the session"`
	LenientIDs        bool   `knob:"lenient_ids" doc:"take an integer for payout_account_id of an execution too"`
	LowercaseCurrency bool   `knob:"lowercase_currency" doc:"take currencies in small letters in bodies"`
	StrictAccountType bool   `knob:"strict_account_type" doc:"pay out only to accounts made with operation_type PAYOUT"`
	StrictContentType bool   `knob:"strict_content_type" doc:"take bodies only with Content-Type application/json"`
}

// A merchant is who the account belongs to.
type merchant struct {
	Name  string `knob:"name" doc:"the merchant's name"`
	Email string `knob:"email" doc:"its e-mail; empty: null"`
}

// FirstIDs are where ids begin.
type firstIDs struct {
	Party        int `knob:"party" least:"1" doc:"of parties"`
	Counterparty int `knob:"counterparty" least:"1" doc:"of counterparties"`
	Account      int `knob:"payment_account" least:"1" doc:"of payment accounts"`
	Session      int `knob:"session" least:"1" doc:"of sessions of all kinds"`
	Wallet       int `knob:"wallet" least:"1" doc:"of wallets"`
}

// An ending is what becomes of payouts to accounts whose number ends so.
type ending struct {
	Status  string `json:"status" knob:"status" oneof:"PENDING PROCESSING COMPLETED FAILED" doc:"the status it comes to"`
	AtOnce  bool   `json:"at_once" knob:"at_once" doc:"whether a FAILED one fails in the answer to its execution"`
	Message string `json:"message" knob:"message" doc:"its gateway_message"`
}

func defaults() *settings {
	return &settings{
		Wallets: map[string]decimal.Decimal{
			"USD": decimal.NewFromInt(10_000), "LRD": decimal.NewFromInt(1_000_000), "RWF": decimal.NewFromInt(1_000_000),
		},
		WalletStatus:    map[string]string{},
		Verified:        true,
		Merchant:        merchant{Name: "Sample Merchant"},
		PasscodeSet:     true,
		FirstIDs:        firstIDs{1, 1, 1, 1, 1},
		TokenTTL:        provider.MustDuration("60m"),
		SessionTTL:      provider.MustDuration("1h"),
		ProcessingAfter: provider.MustDuration("1s"),
		SettleAfter:     provider.MustDuration("3s"),
		AccountEndings: map[string]ending{
			"00": {Status: statusFailed},
			"01": {Status: statusProcessing},
			"02": {Status: statusFailed, AtOnce: true},
		},
		PhonePrefixes: map[string]string{
			"23177": mtnLiberia, "23188": mtnLiberia, "23155": mtnLiberia, "231": orangeLiberia,
			"25078": mtnRwanda, "25079": mtnRwanda, "25072": airtelRwanda, "25073": airtelRwanda, "250": orangeRwanda,
		},
		Fees:            map[string]fee{},
		FXRates:         map[string]decimal.Decimal{},
		ValidationStyle: documented,
		WrongPasscode:   passcode403,
	}
}

// knobs are the settings in force for a call.
func knobs(c *provider.Call) *settings { return c.Settings.(*settings) }

// Names of the credentials.
const (
	clientID     = "client_id"
	clientSecret = "client_secret"
	passcode     = "passcode"
	ownerPhone   = "phone"
)

// credentials are one client a workspace. The passcode and its phone are the
// same in all: they open nothing without the client's token.
func credentials(workspace string) []provider.Credential {
	return []provider.Credential{
		{Name: clientID, Value: "dollr-" + workspace + "-client", Public: true},
		{Name: clientSecret, Value: "dollr-" + workspace + "-secret"},
		{Name: passcode, Value: "123456"},
		{Name: ownerPhone, Value: "231771234567", Public: true},
	}
}

// open writes the merchant and its wallets.
func open(c *provider.Call) {
	merchants.Put(c.Tx, merchantRecord{ID: merchantID, CreatedAt: c.Tx.Now()})
	openWallets(c)
}

// next is the next id of a kind of record.
func (c *call) next(kind string, first int) int64 {
	return c.Tx.Count(Name+"."+kind) + int64(first) - 1
}
