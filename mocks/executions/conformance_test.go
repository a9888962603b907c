package executions_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/provider/providertest"
)

func TestConformance(t *testing.T) {
	const (
		noBody = "bodies of GET are not looked at"
		kept   = "an execution that fails is answered with 200, and is there for the status call"
	)
	suite := providertest.Suite{
		Provider: "executions",
		Calls:    samples,
		Raw: func(c *providertest.Caller, operation string, body []byte) *http.Request {
			r := request(c, operation, tokenOf(c), nil, "1")
			r.Body = io.NopCloser(strings.NewReader(string(body)))
			r.ContentLength = int64(len(body))
			return r
		},
		Malformed: map[string][]string{
			"token": {`{"client_id":"a"}`, `{"client_id":null,"client_secret":null}`, `{"client_id":7,"client_secret":[]}`, `{"client_id":"\u0000","client_secret":"\u0000"}`},
			"create_party": {`{"fullname":"a","phone":231880000001}`, `{"fullname":"a","phone":"+231880000001"}`, `{"fullname":null,"phone":"231880000001"}`,
				`{"fullname":"a","phone":"` + strings.Repeat("2", 16) + `"}`, `{"fullname":"a","phone":"231880000001\u0000"}`},
			"create_counterparty": {`{"relationship_type":"OTHER"}`, `{"relationship_type":"DONOR","party_id":99}`, `{"relationship_type":"DONOR","party_id":1e999999999}`},
			"update_counterparty": {`{"relationship_type":"donor"}`, `{"party_id":99}`, `{"party_id":"99999999999999999999"}`},
			"create_payment_account": {
				`{"account_name":"a","provider":"PAWAPAY","method":"BANK","party_id":1}`, `{"account_name":"a","provider":"STRIPE","method":"WALLET","party_id":1}`,
				`{"account_name":"a","provider":"WALLET","method":"WALLET","party_id":[]}`, `{"account_name":"a","provider":"WALLET","method":"WALLET","party_id":0}`,
			},
			"create_payout_session": {
				`{"payout_account_id":1,"amount":0,"currency":"USD"}`, `{"payout_account_id":1,"amount":1e999999999,"currency":"USD"}`, `{"payout_account_id":1,"amount":1e-999999999,"currency":"USD"}`,
				`{"payout_account_id":1,"amount":` + strings.Repeat("9", 5000) + `,"currency":"USD"}`, `{"payout_account_id":1,"amount":1,"currency":"\ud83d\ude00\ud83d\ude00\ud83d\ude00"}`,
				`{"payout_account_id":-0,"amount":1,"currency":"USD"}`,
			},
			"payout": {
				`{"session_id":"1","payout_account_id":"1","reference_id":"00000000-0000-4000-8000-000000000000","passcode":"123456"}`,
				`{"session_id":"1","payout_account_id":"1","reference_id":"00000000-0000-4000-8000-000000000000","passcode":{"token":[],"device":{}}}`,
				`{"session_id":1,"payout_account_id":1,"reference_id":1,"passcode":1}`,
			},
		},
		Anonymous: func(r *http.Request) {
			if strings.HasSuffix(r.URL.Path, tokenPath) {
				nobody := `{"client_id":"nobody","client_secret":"nothing"}`
				r.Body, r.ContentLength = io.NopCloser(strings.NewReader(nobody)), int64(len(nobody))
			}
			r.Header.Del("Authorization")
		},
		Refusal: isFailure,
		Move:    payRandomly,
		Action: func(_ *providertest.Caller, d *providertest.Dice) (string, map[string]string) {
			switch d.N(6) {
			case 0:
				return "executions.set_wallet", map[string]string{
					"currency": providertest.Pick(d, "USD", "LRD", "RWF", "EUR"), "status": providertest.Pick(d, "ACTIVE", "ACTIVE", "FROZEN", "CLOSED"),
				}
			case 1:
				return "executions.deactivate_account", map[string]string{"account": providertest.Pick(d, "first", "last", "99999")}
			}
			return "executions.transition", map[string]string{
				"reference": providertest.Pick(d, "first", "last", "last", "00000000-0000-4000-8000-ffffffffffff"),
				"as":        providertest.Pick(d, "PENDING", "PROCESSING", "COMPLETED", "FAILED"), "gateway_message": providertest.Pick(d, "", "By hand"),
			}
		},
		Leaves: map[string]string{
			"payout/insufficient_wallet": kept, "payout/wallet_not_active": kept, "payout/operator_failure": kept, "payout/rejected_at_once": kept,
		},
		Lenient:  map[string]string{"update_counterparty": "all of its fields are optional"},
		Nameless: map[string]string{"token": "whoever asks for a token has none yet"},
		Begin:    map[string][]string{"execution": {"FAILED"}},
		Answered: func(t testing.TB, r *http.Request, a *providertest.Answer) {
			assert.NoError(t, fits(r, a.Status, a.Header, a.Body), "%s %s", r.Method, r.URL)
		},
	}
	for name, path := range paths {
		if strings.HasPrefix(path, "GET ") {
			suite.Lenient[name] = noBody
		}
	}
	providertest.Run(t, suite)
}

