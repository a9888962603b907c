package executions_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Styles of validation errors.
const (
	documented = "documented"
	pydantic2  = "pydantic2"
)

// A fault is an item of the detail of a 422, in both styles.
type fault struct {
	loc       string // dotted
	msg, kind string
	docMsg    string // "": as above
	docKind   string
	input     string // JSON
	ctx       string // JSON, "" for none
}

func (f fault) in(style string) string {
	var loc []string
	for part := range strings.SplitSeq(f.loc, ".") {
		loc = append(loc, quoted(part))
	}
	at := "[" + strings.Join(loc, ",") + "]"
	if style == pydantic2 {
		text := fmt.Sprintf(`{"type":"%s","loc":%s,"msg":%s,"input":%s`, f.kind, at, quoted(f.msg), f.input)
		if f.ctx != "" {
			text += `,"ctx":` + f.ctx
		}
		return text + "}"
	}
	if f.docMsg != "" {
		f.msg, f.kind = f.docMsg, f.docKind
	}
	return fmt.Sprintf(`{"loc":%s,"msg":%s,"type":"%s"}`, at, quoted(f.msg), f.kind)
}

// quoted is a text as JSON.
func quoted(text string) string {
	b, err := json.Marshal(text)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// detail is the body of a 422.
func detail(style string, faults ...fault) string {
	var items []string
	for _, f := range faults {
		items = append(items, f.in(style))
	}
	return `{"detail":[` + strings.Join(items, ",") + `]}`
}

// missing is a parameter that is not there; input is what it is missing from.
func missing(loc, input string) fault {
	return fault{loc: loc, msg: "Field required", kind: "missing", docMsg: "field required", docKind: "value_error.missing", input: input}
}

// An odd value is wrong for a kind of parameter.
type odd struct {
	value string // JSON
	fault
}

// oddities are wrong values by the kind of parameter. What is sent of queries are
// only the texts among them.
var oddities = map[string][]odd{
	"string": wrong(fault{msg: "Input should be a valid string", kind: "string_type"}, "true", "7", "1.5", "-0", "1e400", "[]", `["a"]`, "{}"),
	"filled": append(wrong(fault{msg: "Input should be a valid string", kind: "string_type"}, "7", "[]"),
		wrong(fault{msg: "String should have at least 1 character", kind: "string_too_short", ctx: `{"min_length":1}`}, `""`)...),
	"enum":     wrong(fault{msg: "Input should be a valid string", kind: "string_type"}, "true", "0", "[]", "{}"),
	"phone":    append(wrong(fault{msg: "Input should be a valid string", kind: "string_type"}, "231880000001", "false", "[]", "{}"), wrong(badPhone, phones...)...),
	"uuid":     append(wrong(fault{msg: "Input should be a valid string", kind: "string_type"}, "4", "true", "[]", "{}"), wrong(badUUID, uuids...)...),
	"object":   wrong(fault{msg: "Input should be a valid dictionary or object to extract fields from", kind: "model_attributes_type"}, "true", "7", `"{}"`, "[]", "[{}]"),
	"code":     wrong(pattern(`^[A-Z]{3}$`), `"US"`, `"USDX"`, `"usd"`, `""`, `"U$D"`, `"ÜSD"`, `"USD\n"`),
	"currency": currencies,
	"integer": append(append(append(
		wrong(fault{msg: "Input should be a valid integer", kind: "int_type"}, "true", "false", "[]", "[1]", "{}"),
		wrong(fault{msg: "Input should be a valid integer, got a number with a fractional part", kind: "int_from_float"}, "1.5", "0.1", "-1.01")...),
		wrong(fault{msg: "Input should be a valid integer, unable to parse string as an integer", kind: "int_parsing"}, `"x"`, `""`, `"1.5"`, `"1,000"`, `"0x1"`, `"1 2"`)...),
		wrong(fault{msg: "Unable to parse input string as an integer, exceeded maximum size", kind: "int_parsing_size"}, "99999999999999999999", `"99999999999999999999"`)...),
	"amount": append(append(
		wrong(fault{msg: "Input should be a valid number", kind: "float_type"}, "true", "[]", "[1]", "{}", "1e400", "-1e400"),
		wrong(fault{msg: "Input should be a valid number, unable to parse string as a number", kind: "float_parsing"}, `"x"`, `""`, `"1,000"`, `"0x10"`, `"--1"`)...),
		wrong(tooSmall, "0", "0.0", "-0", "0.009", "0.00999999999", "-5", "1e-30", `"0"`, `"0.001"`)...),
}

var (
	badPhone = fault{
		msg: `String should match pattern '^[1-9]\d{7,14}$'`, kind: "string_pattern_mismatch", docMsg: "invalid phone", docKind: "value_error",
		ctx: `{"pattern":"^[1-9]\\d{7,14}$"}`,
	}
	badUUID = fault{
		msg: "UUID version 4 expected", kind: "uuid_version", docMsg: "invalid uuid", docKind: "value_error", ctx: `{"expected_version":4}`,
	}
	tooSmall = fault{
		msg: "Input should be greater than or equal to 0.01", kind: "greater_than_equal",
		docMsg: "ensure this value is greater than or equal to 0.01", docKind: "value_error.number.not_ge", ctx: `{"ge":0.01}`,
	}
	phones = []string{
		`""`, `"1234567"`, `"1234567890123456"`, `"+231880000001"`, `"0231880000001"`, `"23188000000a"`, `"231 880 000"`, `"231880000001\n"`, `" 231880000001"`, `"٢٣١٨٨٠٠٠٠٠٠١"`,
	}
	uuids = []string{
		`""`, `"abc"`, `"7c1b0f52-3d7e-1a86-9a5e-2f6b1c9d0e41"`, `"7c1b0f52-3d7e-4a86-7a5e-2f6b1c9d0e41"`, `"7c1b0f52-3d7e-4a86-ca5e-2f6b1c9d0e41"`,
		`"7c1b0f523d7e4a869a5e2f6b1c9d0e41"`, `"{7c1b0f52-3d7e-4a86-9a5e-2f6b1c9d0e41}"`, `"7c1b0f52-3d7e-4a86-9a5e-2f6b1c9d0e4"`, `"7c1b0f52-3d7e-4a86-9a5e-2f6b1c9d0e41\n"`,
		`"00000000-0000-0000-0000-000000000000"`, `"gc1b0f52-3d7e-4a86-9a5e-2f6b1c9d0e41"`,
	}
	currencies = append(append(append(
		wrong(fault{msg: "Input should be a valid string", kind: "string_type"}, "840", "true", "[]", "{}"),
		wrong(fault{msg: "String should have at least 3 characters", kind: "string_too_short", ctx: `{"min_length":3}`}, `""`, `"US"`, `"ÜÖ"`)...),
		wrong(fault{msg: "String should have at most 3 characters", kind: "string_too_long", ctx: `{"max_length":3}`}, `"USDX"`, `"USD "`)...),
		wrong(pattern(`^[A-Z]{3}$`), `"usd"`, `"Usd"`, `"U$D"`, `"ÜÖÄ"`, `"123"`)...)
)

func pattern(p string) fault {
	return fault{msg: "String should match pattern '" + p + "'", kind: "string_pattern_mismatch", ctx: `{"pattern":"` + p + `"}`}
}

// wrong gives values the same fault.
func wrong(f fault, values ...string) []odd {
	var all []odd
	for _, v := range values {
		f.input = v
		all = append(all, odd{v, f})
	}
	return all
}

// notOneOf are wrong values of an enumeration.
func notOneOf(enum []string) []odd {
	last := len(enum) - 1
	expected := "'" + strings.Join(enum[:last], "', '") + "' or '" + enum[last] + "'"
	f := fault{msg: "Input should be " + expected, kind: "enum", ctx: `{"expected":` + quoted(expected) + `}`}
	return wrong(f, `""`, `"X"`, quoted(strings.ToLower(enum[0])), quoted(enum[0]+" "))
}

// A param is a parameter of a call, as the documents have it.
type param struct {
	in, name, kind string // the name is dotted for nested ones
	optional       bool
	enum           []string
}

var (
	operationTypes = []string{"COLLECTION", "PAYOUT", "TRANSFER", "REFUND"}
	methods        = []string{"MTN_MOMO_LBR", "ORANGE_MONEY_LBR", "AIRTEL_RWA", "MTN_MOMO_RWA", "ORANGE_MONEY_RWA", "CREDIT_CARD", "WALLET"}
	networks       = []string{"MTN_MOMO_LBR", "ORANGE_MONEY_LBR", "PAWAPAY", "STRIPE", "PLATFORM"}
	merchantTypes  = []string{"MICRO_ORGANIZATION", "ORGANIZATION"}
	relationships  = []string{
		"CUSTOMER", "SUPPLIER", "EMPLOYEE", "BENEFICIARY", "FRIEND", "FAMILY", "DONOR", "DONEE", "CONTACT", "SERVICE_PROVIDER", "PARTNER", "SELF",
	}
)

// schemas are the parameters of all calls.
var schemas = map[string][]param{
	"token":         {{in: "body", name: "client_id", kind: "string"}, {in: "body", name: "client_secret", kind: "string"}},
	"merchant_info": {{in: "query", name: "merchant_id", kind: "integer"}, {in: "query", name: "merchant_type", kind: "enum", enum: merchantTypes}},
	"create_party": {
		{in: "body", name: "fullname", kind: "string"}, {in: "body", name: "phone", kind: "phone"},
		{in: "body", name: "email", kind: "string", optional: true}, {in: "body", name: "country_code", kind: "string", optional: true},
	},
	"list_parties":        {{in: "query", name: "fullname", kind: "string", optional: true}},
	"get_party":           {},
	"create_counterparty": {{in: "body", name: "relationship_type", kind: "enum", enum: relationships}, {in: "body", name: "party_id", kind: "integer", optional: true}},
	"list_counterparties": {{in: "query", name: "fullname", kind: "string", optional: true}, {in: "query", name: "relationship_type", kind: "enum", enum: relationships, optional: true}},
	"get_counterparty":    {},
	"update_counterparty": {
		{in: "body", name: "relationship_type", kind: "enum", enum: relationships, optional: true}, {in: "body", name: "party_id", kind: "integer", optional: true},
	},
	"create_payment_account": {
		{in: "query", name: "operation_type", kind: "enum", enum: operationTypes},
		{in: "body", name: "account_name", kind: "string"}, {in: "body", name: "provider", kind: "string"}, {in: "body", name: "method", kind: "string"},
		{in: "body", name: "party_id", kind: "integer"}, {in: "body", name: "country_code", kind: "string", optional: true},
		{in: "body", name: "insensitive_account_number", kind: "string", optional: true},
	},
	"predict_amount_and_fees": {
		{in: "query", name: "base_amount", kind: "amount"}, {in: "query", name: "base_currency", kind: "code"}, {in: "query", name: "target_currency", kind: "code"},
		{in: "query", name: "payment_method", kind: "enum", enum: methods}, {in: "query", name: "operation_type", kind: "enum", enum: operationTypes},
		{in: "query", name: "provider", kind: "enum", enum: networks}, {in: "query", name: "fee_bearer", kind: "enum", enum: []string{"PAYER", "PAYEE"}},
		{in: "query", name: "owner_type", kind: "string", optional: true}, {in: "query", name: "owner_id", kind: "integer", optional: true},
	},
	"predict_mmo_provider_info": {{in: "query", name: "phone", kind: "phone"}, {in: "query", name: "operation_type", kind: "enum", enum: operationTypes}},
	"get_gateway_fees":          {{in: "query", name: "payment_method", kind: "enum", enum: methods}, {in: "query", name: "operation_type", kind: "enum", enum: operationTypes}},
	"get_platform_fees":         {{in: "query", name: "operation_type", kind: "enum", enum: operationTypes}, {in: "query", name: "fee_tier_name", kind: "string"}},
	"get_merchant_fee_tier":     {{in: "query", name: "owner_type", kind: "enum", enum: merchantTypes}, {in: "query", name: "owner_id", kind: "integer"}},
	"list_fee_tiers":            {},
	"create_payout_session":     {{in: "body", name: "payout_account_id", kind: "integer"}, {in: "body", name: "amount", kind: "amount"}, {in: "body", name: "currency", kind: "currency"}},
	"payout": {
		{in: "body", name: "session_id", kind: "string"}, {in: "body", name: "payout_account_id", kind: "string"}, {in: "body", name: "reference_id", kind: "uuid"},
		{in: "body", name: "passcode", kind: "object"}, {in: "body", name: "passcode.token", kind: "object"},
		{in: "body", name: "passcode.token.code", kind: "string"}, {in: "body", name: "passcode.token.user_id", kind: "string", optional: true},
		{in: "body", name: "passcode.token.phone", kind: "string", optional: true}, {in: "body", name: "passcode.device", kind: "object"},
		{in: "body", name: "passcode.device.name", kind: "string"}, {in: "body", name: "passcode.device.type", kind: "string"},
		{in: "body", name: "passcode.device.platform", kind: "string"}, {in: "body", name: "passcode.device.user_agent", kind: "string"},
		{in: "body", name: "passcode.device.client_ip", kind: "filled"},
	},
	"payout_status": {},
}

func (p param) odd() []odd {
	all := oddities[p.kind]
	if p.enum != nil {
		all = append(all[:len(all):len(all)], notOneOf(p.enum)...)
	}
	if !p.optional && p.in == "body" { // null is what the other types are: wrong
		null := all[0]
		null.value, null.input = "null", "null"
		all = append(all[:len(all):len(all)], null)
	}
	return all
}

// A sample is a valid call, to be spoilt.
type sample struct {
	method, path string
	query        url.Values
	body         fields
}

// sampleOf is the valid call of an operation. The bodies name what the first
// calls of a shop made.
func (s *shop) sampleOf(operation string) sample {
	s.t.Helper()
	method, rest, _ := strings.Cut(paths[operation], " ")
	at, err := url.Parse(strings.ReplaceAll(rest, "%s", "1"))
	require.NoError(s.t, err)
	bodies := map[string]fields{
		"token": s.client(), "create_party": musu, "create_counterparty": {"relationship_type": "DONOR"}, "update_counterparty": {"relationship_type": "SELF"},
		"create_payment_account": accountOf(1, usual), "create_payout_session": sessionOf(1, "100.0", "USD"), "payout": s.order(1, 1),
	}
	return sample{method, at.Path, at.Query(), bodies[operation]}
}

func (c sample) sent(s *shop, headers ...string) answer {
	s.t.Helper()
	text, path := "", c.path
	if c.body != nil {
		text = c.body.String()
	}
	if len(c.query) > 0 {
		path += "?" + c.query.Encode()
	}
	return s.send(c.method, path, text, headers...)
}

// with is the call with another value of a parameter, JSON; ok is false if it
// cannot be sent there.
func (c sample) with(p param, value string) (_ sample, ok bool) {
	if p.in == "body" {
		c.body = c.body.with(p.name, json.RawMessage(value))
		return c, true
	}
	var text string
	if json.Unmarshal([]byte(value), &text) != nil {
		return c, false
	}
	query := url.Values{p.name: {text}}
	for name, values := range c.query {
		if name != p.name {
			query[name] = values
		}
	}
	c.query = query
	return c, true
}

// without is the call without a parameter, and what it is missing from.
func (c sample) without(p param) (_ sample, from string) {
	if p.in == "query" {
		query := make(url.Values)
		for name, values := range c.query {
			if name != p.name {
				query[name] = values
			}
		}
		c.query = query
		return c, "null"
	}
	c.body = c.body.without(p.name)
	parent := c.body
	parts := strings.Split(p.name, ".")
	for _, part := range parts[:len(parts)-1] {
		parent = parent[part].(fields)
	}
	return c, parent.String()
}

// styled are shops for both styles, with a party, a counterparty, an account and a
// session each, whose ids are 1.
func styled(t *testing.T) map[string]*shop {
	h := newHandler(t)
	all := make(map[string]*shop)
	for _, style := range []string{documented, pydantic2} {
		s := within(t, h, style, "{validation_style: "+style+"}")
		s.session(s.account(usual), "100.0", "USD")
		s.made(s.post(counterpartyPath, fields{"relationship_type": "BENEFICIARY", "party_id": 1}))
		all[style] = s
	}
	return all
}

// TestSchemas spoils each parameter of each call in every way.
func TestSchemas(t *testing.T) {
	t.Parallel()
	shops := styled(t)
	for operation := range paths {
		require.Contains(t, schemas, operation)
		for _, style := range []string{documented, pydantic2} {
			t.Run(operation+"/"+style, func(t *testing.T) {
				s := shops[style].in(t)
				usual := s.sampleOf(operation)
				for _, p := range schemas[operation] {
					short, from := usual.without(p)
					at := p.in + "." + p.name
					if !p.optional {
						s.refused(short.sent(s), 422, detail(style, missing(at, from)))
					}
					for _, odd := range p.odd() {
						if call, ok := usual.with(p, odd.value); ok {
							odd.loc = at
							s.refused(call.sent(s), 422, detail(style, odd.fault))
						}
					}
				}
			})
		}
	}
	for _, s := range shops {
		assert.Empty(t, s.moves())
	}
}

// TestMissingQueryHasNoInput: FastAPI says null for a query parameter that is not
// there, which is inferred.
func TestMissingQueryHasNoInput(t *testing.T) {
	t.Parallel()
	s := within(t, newHandler(t), "a", "{validation_style: pydantic2}")
	s.refused(s.get("/v1/fees/platform?operation_type=PAYOUT"), 422, detail(pydantic2, missing("query.fee_tier_name", "null")))
}

// TestInputThatIsNoText: what is no UTF-8 in a path or a query is echoed with a
// character in its place.
func TestInputThatIsNoText(t *testing.T) {
	t.Parallel()
	s := within(t, newHandler(t), "a", "{validation_style: pydantic2}")
	a := s.get("/v1/fees/platform?operation_type=%FF&fee_tier_name=default")
	assert.Equal(t, 422, a.status, a.body)
	assert.Contains(t, a.body, "\"input\":\"\ufffd\"")
	a = s.get("/%FF/fees/tiers")
	assert.Equal(t, 422, a.status, a.body)
	assert.Contains(t, a.body, "\"input\":\"\ufffd\"")
}

// TestInputIsAsSent: the members of what is echoed have the order they came in,
// as Python keeps it.
func TestInputIsAsSent(t *testing.T) {
	t.Parallel()
	s := within(t, newHandler(t), "a", "{validation_style: pydantic2}")
	sent := `{"phone":"231880000001","email":"a@example.test","country_code":"LR"}`
	s.refused(s.send(http.MethodPost, partyPath, sent), 422, detail(pydantic2, missing("body.fullname", sent)))
}

// TestTakenByTheSchemas are values that look wrong and are right.
func TestTakenByTheSchemas(t *testing.T) {
	t.Parallel()
	s := styled(t)[documented]
	tests := []struct{ operation, field, value string }{
		{"create_party", "fullname", `""`}, // empty texts pass
		{"create_party", "email", `null`},
		{"create_party", "email", `"no e-mail at all"`},
		{"create_party", "phone", `"12345678"`},
		{"create_party", "phone", `"123456789012345"`},
		{"create_party", "nickname", `["unknown fields are ignored"]`},
		{"create_counterparty", "party_id", `null`},
		{"create_counterparty", "party_id", `"1"`}, // a number in a text
		{"create_counterparty", "party_id", `1.0`},
		{"create_counterparty", "party_id", `"1.00"`},
		{"update_counterparty", "relationship_type", `null`},
		{"create_payment_account", "country_code", `null`},
		{"create_payment_account", "insensitive_account_number", `null`},
		{"create_payment_account", "party_id", `"1"`},
		{"create_payout_session", "payout_account_id", `"1"`},
		{"create_payout_session", "payout_account_id", `1.0`},
		{"create_payout_session", "amount", `0.01`},
		{"create_payout_session", "amount", `1`},
		{"create_payout_session", "amount", `"2.50"`},
		{"create_payout_session", "amount", `1e2`},
		{"create_payout_session", "amount", `999999999999999999999999999999`},
		{"create_payout_session", "wallet_id", `3`}, // of the form of April
		{"create_payout_session", "expires_at", `"2026-06-23T10:00:01Z"`},
	}
	for _, test := range tests {
		c := s.sampleOf(test.operation)
		c.body = c.body.with(test.field, json.RawMessage(test.value))
		assert.Equal(t, 200, c.sent(s).status, "%s: %s of %s", test.operation, test.value, test.field)
	}
}

// TestIdentifierTypes walks the trap: an account is a number in a session and a
// text in an execution, a session a text.
func TestIdentifierTypes(t *testing.T) {
	t.Parallel()
	text := func(field string) string {
		return detail(documented, fault{loc: "body." + field, msg: "Input should be a valid string", kind: "string_type"})
	}
	s := open(t, "")
	order := s.ordered()
	for _, field := range []string{"session_id", "payout_account_id"} {
		for _, value := range []string{"1", "1.0", "1e0"} {
			s.refused(s.execute(order.with(field, json.RawMessage(value))), 422, text(field))
		}
	}
	for _, value := range []string{"01", " 1", "1 ", "1.0", "+1", "-1", "0", "", "99", "x", "１"} { // texts are compared as they are
		s.refused(s.execute(order.with("session_id", value)), 422, stateFault("session_id", "session not found"))
		s.refused(s.execute(order.with("payout_account_id", value)), 422, stateFault("payout_account_id", "payout account not found"))
	}
	s.unknown(order["reference_id"])
	s.pay(order)

	lenient := open(t, "{lenient_ids: true}")
	order = lenient.ordered()
	lenient.refused(lenient.execute(order.with("session_id", 1)), 422, text("session_id"))
	lenient.refused(lenient.execute(order.with("payout_account_id", json.RawMessage("1.5"))), 422, text("payout_account_id"))
	assert.Equal(t, 200, lenient.execute(order.with("payout_account_id", 1)).status)
	assert.Equal(t, 200, lenient.execute(order).status, "it is the same call")
}

// TestManyFaults are told at once: path, query, body, each in the order of its
// schema.
func TestManyFaults(t *testing.T) {
	t.Parallel()
	version := fault{loc: "path.version", msg: "Input should be 'v1'", kind: "literal_error", input: `"v2"`, ctx: `{"expected":"'v1'"}`}
	kinds := "'COLLECTION', 'PAYOUT', 'TRANSFER' or 'REFUND'"
	faults := []fault{
		version,
		{loc: "query.operation_type", msg: "Input should be " + kinds, kind: "enum", input: `"PAY"`, ctx: `{"expected":` + quoted(kinds) + `}`},
		missing("body.account_name", `{"provider":"PAWAPAY","party_id":"x","country_code":7}`),
		missing("body.method", `{"provider":"PAWAPAY","party_id":"x","country_code":7}`),
		{loc: "body.party_id", msg: "Input should be a valid integer, unable to parse string as an integer", kind: "int_parsing", input: `"x"`},
		{loc: "body.country_code", msg: "Input should be a valid string", kind: "string_type", input: "7"},
	}
	nested := []fault{
		missing("body.session_id", `{"passcode":{"token":{},"device":{"name":1}}}`),
		missing("body.payout_account_id", `{"passcode":{"token":{},"device":{"name":1}}}`),
		missing("body.reference_id", `{"passcode":{"token":{},"device":{"name":1}}}`),
		missing("body.passcode.token.code", `{}`),
		{loc: "body.passcode.device.name", msg: "Input should be a valid string", kind: "string_type", input: "1"},
		missing("body.passcode.device.type", `{"name":1}`), missing("body.passcode.device.platform", `{"name":1}`),
		missing("body.passcode.device.user_agent", `{"name":1}`), missing("body.passcode.device.client_ip", `{"name":1}`),
	}
	for style, s := range styled(t) {
		a := s.send(http.MethodPost, "/v2/payment-accounts/create?operation_type=PAY", `{"provider":"PAWAPAY","party_id":"x","country_code":7}`)
		s.refused(a, 422, detail(style, faults...))
		assert.Contains(t, a.hint(), "5 more")
		s.refused(s.send(http.MethodPost, payoutPath, `{"passcode":{"token":{},"device":{"name":1}}}`), 422, detail(style, nested...))
		for _, v := range []string{"v2", "V1", "1", "v1.0", "v"} {
			version.input = quoted(v)
			s.refused(s.get("/"+v+"/fees/tiers"), 422, detail(style, version))
		}
		version.input = `"v2"`
		s.refused(s.get("/v2/status/payout/x"), 422, detail(style, version))
	}
}

// TestBodiesThatAreNone are not JSON, or no object.
func TestBodiesThatAreNone(t *testing.T) {
	t.Parallel()
	object := func(input string) fault {
		return fault{loc: "body", msg: "Input should be a valid dictionary or object to extract fields from", kind: "model_attributes_type", input: input}
	}
	shops := styled(t)
	for style, s := range shops {
		s.refused(s.send(http.MethodPost, sessionPath, ""), 422, detail(style, missing("body", "null")))
		for _, text := range []string{"true", "7", `"x"`, "[]", `[{"amount":1}]`} {
			s.refused(s.send(http.MethodPost, sessionPath, text), 422, detail(style, object(text)))
		}
	}
	s := shops[documented]
	for text, at := range map[string]int{ // and where they break
		"{": 1, `{"a":1,}`: 7, "{}x": 2, "x": 0, `{"a":01}`: 6, "{\"a\":\"\xff\"}": 6, " ": 1, strings.Repeat("[", 300): 0,
	} {
		want := fmt.Sprintf(`{"detail":[{"loc":["body",%d],"msg":"JSON decode error","type":"json_invalid"}]}`, at)
		s.refused(s.send(http.MethodPost, sessionPath, text), 422, want)
	}
	a := shops[pydantic2].send(http.MethodPost, sessionPath, "{")
	assert.Regexp(t, `^\{"detail":\[\{"type":"json_invalid","loc":\["body",1\],"msg":"JSON decode error","input":\{\},"ctx":\{"error":"[^"]+"\}\}\]\}$`, a.body)
}

// TestContentType: bodies are JSON whatever they say they are, unless the scenario
// is strict.
func TestContentType(t *testing.T) {
	t.Parallel()
	h := newHandler(t)
	lax, strict := within(t, h, "lax", ""), within(t, h, "strict", "{strict_content_type: true}")
	for kind, json := range map[string]bool{
		"application/json": true, "application/json; charset=utf-8": true, "Application/JSON": true, "application/merge-patch+json": true,
		"": false, "text/plain": false, "application/x-www-form-urlencoded": false, "json": false, "text/json": false,
	} {
		assert.Equal(t, 200, lax.post(partyPath, musu, "Content-Type", kind).status, kind)
		a := strict.post(partyPath, musu, "Content-Type", kind)
		assert.Equal(t, map[bool]int{true: 200, false: 422}[json], a.status, kind)
	}
}

// TestStateFaults is the catalogue of 422s that depend on the state of things.
func TestStateFaults(t *testing.T) {
	t.Parallel()
	for style, s := range map[string]*shop{documented: open(t, ""), pydantic2: open(t, "{validation_style: pydantic2}")} {
		refused := func(a answer, field, text, input string) {
			s.t.Helper()
			s.refused(a, 422, detail(style, fault{loc: field, msg: text, kind: "value_error", input: input}))
		}
		there := s.neighbor("there-" + style)
		foreign := there.ordered()
		there.session(1, "1", "USD") // ids that this shop has not

		account := accountOf(s.party(), usual)
		refused(s.post(accountPath, account.with("method", "BANK")), "body.method", "invalid combination", `"BANK"`)
		refused(s.post(accountPath, account.with("method", "pawapay")), "body.method", "invalid combination", `"pawapay"`)
		for _, pair := range [][2]string{
			{"STRIPE", "MTN_MOMO_LBR"}, {"PLATFORM", "AIRTEL_RWA"}, {"PAWAPAY", "CREDIT_CARD"}, {"STRIPE", "WALLET"}, {"ORANGE_MONEY_LBR", "MTN_MOMO_LBR"}, {"", "WALLET"}, {"pawapay", "WALLET"},
		} {
			refused(s.post(accountPath, account.with("provider", pair[0], "method", pair[1])), "body.provider", "invalid combination", quoted(pair[0]))
		}
		refused(s.post(accountPath, account.with("party_id", 99)), "body.party_id", "party not found", "99")
		refused(s.post(accountPath, account.with("party_id", 0)), "body.party_id", "party not found", "0")
		refused(s.post(counterpartyPath, fields{"relationship_type": "SELF", "party_id": 99}), "body.party_id", "party not found", "99")

		to := s.made(s.post(accountPath, account))
		refused(s.post(sessionPath, sessionOf(99, "1", "USD")), "body.payout_account_id", "payout account not found", "99")
		refused(s.post(sessionPath, sessionOf(to, "1", "EUR")), "body.currency", "no active wallet in this currency", `"EUR"`)

		order := s.order(s.session(to, "10", "USD"), to)
		other := s.account(usual)
		refused(s.execute(order.with("session_id", "99")), "body.session_id", "session not found", `"99"`)
		refused(s.execute(foreign.with("session_id", "2")), "body.session_id", "session not found", `"2"`)
		refused(s.execute(order.with("payout_account_id", "99")), "body.payout_account_id", "payout account not found", `"99"`)
		refused(s.execute(order.with("payout_account_id", fmt.Sprint(other))), "body.payout_account_id", "payout account does not match session", quoted(fmt.Sprint(other)))
		s.unknown(order["reference_id"])

		s.pay(order)
		refused(s.execute(order.with("reference_id", s.key())), "body.session_id", "session not active", `"1"`)
		next := s.session(to, "10", "USD")
		refused(s.execute(order.with("session_id", fmt.Sprint(next))), "body.reference_id", "reference_id already exists", quoted(order["reference_id"].(string)))
		refused(s.execute(order.with("payout_account_id", fmt.Sprint(other))), "body.reference_id", "reference_id already exists", quoted(order["reference_id"].(string)))

		assert.Equal(t, 200, s.simulate("deactivate_account", "account", fmt.Sprint(to)))
		refused(s.execute(s.order(next, to)), "body.payout_account_id", "payout account not active", quoted(fmt.Sprint(to)))
		refused(s.post(sessionPath, sessionOf(to, "1", "USD")), "body.payout_account_id", "payout account not active", fmt.Sprint(to))
		s.pass(time.Hour)
		s.token = s.grant()
		refused(s.execute(s.order(next, to)), "body.session_id", "session expired", quoted(fmt.Sprint(next)))
		refused(s.get(strings.Replace(strings.TrimPrefix(paths["predict_amount_and_fees"], "GET "), "target_currency=USD", "target_currency=LRD", 1)),
			"query.target_currency", "no exchange rate for this currency", `"LRD"`)
		s.has("9990", "USD")
		s.sound()
	}
}

// TestAccountTypes: an account of any operation can be paid, unless the scenario
// is strict.
func TestAccountTypes(t *testing.T) {
	t.Parallel()
	h := newHandler(t)
	lax, strict := within(t, h, "lax", ""), within(t, h, "strict", "{strict_account_type: true}")
	for _, s := range []*shop{lax, strict} {
		party := s.party()
		for _, kind := range []string{"COLLECTION", "TRANSFER", "REFUND"} {
			to := s.made(s.post("/v1/payment-accounts/create?operation_type="+kind, accountOf(party, usual)))
			a := s.post(sessionPath, sessionOf(to, "1", "USD"))
			if s == lax {
				s.pay(s.order(s.made(a), to))
				continue
			}
			s.refused(a, 422, stateFault("payout_account_id", "payout account is not of operation type PAYOUT"))
		}
	}
}

// TestLowercaseCurrency are taken with the knob only.
func TestLowercaseCurrency(t *testing.T) {
	t.Parallel()
	s := open(t, "{lowercase_currency: true}")
	a := s.post(sessionPath, sessionOf(s.account(usual), "1", "usd"))
	assert.Contains(t, a.body, `"currency":"USD"`)
	a = s.post(sessionPath, sessionOf(1, "1", "us"))
	s.refused(a, 422, detail(documented, fault{loc: "body.currency", msg: "String should have at least 3 characters", kind: "string_too_short"}))
}

// Bodies of 401.
var (
	noToken  = says("Not authenticated")
	badToken = says("Could not validate credentials")
)

// TestTokens are looked at before anything else.
func TestTokens(t *testing.T) {
	t.Parallel()
	s := open(t, "")
	part := strings.Split(s.token, ".")
	require.Len(t, part, 3)
	encode := base64.RawURLEncoding.EncodeToString
	claims, err := base64.RawURLEncoding.DecodeString(part[1])
	require.NoError(t, err)
	there := s.neighbor("there")
	stranger := strings.Replace(string(claims), s.credentials["client_id"], there.credentials["client_id"], 1)
	nobody := strings.Replace(string(claims), s.credentials["client_id"], "nobody", 1)
	tests := []struct{ name, header, body string }{
		{"None", "", noToken},
		{"Blank", " ", noToken},
		{"OtherScheme", "Basic " + s.token, noToken},
		{"NoScheme", s.token, noToken},
		{"SchemeAlone", "Bearer", noToken},
		{"SchemeAndBlanks", "Bearer   ", noToken},
		{"Garbage", "Bearer garbage", badToken},
		{"Dots", "Bearer ..", badToken},
		{"TwoTokens", "Bearer " + s.token + " " + s.token, badToken},
		{"Cut", "Bearer " + s.token[:len(s.token)-2], badToken},
		{"NoSignature", "Bearer " + part[0] + "." + part[1] + ".", badToken},
		{"OtherSignature", "Bearer " + part[0] + "." + part[1] + "." + encode(make([]byte, 32)), badToken},
		{"AlgNone", "Bearer " + encode([]byte(`{"alg":"none","typ":"JWT"}`)) + "." + part[1] + ".", badToken},
		{"AlgNoneSigned", "Bearer " + encode([]byte(`{"alg":"none","typ":"JWT"}`)) + "." + part[1] + "." + part[2], badToken},
		{"AlgHS512", "Bearer " + encode([]byte(`{"alg":"HS512","typ":"JWT"}`)) + "." + part[1] + "." + part[2], badToken},
		{"OfAnother", "Bearer " + part[0] + "." + encode([]byte(stranger)) + "." + part[2], badToken},
		{"OfNobody", "Bearer " + part[0] + "." + encode([]byte(nobody)) + "." + part[2], badToken},
		{"ClaimsNoJSON", "Bearer " + part[0] + "." + encode([]byte("{")) + "." + part[2], badToken},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := s.in(t)
			s.refused(s.get("/v1/fees/tiers", "Authorization", test.header), 401, test.body)
			s.refused(s.send(http.MethodPost, payoutPath, "{", "Authorization", test.header), 401, test.body)
			s.refused(s.get("/v2/fees/tiers", "Authorization", test.header), 401, test.body)
		})
	}
	for _, scheme := range []string{"Bearer ", "bearer ", "BEARER ", "  Bearer  "} {
		assert.Equal(t, 200, s.get("/v1/fees/tiers", "Authorization", scheme+s.token).status, scheme)
	}
	a := s.get("/v1/fees/tiers", "Authorization", "", "X-API-Key", "k")
	s.refused(a, 401, noToken)
	assert.Contains(t, a.hint(), "no API key")
}

