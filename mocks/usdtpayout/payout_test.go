package usdtpayout_test

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Each field has a type and a rule; what is complained about is the first that
// is wrong, in the documents' order.
func TestFieldsOfAPayout(t *testing.T) {
	t.Parallel()
	const key, country, currency, method, network, amount, source, details, purpose, funds = "idempotency_key", "country_code", "currency_code",
		"payment_method", "payment_network", "source_amount", "source_currency", "recipient_details", "purpose_of_payment", "source_of_funds"
	number := json.RawMessage("125.00")
	missing := struct{}{}
	tests := []struct {
		name  string
		field string // that is changed
		value any
		bad   string // that is complained about, "" if none is
	}{
		{"NoKey", key, missing, key}, {"NullKey", key, nil, key}, {"EmptyKey", key, "", key}, {"NumberKey", key, 7, key}, {"TextKey", key, "order-1", key},
		{"KeyOfVersion1", key, "6ba7b810-9dad-11d1-80b4-00c04fd430c8", key}, {"KeyOfVersion5", key, "886313e1-3b8a-5372-9b90-0c9aee199e5d", key},
		{"KeyOfVersion7", key, "01890a5d-ac96-774b-bcce-b302099a8057", key}, {"NilKey", key, "00000000-0000-0000-0000-000000000000", key},
		{"KeyOfOtherVariant", key, "3b1c1a9e-7f0e-4c55-7b1e-0d2a5f3b6c11", key}, {"KeyInBraces", key, "{3b1c1a9e-7f0e-4c55-8b1e-0d2a5f3b6c11}", key},
		{"KeyWithoutDashes", key, "3b1c1a9e7f0e4c558b1e0d2a5f3b6c11", key}, {"KeyWithBlank", key, " 3b1c1a9e-7f0e-4c55-8b1e-0d2a5f3b6c11", key},
		{"KeyWithLineEnd", key, "3b1c1a9e-7f0e-4c55-8b1e-0d2a5f3b6c11\n", key},
		{"UpperCaseKey", key, "3B1C1A9E-7F0E-4C55-AB1E-0D2A5F3B6C11", ""},

		{"NoCountry", country, missing, country}, {"NullCountry", country, nil, country}, {"LowerCaseCountry", country, "ph", country}, {"Alpha3", country, "PHL", country},
		{"OneLetter", country, "P", country}, {"NumericCountry", country, "60", country}, {"NumberCountry", country, 608, country}, {"CountryWithLineEnd", country, "PH\n", country},
		{"GreekCountry", country, "ΡΗ", country}, {"AnyCountry", country, "ZZ", ""},

		{"NoCurrency", currency, missing, currency}, {"LowerCaseCurrency", currency, "php", currency}, {"ShortCurrency", currency, "PH", currency}, {"LongCurrency", currency, "USDT", currency},
		{"NullCurrency", currency, nil, currency}, {"CurrencyOfAnotherCountry", currency, "INR", ""},

		{"NoMethod", method, missing, method}, {"EmptyMethod", method, "", method}, {"NullMethod", method, nil, method}, {"NumberMethod", method, 1, method},
		{"UnknownMethod", method, "carrier_pigeon", ""},

		{"NullNetwork", network, nil, ""}, {"EmptyNetwork", network, "", ""}, {"AnyNetwork", network, "instapay", ""}, {"NumberNetwork", network, 1, network}, {"ListNetwork", network, []string{"a"}, network},

		{"NoAmount", amount, missing, amount}, {"NumberAmount", amount, number, amount}, {"NullAmount", amount, nil, amount}, {"EmptyAmount", amount, "", amount},
		{"Zero", amount, "0", amount}, {"ZeroCents", amount, "0.00", amount}, {"Negative", amount, "-1", amount}, {"Plus", amount, "+1", amount}, {"Exponent", amount, "1e3", amount},
		{"Comma", amount, "1,5", amount}, {"Thousands", amount, "1,000.00", amount}, {"BarePoint", amount, "1.", amount}, {"NoInteger", amount, ".5", amount}, {"SevenDecimals", amount, "1.0000001", amount},
		{"Blank", amount, " 1", amount}, {"WithCurrency", amount, "1 USDT", amount}, {"LineEnd", amount, "1\n", amount}, {"Words", amount, "ten", amount}, {"NaN", amount, "NaN", amount}, {"Hex", amount, "0x10", amount},
		{"OtherDigits", amount, "١٢", amount}, {"TooSmall", amount, "0.000000", amount},
		{"SixDecimals", amount, "0.000001", ""}, {"Integer", amount, "125", ""}, {"LeadingZeros", amount, "007.50", ""}, {"Large", amount, "999999999999999999.999999", ""},

		{"NoSource", source, missing, ""}, {"USDT", source, "USDT", ""}, {"NullSource", source, nil, ""}, {"LowerCaseSource", source, "usdt", source}, {"USDC", source, "USDC", source}, {"NumberSource", source, 1, source},

		{"NoDetails", details, missing, details}, {"NullDetails", details, nil, details}, {"TextDetails", details, "Maria", details}, {"ListDetails", details, []any{}, details},
		{"EmptyDetails", details, fields{}, details + ".name"}, {"NoName", details, fields{"account_number": "1"}, details + ".name"}, {"EmptyName", details, fields{"name": "", "account_number": "1"}, details + ".name"},
		{"NumberName", details, fields{"name": 1, "account_number": "1"}, details + ".name"}, {"NullName", details, fields{"name": nil, "account_number": "1"}, details + ".name"},
		{"NoAccount", details, fields{"name": "M"}, details + ".account_number"}, {"EmptyAccount", details, fields{"name": "M", "account_number": ""}, details + ".account_number"},
		{"NumberAccount", details, fields{"name": "M", "account_number": 1}, details + ".account_number"},
		{"MoreDetails", details, fields{"name": "M", "account_number": "1", "bic": 7}, ""},

		{"NullPurpose", purpose, nil, ""}, {"AnyPurpose", purpose, "Gehalt für Mai", ""}, {"NumberPurpose", purpose, 1, purpose},
		{"NullFunds", funds, nil, ""}, {"AnyFunds", funds, "salary", ""}, {"ObjectFunds", funds, fields{}, funds},

		{"UnknownField", "memo", 7, ""},
	}
	s := sandboxed(t, "")
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := s.in(t)
			f := s.order("5.00").with(tt.field, tt.value)
			if tt.value == any(missing) {
				f = f.without(tt.field)
			}
			a := s.create(f)
			if tt.bad == "" {
				s.accepted(a, "pending")
				return
			}
			s.invalid(a, tt.bad)
			if tt.value == any(missing) {
				assert.Contains(t, a.hint(), "it is missing")
			}
		})
	}
	t.Run("NumbersAreNamed", func(t *testing.T) {
		a := s.create(s.order("5.00").with(amount, number))
		assert.Contains(t, a.hint(), `source_amount must be a decimal as a text, like "125.00", with at most 6 decimals, it is 125.00, a number`)
	})
	t.Run("TheFirstIsNamed", func(t *testing.T) {
		s := s.in(t)
		bad := fields{}
		for _, name := range []string{key, country, currency, method, network, amount, source, details, purpose, funds} {
			bad[name] = 7
		}
		for _, name := range []string{key, country, currency, method, network, amount, source, details, purpose, funds} {
			s.invalid(s.create(bad), name)
			bad[name] = s.order("5.00")[name]
			if bad[name] == nil {
				delete(bad, name)
			}
		}
		s.accepted(s.create(bad), "pending")
		s.invalid(s.create(fields{}), key)
	})
	assert.Zero(t, s.moves(), "sandbox leaves the wallet alone")
}