// paths are the calls with the values of their parameters; "%s" is what an earlier
// call made.
var paths = map[string]string{
	"token":                     "POST " + tokenPath,
	"merchant_info":             "GET /v1/merchants/merchant-info?merchant_id=1&merchant_type=ORGANIZATION",
	"create_party":              "POST " + partyPath,
	"list_parties":              "GET /v1/parties/list?fullname=flomo",
	"get_party":                 "GET /v1/parties/retrieve/%s",
	"create_counterparty":       "POST " + counterpartyPath,
	"list_counterparties":       "GET /v1/counterparties/list?fullname=Musu&relationship_type=BENEFICIARY",
	"get_counterparty":          "GET /v1/counterparties/retrieve/%s",
	"update_counterparty":       "PUT /v1/counterparties/update/%s",
	"create_payment_account":    "POST " + accountPath,
	"predict_amount_and_fees":   "GET /v1/predictions/amount-and-fees?base_amount=100&base_currency=USD&target_currency=USD&payment_method=MTN_MOMO_LBR&operation_type=PAYOUT&provider=PAWAPAY&fee_bearer=PAYER",
	"predict_mmo_provider_info": "GET /v1/predictions/mmo-provider-info?phone=231771234567&operation_type=PAYOUT",
	"get_gateway_fees":          "GET /v1/fees/gateway?payment_method=MTN_MOMO_LBR&operation_type=PAYOUT",
	"get_platform_fees":         "GET /v1/fees/platform?operation_type=PAYOUT&fee_tier_name=default",
	"get_merchant_fee_tier":     "GET /v1/fees/merchant-tier?owner_type=ORGANIZATION&owner_id=1",
	"list_fee_tiers":            "GET /v1/fees/tiers",
	"create_payout_session":     "POST " + sessionPath,
	"payout":                    "POST " + payoutPath,
	"payout_status":             "GET " + statusPath + "%s",
}

var samples = map[string]providertest.Call{
	"token":                     tokenRequest,
	"merchant_info":             plain("merchant_info", nil),
	"create_party":              plain("create_party", musu),
	"list_parties":              plain("list_parties", nil),
	"get_party":                 of("get_party", nil, party),
	"create_counterparty":       plain("create_counterparty", fields{"relationship_type": "BENEFICIARY"}),
	"list_counterparties":       plain("list_counterparties", nil),
	"get_counterparty":          of("get_counterparty", nil, counterparty),
	"update_counterparty":       of("update_counterparty", fields{"relationship_type": "PARTNER"}, counterparty),
	"predict_amount_and_fees":   plain("predict_amount_and_fees", nil),
	"predict_mmo_provider_info": plain("predict_mmo_provider_info", nil),
	"get_gateway_fees":          plain("get_gateway_fees", nil),
	"get_platform_fees":         plain("get_platform_fees", nil),
	"get_merchant_fee_tier":     plain("get_merchant_fee_tier", nil),
	"list_fee_tiers":            plain("list_fee_tiers", nil),
	"create_payment_account": func(c *providertest.Caller) *http.Request {
		token := tokenOf(c)
		return request(c, "create_payment_account", token, accountBody(party(c, token), usual), "")
	},
	"create_payout_session": func(c *providertest.Caller) *http.Request {
		token := tokenOf(c)
		return request(c, "create_payout_session", token, fields{"payout_account_id": json.RawMessage(account(c, token)), "amount": 1, "currency": "USD"}, "")
	},
	"payout": func(c *providertest.Caller) *http.Request {
		token := tokenOf(c)
		return request(c, "payout", token, ordered(c, token, usual, "1"), "")
	},
	"payout_status": func(c *providertest.Caller) *http.Request {
		token := tokenOf(c)
		made := c.Need(request(c, "payout", token, ordered(c, token, usual, "1"), ""))
		return request(c, "payout_status", token, nil, strings.Trim(field(c, made, "reference_id"), `"`))
	},
}

// plain makes a call that depends on nothing but a token.
func plain(operation string, body fields) providertest.Call {
	return func(c *providertest.Caller) *http.Request { return request(c, operation, tokenOf(c), body, "") }
}

// of makes a call about something that has to be made first.
func of(operation string, body fields, first func(*providertest.Caller, string) string) providertest.Call {
	return func(c *providertest.Caller) *http.Request {
		token := tokenOf(c)
		return request(c, operation, token, body, first(c, token))
	}
}