// TestTokenLives 60 minutes to the millisecond, and is not ended by a newer one.
func TestTokenLives(t *testing.T) {
	t.Parallel()
	s := open(t, "")
	a := s.post(tokenPath, s.client(), "Authorization", "")
	assert.Regexp(t, `^\{"access_token":"eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+","expires_in":60\}$`, a.body)
	s.pass(time.Hour - time.Millisecond)
	newer := s.grant()
	assert.Equal(t, 200, s.get("/v1/fees/tiers").status)
	s.pass(time.Millisecond)
	a = s.get("/v1/fees/tiers")
	s.refused(a, 401, badToken)
	assert.Contains(t, a.hint(), "1h0m0s")
	s.token = newer
	assert.Equal(t, 200, s.get("/v1/fees/tiers").status)

	short := open(t, "{token_ttl: 90s}")
	assert.Regexp(t, `"expires_in":1\}$`, short.post(tokenPath, short.client()).body)
	short.pass(90*time.Second - time.Millisecond)
	assert.Equal(t, 200, short.get("/v1/fees/tiers").status)
	short.pass(time.Millisecond)
	short.refused(short.get("/v1/fees/tiers"), 401, badToken)
}

// TestTokensOfWorkspaces: whose a call is, its token says.
func TestTokensOfWorkspaces(t *testing.T) {
	t.Parallel()
	s := open(t, "")
	there := s.neighbor("there")
	s.party()
	assert.Equal(t, 200, s.get("/v1/parties/retrieve/1").status)
	s.refused(s.get("/v1/parties/retrieve/1", "Authorization", "Bearer "+there.token), 404, says("Party not found"))
	order := s.ordered()
	s.refused(s.execute(order, "Authorization", "Bearer "+there.token), 422, stateFault("session_id", "session not found"))
	s.pay(order)
	s.refused(there.get(statusPath+order["reference_id"].(string)), 404, says("Transaction not found"))
}

