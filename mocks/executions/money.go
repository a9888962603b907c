package executions

import (
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/shopspring/decimal"
)

// rounded is an amount in cents, half up; our choice.
func rounded(d decimal.Decimal) decimal.Decimal { return d.Round(2) }

// Money is an amount as the examples write it, with at least one decimal: 100.0.
type money struct{ decimal.Decimal }

// MarshalJSONTo writes the amount.
func (m money) MarshalJSONTo(e *jsontext.Encoder) error {
	written := m.String()
	if !strings.Contains(written, ".") {
		written += ".0"
	}
	return e.WriteValue(jsontext.Value(written))
}

// A stamp is a time on the wire: UTC, in whole seconds; our choice.
type stamp time.Time

// MarshalText writes 2026-06-23T10:00:00Z.
func (s stamp) MarshalText() ([]byte, error) {
	return time.Time(s).UTC().AppendFormat(nil, "2006-01-02T15:04:05Z"), nil
}

// A fee is what an operation costs: of each kind percentage/100 of the amount,
// and a fixed part. No rate and no formula is documented; all are 0 by default.
type fee struct {
	Platform      decimal.Decimal `json:"platform_percentage" knob:"platform_percentage" min:"0" doc:"the platform's, in percent"`
	PlatformFixed decimal.Decimal `json:"platform_fixed" knob:"platform_fixed" min:"0" doc:"the platform's fixed part"`
	Gateway       decimal.Decimal `json:"gateway_percentage" knob:"gateway_percentage" min:"0" doc:"the gateway's, in percent"`
	GatewayFixed  decimal.Decimal `json:"gateway_fixed" knob:"gateway_fixed" min:"0" doc:"the gateway's fixed part"`
	FX            decimal.Decimal `json:"fx_percentage" knob:"fx_percentage" min:"0" doc:"for the exchange, in percent"`
}

// Charges are the fees on an amount.
type charges struct{ platform, gateway, fx decimal.Decimal }

func (f fee) on(base decimal.Decimal, exchanged bool) charges {
	part := func(percentage, fixed decimal.Decimal) decimal.Decimal {
		return rounded(base.Mul(percentage).Shift(-2).Add(fixed))
	}
	all := charges{platform: part(f.Platform, f.PlatformFixed), gateway: part(f.Gateway, f.GatewayFixed)}
	if exchanged {
		all.fx = part(f.FX, decimal.Decimal{})
	}
	return all
}

func (all charges) total() decimal.Decimal { return all.platform.Add(all.gateway).Add(all.fx) }
