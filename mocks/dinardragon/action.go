package dinardragon

import "github.com/mockpay/mockpay/provider"

var actions = []provider.Action{{
	Name: "settle",
	Doc:  "end a payment that is processing; a failed one is refunded",
	Args: []provider.Arg{
		{Name: "payment", Doc: "uniqueid of the payment, or last or first", Required: true},
		{Name: "as", Doc: "how it ends", Default: success, OneOf: []string{success, failed}},
	},
	Do: settleAction,
}}

// settled is what a settle action changed.
type settled struct {
	Payment string `json:"payment"`
	Payout  string `json:"payout"`
	From    string `json:"from"`
	To      string `json:"to"`
	Balance string `json:"balance"`
}

func settleAction(c *provider.Call, args map[string]string) (any, error) {
	p, ok := payments.Pick(c.Tx, args["payment"])
	if !ok {
		if of, isPayout := payouts.Get(c.Tx, args["payment"]); isPayout {
			return nil, provider.Faultf(provider.Unknown, "%s is a whole payout; settle its payments by their uniqueid", of.ID)
		}
		return nil, provider.Faultf(provider.Unknown, "no payment %q in workspace %q", args["payment"], c.Workspace)
	}
	from := p.Status
	if !paymentMachine.Allows(from, args["as"]) {
		return nil, provider.Faultf(provider.Conflict, "payment %s is %s, which is final", p.ID, from)
	}
	settle(c, &p, args["as"])
	return settled{p.ID, p.Payout, from, p.Status, c.Tx.Balance(Name, Balance).String()}, nil
}