// Some methods need more of the recipient, as a knob says.
func TestFieldsOfARecipient(t *testing.T) {
	t.Parallel()
	const more = `{recipient_fields: {imps: [ifsc, branch], upi: [vpa], bank_local: []}}`
	tests := []struct {
		name, knobs, method string
		details             fields
		bad                 string
	}{
		{"IMPS", "", "imps", fields{"name": "M", "account_number": "1", "ifsc": "HDFC0000001"}, ""},
		{"IMPSWithoutIFSC", "", "imps", fields{"name": "M", "account_number": "1"}, "recipient_details.ifsc"},
		{"IMPSWithEmptyIFSC", "", "imps", fields{"name": "M", "account_number": "1", "ifsc": ""}, "recipient_details.ifsc"},
		{"IMPSWithoutBoth", "", "imps", fields{"name": "M"}, "recipient_details.account_number"},
		{"IMPSWithoutName", "", "imps", fields{"account_number": "1", "ifsc": "H"}, "recipient_details.name"},
		{"OtherMethod", "", "upi", fields{"name": "M"}, ""},
		{"OtherMethodWithoutName", "", "upi", fields{"vpa": "m@bank"}, "recipient_details.name"},
		{"MethodOfOtherCase", "", "IMPS", fields{"name": "M"}, ""},
		{"KnobAsks", more, "upi", fields{"name": "M"}, "recipient_details.vpa"},
		{"KnobIsContent", more, "upi", fields{"name": "M", "vpa": "m@bank"}, ""},
		{"KnobReplaces", more, "imps", fields{"name": "M", "ifsc": "H"}, "recipient_details.branch"},
		{"KnobEmpties", more, "bank_local", fields{"name": "M"}, ""},
		{"KnobLeavesTheName", more, "bank_local", fields{}, "recipient_details.name"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := sandboxed(t, tt.knobs)
			a := s.create(s.order("5.00").with("payment_method", tt.method, "recipient_details", tt.details))
			if tt.bad == "" {
				s.accepted(a, "pending")
				return
			}
			s.invalid(a, tt.bad)
		})
	}
}

func TestKeysOfAnyVersion(t *testing.T) {
	t.Parallel()
	s := sandboxed(t, "{any_uuid_version: true}")
	for _, key := range []string{"886313e1-3b8a-5372-9b90-0c9aee199e5d", "6ba7b810-9dad-11d1-80b4-00c04fd430c8", "00000000-0000-0000-0000-000000000000", "01890A5D-AC96-774B-BCCE-B302099A8057"} {
		s.accepted(s.create(s.order("5.00").with("idempotency_key", key)), "pending")
	}
	s.invalid(s.create(s.order("5.00").with("idempotency_key", "order-1")), "idempotency_key")
}

