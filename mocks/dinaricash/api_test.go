package dinaricash_test

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/client"
)

var hexID = regexp.MustCompile(`"[0-9a-f]{32}"`)

// masked is a body without what another workspace would have otherwise.
func (s *shop) masked(a answer) string {
	text := strings.ReplaceAll(a.body, `"`+s.account+`"`, `"<account>"`)
	text = strings.ReplaceAll(text, `"`+s.hookKey+`"`, `"<webhook key>"`)
	return hexID.ReplaceAllString(text, `"<32 hex>"`)
}

// Bodies of what succeeds, with the opening balances of the documents.
var successes = map[string]string{
	"ach": `{"status":"success","message":"Transaction processed successfully.","data":{"TRANSACTION_ID":"<32 hex>","TRANSACTION_DATETIME_CREATED":"2025-01-08T12:34:56Z","TRANSACTION_CURRENCY_ISO3":"USD","TRANSACTION_SEND_AMOUNT":300.00,"TRANSACTION_STATUS":"Completed","GATEWAY_MESSAGE":"Transaction processed successfully","TANSACTION_SEND_METHOD":"Bank Transfer",` +
		`"SEND_FEE_FIXED_AMOUNT":5.00,"SEND_FEE_PERCENTAGE":2.5,"SEND_FEE_PERCENTAGE_AMOUNT":7.50,"SEND_FEE_TOTAL_AMOUNT":12.50,` +
		`"PAYOUT_BALANCE_BEFORE_TRANSACTION":50111.10,"PAYOUT_BALANCE_AFTER_TRANSACTION":49798.60,"FLOAT_BALANCE_BEFORE_TRANSACTION":1022.25,"FLOAT_BALANCE_AFTER_TRANSACTION":709.75,"RESERVE_BALANCE_BEFORE_TRANSACTION":100000.00,"RESERVE_BALANCE_AFTER_TRANSACTION":99990.00,"CORPORATE_ACCOUNT_ID":"<account>"}}`,
	"card_load": `{"status":"success","message":"Transaction completed successfully.","data":{"TRANSACTION_ID":"<32 hex>","TRANSACTION_DATETIME_CREATED":"2025-01-08T12:34:56Z","TRANSACTION_CURRENCY_ISO3":"USD","TRANSACTION_SEND_AMOUNT":300.00,"TRANSACTION_STATUS":"Completed","GATEWAY_MESSAGE":"Transaction processed successfully.","TANSACTION_SEND_METHOD":"CARD_VIRTUAL",` +
		`"SEND_FEE_FIXED_AMOUNT":5.00,"SEND_FEE_PERCENTAGE":2.5,"SEND_FEE_PERCENTAGE_AMOUNT":7.50,"SEND_FEE_TOTAL_AMOUNT":12.50,` +
		`"PAYOUT_BALANCE_BEFORE_TRANSACTION":50111.10,"PAYOUT_BALANCE_AFTER_TRANSACTION":49798.60,"FLOAT_BALANCE_BEFORE_TRANSACTION":1022.25,"FLOAT_BALANCE_AFTER_TRANSACTION":709.75,"RESERVE_BALANCE_BEFORE_TRANSACTION":100000.00,"RESERVE_BALANCE_AFTER_TRANSACTION":99995.00,` +
		`"RECIPIENT_ACCOUNT_ID":"<32 hex>","CARD_ACCOUNT_ID":"<32 hex>","RECIPIENT_CARD_NUMBER":"<number>","RECIPIENT_CARD_CVV":"***","RECIPIENT_CARD_EXPIRATION_DATE":"01/28","CORPORATE_ACCOUNT_ID":"<account>"}}`,
	"swift": `{"status":"success","message":"Transaction has been initiated successfully.","data":{"TRANSACTION_ID":"<32 hex>","TRANSACTION_DATETIME_CREATED":"2025-01-08 12:34:56","TRANSACTION_CURRENCY_ISO3":"USD","TRANSACTION_SEND_AMOUNT":300,"TRANSACTION_STATUS":"INITIATED","GATEWAY_MESSAGE":"Success! The transaction has been initiated.","TRANSACTION_SEND_METHOD":"SWIFT",` +
		`"SEND_FEE_FIXED_AMOUNT":5,"SEND_FEE_PERCENTAGE":0.03,"SEND_FEE_PERCENTAGE_AMOUNT":3,"SEND_FEE_TOTAL_AMOUNT":8,` +
		`"PAYOUT_BALANCE_BEFORE_TRANSACTION":50111.1,"PAYOUT_BALANCE_AFTER_TRANSACTION":49803.1,"FLOAT_BALANCE_BEFORE_TRANSACTION":1022.25,"FLOAT_BALANCE_AFTER_TRANSACTION":1020.75,"RESERVE_BALANCE_BEFORE_TRANSACTION":100000,"RESERVE_BALANCE_AFTER_TRANSACTION":100000,"CORPORATE_ACCOUNT_ID":"<account>"}}`,
	"zelle": `{"status":"success","message":"Transaction initiated successfully","data":{"TRANSACTION_ID":"<32 hex>","TRANSACTION_DATETIME_CREATED":"2025-01-08 12:34:56","TRANSACTION_CURRENCY_ISO3":"USD","TRANSACTION_SEND_AMOUNT":300.00,"TRANSACTION_STATUS":"INITIATED","GATEWAY_MESSAGE":"Success! The transaction has been initiated.","TRANSACTION_SEND_METHOD":"ZELLE",` +
		`"SEND_FEE_FIXED_AMOUNT":5.00,"SEND_FEE_PERCENTAGE":0.03,"SEND_FEE_PERCENTAGE_AMOUNT":3.00,"SEND_FEE_TOTAL_AMOUNT":8.00,` +
		`"PAYOUT_BALANCE_BEFORE_TRANSACTION":50111.10,"PAYOUT_BALANCE_AFTER_TRANSACTION":49803.10,"FLOAT_BALANCE_BEFORE_TRANSACTION":1022.25,"FLOAT_BALANCE_AFTER_TRANSACTION":1020.75,"RESERVE_BALANCE_BEFORE_TRANSACTION":100000.00,"RESERVE_BALANCE_AFTER_TRANSACTION":100000.00,"CORPORATE_ACCOUNT_ID":"<account>"}}`,
	"manage_cards":      `{"status":"success","message":"Transaction processed successfully.","data":{"GATEWAY_DATETIME":"2025-01-08 12:34:56","CARD_ACCOUNT_ID":"","CARD_DATETIME_CREATED":"","CARD_CURRENCY_ISO3":"USD","CARD_BALANCE":0.00,"CARD_STATUS":"","LIST_CARDS":[],"LIST_TANSACTIONS":[],"CORPORATE_ACCOUNT_ID":"<account>"}}`,
	"list_transactions": `{"status":"success","message":"Transaction list fetched successfully.","data":{"GATEWAY_DATETIME":"2025-01-08 12:34:56","CORPORATE_ACCOUNT_ID":"<account>","CUSTOMER_ID":"","TRANSACTION_LIST_ARRAY":[]}}`,
	"balance":           `{"status":"success","message":"Account balance retrieved successfully.","data":{"GATEWAY_DATETIME":"2025-01-08 12:34:56","CORPORATE_ACCOUNT_ID":"<account>","ACCOUNT_SERVICE_STATUS":"LIVE","ACCOUNT_CURRENCY_ISO3":"USD","PAYOUT_BALANCE":50111.10,"FLOAT_BALANCE":1022.25,"RESERVE_BALANCE":100000.00}}`,
}

