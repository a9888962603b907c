package dinardragon

import (
	"encoding/json"
	"fmt"
	"regexp"

	"github.com/mockpay/mockpay/provider"
	"github.com/shopspring/decimal"
)

// An order is the body of step 1, checked [S0 l.5-27].
type order struct {
	amount   decimal.Decimal
	accounts []account
}

// paid is what the accounts get; with enforce_sum it is amount.
func (o *order) paid() decimal.Decimal {
	sum := decimal.Decimal{}
	for _, a := range o.accounts {
		sum = sum.Add(a.Amount)
	}
	return sum
}

// readOrder checks the fields in the order of the documents, then the sum.
func readOrder(c *provider.Call) (*order, error) {
	fields, err := body(c)
	if err != nil {
		return nil, err
	}
	f := &fieldReader{c: c, fields: fields}
	o := &order{amount: f.amount()}
	list := f.list("accounts")
	for i, item := range list {
		o.accounts = append(o.accounts, readAccount(f, i, item))
	}
	if f.err != nil {
		return nil, f.err
	}
	if sum := o.paid(); knobs(c).EnforceSum && !sum.Equal(o.amount) {
		return nil, c.Refuse(sumMismatch, "accounts add up to %s, amount is %s", sum, o.amount)
	}
	return o, nil
}

func readAccount(outer *fieldReader, i int, item any) account {
	fields, ok := item.(map[string]any)
	if !ok {
		outer.refuse("accounts", "accounts[%d] is %s, must be an object", i, provider.Describe(item, true))
		return account{}
	}
	f := &fieldReader{c: outer.c, fields: fields, path: fmt.Sprintf("accounts[%d].", i), err: outer.err}
	a := account{Acc: f.acc(), Amount: f.amount(), Bank: f.text("bank"), Country: f.text("country"), Recipient: f.recipient()}
	outer.err = f.err
	return a
}

// body is the JSON object of a call.
func body(c *provider.Call) (map[string]any, error) {
	if c.DecodeErr != nil {
		return nil, c.Refuse(invalidJSON, "%s", c.DecodeErr)
	}
	return c.Fields, nil
}

// A fieldReader takes fields out of an object and keeps the first complaint.
type fieldReader struct {
	c      *provider.Call
	fields map[string]any
	path   string // of the object, for hints
	err    error
}

// refuse complains about a field by its bare name.
func (f *fieldReader) refuse(field, hint string, args ...any) {
	if f.err == nil {
		f.err = f.c.RefuseFor(invalidField, field, hint, args...)
	}
}

func (f *fieldReader) want(field, kind string) {
	v, present := f.fields[field]
	f.refuse(field, "%s%s is %s, must be %s", f.path, field, provider.Describe(v, present), kind)
}

// amount takes a number above 0.
func (f *fieldReader) amount() decimal.Decimal {
	d, ok := provider.Number(f.fields["amount"])
	if !ok {
		f.want("amount", "a number of at most 40 digits")
	} else if !d.IsPositive() {
		f.refuse("amount", "%samount is %s, must be above 0", f.path, d)
	}
	return d
}

func (f *fieldReader) list(field string) []any {
	list, ok := f.fields[field].([]any)
	if !ok {
		f.want(field, "an array of objects")
	} else if len(list) == 0 {
		f.refuse(field, "%s%s is empty, must hold at least one account", f.path, field)
	}
	return list
}

func (f *fieldReader) text(field string) string {
	s, ok := f.fields[field].(string)
	if !ok {
		f.want(field, "a string")
	} else if s == "" {
		f.refuse(field, "%s%s is empty", f.path, field)
	}
	return s
}

var (
	integer = regexp.MustCompile(`^-?\d+$`)
	digits  = regexp.MustCompile(`^\d+$`)
)

// acc takes an integer, or a text of digits unless strict_types is on, and
// keeps it as it was sent.
func (f *fieldReader) acc() json.RawMessage {
	v := f.fields["acc"]
	switch acc := v.(type) {
	case json.Number:
		if integer.MatchString(acc.String()) {
			return json.RawMessage(provider.Raw(v))
		}
		f.refuse("acc", "%sacc is %s, must be an integer without fraction or exponent", f.path, acc)
	case string:
		if digits.MatchString(acc) && !knobs(f.c).StrictTypes {
			return json.RawMessage(provider.Raw(v))
		}
		f.refuse("acc", "%sacc is the string %q, must be an integer, or a string of digits unless strict_types is on", f.path, acc)
	default:
		f.want("acc", "an integer, or a string of digits")
	}
	return nil
}

// recipient takes the payee's name under either of its documented names
// [S0 l.9, l.17]; recipientname wins.
func (f *fieldReader) recipient() string {
	for _, field := range []string{"recipientname", "recipient"} {
		if f.fields[field] == nil { // null is as good as absent
			continue
		}
		name, ok := f.fields[field].(string)
		if !ok || name == "" {
			f.refuse("recipientname", "%s%s is %s, must be a string that is not empty", f.path, field, provider.Describe(f.fields[field], true))
		}
		return name
	}
	if knobs(f.c).RequireRecipient {
		f.refuse("recipientname", "%srecipientname is missing; it names the payee (recipient is taken as well)", f.path)
	}
	return ""
}
