package executions_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// same checks an answer that is a success, byte for byte.
func (s *shop) same(a answer, body string) {
	s.t.Helper()
	assert.Equal(s.t, "200 "+body, fmt.Sprint(a.status, " ", a.body))
	assert.Empty(s.t, a.hint())
}

// TestParties are found by part of their names, newest first.
func TestParties(t *testing.T) {
	t.Parallel()
	s := open(t, "")
	s.same(s.get("/v1/parties/list"), `[]`)
	musuIs := `{"id":1,"fullname":"Musu Flomo","phone":"231880000001","email":null,"country_code":"LR","created_at":"2026-06-23T10:00:00Z","updated_at":"2026-06-23T10:00:00Z"}`
	s.same(s.post(partyPath, musu), musuIs)
	s.pass(1999 * ms)
	éva := `{"id":2,"fullname":"Éva <&> Flomo","phone":"25078123456","email":"eva@example.test","country_code":null,"created_at":"2026-06-23T10:00:01Z","updated_at":"2026-06-23T10:00:01Z"}`
	s.same(s.send(http.MethodPost, partyPath, `{"fullname":"Éva <&> Flomo","phone":"25078123456","email":"eva@example.test"}`), éva)
	for query, want := range map[string]string{
		"": éva + "," + musuIs, "fullname=": éva + "," + musuIs, "fullname=flomo": éva + "," + musuIs, "fullname=USU": musuIs, "fullname=" + url.QueryEscape("éva <"): éva,
		"fullname=x": "", "fullname=x&fullname=musu": musuIs, "page=2": éva + "," + musuIs, "fullname=musu+flomo": musuIs,
	} {
		s.same(s.get("/v1/parties/list?"+query), "["+want+"]")
	}
	s.same(s.get("/v1/parties/retrieve/2"), éva)
	s.same(s.post(partyPath, musu), strings.ReplaceAll(strings.Replace(musuIs, `"id":1`, `"id":3`, 1), "10:00:00", "10:00:01")) // the same once more
}

// TestCounterparties are linked to parties, found and changed.
func TestCounterparties(t *testing.T) {
	t.Parallel()
	s := open(t, "")
	s.party()
	const at = `"created_at":"2026-06-23T10:00:00Z","updated_at":"2026-06-23T10:00:00Z"`
	const musuIs = `{"id":1,"fullname":"Musu Flomo","phone":"231880000001","email":null,"country_code":"LR",` + at + `}`
	const alone = `{"id":1,"owner_party_type":"ORGANIZATION","owner_party_id":1,"relationship_type":"DONOR","party_id":null,` + at + `,"party":null}`
	const linked = `{"id":2,"owner_party_type":"ORGANIZATION","owner_party_id":1,"relationship_type":"BENEFICIARY","party_id":1,` + at + `,"party":` + musuIs + `}`
	s.same(s.post(counterpartyPath, fields{"relationship_type": "DONOR"}), alone)
	s.same(s.post(counterpartyPath, fields{"relationship_type": "BENEFICIARY", "party_id": 1}), linked)
	for query, want := range map[string]string{
		"": linked + "," + alone, "fullname=flomo": linked, "fullname=": linked + "," + alone, "relationship_type=DONOR": alone,
		"relationship_type=DONOR&fullname=musu": "", "relationship_type=SELF": "",
	} {
		s.same(s.get("/v1/counterparties/list?"+query), "["+want+"]")
	}
	s.pass(time.Second)
	changed := strings.Replace(strings.Replace(alone, `"party_id":null`, `"party_id":1`, 1), `"updated_at":"2026-06-23T10:00:00Z","party":null`, `"updated_at":"2026-06-23T10:00:01Z","party":`+musuIs, 1)
	s.same(s.send(http.MethodPut, "/v1/counterparties/update/1", `{"party_id":1}`), changed)
	s.pass(time.Second)
	changed = strings.Replace(strings.Replace(changed, "DONOR", "SELF", 1), "10:00:01", "10:00:02", 1)
	s.same(s.send(http.MethodPut, "/v1/counterparties/update/1", `{"relationship_type":"SELF","party_id":null}`), changed)
	s.refused(s.send(http.MethodPut, "/v1/counterparties/update/1", `{"relationship_type":"DONEE","party_id":9}`), 422, stateFault("party_id", "party not found"))
	s.same(s.get("/v1/counterparties/retrieve/1"), changed)
	for _, kind := range relationships {
		assert.Equal(t, 200, s.post(counterpartyPath, fields{"relationship_type": kind}).status)
	}
}

