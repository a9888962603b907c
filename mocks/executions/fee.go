package executions

import (
	"net/http"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/mockpay/mockpay/provider"
)

var methodField = field{name: "payment_method", doc: "how it is paid", oneOf: methods}

var feeEndpoints = []endpoint{
	{
		name: "get_gateway_fees", method: http.MethodGet, path: "/fees/gateway",
		summary: "Tell what the gateway charges for a method.",
		query:   []field{methodField, operationField},
		answers: gatewayFee{}, schema: "FeeWithProviderResponse",
		handle: getGatewayFees,
	},
	{
		name: "get_platform_fees", method: http.MethodGet, path: "/fees/platform",
		summary: "Tell what the platform charges for an operation.",
		query:   []field{operationField, {name: "fee_tier_name", doc: "the tier; default is one"}},
		answers: platformFee{}, schema: "FeeTierRateResponse",
		refuses: []string{tierNotFound},
		handle:  getPlatformFees,
	},
	{
		name: "get_merchant_fee_tier", method: http.MethodGet, path: "/fees/merchant-tier",
		summary: "Tell which fee tier a merchant has.",
		query: []field{
			{name: "owner_type", doc: "what kind of merchant it is", oneOf: ownerTypes},
			{name: "owner_id", doc: "the merchant", kind: integer},
		},
		answers: merchantFee{}, schema: "MerchantFeeResponse",
		refuses: []string{merchantNotFound},
		handle:  getMerchantFeeTier,
	},
	{
		name: "list_fee_tiers", method: http.MethodGet, path: "/fees/tiers",
		summary: "List the fee tiers.",
		answers: []feeTier{}, schema: "FeeTierResponse",
		handle: func(c *call) (any, error) { return []feeTier{c.tier()}, nil },
	},
}

// The one tier there is; its name is often this [API-fees].
const (
	tierID   = 1
	tierName = "default"
)

// A feeTier is the documented shape [AR-fee-mt].
type feeTier struct {
	ID        int64  `json:"id"`
	Name      string `json:"name"`
	IsDefault bool   `json:"is_default"`
	CreatedAt stamp  `json:"created_at"`
	UpdatedAt stamp  `json:"updated_at"`
}

func (c *call) tier() feeTier { return feeTier{tierID, tierName, true, c.since(), c.since()} }

// fixed is a fixed fee, null if there is none. Its currency is null: a scenario
// gives it in the currency of the payment, whichever that is.
func fixed(f decimal.Decimal) *money {
	if f.IsZero() {
		return nil
	}
	return &money{f}
}

// A gatewayFee is the documented shape [AR-fee-gw]; its percentage is a number.
type gatewayFee struct {
	ID            int64            `json:"id"`
	ProviderID    int64            `json:"provider_id"`
	Operation     string           `json:"operation_type"`
	Method        string           `json:"payment_method"`
	Percentage    provider.Minimal `json:"percentage"`
	CreatedAt     stamp            `json:"created_at"`
	UpdatedAt     stamp            `json:"updated_at"`
	Fixed         *money           `json:"fixed_fee"`
	FixedCurrency *string          `json:"fixed_fee_currency"`
	From          *stamp           `json:"effective_from"`
	To            *stamp           `json:"effective_to"`
}

// getGatewayFees answers GET /fees/gateway.
func getGatewayFees(c *call) (any, error) {
	operation, method := c.query.text("operation_type"), c.query.text("payment_method")
	of, by := slices.Index(operationTypes, operation), slices.Index(methods, method)
	return gatewayFee{
		ID: int64(of*len(methods) + by + 1), ProviderID: int64(slices.Index([]string{pawapay, stripe, platform}, networkOf(method)) + 1),
		Operation: operation, Method: method, Percentage: provider.Minimal{Decimal: c.Fees[operation].Gateway},
		CreatedAt: c.since(), UpdatedAt: c.since(), Fixed: fixed(c.Fees[operation].GatewayFixed),
	}, nil
}

// A platformFee is the documented shape [AR-fee-pf]; its percentages are texts.
type platformFee struct {
	ID            int64   `json:"id"`
	Operation     string  `json:"operation_type"`
	Percentage    string  `json:"percentage"`
	FXPercentage  string  `json:"fx_percentage"`
	From          stamp   `json:"effective_from"`
	CreatedAt     stamp   `json:"created_at"`
	Method        *string `json:"payment_method"`
	Fixed         *money  `json:"fixed_fee"`
	FixedCurrency *string `json:"fixed_fee_currency"`
	To            *stamp  `json:"effective_to"`
	Tier          feeTier `json:"tier"`
}

// getPlatformFees answers GET /fees/platform.
func getPlatformFees(c *call) (any, error) {
	if name := c.query.text("fee_tier_name"); name != tierName {
		return nil, c.Refuse(tierNotFound, "there is no fee tier %q, only %q", name, tierName)
	}
	operation := c.query.text("operation_type")
	rate := c.Fees[operation]
	return platformFee{
		ID: int64(slices.Index(operationTypes, operation) + 1), Operation: operation,
		Percentage: rate.Platform.StringFixed(2), FXPercentage: rate.FX.StringFixed(2),
		From: c.since(), CreatedAt: c.since(), Tier: c.tier(), Fixed: fixed(rate.PlatformFixed),
	}, nil
}

// A merchantFee is the documented shape [AR-fee-mt].
type merchantFee struct {
	ID         int64   `json:"id"`
	OwnerType  string  `json:"owner_type"`
	OwnerID    int64   `json:"owner_id"`
	AssignedAt stamp   `json:"assigned_at"`
	AssignedBy *int64  `json:"assigned_by"`
	Tier       feeTier `json:"tier"`
}

// getMerchantFeeTier answers GET /fees/merchant-tier.
func getMerchantFeeTier(c *call) (any, error) {
	if err := c.ownMerchant(c.query.id("owner_id"), c.query.text("owner_type")); err != nil {
		return nil, err
	}
	return merchantFee{ID: 1, OwnerType: merchantType, OwnerID: merchantID, AssignedAt: c.since(), Tier: c.tier()}, nil
}