var cardNumber = regexp.MustCompile(`"411111\*{6}[0-9]{4}"`)

func TestAnswersAreAsDocumented(t *testing.T) {
	t.Parallel()
	for op, want := range successes {
		t.Run(op, func(t *testing.T) {
			t.Parallel()
			s := open(t, "")
			a := s.accepted(op, s.form(op))
			assert.Equal(t, want, cardNumber.ReplaceAllString(s.masked(a), `"<number>"`))
			assert.Equal(t, "dinaricash."+op, a.header.Get("X-Mockpay-Operation"))
			s.sound()
		})
	}
	t.Run("cancel", func(t *testing.T) {
		t.Parallel()
		s := open(t, "")
		id := s.sent("ach", "300")
		s.Advance(90 * time.Second)
		a := s.accepted("cancel", s.form("cancel").with("TRANSACTION_ID", id))
		assert.Equal(t, id, a.data(t, "TRANSACTION_ID"))
		assert.Equal(t, `{"status":"success","message":"Transaction canceled successfully.","data":{"TRANSACTION_ID":"<32 hex>","TRANSACTION_DATETIME_CREATED":"2025-01-08 12:34:56","TRANSACTION_CURRENCY_ISO3":"USD","SEND_AMOUNT":300.00,"TRANSACTION_STATUS":"Canceled","GATEWAY_MESSAGE":"Success! The transaction has been canceled.","TRANSACTION_SEND_METHOD":"ACH",`+
			`"SEND_FEE_FIXED_AMOUNT":5.00,"SEND_FEE_PERCENTAGE":2.5,"SEND_FEE_PERCENTAGE_AMOUNT":7.50,"SEND_FEE_TOTAL_AMOUNT":12.50,"CANCEL_FEE_FIXED_AMOUNT":5.00,"CANCEL_FEE_PERCENTAGE":0.05,"CANCEL_FEE_PERCENTAGE_AMOUNT":15.00,"CANCEL_FEE_TOTAL_AMOUNT":20.00,`+
			`"PAYOUT_BALANCE_BEFORE_CANCEL":49798.60,"PAYOUT_BALANCE_AFTER_CANCEL":50078.60,"FLOAT_BALANCE_BEFORE_CANCEL":709.75,"FLOAT_BALANCE_AFTER_CANCEL":708.75,"RESERVE_BALANCE_BEFORE_CANCEL":99990.00,"RESERVE_BALANCE_AFTER_CANCEL":99990.00,"CORPORATE_ACCOUNT_ID":"<account>"}}`, s.masked(a))
		s.sound()
	})
	t.Run("CardWithPurchases", func(t *testing.T) {
		t.Parallel()
		s := open(t, "")
		card := s.loaded("ssmith@example.com", "300")
		s.Advance(time.Hour)
		s.act("card_purchase", "card", card, "amount", "12.79")
		s.Advance(time.Hour)
		a := s.manage("GET_CARD_DETAILS", card)
		assert.Equal(t, `{"status":"success","message":"Transaction processed successfully.","data":{"GATEWAY_DATETIME":"2025-01-08 14:34:56","CARD_ACCOUNT_ID":"<32 hex>","CARD_DATETIME_CREATED":"2025-01-08 12:34:56","CARD_CURRENCY_ISO3":"USD","CARD_BALANCE":287.21,"CARD_STATUS":"ACTIVE","LIST_CARDS":["<32 hex>"],`+
			`"LIST_TANSACTIONS":[{"TRANSACTION_ID":"<32 hex>","AMOUNT":12.79,"TRANSACTION_STATUS":"Completed","TRANSACTION_DATETIME_CREATED":"2025-01-08 13:34:56"}],"CORPORATE_ACCOUNT_ID":"<account>"}}`, s.masked(a))
	})
	t.Run("ListOfAll", func(t *testing.T) {
		t.Parallel()
		s := open(t, "")
		s.sent("ach", "250.75")
		s.call("ach", s.form("ach").with("SEND_AMOUNT", "999999"))
		a := s.accepted("list_transactions", s.form("list_transactions").with("CUSTOMER_ID", ""))
		assert.Equal(t, `{"status":"success","message":"Transaction list fetched successfully.","data":{"GATEWAY_DATETIME":"2025-01-08 12:34:56","CORPORATE_ACCOUNT_ID":"<account>","CUSTOMER_ID":"","TRANSACTION_LIST_ARRAY":[`+
			`{"TRANSACTION_ID":"<32 hex>","TRANSACTION_DATETIME_CREATED":"2025-01-08 12:34:56","TRANSACTION_STATUS":"Failed","TRANSACTION_CURRENCY_ISO3":"USD","TRANSACTION_SEND_AMOUNT":999999.00,"GATEWAY_MESSAGE":"Insufficient balance in account"},`+
			`{"TRANSACTION_ID":"<32 hex>","TRANSACTION_DATETIME_CREATED":"2025-01-08 12:34:56","TRANSACTION_STATUS":"Completed","TRANSACTION_CURRENCY_ISO3":"USD","TRANSACTION_SEND_AMOUNT":250.75,"GATEWAY_MESSAGE":"Transaction processed successfully"}]}}`, s.masked(a))
	})
}

