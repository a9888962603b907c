package dinaricash_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/client"
)

// A parameter is one that an operation takes besides credentials, with values
// that are taken and such that are not.
type parameter struct {
	name     string
	required bool
	good     []string
	bad      []string
}

// is a text of so many characters, of more than one byte each.
func long(characters int) string { return strings.Repeat("é", characters) }

// texts are taken up to a number of characters.
func texts(name string, required bool, most int) parameter {
	return parameter{name, required, []string{"x", "0", "<b>&\"'\\\n\t 漢字 🏦", long(most)}, []string{long(most + 1), strings.Repeat("x", most+1)}}
}

func sendParameters(op string, own ...parameter) []parameter {
	var others []string
	for _, m := range []string{"ACH", "CARD_VIRTUAL", "SWIFT", "ZELLE", "FEDWIRE", "CARD_PUSH"} {
		if m != sendMethods[op] {
			others = append(others, m)
		}
	}
	method := sendMethods[op]
	return slices.Concat([]parameter{
		{"SEND_METHOD", true, []string{method}, append(others, strings.ToLower(method), " "+method, method+" ")},
		{"SEND_CURRENCY_ISO3", true, []string{"USD"}, []string{"usd", "EUR", "US", "USDX", "USD ", "840"}},
		{"SEND_AMOUNT", true, amountsTaken, amountsRefused},
	}, own, []parameter{
		texts("PUBLIC_TRANSACTION_DESCRIPTION", false, 200),
		texts("CORPORATE_ADMINISTRATIVE_MESSAGE", false, 250),
	})
}

// PHP writes 300.00 as 300; all three are one amount. How far a number may be
// written otherwise is our choice.
var (
	amountsTaken   = []string{"300", "300.0", "300.00", "300.000", "0.01", ".5", "5.", "00300", "0.10"}
	amountsRefused = []string{
		"0", "0.00", "0.001", "0.009", "300.001", "-1", "-0.01", "+1", "1e2", "1E2", "0x10", "1,000", "1 000", " 300", "300 ", "300\n", "$300", "300 USD",
		"abc", ".", "..5", "1.2.3", "NaN", "Infinity", "٣٠٠", "３００", strings.Repeat("9", 41),
	}
)

const unknownID = "0123456789abcdef0123456789abcdef"

var (
	routing   = parameter{"RECIPIENT_BANK_ROUTING", true, []string{"123456789", "000000000", "987654321"}, []string{"12345678", "1234567890", "12345678a", "12345678 ", "123456789\n", "١٢٣٤٥٦٧٨٩"}}
	swiftCode = parameter{"RECIPIENT_BANK_ROUTING", true, []string{"AAAABBCC", "AAAABBCC1", "AAAABBCC12", "AAAABBCC123", "12345678", "aaaabbcc"}, []string{"AAAABBC", "AAAABBCC1234", "AAAA-BBCC", "AAAABBCC\n", "ÄÄÄÄBBCC"}}
	emailGood = []string{"ssmith@example.com", "a@b", "user.123+tag@mail.example.com", "é@例え.jp", strings.Repeat("x", 88) + "@example.com", strings.Repeat("é", 88) + "@example.com"}
	emailBad  = []string{"ssmith", "ssmith.example.com", "@example.com", "ssmith@", "s smith@example.com", "ssmith@example.com\n", strings.Repeat("x", 89) + "@example.com", strings.Repeat("é", 89) + "@example.com"}
	timeGood  = []string{"2020-01-01T00:00:00", "2024-02-29T23:59:59", "0001-01-01T00:00:00", "9999-12-31T23:59:58"}
	timeBad   = []string{
		"2020-01-01", "2020-01-01 00:00:00", "2020-01-01T00:00:00Z", "2020-01-01T00:00:00+00:00", "2020-01-01T00:00", "2023-02-29T00:00:00", "2020-13-01T00:00:00",
		"2020-00-01T00:00:00", "2020-01-32T00:00:00", "2020-01-01T24:00:00", "2020-01-01T00:60:00", "2020-01-01T00:00:60", "20-01-01T00:00:00", "yesterday", "1577836800", "2020-01-01T00:00:00 ",
	}
)

func country(name string) parameter {
	return parameter{name, true, []string{"USA", "XYZ", "usa"}, []string{"US", "USAX", "U1A", "840", "U A", "ÜSA"}}
}

