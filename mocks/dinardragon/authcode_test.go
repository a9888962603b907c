package dinardragon_test

import (
	"fmt"
	"math/big"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestQuoteAnswersAsDocumented(t *testing.T) {
	t.Parallel()
	s := open(t, `{balance: "1000"}`)

	a := s.post("/get-authcode", documented)

	assert.Equal(t, 200, a.status)
	assert.Equal(t, `{"code":200,"charge_in_usd":4.875,"authcode":"<32 hex>"}`, masked(a.body))
	assert.Equal(t, "application/json", a.header.Get("Content-Type"))
	s.has("1000") // no money moves until step 2
}

func TestQuoteTakesAnyNumberOfAccounts(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 2, 3, 7, 250} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			s := open(t, `{balance: "1000000"}`)
			var amounts []string
			sum := new(big.Rat)
			for i := range n {
				amount := fmt.Sprintf("%d.%03d", i+1, i*37%1000)
				amounts = append(amounts, amount)
				sum.Add(sum, rat(amount))
			}

			q := s.quote(pays(amounts...))
			r := accepted[receipt](t, s.execute(q.Authcode))

			assert.Equal(t, minimal(charged(sum)), q.Charge.String())
			assert.Equal(t, q.Charge, r.Charge)
			require.Len(t, r.Accounts, n)
			unique := make(map[string]bool)
			for i, paid := range r.Accounts {
				assert.Equal(t, minimal(rat(amounts[i])), paid.Amount.String())
				assert.Equal(t, fmt.Sprint(100_000_000+i), string(paid.AccNo))
				unique[paid.UniqueID] = true
			}
			assert.Len(t, unique, n, "uniqueids are unique")
			left := new(big.Rat).Sub(rat("1000000"), sum)
			s.has(minimal(left.Sub(left, charged(sum))))
			assert.Len(t, s.statuses(r), n)
			s.sound()
		})
	}
}

// Sums are compared as decimals: as binary floats 0.1 and 0.2 make
// 0.30000000000000004.
func TestSumsAreDecimal(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		amount string
		parts  []string
		ok     bool
	}{
		{"TenthAndTwo", "0.3", []string{"0.1", "0.2"}, true},
		{"TenthAndTwoAsFloats", "0.30000000000000004", []string{"0.1", "0.2"}, false},
		{"TenTenths", "1", []string{"0.1", "0.1", "0.1", "0.1", "0.1", "0.1", "0.1", "0.1", "0.1", "0.1"}, true},
		{"OtherDigitsSameNumber", "5e1", []string{"20.00", "3E1"}, true},
		{"BeyondFloats", "1234567890123456.78", []string{"1234567890123456", "0.78"}, true},
		{"BeyondFloatsOff", "1234567890123456.78", []string{"1234567890123456", "0.77"}, false},
		{"Smallest", "0.000000000000000003", []string{"0.000000000000000001", "0.000000000000000002"}, true},
		{"OneCentLess", "194.99", []string{"50", "70", "75"}, false},
		{"OneCentMore", "195.01", []string{"50", "70", "75"}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := open(t, `{balance: "1e20"}`)
			var accounts []string
			for _, part := range tt.parts {
				accounts = append(accounts, account("1", part))
			}
			a := s.post("/get-authcode", asks(tt.amount, accounts...))
			if !tt.ok {
				s.refused(a, 400, wrongSum)
				return
			}
			assert.Equal(t, minimal(charged(rat(tt.amount))), accepted[quote](t, a).Charge.String())
		})
	}
}

func TestSumMismatchHintNamesBothNumbers(t *testing.T) {
	t.Parallel()
	s := open(t, "")
	a := s.post("/get-authcode", asks("100", account("1", "50"), account("2", "70"), account("3", "75")))
	s.refused(a, 400, wrongSum)
	assert.Equal(t, "accounts add up to 195, amount is 100", a.hint())
}

