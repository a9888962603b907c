package usdtpayout

import "github.com/mockpay/mockpay/provider"

func actions() []provider.Action {
	return []provider.Action{
		{
			Name: "transition",
			Doc:  "move a payout to another status, with the money and the callback that go with it; pending approves one that waits for approval",
			Args: []provider.Arg{
				{Name: "transaction", Doc: "transaction_id, or last or first", Required: true},
				{Name: "as", Doc: "the status to move to", Required: true, OneOf: payoutMachine.States},
				{Name: "message", Doc: "status_message of failed, rejected, canceled and reversed"},
			},
			Do: transition,
		},
		{
			Name: "rotate_credentials",
			Doc:  "make the account's secrets anew, which ends all its tokens; the API key, the e-mail and the password stay",
			Args: []provider.Arg{},
			Do:   rotate,
		},
	}
}

// moved is what a transition changed.
type moved struct {
	Transaction string `json:"transaction"`
	From        string `json:"from"`
	To          string `json:"to"`
	Available   string `json:"available"`
	Reserved    string `json:"reserved"`
}

func transition(c *provider.Call, args map[string]string) (any, error) {
	p, ok := payouts.Pick(c.Tx, args["transaction"])
	if !ok {
		return nil, provider.Faultf(provider.Unknown, "no payout %q in workspace %q", args["transaction"], c.Workspace)
	}
	c.Recall(p.ID)
	from, to := p.Status, args["as"]
	if !payoutMachine.Allows(from, to) {
		if payoutMachine.Final(from) {
			return nil, provider.Faultf(provider.Conflict, "payout %s is %s, which is final", p.ID, from)
		}
		return nil, provider.Faultf(provider.Conflict, "payout %s is %s and cannot become %s from there", p.ID, from, to)
	}
	if to != statusProcessing {
		p.drop(c.Tx)
	}
	p.move(c, to, args["message"])
	if from == statusPendingApproval && to == statusPending {
		p.schedule(c)
	}
	payouts.Put(c.Tx, p)
	return moved{p.ID, from, p.Status, c.Tx.Balance(Name, Balance).String(), c.Tx.Balance(Name, Reserved).String()}, nil
}

// rotated are the credentials after they were made anew.
type rotated struct {
	Version     int               `json:"version"`
	Credentials map[string]string `json:"credentials"`
}

func rotate(c *provider.Call, _ map[string]string) (any, error) {
	a := account{theAccount, version(c.Tx) + 1}
	accounts.Put(c.Tx, a)
	return rotated{a.Version, currentCredentials(c.Tx, c.Workspace, c.Credentials)}, nil
}