var parameters = map[string][]parameter{
	"ach": sendParameters("ach", texts("RECIPIENT_FULL_NAME", true, 100), texts("RECIPIENT_BANK_ACCOUNT", true, 100), routing),
	"card_load": sendParameters("card_load",
		texts("RECIPIENT_FULL_NAME", true, 100),
		parameter{"RECIPIENT_EMAILADDRESS", true, emailGood, emailBad},
		parameter{"RECIPIENT_ACCOUNT_ID", false, nil, []string{unknownID, "x", long(101)}}, // the known: see cards
	),
	"swift": sendParameters("swift",
		texts("RECIPIENT_FULL_NAME", true, 100),
		texts("RECIPIENT_STREET_1", true, 200), texts("RECIPIENT_STREET_2", false, 200), texts("RECIPIENT_CITY", true, 100), texts("RECIPIENT_REGION", true, 100),
		texts("RECIPIENT_POSTAL_CODE", false, 100), country("RECIPIENT_COUNTRY_ISO3"),
		texts("RECIPIENT_BANK_ACCOUNT", true, 100), swiftCode, texts("RECIPIENT_BANK_NAME", true, 100),
		texts("RECIPIENT_BANK_STREET_1", true, 200), texts("RECIPIENT_BANK_STREET_2", false, 200), texts("RECIPIENT_BANK_CITY", true, 100), texts("RECIPIENT_BANK_REGION", true, 100),
		country("RECIPIENT_BANK_COUNTRY_ISO3"),
	),
	"zelle": sendParameters("zelle", parameter{"RECIPIENT_ZELLE_ADDRESS", true,
		append([]string{"9175551212", "0000000000"}, emailGood...),
		append([]string{"917555121", "91755512123", "+19175551212", "917-555-1212", "(917)5551212", "917555121a"}, emailBad...)}),
	"manage_cards": {
		{"CARD_ACCOUNT_ID", false, nil, []string{unknownID, "x", long(101)}},
		{"SERVICE_ACTION", true, []string{"GET_CARD_LIST"}, []string{"get_card_list", "GET_CARDS", "LIST", "GET_CARD_LIST ", strings.Repeat("X", 51)}},
	},
	"list_transactions": {
		{"CUSTOMER_ID", false, []string{"ce282366866e03750e55a759ebb50adf", "x", long(100)}, []string{long(101)}},
		{"TRANSACTION_ID", false, []string{unknownID, "TX123456789", long(100)}, []string{long(101)}},
		{"TRANSACTION_DIRECTION", false, []string{"OUTGOING", "INCOMING"}, []string{"outgoing", "ALL", "OUTGOING ", strings.Repeat("X", 21)}},
		{"LIST_ORDER", false, []string{"ASCENDING", "DESCENDING"}, []string{"descending", "ASC", " ASCENDING", strings.Repeat("X", 21)}},
		{"DATETIME_START", false, timeGood, timeBad},
		{"DATETIME_END", false, timeGood, timeBad},
	},
	"cancel":  {{"TRANSACTION_ID", true, nil, []string{unknownID, "x", "TX123456789", long(101)}}},
	"balance": nil,
}

// Each parameter that is required is missed, absent or empty; one that is not is
// as good as absent when empty.
func TestMissingParameters(t *testing.T) {
	t.Parallel()
	s := open(t, "{"+fewFunds+"}")
	for _, op := range operations {
		for _, p := range parameters[op] {
			if !p.required {
				continue
			}
			t.Run(op+"/"+p.name, func(t *testing.T) {
				s := s.in(t)
				for _, f := range []form{s.form(op).without(p.name), s.form(op).with(p.name, "")} {
					a := s.call(op, f)
					s.refused(a, op, f, "Missing "+p.name, 400)
					assert.Contains(t, a.hint(), p.name+" is required")
				}
			})
		}
	}
	s.untouched()
}

