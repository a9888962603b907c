package dinardragon_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/client"
)

var operations = []string{"/get-authcode", "/execute", "/status"}

// The key comes bare or after the word Bearer.
func TestKeyIsTakenInEitherForm(t *testing.T) {
	t.Parallel()
	s := open(t, "")
	tests := []struct {
		name   string
		header http.Header
		code   int // 200, or of the refusal
		text   string
	}{
		{"Bare", http.Header{"Authorization": {s.key}}, 200, ""},
		{"Bearer", http.Header{"Authorization": {"Bearer " + s.key}}, 200, ""},
		{"LowerCaseBearer", http.Header{"Authorization": {"bearer " + s.key}}, 200, ""},
		{"UpperCaseBearer", http.Header{"Authorization": {"BEARER " + s.key}}, 200, ""},
		{"ManySpaces", http.Header{"Authorization": {"Bearer    " + s.key}}, 200, ""},
		{"NoHeader", http.Header{}, 400, missingKey},
		{"Empty", http.Header{"Authorization": {""}}, 400, missingKey},
		{"Blank", http.Header{"Authorization": {"   "}}, 400, missingKey},
		{"BearerOfNothing", http.Header{"Authorization": {"Bearer"}}, 400, missingKey},
		{"BearerOfBlanks", http.Header{"Authorization": {"Bearer   "}}, 400, missingKey},
		{"OtherHeader", http.Header{"X-Api-Key": {s.key}}, 400, missingKey},
		{"UpperCaseKey", http.Header{"Authorization": {strings.ToUpper(s.key)}}, 403, wrongKey},
		{"LongerKey", http.Header{"Authorization": {s.key + "x"}}, 403, wrongKey},
		{"ShorterKey", http.Header{"Authorization": {s.key[:len(s.key)-1]}}, 403, wrongKey},
		{"OtherScheme", http.Header{"Authorization": {"Basic " + s.key}}, 403, wrongKey},
		{"BearerTwice", http.Header{"Authorization": {"Bearer Bearer " + s.key}}, 403, wrongKey},
		{"NoSpace", http.Header{"Authorization": {"Bearer" + s.key}}, 403, wrongKey},
		{"Unknown", http.Header{"Authorization": {"privatekey"}}, 403, wrongKey},
		{"Quoted", http.Header{"Authorization": {`"` + s.key + `"`}}, 403, wrongKey},
		{"Placeholder", http.Header{"Authorization": {"Bearer ${privateKey}"}}, 403, wrongKey},
		{"BarePlaceholder", http.Header{"Authorization": {"${privateKey}"}}, 403, wrongKey},
		{"NotASCII", http.Header{"Authorization": {"clé"}}, 403, wrongKey},
	}
	for _, tt := range tests {
		for _, path := range operations {
			t.Run(tt.name+path, func(t *testing.T) {
				s := s.in(t)
				a := s.send(http.MethodPost, path, "", tt.header)
				if tt.code == 200 { // the next complaint is about the body
					s.refused(a, 400, notJSON)
					return
				}
				s.refused(a, tt.code, tt.text)
				if strings.Contains(tt.name, "Placeholder") {
					assert.Contains(t, a.hint(), "placeholder")
				}
			})
		}
	}
}

// The default workspace's key is the documented one.
func TestDefaultKey(t *testing.T) {
	t.Parallel()
	s := open(t, "")
	a := s.send(http.MethodPost, "/get-authcode", documented, http.Header{"Authorization": {"dd-default-private-key"}})
	assert.Equal(t, 200, a.status, a.body)
	s.has("10000")
	requests, err := client.New(s.URL).Requests(t.Context(), client.RequestFilter{})
	require.NoError(t, err)
	assert.Len(t, requests.Requests, 1)
}

