// Package mocks lists the providers that mockpay impersonates.
package mocks

import (
	"github.com/mockpay/mockpay/mocks/dinardragon"
	"github.com/mockpay/mockpay/mocks/dinaricash"
	"github.com/mockpay/mockpay/mocks/executions"
	"github.com/mockpay/mockpay/mocks/usdtpayout"
	"github.com/mockpay/mockpay/provider"
)

// All returns the mocks, in the order the docs and the catalogue show them.
func All() []*provider.Mock {
	return []*provider.Mock{
		dinardragon.New(),
		dinaricash.New(),
		usdtpayout.New(),
		executions.New(),
	}
}