// The documented sample names the payee in recipientname, the table in
// recipient.
func TestPayeeGoesByEitherName(t *testing.T) {
	t.Parallel()
	const always, optional = "", "{require_recipient: false}"
	tests := []struct {
		name  string
		knobs string
		names string // of the payee, in the account
		want  string // recipientname in the receipt, "refused" if there is none
	}{
		{"RecipientName", always, `,"recipientname":"Ann"`, "Ann"},
		{"Recipient", always, `,"recipient":"Bob"`, "Bob"},
		{"BothRecipientNameWins", always, `,"recipientname":"Ann","recipient":"Bob"`, "Ann"},
		{"BothInOtherOrder", always, `,"recipient":"Bob","recipientname":"Ann"`, "Ann"},
		{"Neither", always, ``, "refused"},
		{"EmptyRecipientName", always, `,"recipientname":""`, "refused"},
		{"EmptyRecipient", always, `,"recipient":""`, "refused"},
		{"NumberAsName", always, `,"recipientname":7`, "refused"},
		{"NumberAsRecipient", always, `,"recipient":7`, "refused"},
		{"ObjectAsName", always, `,"recipientname":{}`, "refused"},
		{"NeitherAllowed", optional, ``, ""},
		{"NumberAsNameStillRefused", optional, `,"recipientname":7`, "refused"},
		{"NumberAsRecipientStillRefused", optional, `,"recipient":7`, "refused"},
		{"RecipientWhereOptional", optional, `,"recipient":"Bob"`, "Bob"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := open(t, tt.knobs)
			body := asks("5", `{"acc":1,"amount":5,"bank":"b","country":"US"`+tt.names+`}`)
			if tt.want == "refused" {
				s.refused(s.post("/get-authcode", body), 400, wrongField("recipientname"))
				return
			}
			assert.Equal(t, tt.want, s.pay(body).Accounts[0].RecipientName)
		})
	}
}

// acc comes back as accNo, with the type and the digits that it was sent with.
func TestAccComesBackAsAccNo(t *testing.T) {
	t.Parallel()
	const loose, strict = "", "{strict_types: true}"
	tests := []struct {
		name  string
		knobs string
		acc   string
		ok    bool
	}{
		{"Integer", loose, `123456789`, true},
		{"Zero", loose, `0`, true},
		{"BeyondInt64", loose, `123456789012345678901234567890`, true},
		{"Digits", loose, `"123456789"`, true},
		{"LeadingZeros", loose, `"000123"`, true},
		{"FiftyDigits", loose, `"12345678901234567890123456789012345678901234567890"`, true},
		{"Fraction", loose, `1.5`, false},
		{"WholeFraction", loose, `1.0`, false},
		{"Exponent", loose, `1e3`, false},
		{"IBAN", loose, `"DE02120300000000202051"`, false},
		{"EmptyText", loose, `""`, false},
		{"BlankInText", loose, `"12 34"`, false},
		{"LeadingBlank", loose, `" 1234"`, false},
		{"LineEnd", loose, `"1234\n"`, false},
		{"SignedText", loose, `"-1234"`, false},
		{"FractionText", loose, `"12.5"`, false},
		{"OtherDigits", loose, `"١٢٣"`, false},
		{"Null", loose, `null`, false},
		{"Boolean", loose, `true`, false},
		{"Array", loose, `[1]`, false},
		{"StrictInteger", strict, `123456789`, true},
		{"StrictDigits", strict, `"123456789"`, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := open(t, tt.knobs)
			body := asks("5", account(tt.acc, "5"))
			if !tt.ok {
				s.refused(s.post("/get-authcode", body), 400, wrongField("acc"))
				return
			}
			a := s.execute(s.quote(body).Authcode)
			assert.Equal(t, tt.acc, string(accepted[receipt](t, a).Accounts[0].AccNo))
			assert.NotContains(t, a.body, `"acc":`)
		})
	}
}

