package dinaricash

import (
	"net/http"

	"github.com/mockpay/mockpay/provider"
)

// operations are the eight documented calls, in the order of the document. Each
// path is the documented one: ACH has none, cancel is at /transaction/status.
func operations() []provider.Operation {
	send := []string{insufficientBalance, failedOutcome, failedButDebited, invalidCredentials, missingParameter, invalidParameter}
	checked := []string{invalidCredentials, missingParameter, invalidParameter}
	return []provider.Operation{
		operation("ach", "/", "Send money to a bank account in the USA.", achParams, handle(achSend.send), send...),
		operation("card_load", "/send-transaction", "Load a virtual card, a new one for a new recipient.", cardParams, handle(cardSend.send), send...),
		operation("manage_cards", "/manage-cards", "List, show, pause, unpause or cancel virtual cards.", manageParams, handle(manageCards), append(checked, cardCanceled)...),
		operation("swift", "/swift-transfer", "Send money to a bank account abroad.", swiftParams, handle(swiftSend.send), send...),
		operation("zelle", "/send-money", "Send money to a Zelle address.", zelleParams, handle(zelleSend.send), send...),
		operation("list_transactions", "/list-transactions", "List transactions, or tell of one.", listParams, handle(listTransactions), checked...),
		operation("cancel", "/transaction/status", "Cancel a transaction.", cancelParams, handle(cancel), append(checked, cancelRefused, notCancelable)...),
		operation("balance", "/account/balance", "Tell the three balances.", nil, handle(balance), invalidCredentials, missingParameter),
	}
}

func operation(name, path, summary string, params []param, h provider.Handler, refuses ...string) provider.Operation {
	op := provider.Operation{Name: name, Method: http.MethodPost, Path: path, Summary: summary, Refuses: refuses}
	for _, p := range params {
		op.Params = append(op.Params, p.name)
	}
	if methodOf(name) != nil {
		op.Settles = transactionMachine.Name
	}
	op.Handle = func(c *provider.Call) (*provider.Response, error) {
		if err := checkParams(c, params); err != nil {
			return nil, err
		}
		return h(c)
	}
	return op
}