// In the order of the document's table, not of the request.
func TestFirstMissingParameterIsTold(t *testing.T) {
	t.Parallel()
	s := open(t, "{"+fewFunds+"}")
	for _, op := range operations {
		t.Run(op, func(t *testing.T) {
			s := s.in(t)
			var missing []parameter
			f := s.form(op)
			for _, p := range slices.Backward(parameters[op]) {
				if !p.required {
					continue
				}
				missing = append(missing, p)
				f = f.without(p.name)
				s.refused(s.call(op, f), op, f, "Missing "+p.name, 400)
			}
			slices.Reverse(f)
			if len(missing) > 0 {
				s.refused(s.call(op, f), op, f, "Missing "+missing[len(missing)-1].name, 400)
			}
		})
	}
	s.untouched()
}

// Each parameter is looked at, with values on both sides of each limit.
func TestMalformedParameters(t *testing.T) {
	t.Parallel()
	s := open(t, "{"+fewFunds+"}")
	for _, op := range operations {
		for _, p := range parameters[op] {
			t.Run(op+"/"+p.name, func(t *testing.T) {
				s := s.in(t)
				for _, value := range p.bad {
					f := s.form(op).with(p.name, value)
					a := s.call(op, f)
					s.refused(a, op, f, "Invalid "+p.name, 400)
				}
			})
		}
	}
	s.untouched()
}

func TestWellFormedParameters(t *testing.T) {
	t.Parallel()
	for _, op := range operations {
		t.Run(op, func(t *testing.T) {
			t.Parallel()
			s := open(t, `{balances: {payout: "1e9"}}`)
			for _, p := range parameters[op] {
				t.Run(p.name, func(t *testing.T) {
					s := s.in(t)
					for _, value := range p.good {
						s.accepted(op, s.form(op).with(p.name, value))
					}
					if !p.required {
						s.accepted(op, s.form(op).with(p.name, ""))
					}
				})
			}
			s.sound()
		})
	}
}

// What is malformed is told in the order of the table too, after all that is
// missing.
func TestFirstMalformedParameterIsTold(t *testing.T) {
	t.Parallel()
	s := open(t, "{"+fewFunds+"}")
	for _, op := range operations {
		t.Run(op, func(t *testing.T) {
			s := s.in(t)
			f := s.form(op)
			for _, p := range slices.Backward(parameters[op]) {
				f = f.with(p.name, p.bad[len(p.bad)-1])
				s.refused(s.call(op, f), op, f, "Invalid "+p.name, 400)
			}
			for _, p := range slices.Backward(parameters[op]) {
				if p.required {
					f = f.without(p.name)
					s.refused(s.call(op, f), op, f, "Missing "+p.name, 400)
				}
			}
		})
	}
	s.untouched()
}

// Credentials come before all parameters, state before balance.
func TestChecksComeInOrder(t *testing.T) {
	t.Parallel()
	s := open(t, `{balances: {payout: "1000.00", float: "5000.00", reserve: "2000.00"}}`)
	for _, op := range operations {
		t.Run(op, func(t *testing.T) {
			s := s.in(t)
			pair := s.credentials(op)
			id, key := pair[0].name, pair[1].name
			var none form
			s.distrusted(s.call(op, none), op, none, "Missing "+id)
			only := fill(key, "wrong")
			s.distrusted(s.call(op, only), op, only, "Missing "+id)
			only = fill(id, s.account, key, "")
			s.distrusted(s.call(op, only), op, only, "Missing "+key)
			only = fill(id, s.account, key, s.account)
			s.distrusted(s.call(op, only), op, only, badCredentials)
			only = fill(id, unknownID, key, s.key)
			s.distrusted(s.call(op, only), op, only, badCredentials)
			if op != "balance" && op != "list_transactions" {
				first := parameters[op][slices.IndexFunc(parameters[op], func(p parameter) bool { return p.required })]
				s.refused(s.call(op, pair), op, pair, "Missing "+first.name, 400)
			}
		})
	}
	s.untouched()

	t.Run("FormatBeforeState", func(t *testing.T) {
		s := s.in(t)
		f := s.form("card_load").with("RECIPIENT_ACCOUNT_ID", unknownID, "RECIPIENT_EMAILADDRESS", "x")
		s.refused(s.call("card_load", f), "card_load", f, "Invalid RECIPIENT_EMAILADDRESS", 400)
	})
	t.Run("StateBeforeBalance", func(t *testing.T) {
		s := s.in(t)
		f := s.form("card_load").with("RECIPIENT_ACCOUNT_ID", unknownID, "SEND_AMOUNT", "999999")
		a := s.call("card_load", f)
		assert.Equal(t, 400, a.status)
		assert.Equal(t, "Invalid RECIPIENT_ACCOUNT_ID", a.data(t, "GATEWAY_MESSAGE"))
	})
	t.Run("CancelStateBeforeBalance", func(t *testing.T) {
		s := s.in(t)
		id := s.sent("card_load", "900")
		s.fund("0")
		a := s.call("cancel", s.form("cancel").with("TRANSACTION_ID", id))
		assert.Equal(t, notCancelable, a.data(t, "GATEWAY_ERROR"))
	})
}