// Each field of step 1 is required and has a type; what is complained about is
// the first in the documents' order, by its bare name.
func TestFieldsOfAnOrder(t *testing.T) {
	t.Parallel()
	const good = `{"acc":1,"amount":5,"bank":"b","country":"US","recipientname":"r"}`
	tests := []struct{ name, body, field string }{
		{"NoAmount", `{"accounts":[` + good + `]}`, "amount"},
		{"NullAmount", `{"amount":null,"accounts":[` + good + `]}`, "amount"},
		{"TextAmount", `{"amount":"5","accounts":[` + good + `]}`, "amount"},
		{"BooleanAmount", `{"amount":true,"accounts":[` + good + `]}`, "amount"},
		{"ZeroAmount", `{"amount":0,"accounts":[` + good + `]}`, "amount"},
		{"NegativeAmount", `{"amount":-5,"accounts":[` + good + `]}`, "amount"},
		{"EndlessAmount", `{"amount":1e999999999,"accounts":[` + good + `]}`, "amount"},
		{"NoAccounts", `{"amount":5}`, "accounts"},
		{"NullAccounts", `{"amount":5,"accounts":null}`, "accounts"},
		{"EmptyAccounts", `{"amount":5,"accounts":[]}`, "accounts"},
		{"OneAccountAsObject", `{"amount":5,"accounts":` + good + `}`, "accounts"},
		{"TextAsAccount", `{"amount":5,"accounts":["a"]}`, "accounts"},
		{"NullAsAccount", `{"amount":5,"accounts":[` + good + `,null]}`, "accounts"},
		{"NoAcc", `{"amount":5,"accounts":[{"amount":5,"bank":"b","country":"US","recipientname":"r"}]}`, "acc"},
		{"NoAmountOfAccount", `{"amount":5,"accounts":[{"acc":1,"bank":"b","country":"US","recipientname":"r"}]}`, "amount"},
		{"TextAmountOfAccount", `{"amount":5,"accounts":[{"acc":1,"amount":"5","bank":"b","country":"US","recipientname":"r"}]}`, "amount"},
		{"ZeroAmountOfAccount", `{"amount":5,"accounts":[` + good + `,{"acc":1,"amount":0,"bank":"b","country":"US","recipientname":"r"}]}`, "amount"},
		{"NegativeAmountOfAccount", `{"amount":5,"accounts":[{"acc":1,"amount":10,"bank":"b","country":"US","recipientname":"r"},{"acc":1,"amount":-5,"bank":"b","country":"US","recipientname":"r"}]}`, "amount"},
		{"NoBank", `{"amount":5,"accounts":[{"acc":1,"amount":5,"country":"US","recipientname":"r"}]}`, "bank"},
		{"EmptyBank", `{"amount":5,"accounts":[{"acc":1,"amount":5,"bank":"","country":"US","recipientname":"r"}]}`, "bank"},
		{"NumberAsBank", `{"amount":5,"accounts":[{"acc":1,"amount":5,"bank":7,"country":"US","recipientname":"r"}]}`, "bank"},
		{"NoCountry", `{"amount":5,"accounts":[{"acc":1,"amount":5,"bank":"b","recipientname":"r"}]}`, "country"},
		{"EmptyCountry", `{"amount":5,"accounts":[{"acc":1,"amount":5,"bank":"b","country":"","recipientname":"r"}]}`, "country"},
		{"NullCountry", `{"amount":5,"accounts":[{"acc":1,"amount":5,"bank":"b","country":null,"recipientname":"r"}]}`, "country"},
		{"NoRecipient", `{"amount":5,"accounts":[{"acc":1,"amount":5,"bank":"b","country":"US"}]}`, "recipientname"},
		{"Nothing", `{}`, "amount"},
		{"EmptyAccount", `{"amount":5,"accounts":[{}]}`, "acc"},
		{"SecondAccountLast", `{"amount":5,"accounts":[{"acc":1,"amount":5,"bank":"b","country":"US"},{}]}`, "recipientname"},
		{"FieldBeforeSum", `{"amount":6,"accounts":[{"acc":1,"amount":5,"bank":"b","country":"US"}]}`, "recipientname"},
	}
	s := open(t, `{balance: "0"}`) // it is complained about before the funds
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s.in(t).refused(s.post("/get-authcode", tt.body), 400, wrongField(tt.field))
		})
	}
}