// TestAccounts are echoed with the provider as it was sent, and without their
// numbers.
func TestAccounts(t *testing.T) {
	t.Parallel()
	s := open(t, "")
	body := accountOf(s.party(), usual)
	id := 0
	for method, network := range map[string]string{
		"MTN_MOMO_LBR": "PAWAPAY", "ORANGE_MONEY_LBR": "PAWAPAY", "AIRTEL_RWA": "PAWAPAY", "MTN_MOMO_RWA": "PAWAPAY", "ORANGE_MONEY_RWA": "PAWAPAY", "CREDIT_CARD": "STRIPE", "WALLET": "PLATFORM",
	} {
		for _, provider := range []string{network, method} {
			for _, kind := range operationTypes {
				id++
				s.same(s.post("/v1/payment-accounts/create?operation_type="+kind, body.with("method", method, "provider", provider)),
					fmt.Sprintf(`{"id":%d,"account_name":"Musu wallet","provider":%q,"method":%q,"party_id":1,"is_active":true,"created_at":"2026-06-23T10:00:00Z","updated_at":"2026-06-23T10:00:00Z","country_code":"LR"}`, id, provider, method))
			}
		}
	}
	assert.Contains(t, s.post(accountPath, body.without("country_code").without("insensitive_account_number")).body, `"country_code":null`)
}

// TestMerchant is the one of the workspace.
func TestMerchant(t *testing.T) {
	t.Parallel()
	const path = "/v1/merchants/merchant-info?merchant_id=1&merchant_type=ORGANIZATION"
	h := newHandler(t)
	s := within(t, h, "a", "")
	s.same(s.get(path), `{"id":1,"name":"Sample Merchant","type":"ORGANIZATION","email":null,"phone":"231771234567"}`)
	s = within(t, h, "b", "{merchant: {name: Acme, email: pay@acme.test}}")
	s.same(s.get(path), `{"id":1,"name":"Acme","type":"ORGANIZATION","email":"pay@acme.test","phone":"231771234567"}`)
}

// TestPhones: whose customer a number is.
func TestPhones(t *testing.T) {
	t.Parallel()
	h := newHandler(t)
	s := within(t, h, "a", "")
	const liberia, rwanda = `"country":"LR","currencies":["USD","LRD"]`, `"country":"RW","currencies":["RWF"]`
	for phone, want := range map[string][3]string{
		"231771234567": {"MTN", liberia, "MTN_MOMO_LBR"}, "231880000001": {"MTN", liberia, "MTN_MOMO_LBR"}, "231555000000": {"MTN", liberia, "MTN_MOMO_LBR"},
		"231761234567": {"ORANGE", liberia, "ORANGE_MONEY_LBR"}, "231000000000": {"ORANGE", liberia, "ORANGE_MONEY_LBR"},
		"250781234567": {"MTN", rwanda, "MTN_MOMO_RWA"}, "250791234567": {"MTN", rwanda, "MTN_MOMO_RWA"}, "250721234567": {"AIRTEL", rwanda, "AIRTEL_RWA"},
		"250731234567": {"AIRTEL", rwanda, "AIRTEL_RWA"}, "250751234567": {"ORANGE", rwanda, "ORANGE_MONEY_RWA"},
	} {
		for _, kind := range operationTypes {
			s.same(s.get("/v1/predictions/mmo-provider-info?phone="+phone+"&operation_type="+kind),
				`{"carrier":"`+want[0]+`",`+want[1]+`,"phone":"`+phone+`","payment_method":"`+want[2]+`","gateway_provider":"PAWAPAY","operation_type":"`+kind+`"}`)
		}
	}
	own := within(t, h, "b", `{phone_prefixes: {"44": AIRTEL_RWA, "2317": ORANGE_MONEY_LBR, "231771": MTN_MOMO_RWA}}`)
	for phone, method := range map[string]string{"441234567890": "AIRTEL_RWA", "231761234567": "ORANGE_MONEY_LBR", "231772234567": "MTN_MOMO_LBR", "231771234567": "MTN_MOMO_RWA"} {
		assert.Contains(t, own.get("/v1/predictions/mmo-provider-info?operation_type=PAYOUT&phone="+phone).body, `"payment_method":"`+method+`"`)
	}
}

