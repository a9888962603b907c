package executions

import (
	"github.com/mockpay/mockpay/provider"
)

func actions() []provider.Action {
	return []provider.Action{
		{
			Name: "transition",
			Doc:  "move an execution to another status; one that fails is credited back",
			Args: []provider.Arg{
				{Name: "reference", Doc: "reference_id of the execution, or last or first", Required: true},
				{Name: "as", Doc: "the status to move to", Required: true, OneOf: executionMachine.States},
				{Name: "gateway_message", Doc: "what the operator says"},
			},
			Do: transition,
		},
		{
			Name: "set_wallet",
			Doc:  "change the status of a wallet; payouts from one that is not ACTIVE fail",
			Args: []provider.Arg{
				{Name: "currency", Doc: "the wallet's currency", Required: true},
				{Name: "status", Doc: "the status", Required: true, OneOf: walletStatuses},
			},
			Do: setWallet,
		},
		{
			Name: "deactivate_account",
			Doc:  "make a payment account inactive, so that nothing can be paid to it",
			Args: []provider.Arg{{Name: "account", Doc: "id of the payment account, or last or first", Required: true}},
			Do:   deactivateAccount,
		},
	}
}

// moved is what a transition changed.
type moved struct {
	Reference string `json:"reference"`
	From      string `json:"from"`
	To        string `json:"to"`
	Currency  string `json:"currency"`
	Balance   string `json:"balance"` // of the wallet in that currency
}

func transition(c *provider.Call, args map[string]string) (any, error) {
	x, ok := executions.Pick(c.Tx, key(args["reference"]))
	if !ok {
		return nil, provider.Faultf(provider.Unknown, "no execution %q in workspace %q", args["reference"], c.Workspace)
	}
	from, to := x.Status, args["as"]
	switch {
	case executionMachine.Final(from):
		return nil, provider.Faultf(provider.Conflict, "execution %s is %s, which is final", x.Reference, from)
	case from == statusPending && to == statusCompleted:
		return nil, provider.Faultf(provider.Conflict, "execution %s is PENDING; it is PROCESSING before it is COMPLETED", x.Reference)
	case !executionMachine.Allows(from, to):
		return nil, provider.Faultf(provider.Conflict, "execution %s is %s and cannot become %s from there", x.Reference, from, to)
	}
	if to != statusProcessing {
		x.drop(c.Tx)
	}
	x.move(c.Tx, moveArgs{to, args["gateway_message"]})
	executions.Put(c.Tx, x)
	return moved{x.Reference, from, x.Status, x.PayerCurrency, c.Tx.Balance(Name, x.PayerCurrency).String()}, nil
}

func setWallet(c *provider.Call, args map[string]string) (any, error) {
	w, ok := wallets.Get(c.Tx, args["currency"])
	if !ok {
		return nil, provider.Faultf(provider.Unknown, "no wallet in %q in workspace %q", args["currency"], c.Workspace)
	}
	w.Status = args["status"]
	wallets.Put(c.Tx, w)
	return w, nil
}

// deactivated is an account that was made inactive.
type deactivated struct {
	Account int64 `json:"account"`
	Active  bool  `json:"is_active"`
}

func deactivateAccount(c *provider.Call, args map[string]string) (any, error) {
	a, ok := accounts.Pick(c.Tx, args["account"])
	if !ok {
		return nil, provider.Faultf(provider.Unknown, "no payment account %q in workspace %q", args["account"], c.Workspace)
	}
	a.Inactive, a.UpdatedAt = true, c.Tx.Now()
	accounts.Put(c.Tx, a)
	return deactivated{a.ID, false}, nil
}