// in is the shop in a subtest.
func (s *shop) in(t testing.TB) *shop {
	there := *s
	there.t = t
	return &there
}

func TestCountriesAndBanksAreAnyText(t *testing.T) {
	t.Parallel()
	s := open(t, "")
	for _, text := range []string{"US", "sa", "Atlantis", "x", "<b>&amp;</b>", `"quoted" \ back`, "Üßé 漢字 🏦", "line\u2028separator\u2029", "/", "null"} {
		said := string(jsonText(text))
		a := s.execute(s.quote(asks("5", `{"acc":1,"amount":5,"bank":`+said+`,"country":`+said+`,"recipientname":`+said+`}`)).Authcode)
		assert.Contains(t, a.body, `"bank":`+said+`,"country":`+said+`,"recipientname":`+said+`,`)
	}
}

// jsonText writes a text as JSON that escapes nothing it need not.
func jsonText(text string) []byte {
	b := []byte{'"'}
	for _, r := range text {
		if r == '"' || r == '\\' {
			b = append(b, '\\')
		}
		b = append(b, string(r)...)
	}
	return append(b, '"')
}

// What is sent as strict JSON in any layout is taken; the samples' comments and
// trailing commas are not.
func TestBodyIsStrictJSON(t *testing.T) {
	t.Parallel()
	one := account("1", "5")
	tests := []struct {
		name, body string
		ok         bool
	}{
		{"Spread", "\r\n\t {\n \"accounts\" : [ " + one + " ] ,\n \"amount\" : 5.00 }\n\n", true},
		{"EscapedKeys", `{"\u0061mount":5,"accounts":[` + one + `]}`, true},
		{"Comment", "{\"amount\":5, // must be the sum\n\"accounts\":[" + one + "]}", false},
		{"TrailingComma", `{"amount":5,"accounts":[` + one + `],}`, false},
		{"TrailingCommaInList", `{"amount":5,"accounts":[` + one + `,]}`, false},
		{"SingleQuotes", `{'amount':5,"accounts":[` + one + `]}`, false},
		{"PlusSign", `{"amount":+5,"accounts":[` + one + `]}`, false},
		{"LeadingZero", `{"amount":05,"accounts":[` + one + `]}`, false},
		{"BareFraction", `{"amount":.5,"accounts":[` + one + `]}`, false},
		{"Array", `[{"amount":5,"accounts":[` + one + `]}]`, false},
		{"Twice", `{"amount":5,"accounts":[` + one + `]}{}`, false},
		{"Empty", ``, false},
		{"Form", `amount=5`, false},
	}
	s := open(t, "")
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := s.in(t).post("/get-authcode", tt.body)
			if !tt.ok {
				s.in(t).refused(a, 400, notJSON)
				return
			}
			assert.Equal(t, "0.125", accepted[quote](t, a).Charge.String())
		})
	}
}

// A code lives up to but not including 15 minutes.
func TestAuthcodeExpires(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		knobs   string
		after   time.Duration
		expired bool
	}{
		{"AtOnce", "", 0, false},
		{"JustInTime", "", 15*time.Minute - time.Millisecond, false},
		{"Exactly", "", 900 * time.Second, true},
		{"JustAfter", "", 15*time.Minute + time.Millisecond, true},
		{"LongAfter", "", 1000 * time.Hour, true},
		{"KnobJustInTime", "{authcode_ttl: 1m30s}", 90*time.Second - time.Millisecond, false},
		{"KnobExactly", "{authcode_ttl: 1m30s}", 90 * time.Second, true},
		{"KnobLonger", "{authcode_ttl: 24h}", 15 * time.Minute, false},
		{"KnobNothing", "{authcode_ttl: 0s}", 0, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := open(t, tt.knobs)
			code := s.quote(documented).Authcode
			s.Advance(tt.after)
			a := s.execute(code)
			if tt.expired {
				s.refused(a, 400, expiredCode)
				s.has("10000")
				s.refused(s.execute(code), 400, expiredCode)
				return
			}
			accepted[receipt](t, a)
			s.has("9800.125")
		})
	}
}