// Bodies of sends of 300 that fail with the balances fewFunds, in WHERE the
// balances are after.
var failures = map[string]string{
	"ach": `{"status":"error","message":"Transaction failed due to insufficient balance.","error_code":402,"details":{"TRANSACTION_ID":"<32 hex>","TRANSACTION_DATETIME_CREATED":"2025-01-08T12:34:56Z","TRANSACTION_STATUS":"Failed","GATEWAY_MESSAGE":"Insufficient balance in account","CORPORATE_ACCOUNT_ID":"<account>"}}`,
	"card_load": `{"status":"error","message":"Transaction failed due to insufficient balance.","error_code":402,"details":{"TRANSACTION_ID":"<32 hex>","TRANSACTION_DATETIME_CREATED":"2025-01-08T12:34:56Z","TRANSACTION_CURRENCY_ISO3":"USD","TRANSACTION_SEND_AMOUNT":300.00,"TRANSACTION_STATUS":"Failed","GATEWAY_MESSAGE":"Insufficient balance.","TANSACTION_SEND_METHOD":"CARD_VIRTUAL",` +
		`"SEND_FEE_FIXED_AMOUNT":5.00,"SEND_FEE_PERCENTAGE":2.5,"SEND_FEE_PERCENTAGE_AMOUNT":7.50,"SEND_FEE_TOTAL_AMOUNT":12.50,WHERE"RECIPIENT_ACCOUNT_ID":"","CARD_ACCOUNT_ID":"","RECIPIENT_CARD_NUMBER":"","RECIPIENT_CARD_CVV":"","RECIPIENT_CARD_EXPIRATION_DATE":"","CORPORATE_ACCOUNT_ID":"<account>"}}`,
	"swift": `{"status":"error","message":"Transaction failed due to insufficient funds or other error.","data":{"TRANSACTION_ID":"<32 hex>","TRANSACTION_DATETIME_CREATED":"2025-01-08 12:34:56","TRANSACTION_CURRENCY_ISO3":"USD","TRANSACTION_SEND_AMOUNT":300,"TRANSACTION_STATUS":"FAILED","GATEWAY_MESSAGE":"Transaction failed. Please try again later.","TRANSACTION_SEND_METHOD":"SWIFT",` +
		`"SEND_FEE_FIXED_AMOUNT":5,"SEND_FEE_PERCENTAGE":0.03,"SEND_FEE_PERCENTAGE_AMOUNT":3,"SEND_FEE_TOTAL_AMOUNT":8,WHERE"CORPORATE_ACCOUNT_ID":"<account>"}}`,
	"zelle": `{"status":"error","message":"Transaction failed","error_code":"TRANSACTION_FAILED","data":{"TRANSACTION_ID":"<32 hex>","TRANSACTION_DATETIME_CREATED":"2025-01-08 12:34:56","TRANSACTION_CURRENCY_ISO3":"USD","TRANSACTION_SEND_AMOUNT":300.00,"TRANSACTION_STATUS":"FAILED","GATEWAY_MESSAGE":"Transaction failed due to insufficient funds.","TRANSACTION_SEND_METHOD":"ZELLE",` +
		`"SEND_FEE_FIXED_AMOUNT":5.00,"SEND_FEE_PERCENTAGE":0.03,"SEND_FEE_PERCENTAGE_AMOUNT":3.00,"SEND_FEE_TOTAL_AMOUNT":8.00,WHERE"CORPORATE_ACCOUNT_ID":"<account>"}}`,
}

// failure is the body of a send of 300 that failed.
func failure(op, balances string) string {
	if op == "swift" {
		balances = strings.ReplaceAll(strings.ReplaceAll(balances, ".00", ""), ".50", ".5")
	}
	return strings.Replace(failures[op], "WHERE", balances, 1)
}

// The balances of fewFunds before and after a send of 300 that fails all the
// same.
var debited = map[string]string{
	"ach":       "687.50 4687.50 1990.00",
	"card_load": "687.50 4687.50 1995.00",
	"swift":     "692.00 4998.50 2000.00",
	"zelle":     "692.00 4998.50 2000.00",
}

func debitedText(op string) string {
	text := balancesText("TRANSACTION")
	for i, after := range strings.Fields(debited[op]) {
		name := []string{"PAYOUT", "FLOAT", "RESERVE"}[i] + "_BALANCE_AFTER_TRANSACTION"
		text = regexp.MustCompile(`"`+name+`":[0-9.]+`).ReplaceAllString(text, `"`+name+`":`+after)
	}
	return text
}

// A send without funds fails with the documented texts, moves nothing, tells
// nothing, and is kept.
func TestSendsWithoutFunds(t *testing.T) {
	t.Parallel()
	for _, op := range sends {
		t.Run(op, func(t *testing.T) {
			t.Parallel()
			s := open(t, `{balances: {payout: "100.00", float: "5000.00", reserve: "2000.00"}, webhook_on_card_creation: true}`)
			a := s.call(op, s.form(op))
			assert.Equal(t, 402, a.status)
			want := failure(op, balancesText("TRANSACTION"))
			assert.Equal(t, strings.ReplaceAll(want, "1000", "100"), s.masked(a))
			assert.Contains(t, a.hint(), "100")
			s.has("100", "5000", "2000")
			rows := s.list()
			require.Len(t, rows, 1)
			assert.Equal(t, a.data(t, "TRANSACTION_ID"), rows[0].ID)
			assert.Equal(t, "Failed USD 300.00 "+a.data(t, "GATEWAY_MESSAGE"), strings.Join([]string{rows[0].Status, rows[0].Currency, rows[0].Amount.String(), rows[0].Message}, " "))
			assert.Empty(t, s.told())
			assert.Contains(t, s.accepted("manage_cards", s.form("manage_cards")).body, `"LIST_CARDS":[]`)
			s.sound()
		})
	}
}

// on_sync_failure: debit takes the money of a send that is refused, and the card
// does not get it.
func TestRefusedSendsCanBeDebited(t *testing.T) {
	t.Parallel()
	for _, op := range sends {
		t.Run(op, func(t *testing.T) {
			t.Parallel()
			s := open(t, "{on_sync_failure: debit, "+fewFunds+"}")
			if op == "card_load" {
				s.loaded("ssmith@example.com", "1")
				s.fund("1000")
			}
			before := s.funds()
			a := s.call(op, s.form(op).with("SEND_AMOUNT", "2000"))
			assert.Equal(t, 402, a.status)
			want := map[string]string{"ach": "-2055 -2055 -10", "card_load": "-2055 -2055 -5", "swift": "-2025 -1.5 0", "zelle": "-2025 -1.5 0"}
			assert.Equal(t, want[op], moved(before, s.funds()))
			assert.Equal(t, "Failed", s.list()[0].Status)
			if op == "card_load" {
				s.holds(a.data(t, "CARD_ACCOUNT_ID"), "ACTIVE", "1.00")
			}
			s.force(op, "server_error", s.form(op))
			s.call(op, s.form(op).with("SEND_AMOUNT", "x"))
			assert.Equal(t, want[op], moved(before, s.funds()), "what is no send takes nothing")
			s.sound()
		})
	}
}