// TestPredictions: who bears the fees, and at which rates.
func TestPredictions(t *testing.T) {
	t.Parallel()
	const fees = `{platform_percentage: "1.5", platform_fixed: "0.25", gateway_percentage: "2", gateway_fixed: "1", fx_percentage: "0.5"}`
	s := open(t, `{fx_rates: {"USD/LRD": "190.5", "LRD/USD": "0.0053"}, fees: {PAYOUT: `+fees+`, COLLECTION: `+fees+`}}`)
	tests := []struct{ amount, base, target, kind, bearer, want string }{
		{"100", "USD", "USD", "TRANSFER", "PAYER", `"100.00","payer_currency":"USD","payee_amount":"100.00","payee_currency":"USD","platform_fee":"0.00","platform_currency":"USD","fx_fee":null,"gateway_fee":"0.00","gateway_currency":"USD"}`},
		{"33.33", "USD", "USD", "PAYOUT", "PAYER", `"35.75","payer_currency":"USD","payee_amount":"33.33","payee_currency":"USD","platform_fee":"0.75","platform_currency":"USD","fx_fee":null,"gateway_fee":"1.67","gateway_currency":"USD"}`},
		{"33.33", "USD", "USD", "PAYOUT", "PAYEE", `"33.33","payer_currency":"USD","payee_amount":"30.91","payee_currency":"USD","platform_fee":"0.75","platform_currency":"USD","fx_fee":null,"gateway_fee":"1.67","gateway_currency":"USD"}`},
		{"100.0", "USD", "LRD", "PAYOUT", "PAYER", `"105.25","payer_currency":"USD","payee_amount":"19050.00","payee_currency":"LRD","platform_fee":"1.75","platform_currency":"USD","fx_fee":"0.50","gateway_fee":"3.00","gateway_currency":"USD"}`},
		{"100", "USD", "LRD", "PAYOUT", "PAYEE", `"100.00","payer_currency":"USD","payee_amount":"18049.88","payee_currency":"LRD","platform_fee":"1.75","platform_currency":"USD","fx_fee":"0.50","gateway_fee":"3.00","gateway_currency":"USD"}`},
		{"100", "USD", "LRD", "COLLECTION", "PAYER", `"20050.13","payer_currency":"LRD","payee_amount":"100.00","payee_currency":"USD","platform_fee":"1.75","platform_currency":"USD","fx_fee":"0.50","gateway_fee":"3.00","gateway_currency":"USD"}`},
		{"0.014", "USD", "USD", "REFUND", "PAYEE", `"0.01","payer_currency":"USD","payee_amount":"0.01","payee_currency":"USD","platform_fee":"0.00","platform_currency":"USD","fx_fee":null,"gateway_fee":"0.00","gateway_currency":"USD"}`},
		{"100", "EUR", "EUR", "REFUND", "PAYEE", `"100.00","payer_currency":"EUR","payee_amount":"100.00","payee_currency":"EUR","platform_fee":"0.00","platform_currency":"EUR","fx_fee":null,"gateway_fee":"0.00","gateway_currency":"EUR"}`},
	}
	ask := func(amount, base, target, kind, bearer string) answer {
		return s.get("/v1/predictions/amount-and-fees?" + url.Values{
			"base_amount": {amount}, "base_currency": {base}, "target_currency": {target}, "payment_method": {"WALLET"}, "operation_type": {kind}, "provider": {"PLATFORM"}, "fee_bearer": {bearer},
		}.Encode())
	}
	for _, test := range tests {
		s.same(ask(test.amount, test.base, test.target, test.kind, test.bearer), `{"payer_amount":`+test.want)
	}
	assert.Equal(t, 422, ask("100", "USD", "RWF", "PAYOUT", "PAYER").status)
	assert.Equal(t, 422, ask("1", "USD", "USD", "PAYOUT", "PAYEE").status, "the fees are more")
	assert.Contains(t, ask("0.25", "USD", "USD", "REFUND", "PAYEE").body, `"payee_amount":"0.25"`)
}