// fund sets the payout balance.
func (s *shop) fund(payout string) {
	s.t.Helper()
	_, err := s.SetBalances(s.t.Context(), client.Balances{"dinaricash": {"payout": payout}})
	require.NoError(s.t, err)
}

// A card's ids are looked for once the form is right.
func TestActionOnACardNeedsTheCard(t *testing.T) {
	t.Parallel()
	s := open(t, "{"+fewFunds+"}")
	for _, action := range []string{"GET_CARD_DETAILS", "PAUSE_CARD", "UNPAUSE_CARD", "CANCEL_CARD"} {
		f := s.form("manage_cards").with("SERVICE_ACTION", action)
		a := s.call("manage_cards", f)
		s.refused(a, "manage_cards", f, "Missing CARD_ACCOUNT_ID", 400)
		assert.Contains(t, a.hint(), "GET_CARD_LIST")
	}
}

// What is not UTF-8 is counted as characters too.
func TestLengthsOfOtherEncodings(t *testing.T) {
	t.Parallel()
	s := open(t, "")
	for n, status := range map[int]int{100: 200, 101: 400} {
		media, body := s.form("ach").without("RECIPIENT_FULL_NAME").urlencoded()
		a := s.send(http.MethodPost, "/", media, body+"&RECIPIENT_FULL_NAME="+strings.Repeat("%E9", n), nil)
		assert.Equal(t, status, a.status, "%d letters in Latin-1", n)
	}
}

// Names that nobody knows are ignored, those of similar APIs too; names are
// case-sensitive; of a name given twice the last value counts.
func TestNamesOfParameters(t *testing.T) {
	t.Parallel()
	s := open(t, "")
	extra := fill("TRANSFER_METHOD", "x", "NOTIFICATION_TYPE", "x", "PRIORITY_LEVEL", "x", "RECIPIENT_FIRST_NAMES", "x", "RECEIPIENT_EMAIL_ADDRESS", "x",
		"status", "error", "", "x", "send_amount", "-5", "SEND_AMOUNT[]", "x", "SEND_METHOD ", "x")
	for _, op := range operations {
		if op == "cancel" {
			continue // needs a transaction of its own
		}
		t.Run("UnknownIgnored/"+op, func(t *testing.T) {
			s := s.in(t)
			s.accepted(op, slices.Concat(extra[:5], s.form(op), extra[5:]))
		})
	}
	t.Run("CaseSensitive", func(t *testing.T) {
		s := s.in(t)
		for _, op := range operations {
			for _, p := range s.form(op) {
				f := s.form(op).without(p.name)
				f = append(f, field{strings.ToLower(p.name), p.value})
				a := s.call(op, f)
				assert.Equal(t, 400, a.status)
				assert.Contains(t, a.body, `"Missing `+p.name+`"`)
			}
		}
	})
	t.Run("LastWins", func(t *testing.T) {
		s := s.in(t)
		twice := append(fill("SEND_AMOUNT", "-1", "PUBLIC_KEY", "wrong", "SEND_METHOD", ""), s.form("ach")...)
		assert.Equal(t, "300.00", s.accepted("ach", twice).data(t, "TRANSACTION_SEND_AMOUNT"))
		media, body := append(twice, field{"SEND_AMOUNT", "7"}).multipart()
		assert.Equal(t, "7.00", s.send(http.MethodPost, "/", media, body, nil).data(t, "TRANSACTION_SEND_AMOUNT"))
		assert.Equal(t, 400, s.call("ach", append(s.form("ach"), field{"SEND_METHOD", ""})).status)
	})
}