// The end of the amount decides how a sandbox payout ends: as text, as it was
// sent.
func TestTrailingCents(t *testing.T) {
	t.Parallel()
	const override = `{trailing_cents: {".01": {status: completed}, ".05": {status: rejected, message: "Compliance review"}, ".06": {status: canceled},
		".07": {status: reversed, message: Returned}, ".08": {status: processing}, ".09": {status: failed}, ".03": {message: Later}}}`
	tests := []struct{ name, knobs, amount, end, slot string }{
		{"Completed", "", "125.00", "completed", "00"},
		{"InsufficientFunds", "", "125.01", "failed: Insufficient funds", "01"},
		{"RecipientNotFound", "", "125.02", "failed: Recipient not found", "02"},
		{"PendingForEver", "", "125.03", "pending", "03"},
		{"NetworkError", "", "125.04", "failed: Network error", "04"},
		{"OtherCents", "", "10.37", "completed", "00"},
		{"NextCents", "", "125.05", "completed", "00"},
		{"OnlyCents", "", "0.01", "failed: Insufficient funds", "01"},
		{"LeadingZeros", "", "000.04", "failed: Network error", "04"},
		{"Integer", "", "10", "completed", "00"},
		{"IntegerThatLooksLikeCents", "", "101", "completed", "00"},
		{"OneDecimal", "", "10.1", "completed", "00"},
		{"ThreeDecimals", "", "10.010", "completed", "00"},
		{"ThreeDecimalsTrailing", "", "10.001", "completed", "00"},
		{"FourDecimals", "", "10.0101", "completed", "00"},
		{"SixDecimals", "", "10.000001", "completed", "00"},
		{"OverrideCompletes", override, "5.01", "completed", "01"},
		{"OverrideLeavesOthers", override, "5.02", "failed: Recipient not found", "02"},
		{"OverrideRejects", override, "5.05", "rejected: Compliance review", "05"},
		{"OverrideCancels", override, "5.06", canceled, "06"},
		{"OverrideReverses", override, "5.07", "reversed: Returned", "07"},
		{"OverrideProcesses", override, "5.08", "processing", "08"},
		{"OverrideFailsWithoutMessage", override, "5.09", failed, "09"},
		{"OverrideOfTheMessageOnly", override, "5.03", "pending", "03"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := sandboxed(t, tt.knobs)
			id := s.pay(tt.amount)
			assert.Equal(t, tt.slot, strings.Split(id, "_")[2])
			assert.Equal(t, "pending", s.state(id))
			s.Advance(time.Second - time.Millisecond)
			assert.Equal(t, "pending", s.state(id))
			s.Advance(time.Millisecond)
			assert.Equal(t, tt.end, s.state(id))
			s.Advance(24 * time.Hour)
			assert.Equal(t, tt.end, s.login().state(id))
			assert.Zero(t, s.moves())
			s.has("10000", "0")
			s.sound()
		})
	}
}

// Cents can make a payout wait for approval, and what is approved goes on as
// ever.
func TestTrailingCentsThatWaitForApproval(t *testing.T) {
	t.Parallel()
	s := sandboxed(t, `{trailing_cents: {".05": {status: pending_approval}}}`)
	id := s.accepted(s.create(s.order("5.05")), "pending_approval")
	assert.Equal(t, "pending_approval", s.state(id))
	require.Equal(t, 200, s.move(id, "pending"))
	s.Advance(time.Second)
	assert.Equal(t, "completed", s.state(id))
}

// Live amounts end in nothing.
func TestTrailingCentsAreOfSandbox(t *testing.T) {
	t.Parallel()
	s := alive(t, "")
	for _, amount := range []string{"1.01", "1.02", "1.03", "1.04"} {
		id := s.pay(amount)
		s.Advance(2 * time.Second)
		assert.Equal(t, "completed", s.state(id))
	}
}

var (
	sandboxID = regexp.MustCompile(`^sb_([0-9a-f]{12})_([0-9]{2})_([0-9a-z]+)_([0-9a-f]{8})$`)
	uuid4     = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
)

// Ids are laid out as the samples are: sb_a42b69dcd78f_01_tg3qwn_30e136b2.
func TestIDs(t *testing.T) {
	t.Parallel()
	s := sandboxed(t, "")
	other := s.neighbor("other", "").login()
	parts := sandboxID.FindStringSubmatch(s.pay("10.01"))
	require.Len(t, parts, 5)
	assert.Equal(t, "01", parts[2])
	assert.Equal(t, "tg3qwn", parts[3], "the time of the sample")
	theirs := sandboxID.FindStringSubmatch(other.pay("10.01"))
	require.Len(t, theirs, 5)
	assert.NotEqual(t, parts[1], theirs[1], "the first part is of the account")

	s.Advance(36 * time.Second)
	later := sandboxID.FindStringSubmatch(s.pay("10.00"))
	assert.Equal(t, parts[1], later[1])
	assert.Equal(t, strconv.FormatInt(start+36, 36), later[3])
	assert.NotEqual(t, parts[4], later[4])

	live := s.live().login()
	assert.Regexp(t, uuid4, live.pay("10.01"))
}

// Ids of other accounts, of the other mode and of nobody are not told apart.
func TestUnknownPayouts(t *testing.T) {
	t.Parallel()
	sandbox := sandboxed(t, "")
	live := sandbox.live().login()
	other := sandbox.neighbor("other", "").login()
	inSandbox, inLive, theirs := sandbox.pay("1.00"), live.pay("1.00"), other.pay("1.00")
	tests := []struct {
		name string
		s    *shop
		id   any
		bad  bool // not an id at all
	}{
		{"OfNobody", sandbox, "sb_a42b69dcd78f_01_tg3qwn_30e136b2", false},
		{"OfNobodyLive", live, "7c1b0f3e-2f57-4d2c-9a55-0b6f5a1e8d10", false},
		{"OfAnotherAccount", sandbox, theirs, false},
		{"OfTheOtherMode", sandbox, inLive, false},
		{"OfTheOtherModeLive", live, inSandbox, false},
		{"PrefixOnly", sandbox, "sb_", false},
		{"OddPrefix", sandbox, "sb_<script>", false},
		{"UUIDInSandbox", sandbox, "7c1b0f3e-2f57-4d2c-9a55-0b6f5a1e8d10", false},
		{"UUIDOfVersion1", live, "6ba7b810-9dad-11d1-80b4-00c04fd430c8", false},
		{"NoID", sandbox, "abc", true},
		{"UpperCasePrefix", sandbox, "SB_a42b69dcd78f_01_tg3qwn_30e136b2", true},
		{"Empty", sandbox, "", true},
		{"Null", sandbox, nil, true},
		{"Number", sandbox, 7, true},
		{"UUIDInBraces", live, "{7c1b0f3e-2f57-4d2c-9a55-0b6f5a1e8d10}", true},
		{"UUIDWithoutDashes", live, "7c1b0f3e2f574d2c9a550b6f5a1e8d10", true},
		{"Key", live, "order-1", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := tt.s.in(t)
			a := s.call("payout_status", fields{"transaction_id": tt.id}.String())
			if tt.bad {
				s.invalid(a, "transaction_id")
				return
			}
			assert.Equal(t, "Not found", s.refused(a, 404, "not_found"))
		})
	}
	sandbox.invalid(sandbox.call("payout_status", fields{"idempotency_key": sandbox.key()}.String()), "transaction_id")
	a := live.call("payout_status", fields{"transaction_id": strings.ToUpper(inLive)}.String())
	assert.Equal(t, inLive, a.data(t)["transaction_id"], "case does not matter in a UUID")
}

