package executions_test

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// refusedRight checks that an answer is a success or a refusal in its shape, and
// never a failure of the server's.
func refusedRight(t *testing.T, a answer) (refused bool) {
	require.Less(t, a.status, 500, a.body)
	require.True(t, utf8.ValidString(a.body))
	require.True(t, json.Valid([]byte(a.body)), a.body)
	if a.status == http.StatusOK {
		return false
	}
	require.NotEmpty(t, a.hint())
	if a.status != http.StatusUnprocessableEntity {
		require.Regexp(t, texts, a.body)
		return true
	}
	var got struct {
		Detail []struct {
			Kind  string          `json:"type"`
			Loc   []any           `json:"loc"`
			Msg   string          `json:"msg"`
			Input json.RawMessage `json:"input"`
		} `json:"detail"`
	}
	require.NoError(t, json.Unmarshal([]byte(a.body), &got))
	require.NotEmpty(t, got.Detail)
	for _, item := range got.Detail {
		require.NotEmpty(t, item.Kind)
		require.NotEmpty(t, item.Msg)
		require.Contains(t, []any{"path", "query", "body"}, item.Loc[0])
		require.NotEmpty(t, item.Input)
	}
	return true
}

// fuzzed is a shop whose party, account and session have the id 1, in the style
// that echoes what was sent.
func fuzzed(f *testing.F) *shop {
	s := within(f, newHandler(f), "fuzz", `{wallets: {USD: "1000000000000000000000000000000"}, validation_style: pydantic2}`)
	s.session(s.account(usual), "100.0", "USD")
	return s
}

// texts that break JSON readers.
var broken = []string{
	``, `{}`, `[]`, `null`, `true`, `{"`, "\xff", "\x00", `{}{}`, `{"a":1e999999999}`, strings.Repeat("[", 300), strings.Repeat(`{"a":`, 300), "\ufeff{}", `{"\ud800":1}`,
	`{"session_id":"1","session_id":"2"}`,
}

// FuzzPayout executes any body. Money moves only if it is taken.
func FuzzPayout(f *testing.F) {
	s := fuzzed(f)
	order := s.order(1, 1)
	for _, text := range broken {
		f.Add([]byte(text))
	}
	f.Add([]byte(order.String()))
	for _, p := range schemas["payout"] {
		f.Add([]byte(order.without(p.name).String()))
		for _, odd := range p.odd() {
			f.Add([]byte(order.with(p.name, json.RawMessage(odd.value)).String()))
		}
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		s := s.in(t)
		before := len(s.moves())
		a := s.send(http.MethodPost, payoutPath, string(body))
		if refusedRight(t, a) {
			require.Len(t, s.moves(), before)
			return
		}
		x := accepted[execution](t, a)
		require.LessOrEqual(t, len(s.moves()), before+1)
		require.Equal(t, a.body, s.get(statusPath+url.PathEscape(x.Reference)).body)
		s.sound()
	})
}

// FuzzPaymentAccount makes accounts of any body and operation.
func FuzzPaymentAccount(f *testing.F) {
	s := fuzzed(f)
	account := accountOf(1, usual)
	for _, text := range broken {
		f.Add("PAYOUT", []byte(text))
	}
	f.Add("payout", []byte(account.String()))
	f.Add("REFUND&operation_type=PAYOUT", []byte(account.String()))
	f.Add("%zz;", []byte(account.with("party_id", json.RawMessage("1.0")).String()))
	for _, p := range schemas["create_payment_account"] {
		if p.in == "query" {
			continue
		}
		f.Add("PAYOUT", []byte(account.without(p.name).String()))
		for _, odd := range p.odd() {
			f.Add("PAYOUT", []byte(account.with(p.name, json.RawMessage(odd.value)).String()))
		}
	}
	f.Fuzz(func(t *testing.T, operation string, body []byte) {
		s := s.in(t)
		a := s.send(http.MethodPost, "/v1/payment-accounts/create?operation_type="+url.QueryEscape(operation), string(body))
		if refusedRight(t, a) {
			return
		}
		require.Contains(t, operationTypes, operation)
		require.Equal(t, 200, s.post(sessionPath, sessionOf(s.made(a), "1", "USD")).status, "it can be paid")
	})
}