// Whatever is wrong, the first complaint is that of the documented order; each
// step puts right what the one before was about.
func TestChecksComeInOrder(t *testing.T) {
	t.Parallel()
	s := open(t, `{balance: "100"}`)
	key := http.Header{"Authorization": {s.key}}
	wrong := asks("300", `{"acc":1,"amount":200,"bank":"b","country":"US"}`)
	tests := []struct {
		name, method, path, body string
		header                   http.Header
		code                     int
		text                     string
	}{
		{"Path", "GET", "/get-authcod", "{", nil, 404, "Not found."},
		{"Method", "GET", "/get-authcode", "{", nil, 405, "Method not allowed."},
		{"Authorization", "POST", "/get-authcode", "{", nil, 400, missingKey},
		{"Key", "POST", "/get-authcode", "{", http.Header{"Authorization": {"x"}}, 403, wrongKey},
		{"JSON", "POST", "/get-authcode", "{", key, 400, notJSON},
		{"Object", "POST", "/get-authcode", "[" + wrong + "]", key, 400, notJSON},
		{"Fields", "POST", "/get-authcode", wrong, key, 400, wrongField("recipientname")},
		{"Sum", "POST", "/get-authcode", asks("300", account("1", "200")), key, 400, wrongSum},
		{"Balance", "POST", "/get-authcode", asks("200", account("1", "200")), key, 403, insufficient},

		{"ExecutePath", "POST", "/execute/", "{", nil, 404, "Not found."},
		{"ExecuteMethod", "PUT", "/execute", "{", nil, 405, "Method not allowed."},
		{"ExecuteAuthorization", "POST", "/execute", "{", nil, 400, missingKey},
		{"ExecuteKey", "POST", "/execute", "{", http.Header{"Authorization": {"x"}}, 403, wrongKey},
		{"ExecuteJSON", "POST", "/execute", "{", key, 400, notJSON},
		{"ExecuteFields", "POST", "/execute", "{}", key, 400, wrongField("authcode")},
		{"ExecuteCode", "POST", "/execute", `{"authcode":"6afc61f8c5e7738819b7021dc0664cab"}`, key, 400, unknownCode},

		{"StatusMethod", "DELETE", "/status", "{", nil, 405, "Method not allowed."},
		{"StatusAuthorization", "POST", "/status", "{", nil, 400, missingKey},
		{"StatusKey", "POST", "/status", "{", http.Header{"Authorization": {"x"}}, 403, wrongKey},
		{"StatusJSON", "POST", "/status", "{", key, 400, notJSON},
		{"StatusFields", "POST", "/status", `{"uniqueid":1}`, key, 400, wrongField("uniqueid")},
		{"StatusID", "POST", "/status", `{}`, key, 400, noID},
		{"StatusUnknown", "POST", "/status", `{"uniqueid":"df9a31ea528a3977"}`, key, 400, unknownID},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := s.in(t)
			s.refused(s.send(tt.method, tt.path, tt.body, tt.header), tt.code, tt.text)
		})
	}
	s.has("100")
}

// The code is executed before its funds are looked at, and expired or used is
// said before insufficient.
func TestCodesAreCheckedBeforeFunds(t *testing.T) {
	t.Parallel()
	s := open(t, "")
	used, expired := s.quote(documented).Authcode, s.quote(documented).Authcode
	accepted[receipt](t, s.execute(used))
	s.Advance(15 * time.Minute)
	s.fund("0")
	s.refused(s.execute(used), 400, usedCode)
	s.refused(s.execute(expired), 400, expiredCode)
	s.refused(s.execute("x"), 400, unknownCode)
}

func TestFieldsOfAnExecution(t *testing.T) {
	t.Parallel()
	s := open(t, "")
	for _, body := range []string{
		`{}`, `{"authcode":null}`, `{"authcode":""}`, `{"authcode":12}`, `{"authcode":true}`, `{"authcode":["x"]}`, `{"authcode":{}}`,
		`{"Authcode":"x"}`, `{"auth_code":"x"}`,
	} {
		t.Run(body, func(t *testing.T) {
			s.in(t).refused(s.in(t).post("/execute", body), 400, wrongField("authcode"))
		})
	}
}