// A key that was used yields the first answer again, and pays nothing.
func TestIdempotency(t *testing.T) {
	t.Parallel()
	t.Run("SameCall", func(t *testing.T) {
		t.Parallel()
		s := alive(t, "")
		f := s.order("10.00")
		first := s.create(f)
		id := s.accepted(first, "pending")
		for range 3 {
			assert.Equal(t, first.body, s.create(f).body)
		}
		s.has("9990", "10")
		s.Advance(2 * time.Second)
		assert.Equal(t, "completed", s.state(id))
		again := s.create(f)
		assert.Equal(t, 201, again.status)
		assert.Equal(t, first.body, again.body, "the answer stays that of the beginning")
		s.Advance(24 * 365 * time.Hour)
		assert.Equal(t, first.body, s.login().create(f).body, "keys are kept for ever")
		s.has("9990", "0")
		s.sound()
	})
	t.Run("OtherPayload", func(t *testing.T) {
		t.Parallel()
		s := alive(t, "")
		f := s.order("10.00")
		first := s.create(f)
		s.accepted(first, "pending")
		other := f.with("source_amount", "9999999", "country_code", "IN", "currency_code", "INR", "payment_method", "upi", "recipient_details", fields{"name": "X"})
		assert.Equal(t, first.body, s.create(other).body)
		s.has("9990", "10")
	})
	t.Run("OtherCaseOfTheKey", func(t *testing.T) {
		t.Parallel()
		s := alive(t, "")
		f := s.order("10.00").with("idempotency_key", "3b1c1a9e-7f0e-4c55-ab1e-0d2a5f3b6c11")
		first := s.create(f)
		s.accepted(first, "pending")
		assert.Equal(t, first.body, s.create(f.with("idempotency_key", "3B1C1A9E-7F0E-4C55-AB1E-0D2A5F3B6C11")).body)
		s.has("9990", "10")
	})
	t.Run("OtherKey", func(t *testing.T) {
		t.Parallel()
		s := alive(t, "")
		f := s.order("10.00")
		first, second := s.create(f), s.create(f.with("idempotency_key", s.key()))
		assert.NotEqual(t, s.accepted(first, "pending"), s.accepted(second, "pending"))
		s.has("9980", "20")
	})
	t.Run("AcrossModes", func(t *testing.T) {
		t.Parallel()
		sandbox := sandboxed(t, "")
		live := sandbox.live().login()
		f := sandbox.order("10.00")
		one, two := sandbox.accepted(sandbox.create(f), "pending"), live.accepted(live.create(f), "pending")
		assert.NotEqual(t, one, two)
		assert.Equal(t, one, sandbox.accepted(sandbox.create(f), "pending"))
		assert.Equal(t, two, live.accepted(live.create(f), "pending"))
	})
	t.Run("AcrossAccounts", func(t *testing.T) {
		t.Parallel()
		here := alive(t, "")
		there := here.neighbor("there", "").live().login()
		f := here.order("10.00")
		assert.NotEqual(t, here.accepted(here.create(f), "pending"), there.accepted(there.create(f), "pending"))
	})
	t.Run("AfterARefusal", func(t *testing.T) {
		t.Parallel()
		s := alive(t, `{wallet: "5"}`)
		f := s.order("10.00")
		s.refused(s.create(f), 422, "insufficient_funds")
		s.invalid(s.create(f.with("country_code", "x")), "country_code")
		s.refused(s.send(s.letter("send_payout", f.String()).force("internal_error")), 500, "internal_error")
		s.fund("10")
		s.accepted(s.create(f), "pending")
		s.has("0", "10")
	})
	t.Run("FundsHaveGone", func(t *testing.T) {
		t.Parallel()
		s := alive(t, "")
		f := s.order("10.00")
		first := s.create(f)
		s.accepted(first, "pending")
		s.fund("0")
		assert.Equal(t, first.body, s.create(f).body)
		s.turn("{wallet_frozen: true, kyc: false, limits: {per_payout: '1'}}")
		assert.Equal(t, first.body, s.create(f).body)
	})
	t.Run("PendingApproval", func(t *testing.T) {
		t.Parallel()
		s := alive(t, `{auto_approval_limit: "5"}`)
		f := s.order("10.00")
		first := s.create(f)
		id := s.accepted(first, "pending_approval")
		require.Equal(t, 200, s.move(id, "pending"))
		assert.Equal(t, first.body, s.create(f).body)
		s.Advance(2 * time.Second)
		assert.Equal(t, "completed", s.state(id))
		assert.Equal(t, first.body, s.create(f).body)
	})
	t.Run("AfterItFailed", func(t *testing.T) {
		t.Parallel()
		s := sandboxed(t, "")
		f := s.order("10.01")
		first := s.create(f)
		s.accepted(first, "pending")
		s.Advance(time.Second)
		assert.Equal(t, first.body, s.create(f).body)
	})
}