// Both forms are taken on every operation, and mean the same.
func TestBothEncodings(t *testing.T) {
	t.Parallel()
	for _, op := range operations {
		t.Run(op, func(t *testing.T) {
			t.Parallel()
			var bodies []string
			for _, encode := range []func(form) (string, string){form.urlencoded, form.multipart} {
				s := openScenario(t, scenario("{accept_credential_aliases: false}"))
				f := s.form(op)
				if op == "cancel" {
					f = f.with("TRANSACTION_ID", s.sent("ach", "300"))
				}
				media, body := encode(append(f, field{"PUBLIC_TRANSACTION_DESCRIPTION", "a&b=c+d%20é\r\n\""}))
				a := s.send(http.MethodPost, paths[op], media, body, nil)
				require.Equal(t, 200, a.status, a.body)
				bodies = append(bodies, strings.ReplaceAll(a.body, s.account, "ACCOUNT"))
				requests, err := s.Requests(t.Context(), client.RequestFilter{Operation: op, Limit: 1})
				require.NoError(t, err)
				assert.Equal(t, "a&b=c+d%20é\r\n\"", requests.Requests[0].Request.Fields["PUBLIC_TRANSACTION_DESCRIPTION"])
			}
			assert.Equal(t, bodies[0], bodies[1])
		})
	}
}

// A form is a form whatever else its Content-Type says.
func TestContentTypes(t *testing.T) {
	t.Parallel()
	s := open(t, "")
	_, encoded := s.form("balance").urlencoded()
	media, parts := s.form("balance").multipart()
	boundary := strings.TrimPrefix(media, "multipart/form-data; boundary=")
	tests := []struct {
		name, media, body string
		ok                bool
	}{
		{"WithCharset", "application/x-www-form-urlencoded; charset=UTF-8", encoded, true},
		{"UpperCase", "Application/X-WWW-Form-Urlencoded", encoded, true},
		{"QuotedBoundary", `multipart/form-data; boundary="` + boundary + `"`, parts, true},
		{"UpperCaseMultipart", "Multipart/Form-Data; boundary=" + boundary, parts, true},
		{"BoundaryWithJSON", "multipart/form-data; boundary=--json", strings.ReplaceAll(parts, boundary, "--json"), true},
		{"Nothing", "", encoded, false},
		{"Nonsense", "nonsense/", encoded, false},
		{"Text", "text/plain", encoded, false},
		{"XML", "application/xml", "<a/>", false},
		{"NoBoundary", "multipart/form-data", parts, false},
		{"OtherBoundary", "multipart/form-data; boundary=x", parts, false},
		{"CutOff", media, parts[:len(parts)/2], false},
		{"NoEnd", media, parts[:strings.LastIndex(parts, "--"+boundary)], false},
		{"HeadersOnly", media, "--" + boundary + "\r\nContent-Disposition: form-data; name=\"CORPORATE_ACCOUNT_ID\"", false},
		{"EmptyMultipart", media, "", false},
		{"EncodedAsMultipart", media, encoded, false},
		{"MultipartAsEncoded", "application/x-www-form-urlencoded", parts, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := s.in(t).send(http.MethodPost, "/account/balance", tt.media, tt.body, nil)
			if tt.ok {
				assert.Equal(t, 200, a.status, a.body)
				return
			}
			assert.Equal(t, 400, a.status)
			assert.Equal(t, "Missing CORPORATE_ACCOUNT_ID", a.data(t, "GATEWAY_ERROR"))
			assert.NotEmpty(t, a.hint())
		})
	}
}

