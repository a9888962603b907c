package dinaricash

import (
	"crypto/sha256"
	_ "embed" // of fidelity.md
	"encoding/hex"

	"github.com/mockpay/mockpay/provider"
	"github.com/mockpay/mockpay/state"
	"github.com/mockpay/mockpay/webhook"
)

// Name is the provider's name; the others are its balances.
const (
	Name    = "dinaricash"
	Payout  = "payout"
	Float   = "float"
	Reserve = "reserve"
)

// fidelity says what is documented, what is inferred and what is chosen.
//
//go:embed fidelity.md
var fidelity string

// New returns the mock.
func New() *provider.Mock {
	return &provider.Mock{
		Name:         Name,
		Title:        "Dinari Cash",
		Fidelity:     fidelity,
		Mounts:       []provider.Mount{{Hosts: []string{"sandbox.dinaricash.com", "production.dinaricash.com"}}},
		Operations:   operations(),
		Outcomes:     outcomes,
		Machines:     []provider.Machine{transactionMachine, cardMachine},
		Actions:      actions(),
		Events:       []string{eventTransaction, eventCardLoad, eventCardPurchase, eventCardStatus},
		Webhook:      func(s any) provider.Webhook { return s.(*settings).Webhook },
		Proof:        webhook.Proof{Keys: []string{"WEBHOOK_KEY"}, Times: eventTimes, Layout: plainDates},
		Samples:      samples,
		Settings:     func() any { return defaults() },
		Credentials:  credentials,
		Secret:       provider.Secrets{Fields: []string{"API_SECRET", "GATEWAY_API_KEY"}, Events: []string{"WEBHOOK_KEY"}},
		Decode:       decode,
		Identify:     identify,
		Authenticate: authenticate,
		Refuse:       refuse,
		Open:         open,
		Jobs: map[string]func(*provider.Call, state.Job) error{
			settleJob: runSettle,
		},
		Tables:     []state.Schema{transactions, recipients, cards, purchases},
		Invariants: invariants,
	}
}

// The credentials of a workspace's account.
const (
	accountID  = "corporate_account_id"
	gatewayKey = "gateway_api_key"
	webhookKey = "webhook_key"
)

// credentials are the documented examples for the default workspace [S2 l.129,
// 232-233], and of the same shape for the others.
func credentials(workspace string) []provider.Credential {
	if workspace == "default" {
		return []provider.Credential{
			{Name: accountID, Value: "8d1838fbb7fea3206326d0d96f162618", Public: true},
			{Name: gatewayKey, Value: "955a380d7d9c05707f199fbe8ba8474d"},
			{Name: webhookKey, Value: "d4238d59beea578ab494a6f5126cf853"},
		}
	}
	var all []provider.Credential
	for _, name := range []string{accountID, gatewayKey, webhookKey} {
		sum := sha256.Sum256([]byte(Name + "/" + workspace + "/" + name))
		all = append(all, provider.Credential{Name: name, Value: hex.EncodeToString(sum[:16]), Public: name == accountID})
	}
	return all
}

// open writes the opening balances, and the records that the scenario begins
// with.
func open(c *provider.Call) {
	s := knobs(c)
	c.Tx.OpenBalance(Name, Payout, s.Balances.Payout)
	c.Tx.OpenBalance(Name, Float, s.Balances.Float)
	c.Tx.OpenBalance(Name, Reserve, s.Balances.Reserve)
	s.seed(c.Tx)
}