// Of 20 calls at once with one key, one makes a payout and all are answered alike.
func TestConcurrentCallsWithOneKey(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"sandbox", "live"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			s := sandboxed(t, "")
			if mode == "live" {
				s = s.live().login()
			}
			f := s.order("10.00")
			now := s.now()
			answers := make(chan string)
			for range 20 {
				l := s.account.letter("send_payout", f.String(), now)
				go func() {
					a, err := s.try(l)
					assert.NoError(t, err)
					answers <- fmt.Sprint(a.status, a.body)
				}()
			}
			seen := make(map[string]int)
			for range 20 {
				seen[<-answers]++
			}
			assert.Len(t, seen, 1, "%v", seen)
			text, err := s.State(t.Context())
			require.NoError(t, err)
			assert.Equal(t, 1, strings.Count(string(text), `"key":"`+f["idempotency_key"].(string)+`"`))
			if mode == "live" {
				s.has("9990", "10")
			}
			s.sound()
		})
	}
}

// Live payouts at once never take more than there is.
func TestConcurrentPayoutsNeverOverdraw(t *testing.T) {
	t.Parallel()
	const all, covered = 100, 30
	s := alive(t, `{wallet: "300"}`)
	now := s.now()
	statuses := make(chan int)
	for range all {
		l := s.account.letter("send_payout", s.order("10.00").String(), now)
		go func() {
			a, err := s.try(l)
			assert.NoError(t, err)
			statuses <- a.status
		}()
	}
	counts := make(map[int]int)
	for range all {
		counts[<-statuses]++
	}
	assert.Equal(t, map[int]int{201: covered, 422: all - covered}, counts)
	s.has("0", "300")
	s.Advance(2 * time.Second)
	s.has("0", "0")
	s.sound()
}

// What reaches a limit passes, what is above does not; days and months are those
// of UTC.
func TestLimits(t *testing.T) {
	t.Parallel()
	type step struct {
		until  string // "": the clock stays
		amount string
		code   string // "": accepted
	}
	tests := []struct {
		name  string
		start string
		knobs string
		steps []step
	}{
		{"PerPayout", "2026-06-15T12:00:00Z", `{limits: {per_payout: "100"}}`, []step{
			{"", "100.00", ""}, {"", "100.000001", "per_payout_limit_exceeded"}, {"", "100.01", "per_payout_limit_exceeded"}, {"", "100", ""},
		}},
		{"Daily", "2026-06-15T12:00:00Z", `{limits: {daily: "100"}}`, []step{
			{"", "60", ""}, {"", "40.01", "daily_limit_exceeded"}, {"", "40", ""}, {"", "0.000001", "daily_limit_exceeded"},
			{"2026-06-15T23:59:59.999Z", "1", "daily_limit_exceeded"}, {"2026-06-16T00:00:00Z", "100", ""}, {"", "1", "daily_limit_exceeded"},
		}},
		{"DailyFromJustBeforeMidnight", "2026-06-15T23:59:59.999Z", `{limits: {daily: "100"}}`, []step{
			{"", "100", ""}, {"2026-06-16T00:00:00Z", "100", ""}, {"2026-06-16T23:59:59.999Z", "1", "daily_limit_exceeded"}, {"2026-06-17T00:00:00Z", "1", ""},
		}},
		{"DailyInAnotherZone", "2026-06-15T20:30:00-05:00", `{limits: {daily: "100"}}`, []step{ // 01:30 UTC on the 16th
			{"", "100", ""}, {"2026-06-15T23:59:00-05:00", "1", "daily_limit_exceeded"}, {"2026-06-16T00:30:00-05:00", "1", "daily_limit_exceeded"}, {"2026-06-16T19:00:00-05:00", "100", ""},
		}},
		{"Monthly", "2026-06-29T12:00:00Z", `{limits: {monthly: "100"}}`, []step{
			{"", "50", ""}, {"2026-06-30T12:00:00Z", "50.01", "monthly_limit_exceeded"}, {"", "50", ""}, {"2026-06-30T23:59:59.999Z", "0.01", "monthly_limit_exceeded"},
			{"2026-07-01T00:00:00Z", "100", ""}, {"2026-07-31T23:59:59Z", "0.01", "monthly_limit_exceeded"}, {"2026-08-01T00:00:00Z", "1", ""},
		}},
		{"MonthlyFromTheFirst", "2026-06-01T00:00:00Z", `{limits: {monthly: "100"}}`, []step{
			{"", "100", ""}, {"2026-06-30T23:59:59Z", "1", "monthly_limit_exceeded"}, {"2026-07-01T00:00:00Z", "1", ""},
		}},
		{"MonthlyOverFebruary", "2028-02-28T23:00:00Z", `{limits: {monthly: "100", daily: "60"}}`, []step{
			{"", "60", ""}, {"2028-02-29T00:00:00Z", "40", ""}, {"2028-02-29T23:59:59Z", "1", "monthly_limit_exceeded"}, {"2028-03-01T00:00:00Z", "60", ""},
		}},
		{"MonthlyOverTheYear", "2026-12-31T23:59:59Z", `{limits: {monthly: "100"}}`, []step{
			{"", "100", ""}, {"", "1", "monthly_limit_exceeded"}, {"2027-01-01T00:00:00Z", "100", ""},
		}},
		{"OrderOfLimits", "2026-06-15T12:00:00Z", `{limits: {per_payout: "10", daily: "10", monthly: "10"}}`, []step{
			{"", "11", "per_payout_limit_exceeded"}, {"", "10", ""}, {"", "1", "daily_limit_exceeded"}, {"2026-06-16T00:00:00Z", "1", "monthly_limit_exceeded"},
		}},
		{"NoLimits", "2026-06-15T12:00:00Z", `{limits: {per_payout: "0", daily: "0", monthly: "0"}}`, []step{{"", "5000", ""}, {"", "5000", ""}}},
	}
	for _, tt := range tests {
		for _, mode := range []string{"live", "sandbox"} {
			t.Run(tt.name+"/"+mode, func(t *testing.T) {
				t.Parallel()
				s := openScenario(t, scenarioAt(tt.start, strings.Replace(tt.knobs, "{", "{sandbox_checks: true, token_ttl: 9999h, ", 1)))
				if mode == "live" {
					s = s.live()
				}
				s = s.login()
				for _, step := range tt.steps {
					if step.until != "" {
						s.until(step.until)
					}
					a := s.create(s.order(step.amount))
					if step.code == "" {
						s.accepted(a, "pending")
						continue
					}
					s.refused(a, 422, step.code)
				}
				s.sound()
			})
		}
	}
}