// TestFeeTables are told with their rates, 0 by default.
func TestFeeTables(t *testing.T) {
	t.Parallel()
	h := newHandler(t)
	const at = `"2026-06-23T10:00:00Z"`
	const tier = `{"id":1,"name":"default","is_default":true,"created_at":` + at + `,"updated_at":` + at + `}`
	s := within(t, h, "a", "")
	s.same(s.get("/v1/fees/tiers"), "["+tier+"]")
	s.same(s.get("/v1/fees/merchant-tier?owner_type=ORGANIZATION&owner_id=1"), `{"id":1,"owner_type":"ORGANIZATION","owner_id":1,"assigned_at":`+at+`,"assigned_by":null,"tier":`+tier+`}`)
	platform := s.get("/v1/fees/platform?operation_type=PAYOUT&fee_tier_name=default")
	s.same(platform, `{"id":2,"operation_type":"PAYOUT","percentage":"0.00","fx_percentage":"0.00","effective_from":`+at+`,"created_at":`+at+`,"payment_method":null,"fixed_fee":null,"fixed_fee_currency":null,"effective_to":null,"tier":`+tier+`}`)

	s = within(t, h, "b", `{fees: {PAYOUT: {platform_percentage: "1.255", platform_fixed: "0.25", gateway_percentage: "2.5", gateway_fixed: "1", fx_percentage: "0.5"}}}`)
	s.pass(time.Minute) // the tables are as old as the workspace
	assert.Contains(t, s.get("/v1/fees/platform?operation_type=PAYOUT&fee_tier_name=default").body, `"fx_percentage":"0.50","effective_from":`+at+`,"created_at":`+at+`,"payment_method":null,"fixed_fee":0.25,"fixed_fee_currency":null,"effective_to":null`)
	gateway := s.get("/v1/fees/gateway?payment_method=MTN_MOMO_LBR&operation_type=PAYOUT").body
	assert.Regexp(t, `^\{"id":\d+,"provider_id":1,"operation_type":"PAYOUT","payment_method":"MTN_MOMO_LBR","percentage":2\.5,"created_at":`+at+`,"updated_at":`+at+`,"fixed_fee":1\.0,"fixed_fee_currency":null,"effective_from":null,"effective_to":null\}$`, gateway)

	ids := make(map[string]bool)
	for _, method := range methods {
		for _, kind := range operationTypes {
			ids[fmt.Sprint(s.made(s.get("/v1/fees/gateway?payment_method="+method+"&operation_type="+kind)))] = true
		}
	}
	assert.Len(t, ids, len(methods)*len(operationTypes), "each has an id of its own")
}

// TestPlatformPercentageIsWhole: what is shown is what is charged.
func TestPlatformPercentageIsWhole(t *testing.T) {
	t.Parallel()
	s := within(t, newHandler(t), "a", `{fees: {PAYOUT: {platform_percentage: "1.255"}}}`)
	assert.Contains(t, s.get("/v1/fees/platform?operation_type=PAYOUT&fee_tier_name=default").body, `"percentage":"1.255"`)
}

// TestSecretsAreMasked in the journal: the client's, the passcode and tokens.
func TestSecretsAreMasked(t *testing.T) {
	t.Parallel()
	s := open(t, "")
	s.pay(s.ordered())
	seen := string(must(s.State(t.Context())))
	for _, e := range s.journal() {
		seen += fmt.Sprint(e.Request, e.Response)
	}
	for _, secret := range []string{s.credentials["client_secret"], s.token} {
		assert.NotContains(t, seen, secret)
	}
	assert.NotContains(t, seen, `"code":"123456"`)
}