// JSON is not documented: it is refused unless a scenario takes it, and then
// means the same.
func TestJSONBodies(t *testing.T) {
	t.Parallel()
	s := open(t, "{"+fewFunds+"}")
	takes := open(t, "{accept_json: true}")
	for _, op := range operations {
		t.Run("Refused/"+op, func(t *testing.T) {
			s := s.in(t)
			media, body := s.form(op).json()
			a := s.send(http.MethodPost, paths[op], media, body, nil)
			s.distrusted(a, op, s.form(op), "Missing "+s.credentials(op)[0].name)
			assert.Contains(t, a.hint(), "JSON")
			assert.Contains(t, a.hint(), "accept_json")
		})
		t.Run("Taken/"+op, func(t *testing.T) {
			s := takes.in(t)
			f := s.form(op)
			if op == "cancel" {
				f = f.with("TRANSACTION_ID", s.sent("ach", "300"))
			}
			media, body := f.json()
			a := s.send(http.MethodPost, paths[op], media+"; charset=utf-8", body, nil)
			assert.Equal(t, 200, a.status, a.body)
		})
	}
	s.untouched()

	signed := fmt.Sprintf(`"PUBLIC_KEY":%q,"API_SECRET":%q,"SEND_METHOD":"ACH","SEND_CURRENCY_ISO3":"USD","RECIPIENT_FULL_NAME":"n","RECIPIENT_BANK_ACCOUNT":12345,"RECIPIENT_BANK_ROUTING":123456789`, takes.account, takes.key)
	for _, tt := range []struct{ name, body, why string }{
		{"Number", `{` + signed + `,"SEND_AMOUNT":300}`, ""},
		{"NumberWithDecimals", `{` + signed + `,"SEND_AMOUNT":300.50}`, ""},
		{"NumberTooFine", `{` + signed + `,"SEND_AMOUNT":300.505}`, "Invalid SEND_AMOUNT"},
		{"NumberWithExponent", `{` + signed + `,"SEND_AMOUNT":3e2}`, "Invalid SEND_AMOUNT"},
		{"NegativeNumber", `{` + signed + `,"SEND_AMOUNT":-3}`, "Invalid SEND_AMOUNT"},
		{"Null", `{` + signed + `,"SEND_AMOUNT":null}`, "Missing SEND_AMOUNT"},
		{"True", `{` + signed + `,"SEND_AMOUNT":true}`, "Missing SEND_AMOUNT"},
		{"Array", `{` + signed + `,"SEND_AMOUNT":["300"]}`, "Missing SEND_AMOUNT"},
		{"Object", `{` + signed + `,"SEND_AMOUNT":{"a":"300"}}`, "Missing SEND_AMOUNT"},
		{"LastWins", `{` + signed + `,"SEND_AMOUNT":"x","SEND_AMOUNT":"300"}`, ""},
		{"NotAnObject", `[{` + signed + `,"SEND_AMOUNT":300}]`, "Missing PUBLIC_KEY"},
		{"Broken", `{` + signed + `,"SEND_AMOUNT":300`, "Missing PUBLIC_KEY"},
		{"Empty", ``, "Missing PUBLIC_KEY"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := takes.in(t).send(http.MethodPost, "/", "application/json", tt.body, nil)
			if tt.why == "" {
				assert.Equal(t, 200, a.status, a.body)
				return
			}
			assert.Equal(t, tt.why, a.data(t, "GATEWAY_MESSAGE"))
			assert.NotEmpty(t, a.hint())
		})
	}
	t.Run("UpperCaseMediaType", func(t *testing.T) {
		s := takes.in(t)
		_, body := s.form("balance").json()
		assert.Equal(t, 200, s.send(http.MethodPost, "/account/balance", "Application/JSON", body, nil).status)
	})
}

// An example is for an amount however it is sent.
func TestExamplesAreForNumbersToo(t *testing.T) {
	t.Parallel()
	s := open(t, `{accept_json: true, examples: [{on: zelle, when: {SEND_AMOUNT: "300"}, id: example}]}`)
	for _, amount := range []string{`"300"`, `"300.00"`, `300`, `300.00`} {
		t.Run(amount, func(t *testing.T) {
			body := fmt.Sprintf(`{"CORPORATE_ACCOUNT_ID":%q,"GATEWAY_API_KEY":%q,"SEND_METHOD":"ZELLE","SEND_CURRENCY_ISO3":"USD","RECIPIENT_ZELLE_ADDRESS":"a@b","SEND_AMOUNT":%s}`, s.account, s.key, amount)
			assert.Equal(t, "example", s.in(t).send(http.MethodPost, "/send-money", "application/json", body, nil).data(t, "TRANSACTION_ID"))
		})
	}
}

// Parameters in the URL are none, neither with a body nor instead of one.
func TestQueryParametersAreIgnored(t *testing.T) {
	t.Parallel()
	s := open(t, "")
	for _, op := range operations {
		t.Run(op, func(t *testing.T) {
			s := s.in(t)
			media, body := s.form(op).urlencoded()
			a := s.send(http.MethodPost, paths[op]+"?"+body, "", "", nil)
			s.distrusted(a, op, nil, "Missing "+s.credentials(op)[0].name)
			if op == "cancel" {
				return
			}
			a = s.send(http.MethodPost, paths[op]+"?SEND_AMOUNT=x&SERVICE_ACTION=x&LIST_ORDER=x&GATEWAY_API_KEY=x&API_SECRET=x", media, body, nil)
			assert.Equal(t, 200, a.status, a.body)
		})
	}
}