// Payouts that did not go through do not count, those that wait do.
func TestWhatCountsTowardsLimits(t *testing.T) {
	t.Parallel()
	tests := []struct {
		path   []string
		counts bool
	}{
		{nil, true}, {[]string{"processing"}, true}, {[]string{"completed"}, true},
		{[]string{"failed"}, false}, {[]string{"rejected"}, false}, {[]string{"canceled"}, false},
		{[]string{"processing", "failed"}, false}, {[]string{"completed", "reversed"}, false},
	}
	for _, limit := range []string{"daily", "monthly"} {
		for _, tt := range tests {
			t.Run(limit+strings.Join(tt.path, ","), func(t *testing.T) {
				t.Parallel()
				s := alive(t, `{limits: {`+limit+`: "100"}}`)
				id := s.pay("60")
				for _, to := range tt.path {
					require.Equal(t, 200, s.move(id, to))
				}
				a := s.create(s.order("60"))
				if !tt.counts {
					s.accepted(a, "pending")
					return
				}
				s.refused(a, 422, limit+"_limit_exceeded")
			})
		}
	}
	t.Run("pending_approval", func(t *testing.T) {
		t.Parallel()
		s := alive(t, `{limits: {daily: "100"}, auto_approval_limit: "50"}`)
		s.accepted(s.create(s.order("60")), "pending_approval")
		s.refused(s.create(s.order("60")), 422, "daily_limit_exceeded")
	})
	t.Run("refused", func(t *testing.T) {
		t.Parallel()
		s := alive(t, `{limits: {daily: "100"}, wallet: "60"}`)
		s.refused(s.create(s.order("100")), 422, "insufficient_funds")
		s.accepted(s.create(s.order("60")), "pending")
	})
	t.Run("the other mode", func(t *testing.T) {
		t.Parallel()
		s := sandboxed(t, `{limits: {daily: "100"}, sandbox_checks: true}`)
		s.pay("100")
		s.refused(s.create(s.order("1")), 422, "daily_limit_exceeded")
		s.live().login().pay("100")
	})
}

// Rules that a payout breaks together answer in an order.
func TestRulesGoInOrder(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, knobs string
		status      int
		code        string
	}{
		{"KYCBeforeWallet", `{kyc: false, wallet_frozen: true}`, 403, "forbidden"},
		{"WalletBeforePerPayout", `{wallet_frozen: true, limits: {per_payout: "1"}}`, 409, "wallet_frozen"},
		{"PerPayoutBeforeDaily", `{limits: {per_payout: "1", daily: "1"}}`, 422, "per_payout_limit_exceeded"},
		{"DailyBeforeMonthly", `{limits: {daily: "1", monthly: "1"}}`, 422, "daily_limit_exceeded"},
		{"MonthlyBeforeFunds", `{limits: {monthly: "1"}, wallet: "1"}`, 422, "monthly_limit_exceeded"},
		{"FundsBeforeApproval", `{wallet: "1", auto_approval_limit: "1"}`, 422, "insufficient_funds"},
		{"SuspendedBeforeKYC", `{suspended: true, suspended_code: account_suspended, kyc: false}`, 403, "account_suspended"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := alive(t, "")
			if strings.Contains(tt.knobs, "wallet:") {
				s.fund("1")
			}
			s.turn(tt.knobs)
			before := s.moves()
			s.refused(s.create(s.order("5.00")), tt.status, tt.code)
			assert.Equal(t, before, s.moves(), "nothing is reserved")
		})
	}
}

// In sandbox, of the rules only KYC is looked at, unless a knob asks for all.
func TestRulesInSandbox(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, knobs string
		status      int
		code        string
		always      bool // without sandbox_checks too
	}{
		{"KYC", `{kyc: false}`, 403, "forbidden", true},
		{"Wallet", `{wallet_frozen: true}`, 409, "wallet_frozen", false},
		{"PerPayout", `{limits: {per_payout: "1"}}`, 422, "per_payout_limit_exceeded", false},
		{"Daily", `{limits: {daily: "1"}}`, 422, "daily_limit_exceeded", false},
		{"Monthly", `{limits: {monthly: "1"}}`, 422, "monthly_limit_exceeded", false},
		{"Funds", `{wallet: "1"}`, 422, "insufficient_funds", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := sandboxed(t, tt.knobs)
			if a := s.create(s.order("5.00")); tt.always {
				s.refused(a, tt.status, tt.code)
			} else {
				s.accepted(a, "pending")
			}
			checked := sandboxed(t, strings.Replace(tt.knobs, "{", "{sandbox_checks: true, ", 1))
			checked.refused(checked.create(checked.order("5.00")), tt.status, tt.code)
			assert.Zero(t, s.moves()+checked.moves())
		})
	}
	t.Run("Approval", func(t *testing.T) {
		t.Parallel()
		s := sandboxed(t, `{auto_approval_limit: "1"}`)
		s.accepted(s.create(s.order("5.00")), "pending")
		checked := sandboxed(t, `{auto_approval_limit: "1", sandbox_checks: true}`)
		checked.accepted(checked.create(checked.order("5.00")), "pending_approval")
		checked.has("10000", "0")
	})
}