// A load that fails for a recipient with a card tells of the card.
func TestFailedLoadTellsTheCard(t *testing.T) {
	t.Parallel()
	s := open(t, "")
	ok := s.accepted("card_load", s.form("card_load"))
	a := s.call("card_load", s.form("card_load").with("SEND_AMOUNT", "999999", "RECIPIENT_EMAILADDRESS", "SSmith@Example.com"))
	assert.Equal(t, 402, a.status)
	for _, key := range []string{"RECIPIENT_ACCOUNT_ID", "CARD_ACCOUNT_ID", "RECIPIENT_CARD_NUMBER", "RECIPIENT_CARD_CVV", "RECIPIENT_CARD_EXPIRATION_DATE"} {
		assert.Equal(t, ok.data(t, key), a.data(t, key), key)
	}
	s.holds(ok.data(t, "CARD_ACCOUNT_ID"), "ACTIVE", "300.00")
}

// Outcomes that can be forced, with the text of the refusal. Where it is empty
// the send fails; where it ends in a blank it names the operation's first
// parameter.
var forcible = []struct {
	outcome string
	status  int
	why     string
	ops     []string
}{
	{"insufficient_balance", 402, "", sends},
	{"failed", 402, "", sends},
	{"failed_but_debited", 402, "", sends},
	{"invalid_credentials", 400, badCredentials, operations},
	{"missing_parameter", 400, "Missing ", operations[:7]},
	{"invalid_parameter", 400, "Invalid ", operations[:7]},
	{"card_canceled", 400, canceledCard, []string{"manage_cards"}},
	{"cancel_refused", 403, cannotPay, []string{"cancel"}},
	{"not_cancelable", 403, notCancelable, []string{"cancel"}},
	{"unauthorized", 401, "Unauthorized.", operations},
	{"rate_limited", 429, "Too many requests.", operations},
	{"server_error", 500, "Internal server error.", operations},
}

// Every outcome is forced in the same words by the header and by a rule.
func TestForcedOutcomes(t *testing.T) {
	t.Parallel()
	first := map[string]string{"ach": "SEND_METHOD", "card_load": "SEND_METHOD", "swift": "SEND_METHOD", "zelle": "SEND_METHOD", "manage_cards": "CARD_ACCOUNT_ID", "list_transactions": "CUSTOMER_ID", "cancel": "TRANSACTION_ID"}
	for _, tt := range forcible {
		t.Run(tt.outcome, func(t *testing.T) {
			t.Parallel()
			s := open(t, "{"+fewFunds+"}")
			for _, op := range tt.ops {
				for _, how := range []string{"header", "rule"} {
					_, err := s.Reset(t.Context())
					require.NoError(t, err)
					f := s.form(op)
					want := s.masked(answer{body: refusal(op, f, tt.why+first[op], tt.status, true)})
					switch {
					case tt.outcome == "failed_but_debited":
						want = failure(op, debitedText(op))
					case tt.why == "":
						want = failure(op, balancesText("TRANSACTION"))
					case tt.outcome == "server_error" && op == "list_transactions":
						want = s.masked(answer{body: refusal(op, f, "Details about the error. Failed to retrieve transaction list.", 500, true)})
					case !strings.HasSuffix(tt.why, " "):
						want = s.masked(answer{body: refusal(op, f, tt.why, tt.status, true)})
					}
					var a answer
					if how == "rule" {
						_, err := s.ReplaceRules(t.Context(), fmt.Sprintf("version: 1\nrules: [{name: it fails, on: dinaricash.%s, respond: %s}]\n", op, tt.outcome))
						require.NoError(t, err)
						a = s.call(op, f)
						assert.Equal(t, "it fails", a.header.Get("X-Mockpay-Rule"))
						_, err = s.ReplaceRules(t.Context(), "version: 1\n")
						require.NoError(t, err)
					} else {
						a = s.force(op, tt.outcome, f)
					}
					assert.Equal(t, want, s.masked(a), "%s by %s", op, how)
					assert.Equal(t, tt.status, a.status)
					assert.NotEmpty(t, a.hint())
					s.keptWhatFailed(op, tt.outcome, tt.why == "")
				}
			}
		})
	}
}

// The table above has all that a server tells of, but for the balance's missing
// parameter, which stands below.
func TestAllOutcomesAreForced(t *testing.T) {
	t.Parallel()
	s := open(t, "")
	providers, err := s.Providers(t.Context())
	require.NoError(t, err)
	i := slices.IndexFunc(providers, func(p client.Provider) bool { return p.Name == "dinaricash" })
	require.GreaterOrEqual(t, i, 0)
	require.Len(t, providers[i].Operations, len(operations))
	for n, op := range providers[i].Operations {
		assert.Equal(t, []string{operations[n], "POST", paths[operations[n]]}, []string{op.Name, op.Method, op.Path})
		var have []string
		for _, f := range forcible {
			if slices.Contains(f.ops, op.Name) {
				have = append(have, f.outcome)
			}
		}
		if op.Name == "balance" {
			have = append(have, "missing_parameter")
		}
		assert.ElementsMatch(t, op.Outcomes, have, op.Name)
	}
	assert.Equal(t, []string{"transaction_status", "card_load", "card_purchase", "card_status"}, providers[i].WebhookEvents)
}

// keptWhatFailed checks what a refused send of 300 left behind.
func (s *shop) keptWhatFailed(op, outcome string, kept bool) {
	s.t.Helper()
	if !kept {
		s.untouched()
		return
	}
	rows := s.list()
	require.Len(s.t, rows, 1)
	assert.Equal(s.t, "Failed", rows[0].Status)
	assert.Empty(s.t, s.told())
	after := "1000 5000 2000"
	if outcome == "failed_but_debited" {
		after = strings.ReplaceAll(strings.ReplaceAll(debited[op], ".00", ""), ".50", ".5")
	}
	has := strings.Fields(after)
	s.has(has[0], has[1], has[2])
	s.sound()
}

// What is forced names something even where an operation has no parameters but
// its credentials.
func TestForcedMissingParameterOfTheBalance(t *testing.T) {
	t.Parallel()
	s := open(t, "")
	assert.Equal(t, "Missing CORPORATE_ACCOUNT_ID", s.force("balance", "missing_parameter", s.form("balance")).data(t, "GATEWAY_ERROR"))
}

