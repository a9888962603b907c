package executions

import (
	"slices"

	"github.com/mockpay/mockpay/provider"
)

// endpoints are the documented calls, in the order a payout makes them. Each is
// declared beside the records it is about.
var endpoints = slices.Concat(
	tokenEndpoints,
	merchantEndpoints,
	partyEndpoints,
	counterpartyEndpoints,
	accountEndpoints,
	predictionEndpoints,
	feeEndpoints,
	payoutSessionEndpoints,
	payoutEndpoints,
	statusEndpoints,
)

func operations() []provider.Operation {
	all := make([]provider.Operation, len(endpoints))
	for i := range endpoints {
		all[i] = endpoints[i].operation()
	}
	return all
}

// endpointOf is the endpoint of an operation, nil if there is none.
func endpointOf(op *provider.Operation) *endpoint {
	i := slices.IndexFunc(endpoints, func(e endpoint) bool { return op != nil && e.name == op.Name })
	if i < 0 {
		return nil
	}
	return &endpoints[i]
}