// A suspended account cannot log in nor pay, but it can read.
func TestSuspendedAccounts(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ knobs, code, message string }{
		{"{suspended: true}", "forbidden", "Forbidden: KYC required or account suspended"},
		{"{suspended: true, suspended_code: forbidden}", "forbidden", "Forbidden: KYC required or account suspended"},
		{"{suspended: true, suspended_code: account_suspended}", "account_suspended", "Account suspended"},
	} {
		for _, mode := range []string{"sandbox", "live"} {
			t.Run(tt.knobs+mode, func(t *testing.T) {
				t.Parallel()
				s := sandboxed(t, "")
				if mode == "live" {
					s = s.live().login()
				}
				f := s.order("5.00")
				id := s.accepted(s.create(f), "pending")
				s.turn(tt.knobs)
				login := s.call("login", s.owner())
				assert.Equal(t, "Unauthorized", s.refused(login, 401, "unauthorized"))
				assert.Contains(t, login.hint(), "the account is suspended")
				assert.Equal(t, tt.message, s.refused(s.create(s.order("5.00")), 403, tt.code))
				s.refused(s.create(f), 403, tt.code)
				s.Advance(2 * time.Second)
				assert.Equal(t, "completed", s.state(id), "what was under way goes on, and can be read")
				s.turn("")
				s.accepted(s.create(f), "pending")
			})
		}
	}
}

// A scenario that begins suspended lets tokens from before it create: the seed
// stays, so do the tokens.
func TestTokensOutliveAScenario(t *testing.T) {
	t.Parallel()
	s := sandboxed(t, "")
	_, err := s.LoadScenario(t.Context(), scenario("{suspended: true}"))
	require.NoError(t, err)
	s.refused(s.create(s.order("5.00")), 403, "forbidden")
	_, err = s.LoadScenario(t.Context(), strings.Replace(scenario(""), "seed: 1", "seed: 2", 1))
	require.NoError(t, err)
	s.refused(s.create(s.order("5.00")), 401, "unauthorized")
}

// Lapsed KYC leaves login and status alone.
func TestKYC(t *testing.T) {
	t.Parallel()
	s := alive(t, "")
	id := s.pay("5.00")
	s.turn("{kyc: false}")
	a := s.create(s.order("5.00"))
	assert.Equal(t, "Forbidden: KYC required or account suspended", s.refused(a, 403, "forbidden"))
	assert.Contains(t, a.hint(), "KYC is not complete")
	assert.Equal(t, 200, s.call("login", s.owner()).status)
	s.Advance(2 * time.Second)
	assert.Equal(t, "completed", s.state(id))
}

// A frozen wallet makes no new payouts; those under way end.
func TestFrozenWallet(t *testing.T) {
	t.Parallel()
	s := alive(t, "")
	id := s.pay("5.00")
	s.turn("{wallet_frozen: true}")
	assert.Equal(t, "Wallet is frozen", s.refused(s.create(s.order("5.00")), 409, "wallet_frozen"))
	s.Advance(2 * time.Second)
	assert.Equal(t, "completed", s.state(id))
	s.has("9995", "0")
}

// What is available may be paid whole.
func TestFunds(t *testing.T) {
	t.Parallel()
	s := alive(t, `{wallet: "100"}`)
	s.refused(s.create(s.order("100.000001")), 422, "insufficient_funds")
	s.pay("60")
	s.refused(s.create(s.order("40.01")), 422, "insufficient_funds")
	s.pay("39.999999")
	s.has("0.000001", "99.999999")
	s.pay("0.000001")
	s.has("0", "100")
	s.sound()
}

// Payouts above the limit wait for approval, those that reach it do not.
func TestAutoApproval(t *testing.T) {
	t.Parallel()
	tests := []struct{ knob, amount, status string }{
		{`"100"`, "100", "pending"}, {`"100"`, "100.000001", "pending_approval"}, {`"100"`, "99.99", "pending"},
		{`"0"`, "0.000001", "pending_approval"}, {"none", "10000", "pending"}, {`"100.5"`, "100.50", "pending"},
	}
	for _, tt := range tests {
		t.Run(tt.knob+" "+tt.amount, func(t *testing.T) {
			t.Parallel()
			s := alive(t, `{auto_approval_limit: `+tt.knob+`}`)
			id := s.accepted(s.create(s.order(tt.amount)), tt.status)
			assert.Equal(t, tt.status, s.state(id))
			s.Advance(24 * time.Hour)
			want := map[string]string{"pending": "completed", "pending_approval": "pending_approval"}[tt.status]
			assert.Equal(t, want, s.login().state(id))
			s.sound()
		})
	}
}

// Addresses and networks that may call.
func TestAllowlist(t *testing.T) {
	t.Parallel()
	tests := []struct {
		list, from string
		ok         bool
	}{
		{"[]", "203.0.113.7:1", true},
		{"[203.0.113.7]", "203.0.113.7:50123", true},
		{"[203.0.113.7]", "203.0.113.8:50123", false},
		{"[203.0.113.7]", "203.0.113.70:50123", false},
		{"[198.51.100.1, 203.0.113.7]", "203.0.113.7:1", true},
		{"[203.0.113.0/24]", "203.0.113.255:1", true},
		{"[203.0.113.0/24]", "203.0.114.0:1", false},
		{"[203.0.113.7/32]", "203.0.113.7:1", true},
		{"[0.0.0.0/0]", "203.0.113.7:1", true},
		{`["2001:db8::1"]`, "[2001:db8::1]:1", true},
		{`["2001:db8::1"]`, "[2001:db8::2]:1", false},
		{`["2001:db8::/32"]`, "[2001:db8:ffff::2]:1", true},
		{`["2001:db8::/32"]`, "[2001:db9::2]:1", false},
		{"[0.0.0.0/0]", "[2001:db8::1]:1", false},
		{"[203.0.113.0/24]", "[::ffff:203.0.113.7]:1", true},
		{"[localhost]", "127.0.0.1:1", false},
		{"[127.0.0.1]", "127.0.0.1:1", true},
	}
	h := newHandler(t)
	for _, tt := range tests {
		t.Run(tt.list+" "+tt.from, func(t *testing.T) {
			t.Parallel()
			c := newTill(t, h, scenario("{ip_allowlist: "+tt.list+"}"))
			for _, op := range operations {
				l := c.letter(op, "{}", start)
				r := httptest.NewRequest("POST", "/usdtpayout"+l.path, strings.NewReader(l.body))
				r.Header, r.RemoteAddr = l.headers(), tt.from
				w := httptest.NewRecorder()
				c.ServeHTTP(w, r)
				assert.Equal(t, !tt.ok, w.Code == 403 && strings.Contains(w.Body.String(), `"code":"ip_not_allowed"`), w.Body.String())
				if !tt.ok {
					assert.Contains(t, w.Header().Get("X-Mockpay-Hint"), "ip_allowlist has "+strings.Trim(strings.ReplaceAll(tt.list, `"`, ""), "[]"))
				}
			}
		})
	}
}