// request is a call of the suite's caller.
func request(c *providertest.Caller, operation, token string, body fields, made string) *http.Request {
	method, path, _ := strings.Cut(paths[operation], " ")
	if strings.Contains(path, "%s") {
		path = fmt.Sprintf(path, made)
	}
	text := ""
	if body != nil {
		text = body.String()
	}
	r, err := http.NewRequestWithContext(c.Context(), method, c.URL+path, strings.NewReader(text))
	require.NoError(c, err)
	r.Header.Set("Content-Type", "application/json")
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	return r
}

// field is one of an answer's, as the JSON it came as.
func field(t require.TestingT, a *providertest.Answer, name string) string {
	var got map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(a.Body, &got))
	return string(got[name])
}

func tokenRequest(c *providertest.Caller) *http.Request {
	return request(c, "token", "", fields{"client_id": c.Credentials["client_id"], "client_secret": c.Credentials["client_secret"]}, "")
}

func tokenOf(c *providertest.Caller) string {
	return strings.Trim(field(c, c.Need(tokenRequest(c)), "access_token"), `"`)
}

func party(c *providertest.Caller, token string) string {
	return field(c, c.Need(request(c, "create_party", token, musu, "")), "id")
}

func counterparty(c *providertest.Caller, token string) string {
	body := fields{"relationship_type": "BENEFICIARY", "party_id": json.RawMessage(party(c, token))}
	return field(c, c.Need(request(c, "create_counterparty", token, body, "")), "id")
}

func accountBody(party, number string) fields {
	return accountOf(0, number).with("party_id", json.RawMessage(party))
}

func account(c *providertest.Caller, token string) string {
	return field(c, c.Need(request(c, "create_payment_account", token, accountBody(party(c, token), usual), "")), "id")
}

// ordered is the body that executes a new session, for a new account with a
// number. Its key is of the session, so that it is another each time and the same
// in every run.
func ordered(c *providertest.Caller, token, number, amount string) fields {
	to := field(c, c.Need(request(c, "create_payment_account", token, accountBody(party(c, token), number), "")), "id")
	body := fields{"payout_account_id": json.RawMessage(to), "amount": json.RawMessage(amount), "currency": "USD"}
	session := field(c, c.Need(request(c, "create_payout_session", token, body, "")), "id")
	return fields{
		"session_id": session, "payout_account_id": to, "reference_id": fmt.Sprintf("00000000-0000-4000-8000-%012s", session),
		"passcode": fields{
			"token":  fields{"code": c.Credentials["passcode"], "phone": c.Credentials["phone"]},
			"device": fields{"name": "a", "type": "b", "platform": "c", "user_agent": "d", "client_ip": "e"},
		},
	}
}

var (
	texts = regexp.MustCompile(`^\{"detail":"[A-Z][A-Za-z -]+"\}$`)
	lists = regexp.MustCompile(`^\{"detail":\[(\{"loc":\["(body|query|path)"(,("[a-z_]+"|\d+))*\],"msg":"([^"\\]|\\.)+","type":"[a-z_.0-9]+"\},?)+\]\}$`)
	ended = regexp.MustCompile(`"status":"(FAILED|PENDING)"`)
)

// isFailure checks the two documented shapes, and that of executions that failed.
func isFailure(t testing.TB, a *providertest.Answer) {
	t.Helper()
	shape := texts
	switch a.Status {
	case 422:
		shape = lists
	case 200:
		shape = ended
	}
	assert.Regexp(t, shape, string(a.Body))
}

// payRandomly makes a few payouts, or tries: there may be too little money, a
// wallet may be frozen, an account inactive, a code wrong.
func payRandomly(c *providertest.Caller, d *providertest.Dice) {
	token := tokenOf(c)
	for range 1 + d.N(2) {
		cents := 1 + d.N(300_000)
		number := providertest.Pick(d, usual, usual, "231880000000", "231880000001", "231880000002")
		made := c.Need(request(c, "create_payment_account", token, accountBody(party(c, token), number), ""))
		to := field(c, made, "id")
		body := fields{"payout_account_id": json.RawMessage(to), "amount": json.RawMessage(fmt.Sprintf("%d.%02d", cents/100, cents%100)), "currency": providertest.Pick(d, "USD", "USD", "LRD", "EUR")}
		a := c.Do(request(c, "create_payout_session", token, body, ""))
		if a.Status != http.StatusOK {
			continue
		}
		session := field(c, a, "id")
		order := fields{
			"session_id": session, "payout_account_id": to, "reference_id": fmt.Sprintf("00000000-0000-4000-8000-%012s", session),
			"passcode": fields{
				"token":  fields{"code": providertest.Pick(d, c.Credentials["passcode"], c.Credentials["passcode"], "000000"), "phone": c.Credentials["phone"]},
				"device": fields{"name": "a", "type": "b", "platform": "c", "user_agent": "d", "client_ip": "e"},
			},
		}
		for range 1 + d.N(2) {
			c.Do(request(c, "payout", token, order, ""))
		}
	}
}