// TestWrongClient asks for a token in wrong ways.
func TestWrongClient(t *testing.T) {
	t.Parallel()
	s := open(t, "")
	there := s.neighbor("there")
	for _, body := range []fields{
		s.client().with("client_id", "nobody"), s.client().with("client_secret", "wrong"), s.client().with("client_secret", ""), s.client().with("client_id", ""),
		s.client().with("client_secret", there.credentials["client_secret"]), s.client().with("client_id", there.credentials["client_id"]),
		s.client().with("client_secret", strings.ToUpper(s.credentials["client_secret"])),
	} {
		s.refused(s.post(tokenPath, body, "Authorization", ""), 401, badToken)
	}
	s.refused(s.get(tokenPath), 405, says("Method Not Allowed"))
	for _, header := range []string{"", "Bearer garbage", "Basic x"} { // it looks at no token
		assert.Equal(t, 200, s.post(tokenPath, s.client(), "Authorization", header).status)
	}
}

// TestTokenChecksItsParametersFirst, as all calls do.
func TestTokenChecksItsParametersFirst(t *testing.T) {
	t.Parallel()
	s := open(t, "")
	want := detail(documented, fault{loc: "path.version", msg: "Input should be 'v1'", kind: "literal_error"})
	s.refused(s.post("/v2"+tokenPath[len("/v1"):], s.client().with("client_secret", "wrong")), 422, want)
}