// Credentials are looked at before any rule or header.
func TestOutcomesComeAfterCredentials(t *testing.T) {
	t.Parallel()
	s := open(t, "{"+fewFunds+"}", "{on: dinaricash.*, respond: server_error}")
	for _, op := range operations {
		f := s.form(op).with(s.credentials(op)[1].name, "wrong")
		s.distrusted(s.force(op, "rate_limited", f), op, f, badCredentials)
		s.distrusted(s.call(op, f), op, f, badCredentials)
		assert.Equal(t, 500, s.call(op, s.credentials(op)).status, "a rule acts before parameters are looked at")
	}
}

func TestUnknownOutcomeIsExplained(t *testing.T) {
	t.Parallel()
	s := open(t, "")
	a := s.force("zelle", "cancel_refused", s.form("zelle"))
	assert.Equal(t, 400, a.status)
	assert.Equal(t, "application/problem+json", a.header.Get("Content-Type"))
	assert.Contains(t, a.body, "insufficient_balance")
	assert.Empty(t, s.list())
}

// A send that is forced to fail but is no send at all is not kept.
func TestForcedFailureWithoutAmount(t *testing.T) {
	t.Parallel()
	s := open(t, "{"+fewFunds+"}")
	for _, op := range sends {
		a := s.force(op, "failed", s.form(op).without("SEND_AMOUNT"))
		assert.Equal(t, 402, a.status)
		assert.Empty(t, a.data(t, "TRANSACTION_ID"))
	}
	s.untouched()
}

// With always_200 the status line alone changes.
func TestAlways200(t *testing.T) {
	t.Parallel()
	s := open(t, "{always_200: true, "+fewFunds+"}")
	for _, op := range operations {
		f := s.form(op)
		a := s.call(op, f.without(s.credentials(op)[1].name))
		assert.Equal(t, 200, a.status)
		assert.Equal(t, refusal(op, f, "Missing "+s.credentials(op)[1].name, 400, false), a.body)
		assert.NotEmpty(t, a.hint())
		assert.Equal(t, 200, s.force(op, "server_error", f).status)
	}
	assert.Equal(t, 200, s.call("zelle", s.form("zelle").with("SEND_AMOUNT", "5000")).status)
	a := s.send(http.MethodPost, "/nothing", "", "", nil)
	assert.Equal(t, `{"status":"error","message":"Not found.","error_code":404,"details":{"GATEWAY_ERROR":"Unknown path"}}`, a.body)
}

// ACH has names of its own for the one pair of credentials; the names are not
// interchangeable unless a scenario says so.
func TestCredentialNames(t *testing.T) {
	t.Parallel()
	strict, both := open(t, "{"+fewFunds+"}"), open(t, "{accept_credential_aliases: true}")
	other := func(s *shop, op string) form {
		pair := s.credentials("balance")
		if op != "ach" {
			pair = s.credentials("ach")
		}
		return append(pair, s.form(op)[2:]...)
	}
	for _, op := range operations {
		t.Run(op, func(t *testing.T) {
			s := strict.in(t)
			a := s.call(op, other(s, op))
			s.distrusted(a, op, anonymous(other(s, op)), "Missing "+s.credentials(op)[0].name)
			assert.Contains(t, a.hint(), "accept_credential_aliases")

			s = both.in(t)
			for _, f := range []form{s.form(op), other(s, op)} {
				if op == "cancel" {
					f = f.with("TRANSACTION_ID", s.sent("ach", "300"))
				}
				assert.Equal(t, s.account, s.accepted(op, f).data(t, "CORPORATE_ACCOUNT_ID"))
				bad := f.with(f[1].name, "wrong")
				assert.Contains(t, s.call(op, bad).body, badCredentials)
			}
		})
	}
}

// anonymous leaves out what a refusal does not know: the account under the other
// name.
func anonymous(f form) form { return f.without("PUBLIC_KEY", "CORPORATE_ACCOUNT_ID") }

func TestSplitCredentialsAreIncomplete(t *testing.T) {
	t.Parallel()
	s := open(t, "{accept_credential_aliases: true}")
	a := s.call("balance", fill("CORPORATE_ACCOUNT_ID", s.account, "API_SECRET", s.key))
	assert.Equal(t, "Missing GATEWAY_API_KEY", a.data(t, "GATEWAY_ERROR"))
}

// More pairs of credentials can be let in. They act for the same account, and
// answers show what was sent.
func TestExtraCredentials(t *testing.T) {
	t.Parallel()
	s := open(t, "")
	def := s.defaultShop()
	_, err := def.LoadScenario(t.Context(), scenario(`{extra_credentials: {shop1: key1, shop2: key2}}`))
	require.NoError(t, err)
	f := def.form("balance").with("CORPORATE_ACCOUNT_ID", "shop1", "GATEWAY_API_KEY", "key1")
	assert.Equal(t, "shop1", def.accepted("balance", f).data(t, "CORPORATE_ACCOUNT_ID"))
	def.accepted("ach", def.form("ach").with("PUBLIC_KEY", "shop2", "API_SECRET", "key2"))
	def.accepted("balance", def.form("balance"))
	assert.Len(t, def.list(), 1)
	for _, pair := range [][2]string{{"shop1", "key2"}, {"shop3", "key1"}, {"key1", "shop1"}, {def.account, "key1"}, {"shop1", def.key}} {
		f := fill("CORPORATE_ACCOUNT_ID", pair[0], "GATEWAY_API_KEY", pair[1])
		assert.Equal(t, badCredentials, def.call("balance", f).data(t, "GATEWAY_ERROR"))
	}
}

// defaultShop is the shop with the documented credentials at the same server.
func (s *shop) defaultShop() *shop {
	s.t.Helper()
	there := *s.Mockpay
	there.Client = client.New(s.URL)
	ws, err := there.Client.Workspace(s.t.Context(), "default")
	require.NoError(s.t, err)
	there.Workspace = ws
	next := &shop{Mockpay: &there, t: s.t, http: s.http}
	return next.enter(ws)
}

// The default workspace has the documented credentials; 16 characters are said
// of the public key, which has 32 [S2 l.35].
func TestDefaultCredentials(t *testing.T) {
	t.Parallel()
	s := open(t, "").defaultShop()
	for _, op := range []string{"ach", "balance"} {
		f := s.form(op)
		f[0].value, f[1].value = "8d1838fbb7fea3206326d0d96f162618", "955a380d7d9c05707f199fbe8ba8474d"
		assert.Equal(t, "8d1838fbb7fea3206326d0d96f162618", s.accepted(op, f).data(t, "CORPORATE_ACCOUNT_ID"))
	}
	assert.Equal(t, "d4238d59beea578ab494a6f5126cf853", s.hookKey)
}

