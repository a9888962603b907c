package scenarios

import (
	"cmp"
	"encoding/json"
	"strconv"

	"github.com/shopspring/decimal"

	"github.com/mockpay/mockpay/provider"
)

// A value is what a key of a when finds in a call. Many rules ask the same one,
// so it works out only once what it is.
type value struct {
	raw    any
	exists bool
	plain  bool // neither an object nor an array
	null   bool
	text   string

	parsed bool    // number is known
	number *number // nil if it is none
}

func valueOf(raw any, exists bool) value {
	v := value{raw: raw, exists: exists, plain: true}
	switch raw := raw.(type) {
	case nil:
		v.null = true
	case string:
		v.text = raw
	case json.Number:
		v.text = raw.String()
	case bool:
		v.text = strconv.FormatBool(raw)
	default:
		v.plain = false
	}
	return v
}

// isText tells whether there is something to read.
func (v *value) isText() bool { return v.exists && v.plain && !v.null }

// asNumber is the value as a number, nil if it is none.
func (v *value) asNumber() *number {
	if !v.parsed {
		v.parsed = true
		if v.isText() {
			v.number = numberOf(v.text)
		}
	}
	return v.number
}

// is compares a value with a literal of a scenario: as decimals where both are
// numbers, else as texts. What does not exist is null.
func (v *value) is(want literal) bool {
	switch {
	case !v.plain || v.null != want.null:
		return false
	case v.null || v.text == want.text:
		return true
	case want.number == nil:
		return false
	}
	got := v.asNumber()
	return got != nil && got.cmp(want.number) == 0
}

// A number is a decimal that compares fast: rules may be many.
type number struct {
	exact  decimal.Decimal
	scaled int64 // in millionths, if small
	small  bool
}

// Numbers of so many digits before the point and after it are small.
const (
	wholeDigits    = 12
	fractionDigits = 6
)

// numberOf reads a number, nil if the text is none.
func numberOf(text string) *number {
	d, err := provider.ParseDecimal(text)
	if err != nil {
		return nil
	}
	n := &number{exact: d}
	exponent := int(d.Exponent())
	if n.small = exponent >= -fractionDigits && d.NumDigits()+exponent <= wholeDigits; n.small {
		n.scaled = d.Shift(fractionDigits).IntPart()
	}
	return n
}

func (n *number) cmp(other *number) int {
	if n.small && other.small {
		return cmp.Compare(n.scaled, other.scaled)
	}
	return n.exact.Cmp(other.exact)
}