// TestUnverified merchants get 403 for payouts and their sessions, once the
// parameters are right.
func TestUnverified(t *testing.T) {
	t.Parallel()
	s := open(t, "{verified: false}")
	to := s.account(usual)
	s.refused(s.post(sessionPath, sessionOf(to, "1", "USD")), 403, says("Forbidden"))
	s.refused(s.execute(s.order(1, to)), 403, says("Forbidden"))
	s.refused(s.post(sessionPath, sessionOf(99, "1", "EUR")), 403, says("Forbidden"))
	assert.Equal(t, 422, s.send(http.MethodPost, payoutPath, "{}").status)
	s.unknown(s.key())
	assert.Equal(t, 200, s.get("/v1/fees/tiers").status)
}

// TestNotFound are paths, methods and records that there are not.
func TestNotFound(t *testing.T) {
	t.Parallel()
	s := open(t, "")
	for _, path := range []string{
		"/v1/parties/retrieve/99", "/v1/parties/retrieve/0", "/v1/parties/retrieve/01", "/v1/parties/retrieve/x", "/v1/parties/retrieve/%00",
	} {
		s.refused(s.get(path), 404, says("Party not found"))
	}
	s.refused(s.get("/v1/counterparties/retrieve/99"), 404, says("Counterparty not found"))
	s.refused(s.send(http.MethodPut, "/v1/counterparties/update/99", "{}"), 404, says("Counterparty not found"))
	s.refused(s.get("/v1/merchants/merchant-info?merchant_id=2&merchant_type=ORGANIZATION"), 404, says("Merchant not found"))
	s.refused(s.get("/v1/merchants/merchant-info?merchant_id=1&merchant_type=MICRO_ORGANIZATION"), 404, says("Merchant not found"))
	s.refused(s.get("/v1/fees/merchant-tier?owner_id=2&owner_type=ORGANIZATION"), 404, says("Merchant not found"))
	s.refused(s.get("/v1/fees/platform?operation_type=PAYOUT&fee_tier_name=gold"), 404, says("Fee tier not found"))
	s.refused(s.get("/v1/predictions/mmo-provider-info?phone=441234567890&operation_type=PAYOUT"), 404, says("Provider not found"))
	for _, key := range []string{"x", "00000000-0000-4000-8000-000000000000", "%20", "%F0%9F%98%80"} { // any text is looked for
		s.refused(s.get(statusPath+key), 404, says("Transaction not found"))
	}
	for _, path := range []string{"/", "/v1", "/v1/", "/v1/executions", "/v1/executions/payout/", "/v1//executions/payout", "/executions/payout", "/v1/predictions/payment-source-amount-and-fees"} {
		s.refused(s.get(path, "Authorization", ""), 404, says("Not Found"))
	}
	for path, allow := range map[string]string{payoutPath: "POST", statusPath + "x": "GET", "/v1/counterparties/update/1": "PUT", "/v1/parties/list": "GET"} {
		a := s.send(http.MethodDelete, path, "")
		s.refused(a, 405, says("Method Not Allowed"))
		assert.Contains(t, a.header.Get("Allow"), allow)
	}
	s.refused(s.send(http.MethodPost, partyPath, strings.Repeat(" ", 1<<20+1)), 413, says("Request Entity Too Large"))
}

// TestForced are failures that only a scenario or a header causes.
func TestForced(t *testing.T) {
	t.Parallel()
	s := open(t, "")
	a := s.get("/v1/fees/tiers", "X-Mockpay-Outcome", "rate_limited")
	s.refused(a, 429, says("Too Many Requests"))
	assert.Equal(t, "1", a.header.Get("Retry-After"))
	s.refused(s.get("/v1/fees/tiers", "X-Mockpay-Outcome", "server_error"), 500, says("Internal Server Error"))
	s.refused(s.get("/v1/fees/tiers", "X-Mockpay-Outcome", "unauthorized"), 401, badToken)
	s.refused(s.get("/v1/fees/tiers", "X-Mockpay-Outcome", "token_expired"), 401, badToken)
	s.refused(s.get("/v1/fees/tiers", "X-Mockpay-Outcome", "not_authenticated"), 401, noToken)
}
