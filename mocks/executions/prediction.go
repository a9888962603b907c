package executions

import (
	"net/http"
	"slices"
	"strings"

	"github.com/shopspring/decimal"
)

// Who pays the fees [C-fx].
const (
	bearerPayer = "PAYER"
	bearerPayee = "PAYEE"
)

var predictionEndpoints = []endpoint{
	{
		name: "predict_amount_and_fees", method: http.MethodGet, path: "/predictions/amount-and-fees",
		summary:  "Tell what an operation would cost.",
		function: "predict_amount_and_fee",
		query: []field{
			{name: "base_amount", doc: "the amount without fees", kind: amount},
			{name: "base_currency", doc: "three capital letters", pattern: currency},
			{name: "target_currency", doc: "three capital letters", pattern: currency},
			{name: "payment_method", doc: "how it is paid", oneOf: methods},
			operationField,
			{name: "provider", doc: "the network, or the method", oneOf: []string{mtnLiberia, orangeLiberia, pawapay, stripe, platform}},
			{name: "fee_bearer", doc: "who pays the fees", oneOf: []string{bearerPayer, bearerPayee}},
			{name: "owner_type", doc: "whose fee tier", optional: true},
			{name: "owner_id", doc: "whose fee tier", kind: integer, optional: true},
		},
		answers: prediction{}, schema: "AmountAndFeePredictionResponse",
		refuses: []string{amountTooSmall, rateUnknown},
		handle:  predictAmountAndFees,
	},
	{
		name: "predict_mmo_provider_info", method: http.MethodGet, path: "/predictions/mmo-provider-info",
		summary: "Tell whose customer a phone is.",
		query: []field{
			{name: "phone", doc: "8 to 15 digits without +, the first not 0", pattern: phone, odd: badPhone},
			operationField,
		},
		answers: phonePrediction{}, schema: "PredictPhonePaymentInfoResponse",
		refuses: []string{invalidPhone, networkNotFound},
		handle:  predictOperator,
	},
}

// A prediction is the documented shape; all amounts are texts [AR-pred-src].
type prediction struct {
	PayerAmount      string  `json:"payer_amount"`
	PayerCurrency    string  `json:"payer_currency"`
	PayeeAmount      string  `json:"payee_amount"`
	PayeeCurrency    string  `json:"payee_currency"`
	PlatformFee      string  `json:"platform_fee"`
	PlatformCurrency string  `json:"platform_currency"`
	FXFee            *string `json:"fx_fee"`
	GatewayFee       *string `json:"gateway_fee"`
	GatewayCurrency  *string `json:"gateway_currency"`
}

// predictAmountAndFees answers GET /predictions/amount-and-fees. Who bears the
// fees is documented in words [C-fx], the formula is our choice: fees are of the
// base amount, in its currency. A collection is paid in the target currency, all
// else is paid out in it.
func predictAmountAndFees(c *call) (any, error) {
	q := c.query
	base, target := q.text("base_currency"), q.text("target_currency")
	rate, err := c.rate(base, target)
	if err != nil {
		return nil, err
	}
	fees := c.Fees[q.text("operation_type")].on(q.amount("base_amount"), base != target)
	payer, payee := q.amount("base_amount"), q.amount("base_amount")
	if q.text("fee_bearer") == bearerPayer {
		payer = payer.Add(fees.total())
	} else {
		payee = payee.Sub(fees.total())
	}
	if payee.IsNegative() {
		ck := &checker{knobs: c.settings}
		ck.add(tooSmall, []any{"query", "base_amount"}, c.Query.Get("base_amount"), "the fees, %s, are more than base_amount", fees.total())
		return nil, ck.refusal(c.Call)
	}
	gateway := fees.gateway.StringFixed(2)
	p := prediction{
		PayerCurrency: base, PayeeCurrency: target,
		PlatformFee: fees.platform.StringFixed(2), PlatformCurrency: base, GatewayFee: &gateway, GatewayCurrency: &base,
	}
	if q.text("operation_type") == collection {
		p.PayerCurrency, p.PayeeCurrency = target, base
		payer = payer.Mul(rate)
	} else {
		payee = payee.Mul(rate)
	}
	p.PayerAmount, p.PayeeAmount = payer.StringFixed(2), payee.StringFixed(2)
	if base != target {
		fx := fees.fx.StringFixed(2)
		p.FXFee = &fx
	}
	return p, nil
}

// rate is how much of the target currency one of the base is.
func (c *call) rate(base, target string) (decimal.Decimal, error) {
	if base == target {
		return decimal.NewFromInt(1), nil
	}
	rate, ok := c.FXRates[base+"/"+target]
	if !ok {
		return rate, c.Refuse(rateUnknown, "fx_rates of the scenario has no %q", base+"/"+target)
	}
	return rate, nil
}

// A phonePrediction is the documented shape [OLD-predictions].
type phonePrediction struct {
	Carrier    string   `json:"carrier"`
	Country    string   `json:"country"`
	Currencies []string `json:"currencies"`
	Phone      string   `json:"phone"`
	Method     string   `json:"payment_method"`
	Gateway    string   `json:"gateway_provider"`
	Operation  string   `json:"operation_type"`
}

// predictOperator answers GET /predictions/mmo-provider-info. 231771234567 is
// documented to be MTN_MOMO_LBR; the other prefixes are our choice.
func predictOperator(c *call) (any, error) {
	number := c.query.text("phone")
	prefix := ""
	for p := range c.PhonePrefixes {
		if strings.HasPrefix(number, p) && len(p) > len(prefix) {
			prefix = p
		}
	}
	method, ok := c.PhonePrefixes[prefix]
	if !ok {
		return nil, c.Refuse(networkNotFound, "no prefix of phone_prefixes fits %s", number)
	}
	country, currencies := "LR", []string{"USD", "LRD"}
	if slices.Contains([]string{airtelRwanda, mtnRwanda, orangeRwanda}, method) {
		country, currencies = "RW", []string{"RWF"}
	}
	carrier, _, _ := strings.Cut(method, "_")
	return phonePrediction{carrier, country, currencies, number, method, pawapay, c.query.text("operation_type")}, nil
}