// Both hosts and the path lead to one state.
func TestHostsShareOneState(t *testing.T) {
	t.Parallel()
	s := open(t, "")
	media, body := s.form("zelle").urlencoded()
	path := s.url[len(s.URL):]
	require.Equal(t, "/dinaricash", path)
	plain := *s
	plain.url = s.URL
	for _, tt := range []struct {
		name, host, path string
		status           int
	}{
		{"Sandbox", "sandbox.dinaricash.com", "/send-money", 200},
		{"Production", "production.dinaricash.com", "/send-money", 200},
		{"WithPort", "production.dinaricash.com:443", "/send-money", 200},
		{"UpperCase", "Sandbox.DinariCash.com", "/send-money", 200},
		{"Localhost", "dinaricash.localhost", "/send-money", 200},
		{"Prefix", "", "/dinaricash/send-money", 200},
		{"PrefixAtItsHost", "sandbox.dinaricash.com", "/dinaricash/send-money", 404},
		{"UnknownPathOfAHost", "sandbox.dinaricash.com", "/x", 404},
		{"Documentation", "api.dinaricash.com", "/send-money", 404},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := plain.in(t).send(http.MethodPost, tt.path, media, body, http.Header{"Host": {tt.host}})
			assert.Equal(t, tt.status, a.status, a.body)
		})
	}
	assert.Len(t, s.list(), 6)

	media, body = s.form("ach").urlencoded()
	for _, host := range []string{"sandbox.dinaricash.com", "production.dinaricash.com"} {
		assert.Contains(t, plain.send(http.MethodPost, "/", media, body, http.Header{"Host": {host}}).body, `"Bank Transfer"`)
	}
	assert.Contains(t, plain.send(http.MethodPost, "/dinaricash", media, body, nil).body, `"Bank Transfer"`, "ACH is at the root, with or without a slash")
	s.has("47325.6", "75.75", "99970") // six Zelle of 308, three ACH of 312.50
}

// Workspaces are strangers: ids of one are unknown in another.
func TestWorkspacesDoNotSeeEachOther(t *testing.T) {
	t.Parallel()
	here := open(t, "")
	there := here.neighbor("there", "")
	assert.NotEqual(t, here.account, there.account)
	assert.NotEqual(t, here.key, there.key)
	load := here.accepted("card_load", here.form("card_load"))
	id := here.sent("ach", "1")

	assert.Empty(t, there.list())
	assert.Empty(t, there.list("TRANSACTION_ID", id))
	assert.Equal(t, "Invalid TRANSACTION_ID", there.call("cancel", there.form("cancel").with("TRANSACTION_ID", id)).data(t, "GATEWAY_ERROR"))
	assert.Equal(t, "Invalid CARD_ACCOUNT_ID", there.manage("CANCEL_CARD", load.data(t, "CARD_ACCOUNT_ID")).data(t, "GATEWAY_ERROR"))
	assert.Contains(t, there.accepted("manage_cards", there.form("manage_cards")).body, `"LIST_CARDS":[]`)
	f := there.form("card_load").with("RECIPIENT_ACCOUNT_ID", load.data(t, "RECIPIENT_ACCOUNT_ID"))
	assert.Equal(t, "Invalid RECIPIENT_ACCOUNT_ID", there.call("card_load", f).data(t, "GATEWAY_MESSAGE"))
	mixed := there.form("balance").with("GATEWAY_API_KEY", here.key)
	assert.Equal(t, badCredentials, there.call("balance", mixed).data(t, "GATEWAY_ERROR"))
	for _, action := range [][]string{{"transition", "transaction", id}, {"card_purchase", "card", load.data(t, "CARD_ACCOUNT_ID"), "amount", "1"}} {
		assert.Equal(t, 404, there.tried(action[0], action[1:]...))
	}
	there.has("50111.1", "1022.25", "100000")
	assert.Empty(t, there.told())

	second := there.accepted("card_load", there.form("card_load"))
	assert.NotEqual(t, load.data(t, "CARD_ACCOUNT_ID"), second.data(t, "CARD_ACCOUNT_ID"))
	here.sound()
	there.sound()
}

// Some examples have ids of another shape: they come with id_style: documented,
// and are taken wherever an id is.
func TestDocumentedIDs(t *testing.T) {
	t.Parallel()
	s := open(t, "{id_style: documented}")
	ach := s.accepted("ach", s.form("ach"))
	assert.Regexp(t, `^TX[0-9]{9}$`, ach.data(t, "TRANSACTION_ID"))
	assert.Regexp(t, `^CA[0-9]{9}$`, ach.data(t, "CORPORATE_ACCOUNT_ID"))
	load := s.accepted("card_load", s.form("card_load"))
	assert.Regexp(t, `^TX[0-9]{9}$`, load.data(t, "TRANSACTION_ID"))
	assert.Regexp(t, `^CA[0-9]{10}$`, load.data(t, "CARD_ACCOUNT_ID"))
	assert.Regexp(t, `^[0-9a-f]{32}$`, load.data(t, "RECIPIENT_ACCOUNT_ID"))
	assert.Equal(t, s.account, load.data(t, "CORPORATE_ACCOUNT_ID"))
	assert.Regexp(t, `^[0-9a-f]{32}$`, s.sent("swift", "1"))
	assert.Regexp(t, `^[0-9a-f]{32}$`, s.sent("zelle", "1"))

	assert.Equal(t, "Completed", s.state(ach.data(t, "TRANSACTION_ID")))
	s.holds(load.data(t, "CARD_ACCOUNT_ID"), "ACTIVE", "300.00")
	assert.Equal(t, 200, s.call("cancel", s.form("cancel").with("TRANSACTION_ID", ach.data(t, "TRANSACTION_ID"))).status)
	again := s.accepted("ach", s.form("ach"))
	assert.Equal(t, ach.data(t, "CORPORATE_ACCOUNT_ID"), again.data(t, "CORPORATE_ACCOUNT_ID"))
	assert.NotEqual(t, ach.data(t, "TRANSACTION_ID"), again.data(t, "TRANSACTION_ID"))
	failed := s.call("ach", s.form("ach").with("SEND_AMOUNT", "999999"))
	assert.Regexp(t, `^TX[0-9]{9}$`, failed.data(t, "TRANSACTION_ID"))
	assert.Equal(t, ach.data(t, "CORPORATE_ACCOUNT_ID"), failed.data(t, "CORPORATE_ACCOUNT_ID"))
	s.sound()
}