func TestExpiryReadsTheWorkspacesClock(t *testing.T) {
	t.Parallel()
	here := open(t, "")
	there := here.neighbor("there")
	ours, theirs := here.quote(documented).Authcode, there.quote(documented).Authcode

	here.Advance(899 * time.Second)
	_, err := there.Client.Advance(t.Context(), 900*time.Second)
	require.NoError(t, err)

	accepted[receipt](t, here.execute(ours))
	there.refused(there.execute(theirs), 400, expiredCode)
	fresh := there.quote(documented).Authcode
	here.Advance(time.Hour)
	accepted[receipt](t, there.execute(fresh))
}

func TestAuthcodeWorksOnce(t *testing.T) {
	t.Parallel()
	s := open(t, "")
	code := s.quote(documented).Authcode
	first := accepted[receipt](t, s.execute(code))

	s.refused(s.execute(code), 400, usedCode)
	s.refused(s.execute(code), 400, usedCode)

	s.has("9800.125")
	assert.Equal(t, []int{0, 0, 0}, s.statuses(first))
	s.sound()
}

// Any number of codes can be alive; none reserves anything.
func TestAuthcodesAreIndependent(t *testing.T) {
	t.Parallel()
	s := open(t, `{balance: "410"}`)
	one, two, three := s.quote(documented).Authcode, s.quote(documented).Authcode, s.quote(documented).Authcode
	assert.NotEqual(t, one, two)
	s.has("410")

	accepted[receipt](t, s.execute(two))
	accepted[receipt](t, s.execute(one))
	s.refused(s.execute(three), 403, insufficient)

	s.has("10.25")
	s.fund("199.875")
	accepted[receipt](t, s.execute(three))
	s.has("0")
	s.sound()
}

// A refused execution leaves the code as it was, and it still expires.
func TestFailedExecutionLeavesTheCode(t *testing.T) {
	t.Parallel()
	s := open(t, `{balance: "1000"}`)
	code := s.quote(documented).Authcode
	s.fund("199.874")

	s.refused(s.execute(code), 403, insufficient)
	s.has("199.874")
	s.Advance(15*time.Minute - time.Millisecond)
	s.refused(s.execute(code), 403, insufficient)
	s.fund("199.875")
	accepted[receipt](t, s.execute(code))
	s.has("0")

	s.fund("1000")
	late := s.quote(documented).Authcode
	s.fund("0")
	s.refused(s.execute(late), 403, insufficient)
	s.Advance(15 * time.Minute)
	s.fund("1000")
	s.refused(s.execute(late), 400, expiredCode)
	s.sound()
}

func TestRefusedQuoteIssuesNoCode(t *testing.T) {
	t.Parallel()
	s := open(t, `{balance: "1"}`)
	a := s.post("/get-authcode", documented)
	s.refused(a, 403, insufficient)
	assert.NotRegexp(t, regexp.MustCompile(`[0-9a-f]{32}`), a.body)
}

func TestAuthcodeOfAnotherWorkspaceIsUnknown(t *testing.T) {
	t.Parallel()
	here := open(t, "")
	there := here.neighbor("there")
	code := here.quote(documented).Authcode

	there.refused(there.execute(code), 400, unknownCode)

	accepted[receipt](t, here.execute(code))
	there.refused(there.execute(code), 400, unknownCode)
	there.has("10000")
}