// Only POST is taken, at the documented paths only.
func TestMethodsAndPaths(t *testing.T) {
	t.Parallel()
	s := open(t, "{"+fewFunds+"}")
	for _, op := range operations {
		t.Run(op, func(t *testing.T) {
			s := s.in(t)
			media, body := s.form(op).urlencoded()
			for _, method := range []string{"GET", "PUT", "PATCH", "DELETE", "OPTIONS"} {
				a := s.send(method, paths[op]+"?"+body, media, body, nil)
				assert.Equal(t, 405, a.status, method)
				assert.Equal(t, "POST", a.header.Get("Allow"))
				assert.Equal(t, `{"status":"error","message":"Method not allowed.","error_code":405,"details":{"GATEWAY_ERROR":"Use POST"}}`, a.body)
				assert.NotEmpty(t, a.hint())
			}
			assert.Equal(t, 405, s.send("HEAD", paths[op], "", "", nil).status)
		})
	}
	for _, path := range []string{"/nothing", "/send-transaction/", "/Send-Money", "/send_money.api", "/transaction", "/transaction/status/x", "/account", "/balance", "/manage_cards", "/index.php", "/v1/send-money"} {
		t.Run(path, func(t *testing.T) {
			s := s.in(t)
			media, body := s.form("zelle").urlencoded()
			for _, method := range []string{"POST", "GET"} {
				a := s.send(method, path, media, body, nil)
				assert.Equal(t, 404, a.status)
				assert.Equal(t, `{"status":"error","message":"Not found.","error_code":404,"details":{"GATEWAY_ERROR":"Unknown path"}}`, a.body)
				assert.Equal(t, "application/json", a.header.Get("Content-Type"))
				assert.NotEmpty(t, a.hint())
			}
		})
	}
	s.untouched()
}

func TestOversizedBodyIsRefused(t *testing.T) {
	t.Parallel()
	s := open(t, "{"+fewFunds+"}")
	const limit = 1 << 20
	for _, op := range operations {
		t.Run(op, func(t *testing.T) {
			s := s.in(t)
			media, body := append(s.form(op), field{"IGNORED", ""}).urlencoded()
			a := s.send(http.MethodPost, paths[op], media, body+strings.Repeat("x", limit-len(body)+1), nil)
			assert.Equal(t, 413, a.status)
			assert.Equal(t, `{"status":"error","message":"Request body too large.","error_code":413,"details":{"GATEWAY_ERROR":"The body is too large"}}`, a.body)
			assert.NotEmpty(t, a.hint())
		})
	}
	s.untouched()
	media, body := append(s.form("balance"), field{"IGNORED", ""}).urlencoded()
	a := s.send(http.MethodPost, "/account/balance", media, body+strings.Repeat("x", limit-len(body)), nil)
	assert.Equal(t, 200, a.status, "a body of exactly the limit is taken")
}