// FuzzPredictions asks with any query. What is told adds up.
func FuzzPredictions(f *testing.F) {
	s := fuzzed(f)
	_, usual, _ := strings.Cut(paths["predict_amount_and_fees"], "?")
	for _, query := range []string{
		"", " ", "?", "&&", "a=%zz", "%", "base_amount", "base_amount=1&base_amount=x", usual, usual + "&owner_id=7", usual + "&owner_id=x", usual + ";x=1", "%00=%ff",
		strings.Replace(usual, "=100", "=1e40", 1), strings.Replace(usual, "=100", "=1e-40", 1), strings.Replace(usual, "=100", "=%2B5", 1), strings.Replace(usual, "=100", "="+strings.Repeat("9", 40), 1),
		strings.Replace(usual, "=100", "=0.005", 1), strings.Replace(usual, "USD", "U%00D", 1), "phone=231771234567&operation_type=PAYOUT", "phone=%2B231771234567&operation_type=PAYOUT",
	} {
		f.Add(query)
	}
	f.Fuzz(func(t *testing.T, query string) {
		s := s.in(t)
		query = strings.ReplaceAll(query, "#", "%23")
		for _, path := range []string{"/v1/predictions/amount-and-fees", "/v1/predictions/mmo-provider-info"} {
			at, err := url.Parse(path + "?" + query)
			if err != nil {
				t.Skip("no URL")
			}
			refusedRight(t, s.get(at.String()))
		}
		require.Empty(t, s.moves())
	})
}

// FuzzAuthorization calls with any header. Only tokens of the workspace open it.
func FuzzAuthorization(f *testing.F) {
	s := fuzzed(f)
	part := strings.Split(s.token, ".")
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`))
	for _, header := range []string{
		"", " ", "Bearer", "Bearer ", "Bearer " + s.token, "bearer  " + s.token, s.token, "Basic eDp5", "Bearer " + part[0] + "." + part[1] + ".", "Bearer " + none + "." + part[1] + ".",
		"Bearer " + part[0] + ".e30." + part[2], "Bearer ...", "Bearer " + strings.Repeat("a.", 1000), "Bearer \xff", "Bearer " + s.token + "=", "Bearer " + s.token + " x",
		"Bearer " + part[0] + "." + base64.RawURLEncoding.EncodeToString([]byte(`{"sub":7,"ends":"x"}`)) + "." + part[2],
	} {
		f.Add(header)
	}
	f.Fuzz(func(t *testing.T, header string) {
		s := s.in(t)
		for _, c := range header {
			if c < ' ' || c == 0x7f || c == utf8.RuneError {
				t.Skip("no header")
			}
		}
		a := s.get("/v1/fees/tiers", "Authorization", header)
		if refusedRight(t, a) {
			require.Equal(t, 401, a.status)
			return
		}
		require.True(t, strings.HasSuffix(strings.TrimSpace(header), s.token), header)
	})
}

// FuzzCall makes any operation's call with any query, any value in its path and any
// body: it is answered in the documented shape, and only payouts move money.
func FuzzCall(f *testing.F) {
	s := fuzzed(f)
	operations := slices.Sorted(maps.Keys(paths))
	for i, op := range operations {
		f.Add(byte(i), "1", "", []byte(broken[i%len(broken)]))
		f.Add(byte(i), "1", "", []byte(sessionOf(1, "1", "USD").with("fullname", "x", "phone", "231880000001", "relationship_type", "DONOR").String()))
		_, query, _ := strings.Cut(paths[op], "?")
		f.Add(byte(i), "%00", query+"&limit=-1&offset=9999999999999999999", []byte("{}"))
		f.Add(byte(i), "../1", "merchant_id=%zz&"+query, []byte(""))
	}
	f.Fuzz(func(t *testing.T, n byte, id, query string, body []byte) {
		s := s.in(t)
		op := operations[int(n)%len(operations)]
		method, path, _ := strings.Cut(paths[op], " ")
		path, _, _ = strings.Cut(path, "?")
		path = strings.Replace(path, "%s", url.PathEscape(id), 1) + "?" + strings.ReplaceAll(query, "#", "%23")
		if _, err := url.ParseRequestURI(path); err != nil {
			t.Skip("no URL")
		}
		before := len(s.moves())
		a := s.send(method, path, string(body))
		if refusedRight(t, a) || op != "payout" {
			require.Len(t, s.moves(), before)
		}
	})
}