// Addresses written in more ways than one are the same address.
func TestAllowlistOfAddressesInOtherSpellings(t *testing.T) {
	t.Parallel()
	h := newHandler(t)
	for list, from := range map[string]string{`["2001:DB8:0:0::1"]`: "[2001:db8::1]:1", "[203.0.113.7]": "[::ffff:203.0.113.7]:1"} {
		c := newTill(t, h, scenario("{ip_allowlist: "+list+"}"))
		l := c.letter("login", "{}", start)
		r := httptest.NewRequest("POST", "/usdtpayout"+l.path, strings.NewReader(l.body))
		r.Header, r.RemoteAddr = l.headers(), from
		w := httptest.NewRecorder()
		c.ServeHTTP(w, r)
		assert.Equal(t, 400, w.Code, "%s from %s", list, from)
	}
}

// So many calls of an operation in a mode are answered within a window that
// begins with the first.
func TestRateLimit(t *testing.T) {
	t.Parallel()
	s := sandboxed(t, "")
	s.turn("{rate_limit: {requests: 3, per: 10s}}")
	live := s.live().login()
	status := func(s *shop) answer { return s.call("payout_status", `{"transaction_id":"sb_1"}`) }
	limited := func(s *shop) {
		t.Helper()
		a := status(s)
		assert.Equal(t, "Too many requests", s.refused(a, 429, "rate_limited"))
		assert.Contains(t, a.hint(), "rate_limit allows 3 calls of payout_status in sandbox mode within 10s")
		assert.Empty(t, a.header.Get("Retry-After"))
	}
	for range 3 {
		s.refused(status(s), 404, "not_found")
	}
	limited(s)
	s.accepted(s.create(s.order("1.00")), "pending")
	live.refused(status(live), 404, "not_found")
	s.Advance(10*time.Second - time.Millisecond)
	limited(s)
	s.Advance(time.Millisecond)
	for range 3 {
		s.refused(status(s), 404, "not_found")
	}
	limited(s)
	s.Advance(10 * time.Second)
	s.refused(status(s), 404, "not_found")
}

// Calls that are not let in are not counted.
func TestRateLimitCountsAuthenticCalls(t *testing.T) {
	t.Parallel()
	s := open(t, "{rate_limit: {requests: 1}}")
	l := s.letter("login", s.owner())
	l.signature = strings.Repeat("0", 64)
	for range 3 {
		s.refused(s.send(l), 401, "invalid_signature")
	}
	assert.Equal(t, 200, s.call("login", s.owner()).status)
	s.refused(s.call("login", s.owner()), 429, "rate_limited")
	s.Advance(time.Minute - time.Millisecond)
	s.refused(s.call("login", s.owner()), 429, "rate_limited")
	s.Advance(time.Millisecond)
	assert.Equal(t, 200, s.call("login", s.owner()).status, "a minute is the default")
}

// Logins are counted whether they succeed or not, in each mode and account.
func TestLoginLimit(t *testing.T) {
	t.Parallel()
	s := open(t, "{login_limit: {requests: 4, per: 1m}}")
	there := s.neighbor("there", "{login_limit: {requests: 4, per: 1m}}")
	wrong := fields{"email": s.credentials["email"], "password": "x"}.String()
	s.refused(s.call("login", wrong), 401, "unauthorized")
	s.invalid(s.call("login", "{}"), "email")
	s = s.login()
	s.refused(s.call("login", wrong), 401, "unauthorized")
	a := s.call("login", s.owner())
	s.refused(a, 429, "rate_limited")
	assert.Contains(t, a.hint(), "login_limit allows 4 calls of login in sandbox mode within 1m0s")
	s.refused(s.call("login", wrong), 429, "rate_limited")
	for range 10 {
		s.pay("1.00")
	}
	assert.Equal(t, 200, s.live().call("login", s.owner()).status)
	assert.Equal(t, 200, there.call("login", there.owner()).status)
	s.Advance(time.Minute)
	assert.Equal(t, 200, s.call("login", s.owner()).status)
}

// Both limits hold; what one refuses does not use up the other.
func TestBothLimits(t *testing.T) {
	t.Parallel()
	s := open(t, "{rate_limit: {requests: 3, per: 1h}, login_limit: {requests: 2, per: 10s}}")
	assert.Equal(t, 200, s.call("login", s.owner()).status)
	assert.Equal(t, 200, s.call("login", s.owner()).status)
	for range 5 {
		assert.Contains(t, s.call("login", s.owner()).hint(), "login_limit")
	}
	s.Advance(10 * time.Second)
	assert.Equal(t, 200, s.call("login", s.owner()).status)
	assert.Contains(t, s.call("login", s.owner()).hint(), "rate_limit")
}

// By default nothing is limited.
func TestNoLimitsByDefault(t *testing.T) {
	t.Parallel()
	s := open(t, "")
	for range 100 {
		require.Equal(t, 200, s.call("login", s.owner()).status)
	}
}