// Rules and the header force outcomes in the same words as happen by
// themselves.
func TestForcedOutcomesSayTheSame(t *testing.T) {
	t.Parallel()
	tests := []struct {
		path, outcome string
		code          int
		text          string
	}{
		{"/get-authcode", "insufficient_balance", 403, insufficient},
		{"/get-authcode", "sum_mismatch", 400, wrongSum},
		{"/get-authcode", "missing_key", 400, missingKey},
		{"/get-authcode", "invalid_key", 403, wrongKey},
		{"/get-authcode", "invalid_json", 400, notJSON},
		{"/get-authcode", "invalid_field", 400, wrongField("amount")},
		{"/execute", "insufficient_balance", 403, insufficient},
		{"/execute", "authcode_expired", 400, expiredCode},
		{"/execute", "authcode_used", 400, usedCode},
		{"/execute", "authcode_unknown", 400, unknownCode},
		{"/execute", "invalid_field", 400, wrongField("authcode")},
		{"/status", "missing_id", 400, noID},
		{"/status", "payment_unknown", 400, unknownID},
		{"/status", "invalid_field", 400, wrongField("uniqueid")},
	}
	s := open(t, "")
	for _, tt := range tests {
		t.Run(tt.outcome+tt.path, func(t *testing.T) {
			s := s.in(t)
			header := http.Header{"Authorization": {s.key}, "X-Mockpay-Outcome": {tt.outcome}}
			s.refused(s.send(http.MethodPost, tt.path, "{}", header), tt.code, tt.text)
		})
	}
	for path, status := range map[string]int{"unauthorized": 401, "rate_limited": 429, "server_error": 500} {
		for _, op := range operations {
			a := s.send(http.MethodPost, op, "{}", http.Header{"Authorization": {s.key}, "X-Mockpay-Outcome": {path}})
			assert.Equal(t, status, a.status)
			assert.True(t, strings.HasPrefix(a.body, fmt.Sprintf(`{"code":%d,"error":"`, status)), a.body)
		}
	}
}

// Credentials are checked before any rule.
func TestRulesComeAfterCredentials(t *testing.T) {
	t.Parallel()
	s := open(t, "", "{on: dinardragon.*, respond: server_error}")
	s.refused(s.send(http.MethodPost, "/execute", "{}", http.Header{"X-Mockpay-Outcome": {"authcode_used"}}), 400, missingKey)
	s.refused(s.send(http.MethodPost, "/execute", "{}", nil), 400, missingKey)
	assert.Equal(t, 500, s.post("/execute", "not JSON").status, "a rule acts before the body is checked")
}

// With always_200 only the status line changes.
func TestAlways200(t *testing.T) {
	t.Parallel()
	s := open(t, `{always_200: true, balance: "1"}`)
	tests := []struct {
		name, method, path, body string
		code                     int
		text                     string
	}{
		{"Insufficient", "POST", "/get-authcode", documented, 403, insufficient},
		{"Invalid", "POST", "/execute", "{}", 400, wrongField("authcode")},
		{"Unknown", "POST", "/status", `{"uniqueid":"x"}`, 400, unknownID},
		{"NotJSON", "POST", "/status", `x`, 400, notJSON},
		{"Path", "POST", "/nothing", `{}`, 404, "Not found."},
		{"Method", "GET", "/status", ``, 405, "Method not allowed."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := s.in(t).send(tt.method, tt.path, tt.body, http.Header{"Authorization": {s.key}})
			assert.Equal(t, 200, a.status)
			assert.Equal(t, failure(tt.code, tt.text), a.body)
			assert.NotEmpty(t, a.hint())
		})
	}
	assert.Equal(t, `{"code":200,"charge_in_usd":0.0025,"authcode":"<32 hex>"}`, masked(s.post("/get-authcode", pays("0.1")).body))
}