// A hint says what to change, in one line and without secrets.
func TestHintsTellWhatToChange(t *testing.T) {
	t.Parallel()
	s := open(t, "{"+fewFunds+"}")
	card := s.loaded("ssmith@example.com", "10")
	require.Equal(t, 200, s.manage("CANCEL_CARD", card).status)
	ach, load := s.sent("ach", "1"), s.sent("card_load", "1")
	require.Equal(t, 200, s.call("cancel", s.form("cancel").with("TRANSACTION_ID", ach)).status)
	tests := []struct {
		name, op string
		form     form
		parts    []string
	}{
		{"ACHNamesElsewhere", "zelle", s.form("zelle").without("CORPORATE_ACCOUNT_ID").with("PUBLIC_KEY", s.account), []string{"CORPORATE_ACCOUNT_ID, not PUBLIC_KEY", "accept_credential_aliases"}},
		{"OtherNamesAtACH", "ach", s.form("ach").without("API_SECRET").with("GATEWAY_API_KEY", s.key), []string{"API_SECRET, not GATEWAY_API_KEY"}},
		{"WebhookKey", "balance", s.form("balance").with("GATEWAY_API_KEY", s.hookKey), []string{"webhook key"}},
		{"WrongKey", "balance", s.form("balance").with("GATEWAY_API_KEY", "x"), []string{s.Workspace.ID, "the key is not"}},
		{"WrongAccount", "balance", s.form("balance").with("CORPORATE_ACCOUNT_ID", "x"), []string{"/_mockpay/workspaces"}},
		{"Amount", "ach", s.form("ach").with("SEND_AMOUNT", "1,5"), []string{"SEND_AMOUNT", `"1,5"`, "two decimals"}},
		{"Routing", "ach", s.form("ach").with("RECIPIENT_BANK_ROUTING", "12"), []string{"9 digits", `"12"`}},
		{"Method", "zelle", s.form("zelle").with("SEND_METHOD", "ACH"), []string{"ZELLE", `"ACH"`}},
		{"Action", "manage_cards", s.form("manage_cards").with("SERVICE_ACTION", "LIST"), []string{"GET_CARD_LIST", "CANCEL_CARD"}},
		{"Time", "list_transactions", s.form("list_transactions").with("DATETIME_END", "now"), []string{"2023-02-02T23:59:59"}},
		{"Long", "ach", s.form("ach").with("RECIPIENT_FULL_NAME", strings.Repeat("x", 500)), []string{"1 to 100 characters", strings.Repeat("x", 60) + "?"}},
		{"Funds", "zelle", s.form("zelle").with("SEND_AMOUNT", "5000"), []string{"5055", "55", "/_mockpay/balances"}},
		{"CanceledCard", "manage_cards", s.form("manage_cards").with("SERVICE_ACTION", "PAUSE_CARD", "CARD_ACCOUNT_ID", card), []string{"CANCELED", "new load"}},
		{"UnknownCard", "manage_cards", s.form("manage_cards").with("CARD_ACCOUNT_ID", unknownID), []string{"GET_CARD_LIST"}},
		{"UnknownTransaction", "cancel", s.form("cancel"), []string{s.Workspace.ID}},
		{"CanceledTwice", "cancel", s.form("cancel").with("TRANSACTION_ID", ach), []string{"already"}},
		{"CancelOfALoad", "cancel", s.form("cancel").with("TRANSACTION_ID", load), []string{"CANCEL_CARD"}},
		{"UnknownRecipient", "card_load", s.form("card_load").with("RECIPIENT_ACCOUNT_ID", unknownID), []string{"leave it out"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := s.in(t).call(tt.op, tt.form)
			assert.NotEqual(t, 200, a.status)
			for _, part := range tt.parts {
				assert.Contains(t, a.hint(), part)
			}
			assert.NotContains(t, a.hint(), s.key)
		})
	}
	t.Run("NearestPath", func(t *testing.T) {
		media, body := s.form("zelle").urlencoded()
		assert.Contains(t, s.in(t).send("POST", "/send_money", media, body, nil).hint(), "/send-money")
	})
}

// The keys are never shown whole, in whatever form they came.
func TestJournalMasksTheKeys(t *testing.T) {
	t.Parallel()
	s := open(t, "")
	for _, tt := range []struct {
		name   string
		encode func(form) (string, string)
	}{{"URLEncoded", form.urlencoded}, {"Multipart", form.multipart}, {"JSON", form.json}, {"FormAsText", formAsText}, {"CutOffMultipart", cutOff}} {
		t.Run(tt.name, func(t *testing.T) {
			s := s.in(t)
			require.NoError(t, s.DeleteRequests(t.Context()))
			for _, op := range operations {
				media, body := tt.encode(s.form(op))
				s.send(http.MethodPost, paths[op], media, body, nil)
			}
			shown := s.control("requests", "")
			assert.NotContains(t, shown, s.key)
			assert.Contains(t, shown, "***"+s.key[len(s.key)-4:])
			assert.Contains(t, shown, s.account, "which is no secret")
		})
	}
}

// formAsText is a form whose sender forgot to say what it is.
func formAsText(f form) (media, body string) {
	_, body = f.urlencoded()
	return "text/plain", body
}

// cutOff is a form that breaks off after its last value.
func cutOff(f form) (media, body string) {
	media, body = f.multipart()
	return media, body[:strings.LastIndex(body, "\r\n--")]
}