// Dates are UTC wherever the clock began, in all three forms.
func TestDatesAreUTC(t *testing.T) {
	t.Parallel()
	s := openScenario(t, "version: 1\nclock: {start: 2025-01-31T23:35:59.999-05:00, frozen: true}\n")
	assert.Equal(t, "2025-02-01T04:35:59Z", s.accepted("ach", s.form("ach")).data(t, "TRANSACTION_DATETIME_CREATED"))
	assert.Equal(t, "2025-02-01 04:35:59", s.accepted("swift", s.form("swift")).data(t, "TRANSACTION_DATETIME_CREATED"))
	assert.Equal(t, "2025-02-01 04:35:59", s.accepted("balance", s.form("balance")).data(t, "GATEWAY_DATETIME"))
	assert.Len(t, s.list("DATETIME_START", "2025-02-01T04:35:59", "DATETIME_END", "2025-02-01T04:35:59"), 2)
	s.Advance(time.Millisecond)
	assert.Equal(t, "2025-02-01 04:36:00", s.accepted("balance", s.form("balance")).data(t, "GATEWAY_DATETIME"))
	load := s.accepted("card_load", s.form("card_load"))
	assert.Equal(t, "02/28", load.data(t, "RECIPIENT_CARD_EXPIRATION_DATE"))
	s.act("card_purchase", "card", "last", "amount", "1")
	for _, e := range s.webhooks("&event=card_purchase") {
		assert.Equal(t, "2025-02-01 04:36:00", e.Payload["DATETIME_UPDATE"])
	}
}

// Texts come back as they are, whatever is in them.
func TestTextsAreNotEscaped(t *testing.T) {
	t.Parallel()
	const text = `<b>&amp;</b> / é 漢字 🏦 + % '`
	s := open(t, "")
	id := s.sent("zelle", "1")
	s.act("transition", "transaction", id, "as", "FAILED", "message", text)
	assert.Contains(t, s.accepted("list_transactions", s.form("list_transactions").with("CUSTOMER_ID", "")).body, `"GATEWAY_MESSAGE":"`+text+`"`)
	assert.Contains(t, s.accepted("list_transactions", s.form("list_transactions").with("CUSTOMER_ID", text)).body, `"CUSTOMER_ID":"`+text+`"`)
}

// Every call is a new transaction.
func TestEqualSendsAreTwo(t *testing.T) {
	t.Parallel()
	s := open(t, "")
	ids := make(map[string]bool)
	for range 3 {
		for _, op := range sends {
			ids[s.sent(op, "1")] = true
		}
	}
	assert.Len(t, ids, 12)
	assert.Len(t, s.list(), 12)
	s.sound()
}

// How answers look is turned by knobs, one for each operation or method.
func TestLooksOfAnswers(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ knobs, op, want string }{
		{`{number_style: {ach: minimal}}`, "ach", `"TRANSACTION_SEND_AMOUNT":300,`},
		{`{number_style: {card_load: minimal}}`, "card_load", `"SEND_FEE_PERCENTAGE_AMOUNT":7.5,`},
		{`{number_style: {swift: two_decimals}}`, "swift", `"PAYOUT_BALANCE_BEFORE_TRANSACTION":50111.10,`},
		{`{number_style: {zelle: minimal}}`, "zelle", `"SEND_FEE_TOTAL_AMOUNT":8,`},
		{`{number_style: {balance: minimal}}`, "balance", `"PAYOUT_BALANCE":50111.1,`},
		{`{number_style: {manage_cards: minimal}}`, "manage_cards", `"CARD_BALANCE":0,`},
		{`{percentage_display: fraction}`, "ach", `"SEND_FEE_PERCENTAGE":0.025,`},
		{`{percentage_display: fraction}`, "zelle", `"SEND_FEE_PERCENTAGE":0.01,`},
		{`{percentage_display: percent_points}`, "swift", `"SEND_FEE_PERCENTAGE":1,`},
		{`{percentage_display: literal}`, "zelle", `"SEND_FEE_PERCENTAGE":0.03,`},
		{`{fees: {ACH: {shown: "7"}}}`, "ach", `"SEND_FEE_PERCENTAGE":7,"SEND_FEE_PERCENTAGE_AMOUNT":7.50`},
		{`{reply_status: {ACH: Pending}}`, "ach", `"TRANSACTION_STATUS":"Pending"`},
		{`{reply_status: {SWIFT: COMPLETED}, settle: {SWIFT: {as: INITIATED}}}`, "swift", `"TRANSACTION_STATUS":"COMPLETED"`},
		{`{account_service_status: SANDBOX}`, "balance", `"ACCOUNT_SERVICE_STATUS":"SANDBOX"`},
		{`{card_expires_in_months: 1}`, "card_load", `"RECIPIENT_CARD_EXPIRATION_DATE":"02/25"`},
		{`{balances: {float: "-5"}}`, "balance", `"FLOAT_BALANCE":-5.00,`},
	} {
		t.Run(tt.knobs+"/"+tt.op, func(t *testing.T) {
			t.Parallel()
			s := open(t, tt.knobs)
			assert.Contains(t, s.accepted(tt.op, s.form(tt.op)).body, tt.want)
		})
	}
}

// Lists and cancels have a style of their own too.
func TestLooksOfListAndCancel(t *testing.T) {
	t.Parallel()
	s := open(t, "{number_style: {list_transactions: minimal, cancel: minimal}}")
	id := s.sent("ach", "300")
	assert.Contains(t, s.accepted("list_transactions", s.form("list_transactions")).body, `"TRANSACTION_SEND_AMOUNT":300,`)
	assert.Contains(t, s.cancel(id).body, `"SEND_AMOUNT":300,"TRANSACTION_STATUS":"Canceled"`)
}

// The word in the answer says nothing about the state.
func TestReplyWordIsNotTheState(t *testing.T) {
	t.Parallel()
	s := open(t, "{settlement: {ACH: manual, SWIFT: instant}}")
	ach, swift := s.accepted("ach", s.form("ach")), s.accepted("swift", s.form("swift"))
	assert.Equal(t, "Completed", ach.data(t, "TRANSACTION_STATUS"))
	assert.Equal(t, "Initiated", s.state(ach.data(t, "TRANSACTION_ID")))
	assert.Equal(t, "INITIATED", swift.data(t, "TRANSACTION_STATUS"))
	assert.Equal(t, "Completed", s.state(swift.data(t, "TRANSACTION_ID")))
}