// The type of the request body is not looked at.
func TestContentTypeDoesNotMatter(t *testing.T) {
	t.Parallel()
	s := open(t, "")
	for _, media := range []string{"application/json", "application/json; charset=utf-8", "text/plain", "application/x-www-form-urlencoded", "", "nonsense"} {
		a := s.send(http.MethodPost, "/get-authcode", documented, http.Header{"Authorization": {s.key}, "Content-Type": {media}})
		assert.Equal(t, 200, a.status, media)
		assert.Equal(t, "application/json", a.header.Get("Content-Type"))
	}
}

// A hint tells the numbers, so that one sees at once what to change.
func TestHintsTellWhatToChange(t *testing.T) {
	t.Parallel()
	s := open(t, `{balance: "1000"}`)
	used := s.quote(documented).Authcode
	paid := accepted[receipt](t, s.execute(used))
	late := s.quote(documented).Authcode
	s.Advance(900 * time.Second)
	tests := []struct {
		name, path, body string
		parts            []string
	}{
		{"Insufficient", "/get-authcode", pays("5000"), []string{"5125", "800.125"}},
		{"Field", "/get-authcode", asks("5", account("1", "5"), account(`"x"`, "5")), []string{"accounts[1].acc"}},
		{"Type", "/get-authcode", asks(`"5"`, account("1", "5")), []string{"amount", "a string", "a number"}},
		{"Used", "/execute", `{"authcode":"` + used + `"}`, []string{paid.PaymentID}},
		{"Expired", "/execute", `{"authcode":"` + late + `"}`, []string{"2025-01-31T14:35:00.000Z", "2025-01-31T14:50:00.000Z"}},
		{"OtherKindOfID", "/status", `{"uniqueid":"` + paid.PaymentID + `"}`, []string{"payment_id"}},
		{"NotJSON", "/status", `{"a":}`, []string{"byte 6"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := s.in(t).post(tt.path, tt.body)
			assert.NotEqual(t, 200, a.status)
			for _, part := range tt.parts {
				assert.Contains(t, a.hint(), part)
			}
		})
	}
}

// The private key is never shown whole, in whatever form it came.
func TestJournalMasksTheKey(t *testing.T) {
	t.Parallel()
	s := open(t, "")
	for _, value := range []string{s.key, "Bearer " + s.key, "bearer   " + s.key} {
		s.send(http.MethodPost, "/get-authcode", documented, http.Header{"Authorization": {value}})
	}
	requests, err := s.Requests(t.Context(), client.RequestFilter{})
	require.NoError(t, err)
	require.Len(t, requests.Requests, 3)
	for _, r := range requests.Requests {
		shown := r.Request.Headers["Authorization"]
		assert.NotContains(t, shown, s.key)
		assert.True(t, strings.HasSuffix(shown, "***"+s.key[len(s.key)-4:]), shown)
		assert.Equal(t, documented, r.Request.Body)
		assert.Equal(t, "195", fmt.Sprint(r.Request.Fields["amount"]))
	}
}

// The knobs are checked when a scenario is read.
func TestKnobsAreChecked(t *testing.T) {
	t.Parallel()
	s := open(t, "")
	for _, knobs := range []string{
		`{balance: "-1"}`, `{balance: lots}`, `{balnce: 1}`, `{fee: {rate: "-0.1"}}`, `{fee_rounding: cents}`, `{fee_rounding: -1}`,
		`{debit: both}`, `{sufficiency: perhaps}`, `{refund_on_fail: nothing}`, `{authcode_ttl: 15}`, `{authcode_ttl: -1m}`, `{settle_after: soon}`,
		`{hold_on_authcode: maybe}`, `{failing_accounts: 1}`, `{fee: 1}`, `{balance: 1e999999999}`,
	} {
		t.Run(knobs, func(t *testing.T) {
			_, err := s.LoadScenario(t.Context(), scenario(knobs))
			var refused *client.Error
			require.ErrorAs(t, err, &refused)
			assert.Equal(t, 422, refused.Status)
			require.NotEmpty(t, refused.Errors)
			assert.Equal(t, 5, refused.Errors[0].Line)
			assert.Contains(t, refused.Errors[0].Path, "providers.dinardragon")
		})
	}
}