// Sends end when and as knobs or rules say, to the millisecond.
func TestSendsSettleInTime(t *testing.T) {
	t.Parallel()
	const never = 1000 * time.Hour
	tests := []struct {
		name, op, knobs, rule string
		after                 time.Duration
		end, message          string
	}{
		{"ACHAtOnce", "ach", "", "", 0, "Completed", "Transaction processed successfully"},
		{"CardAtOnce", "card_load", "", "", 0, "Completed", "Transaction processed successfully."},
		{"SwiftInFiveSeconds", "swift", "", "", 5 * time.Second, "Completed", "Success! The transaction has been completed."},
		{"ZelleInFiveSeconds", "zelle", "", "", 5 * time.Second, "Completed", "Success! The transaction has been completed."},
		{"Instant", "zelle", "{settlement: {ZELLE: instant}}", "", 0, "Completed", "Success! The transaction has been completed."},
		{"Manual", "zelle", "{settlement: {ZELLE: manual}}", "", never, "Initiated", "Success! The transaction has been initiated."},
		{"ManualACH", "ach", "{settlement: {ACH: manual}}", "", never, "Initiated", "Transaction processed successfully"},
		{"DelayedACH", "ach", "{settlement: {ACH: delayed}}", "", 5 * time.Second, "Completed", "Transaction processed successfully"},
		{"DelayedAsSettled", "swift", "{settlement: {SWIFT: delayed}, settle: {SWIFT: {after: 1h}}}", "", time.Hour, "Completed", "Success! The transaction has been completed."},
		{"KnobDeclines", "swift", "{settle: {SWIFT: {as: DECLINED, after: 2s}}}", "", 2 * time.Second, "Declined", "The transaction was declined."},
		{"KnobFails", "zelle", "{settle: {ZELLE: {as: FAILED, after: 2s}}}", "", 2 * time.Second, "Failed", "The transaction failed."},
		{"RuleDeclines", "zelle", "", "{as: DECLINED, after: 1s}", time.Second, "Declined", "The transaction was declined."},
		{"RuleDeclinesAtOnce", "ach", "", "{as: DECLINED, after: 0s}", 0, "Declined", "The transaction was declined."},
		{"RuleSaysWhy", "ach", "", "{as: FAILED, after: 1s, message: No such account.}", time.Second, "Failed", "No such account."},
		{"RuleSaysWhyOfSuccess", "ach", "", "{as: COMPLETED, message: Paid.}", 0, "Completed", "Paid."},
		{"RuleCancels", "swift", "", "{as: CANCELED, after: 1s}", time.Second, "Canceled", "Success! The transaction has been canceled."},
		{"RuleLeavesItAndSaysWhy", "ach", "", "{as: INITIATED, message: Held for review.}", never, "Initiated", "Held for review."},
		{"RuleLeavesIt", "ach", "", "{as: INITIATED}", never, "Initiated", "Transaction processed successfully"},
		{"RuleBeatsManual", "zelle", "{settlement: {ZELLE: manual}}", "{as: COMPLETED, after: 3s}", 3 * time.Second, "Completed", "Success! The transaction has been completed."},
		{"RuleByAmount", "zelle", "", "[{when: {SEND_AMOUNT: {gte: 300}}, as: FAILED, after: 3s}]", 3 * time.Second, "Failed", "The transaction failed."},
		{"RuleByOtherAmount", "zelle", "", "[{when: {SEND_AMOUNT: {gt: 300}}, as: FAILED, after: 3s}]", 5 * time.Second, "Completed", "Success! The transaction has been completed."},
		{"RuleByRecipient", "zelle", "", "[{when: {RECIPIENT_ZELLE_ADDRESS: {ends_with: example.com}}, as: FAILED, after: 3s}]", 3 * time.Second, "Failed", "The transaction failed."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var rules []string
			if tt.rule != "" {
				rules = append(rules, "{on: dinaricash."+tt.op+", settle: "+tt.rule+"}")
			}
			s := open(t, tt.knobs, rules...)
			id := s.sent(tt.op, "300")
			if tt.after > 0 {
				assert.Equal(t, "Initiated", s.state(id))
				s.Advance(tt.after - time.Millisecond)
				assert.Equal(t, "Initiated", s.state(id))
				s.Advance(time.Millisecond)
			}
			rows := s.list("TRANSACTION_ID", id)
			require.Len(t, rows, 1)
			assert.Equal(t, tt.end, rows[0].Status)
			assert.Equal(t, tt.message, rows[0].Message)
			s.Advance(24 * time.Hour)
			assert.Equal(t, tt.end, s.state(id))
			s.sound()
		})
	}
}

// The knobs are checked when a scenario is read.
func TestKnobsAreChecked(t *testing.T) {
	t.Parallel()
	s := open(t, "")
	for _, knobs := range []string{
		`{balance: "1"}`, `{balances: {payout: lots}}`, `{balances: {pay: "1"}}`, `{balances: {payout: 1e999999999}}`, `{fees: {ACH: {rate: "-0.1"}}}`, `{fees: {WIRE: {rate: "0.1"}}}`,
		`{fees: {ACH: {rounding: cents}}}`, `{fees: {ACH: {shown: much}}}`, `{settle: {ACH: {as: Completed}}}`, `{settle: {ACH: {after: soon}}}`, `{settle: {ACH: {after: -1s}}}`,
		`{settlement: {ACH: later}}`, `{cancel_allowed_from: {ACH: [DONE]}}`, `{cancel_allowed_from: {ACH: COMPLETED}}`, `{sufficiency_test: perhaps}`, `{on_sync_failure: all}`,
		`{on_async_failure: nothing}`, `{percentage_display: points}`, `{number_style: {ach: long}}`, `{number_style: long}`, `{id_style: uuid}`, `{always_200: maybe}`,
		`{webhook_form: form}`, `{webhook: {encoding: xml}}`, `{webhook: {attempts: 0}}`, `{webhook: {timeout: 0s}}`, `{rejected_purchase_fields: some}`, `{card_expires_in_months: 0}`,
		`{cards: [{id: x}]}`, `{transactions: [{id: x}]}`, `{transactions: [{id: x, amount: "1", created: today}]}`, `{recipients: [{id: x}]}`, `{examples: [{on: nothing}]}`,
	} {
		t.Run(knobs, func(t *testing.T) {
			_, err := s.LoadScenario(t.Context(), scenario(knobs))
			var refused *client.Error
			require.ErrorAs(t, err, &refused)
			assert.Equal(t, 422, refused.Status)
			require.NotEmpty(t, refused.Errors)
			assert.Equal(t, 5, refused.Errors[0].Line)
			assert.Contains(t, refused.Errors[0].Path, "providers.dinaricash")
		})
	}
}
