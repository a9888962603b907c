package scenarios_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/client"
	"github.com/mockpay/mockpay/mockpaytest"
)

// verify is the finding of a single check.
func (s *shop) verify(check string) client.Finding {
	s.t.Helper()
	v, err := s.VerifyExpect(s.t.Context(), "- "+check)
	require.NoError(s.t, err)
	require.Len(s.t, v.Checks, 1)
	require.Equal(s.t, v.OK, v.Checks[0].OK)
	return v.Checks[0]
}

// whys are what is wrong with the nearest misses.
func whys(f client.Finding) (all []string) {
	for _, m := range f.Misses {
		all = append(all, strings.TrimSpace(m.Request+" "+m.Why))
	}
	return all
}

// visitedShop is a shop with a history:
//
//	req-1  get_authcode of 50, to accounts 1 and 2   success
//	req-2  execute                                   success
//	req-3  status                                    success
//	req-4  status without an id                      missing_id
//	req-5  get_authcode of 7                         insufficient_balance, as asked for
//	req-6  status of "raw"                           503, by a rule
//	req-7  /nowhere                                  not found
func visitedShop(t *testing.T) *shop {
	s := openShop(t, "rules: [{on: dinardragon.status, when: {payment_id: raw}, respond: {status: 503, body: down}}]\n")
	made := s.pay("50", payee{"1", "25"}, payee{"2", "25"})
	s.statuses(made)
	s.call("/status", `{}`, "X-Shop", "two")
	s.call("/get-authcode", order("7", payee{"1", "7"}), "X-Mockpay-Outcome", "insufficient_balance")
	s.call("/status?debug=1", `{"payment_id":"raw"}`)
	s.call("/nowhere", `{}`)
	return s
}

func TestVerifyCalls(t *testing.T) {
	s := visitedShop(t)
	tests := []struct {
		check   string
		matched string // ids of requests, "" if it must fail
		seen    string
		misses  []string
	}{
		{`{on: dinardragon.execute}`, "2", "1 call", nil},
		{`{on: dinardragon.execute, count: 1}`, "2", "1 call", nil},
		{`{on: dinardragon.*, count: 6}`, "1 2 3 4 5 6", "6 calls", nil},
		{`{on: "*", count: {gte: 6, lte: 6}}`, "1 2 3 4 5 6", "6 calls", nil},
		{`{on: dinaricash.ach, never: true}`, "-", "no call", nil},
		{`{on: dinaricash.ach, count: 0}`, "-", "no call", nil},
		{`{on: dinardragon.status, where: {status: 200}, count: 1}`, "3", "1 call; 2 more of dinardragon.status that differ", nil},
		{`{on: dinardragon.status, where: {status: {gte: 400, lt: 500}}}`, "4", "1 call; 2 more of dinardragon.status that differ", nil},
		{`{on: dinardragon.status, where: {outcome: success}, count: 1}`, "3", "1 call; 2 more of dinardragon.status that differ", nil},
		{`{on: dinardragon.status, where: {outcome: {ne: success}}, count: 2}`, "4 6", "2 calls; 1 more of dinardragon.status that differ", nil},
		{`{on: dinardragon.status, where: {outcome: {exists: false}}}`, "6", "1 call; 2 more of dinardragon.status that differ", nil},
		{`{on: dinardragon.*, where: {outcome: {in: [missing_id, insufficient_balance]}}, count: 2}`, "4 5", "2 calls; 4 more of dinardragon.* that differ", nil},
		{`{on: dinardragon.get_authcode, where: {amount: "50.00"}, count: 1}`, "1", "1 call; 1 more of dinardragon.get_authcode that differ", nil},
		{`{on: dinardragon.get_authcode, where: {accounts.*.acc: 2}}`, "1", "1 call; 1 more of dinardragon.get_authcode that differ", nil},
		{`{on: dinardragon.*, where: {header.X-Shop: two}}`, "4", "1 call; 5 more of dinardragon.* that differ", nil},
		{`{on: dinardragon.*, where: {query.debug: 1}}`, "6", "1 call; 5 more of dinardragon.* that differ", nil},
		{`{on: dinardragon.*, where: {request.path: /execute, request.method: POST}}`, "2", "1 call; 5 more of dinardragon.* that differ", nil},

		{`{on: dinaricash.ach}`, "", "no call", nil},
		{`{on: dinardragon.execute, never: true}`, "", "1 call", nil},
		{`{on: dinardragon.execute, count: 2}`, "", "1 call", nil},
		{`{on: dinardragon.*, count: {lt: 6}}`, "", "6 calls", nil},
		{`{on: dinardragon.get_authcode, where: {amount: {gte: 1000}}}`, "", "no call; 2 more of dinardragon.get_authcode that differ",
			[]string{"req-5 amount is 7, expected gte 1000", "req-1 amount is 50, expected gte 1000"}},
		{`{on: dinardragon.get_authcode, where: {amount: {gte: 10, lt: 20}, status: 200, accounts.*.acc: {in: [2, 9]}}}`, "", "no call; 2 more of dinardragon.get_authcode that differ",
			[]string{"req-1 amount is 50, expected gte 10 and lt 20", "req-5 amount is 7, expected gte 10 and lt 20; status is 403, expected 200; accounts.*.acc is 1, expected in [2, 9]"}},
		{`{on: dinardragon.status, where: {outcome: payment_unknown}}`, "", "no call; 3 more of dinardragon.status that differ", []string{
			"req-6 outcome is none, as no provider answers so, expected payment_unknown", "req-4 outcome is missing_id, expected payment_unknown", "req-3 outcome is success, expected payment_unknown"}},
		{`{on: dinardragon.status, where: {query.debug: 2, status: 503}}`, "", "no call; 3 more of dinardragon.status that differ", []string{
			"req-6 query.debug is 1, expected 2", "req-4 query.debug is missing, expected 2; status is 400, expected 503", "req-3 query.debug is missing, expected 2; status is 200, expected 503"}},
		{`{on: dinardragon.*, where: {accounts.*.bank: Other, accounts: {exists: true}, authcode: {exists: true}}, count: 3}`, "", "no call; 6 more of dinardragon.* that differ", []string{
			"req-5 accounts.*.bank is Rafidain, expected Other; authcode is missing, expected to exist",
			"req-2 accounts.*.bank is missing, expected Other; accounts is missing, expected to exist",
			"req-1 accounts.*.bank is Rafidain, expected Other; authcode is missing, expected to exist",
			"req-6 accounts.*.bank is missing, expected Other; accounts is missing, expected to exist; authcode is missing, expected to exist",
			"req-4 accounts.*.bank is missing, expected Other; accounts is missing, expected to exist; authcode is missing, expected to exist"}},
	}
	for _, tt := range tests {
		t.Run(tt.check, func(t *testing.T) {
			f := s.verify(tt.check)
			assert.Equal(t, tt.matched != "", f.OK)
			assert.False(t, f.Incomplete)
			assert.Equal(t, tt.seen, f.Seen)
			if f.OK {
				var ids []string
				for id := range strings.FieldsSeq(strings.Trim(tt.matched, "-")) {
					ids = append(ids, "req-"+id)
				}
				assert.Equal(t, ids, append([]string(nil), f.Matched...), "in the order of the journal")
			}
			assert.Equal(t, tt.misses, whys(f))
		})
	}
}

func TestVerifyBalances(t *testing.T) {
	s := visitedShop(t)
	for check, seen := range map[string]string{
		`{balance: {dinardragon.USD: "9948.75"}}`:                                  "dinardragon.USD is 9948.75",
		`{balance: {dinardragon.USD: 9948.750}}`:                                   "dinardragon.USD is 9948.75",
		`{balance: {dinardragon.USD: {gte: 9948.75, lt: 10000}}}`:                  "dinardragon.USD is 9948.75",
		`{balance: {dinardragon.USD: {ne: 1}, dinaricash.reserve: 100000.00}}`:     "dinardragon.USD is 9948.75, dinaricash.reserve is 100000",
		`{balance: {dinardragon.USD_held: 0}}`:                                     "dinardragon.USD_held is 0, it was never used",
		`{balance: {dinardragon.USD: {eq: "9948.75", gt: 9948.74, lte: 9948.75}}}`: "dinardragon.USD is 9948.75",
	} {
		f := s.verify(check)
		assert.True(t, f.OK, check)
		assert.Equal(t, seen, f.Seen)
	}
	f := s.verify(`{balance: {dinaricash.float: 1022.25, dinardragon.USD: {gt: 9948.75}}}`)
	assert.False(t, f.OK)
	assert.Equal(t, "dinaricash.float is 1022.25, dinardragon.USD is 9948.75", f.Seen)
	require.Len(t, f.Misses, 2)
	assert.Regexp(t, `^req-2 dinardragon.USD -51.25 left 9948.75, for [0-9a-f]{16}$`, whys(f)[0])
	assert.Equal(t, "dinardragon.USD opened with 10000", whys(f)[1])
	assert.Equal(t, "dinardragon.execute", f.Misses[0].Operation)

	for range 6 {
		_, err := s.SetBalances(t.Context(), client.Balances{"dinardragon": {"USD": "1"}})
		require.NoError(t, err)
		_, err = s.SetBalances(t.Context(), client.Balances{"dinardragon": {"USD": "2"}})
		require.NoError(t, err)
	}
	f = s.verify(`{balance: {dinardragon.USD: 5}}`)
	assert.Equal(t, []string{"dinardragon.USD +1 left 2", "dinardragon.USD -1 left 1", "dinardragon.USD +1 left 2", "dinardragon.USD -1 left 1", "dinardragon.USD +1 left 2"}, whys(f))
}

func TestVerifyOrder(t *testing.T) {
	s := visitedShop(t)
	for calls, want := range map[string]string{
		`dinardragon.get_authcode, dinardragon.execute`:                                                                "1 2",
		`dinardragon.get_authcode, dinardragon.status, dinardragon.get_authcode`:                                       "1 3 5",
		`"*", "*", "*", "*", "*", "*"`:                                                                                 "1 2 3 4 5 6",
		`dinardragon.*, {on: dinardragon.status, where: {outcome: missing_id}}`:                                        "1 4",
		`{on: dinardragon.status, where: {status: {gte: 400}}}, {on: dinardragon.status, where: {status: {gte: 400}}}`: "4 6",
	} {
		f := s.verify(`{in_order: [` + calls + `]}`)
		require.True(t, f.OK, "%s: %s", calls, f.Seen)
		want = "req-" + strings.ReplaceAll(want, " ", " req-")
		assert.Equal(t, strings.Fields(want), f.Matched, calls)
		assert.Equal(t, "in this order: "+strings.ReplaceAll(want, " ", ", "), f.Seen)
		assert.Empty(t, f.Misses)
	}

	f := s.verify(`{in_order: [dinardragon.execute, {on: dinardragon.get_authcode, where: {amount: {gte: 10}}}, dinardragon.status]}`)
	assert.False(t, f.OK)
	assert.Equal(t, []string{"req-2"}, f.Matched)
	assert.Equal(t, "no call of dinardragon.get_authcode where amount gte 10 after req-2, dinardragon.execute", f.Seen)
	assert.Equal(t, []string{"req-1 it came before req-2", "req-5 amount is 7, expected gte 10"}, whys(f))
	f = s.verify(`{in_order: [dinaricash.ach, dinardragon.execute]}`)
	assert.Equal(t, "no call of dinaricash.ach", f.Seen)
	assert.Empty(t, f.Matched)
	assert.Empty(t, f.Misses)
	f = s.verify(`{in_order: [dinardragon.execute, dinardragon.execute]}`)
	assert.False(t, f.OK, "one call is not two")
}

// At most five misses are told, those that lack the least and of them the newest.
func TestVerifyTellsTheNearest(t *testing.T) {
	s := openShop(t, "")
	for i := range 4 {
		s.call("/get-authcode", order(fmt.Sprint(i+1), payee{"1", fmt.Sprint(i + 1)}))
		s.call("/get-authcode", order(fmt.Sprint(i+10), payee{"2", fmt.Sprint(i + 10)}))
	}
	f := s.verify(`{on: dinardragon.get_authcode, where: {amount: {gte: 100}, accounts.*.acc: 1}}`)
	assert.Equal(t, "no call; 8 more of dinardragon.get_authcode that differ", f.Seen)
	assert.Equal(t, []string{
		"req-7 amount is 4, expected gte 100", "req-5 amount is 3, expected gte 100", "req-3 amount is 2, expected gte 100", "req-1 amount is 1, expected gte 100",
		"req-8 amount is 13, expected gte 100; accounts.*.acc is 2, expected 1",
	}, whys(f))
}

// What is asked for need not be a secret of this workspace; what came is.
func TestVerifyShowsNoSecrets(t *testing.T) {
	s := visitedShop(t)
	key := s.Credential("dinardragon", "private_key")
	assert.True(t, s.verify(`{on: dinardragon.status, where: {header.Authorization: `+key+`}, count: 3}`).OK)
	f := s.verify(`{on: dinardragon.execute, where: {header.Authorization: other}}`)
	assert.Equal(t, []string{"req-2 header.Authorization is " + strings.Repeat("*", len(key)-4) + key[len(key)-4:] + ", expected other"}, whys(f))
}

// What the journal has dropped is counted where its operation, status and
// outcome tell; where they do not, nobody can tell, and that is not ok.
func TestVerifyBeyondTheJournal(t *testing.T) {
	s := &shop{mockpaytest.Start(t, mockpaytest.JournalSize(2)), t}
	s.call("/status", `{}`)
	for i := range 3 {
		s.call("/status", fmt.Sprintf(`{"payment_id":"%d"}`, i))
	}
	s.call("/get-authcode", order("7", payee{"1", "7"})) // the last status and this are left
	for check, want := range map[string]string{
		`{on: dinardragon.status, count: 4}`:                                                       "ok: 4 calls, 3 of them dropped since",
		`{on: dinardragon.status, count: 3}`:                                                       "failed: 4 calls, 3 of them dropped since",
		`{on: dinardragon.status, where: {outcome: payment_unknown, status: 400}, count: 3}`:       "ok: 3 calls, 2 of them dropped since",
		`{on: dinardragon.status, where: {outcome: missing_id}, never: true}`:                      "failed: 1 call, 1 of them dropped since; 1 more of dinardragon.status that differ",
		`{on: dinardragon.status, where: {outcome: success}, never: true}`:                         "ok: no call; 1 more of dinardragon.status that differ",
		`{on: dinaricash.*, never: true}`:                                                          "ok: no call",
		`{on: dinardragon.status, where: {payment_id: 2}}`:                                         "ok: 1 call",
		`{on: dinardragon.status, where: {payment_id: 2}, count: {gte: 5}}`:                        "failed: 1 call",
		`{on: dinardragon.status, where: {payment_id: 1}}`:                                         "incomplete: no call; 1 more of dinardragon.status that differ; nobody can tell of 3 more, because older ones were dropped: 3",
		`{on: dinardragon.status, where: {payment_id: 2}, count: 1}`:                               "incomplete: 1 call; nobody can tell of 3 more, because older ones were dropped: 3",
		`{on: dinardragon.status, where: {payment_id: 9}, never: true}`:                            "incomplete: no call; 1 more of dinardragon.status that differ; nobody can tell of 3 more, because older ones were dropped: 3",
		`{on: dinardragon.status, where: {payment_id: 9, outcome: missing_id}, never: true}`:       "incomplete: no call; 1 more of dinardragon.status that differ; nobody can tell of 1 more, because older ones were dropped: 3",
		`{on: dinardragon.status, where: {header.X: 1, status: 403}, never: true}`:                 "ok: no call; 1 more of dinardragon.status that differ",
		`{in_order: [dinardragon.status, dinardragon.get_authcode]}`:                               "ok: in this order: req-4, req-5",
		`{in_order: [dinardragon.status, dinardragon.status, dinardragon.get_authcode]}`:           "incomplete: no call of dinardragon.status after req-4, dinardragon.status, as far as calls were not dropped and bodies not cut",
		`{in_order: [dinardragon.get_authcode, dinardragon.status]}`:                               "failed: no call of dinardragon.status after req-5, dinardragon.get_authcode",
		`{in_order: [dinardragon.execute, dinardragon.get_authcode]}`:                              "failed: no call of dinardragon.execute",
		`{in_order: [{on: dinardragon.status, where: {payment_id: 7}}, dinardragon.get_authcode]}`: "incomplete: no call of dinardragon.status where payment_id is 7, as far as calls were not dropped and bodies not cut",
	} {
		t.Run(check, func(t *testing.T) {
			f := s.verify(check)
			result := "failed"
			if f.OK {
				result = "ok"
			} else if f.Incomplete {
				result = "incomplete"
			}
			assert.Equal(t, want, result+": "+f.Seen)
		})
	}

	require.NoError(t, s.DeleteRequests(t.Context()))
	assert.True(t, s.verify(`{on: "*", never: true}`).OK, "what was dropped is forgotten, too")
}

// What a scenario expects is checked as soon as the last call is answered:
// webhooks that are on their way are waited for.
func TestVerifyTheScenario(t *testing.T) {
	hook := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(hook.Close)
	s := openShop(t, `providers: {dinaricash: {balances: {payout: "2300.00"}, webhook: {url: "`+hook.URL+`"}}}
rules: [{on: dinaricash.swift, when: {SEND_AMOUNT: {gte: 1000}}, settle: {as: DECLINED, after: 10m}}]
expect:
  - {on: dinaricash.swift, where: {status: 200}, count: 1}
  - {on: dinaricash.*, where: {SEND_AMOUNT: "300.0"}}
  - {webhook: transaction_status, where: {TRANSACTION_STATUS: INITIATED, status: delivered}, count: 2}
  - {webhook: transaction_status, where: {TRANSACTION_STATUS: {in: [COMPLETED, DECLINED]}, status: delivered}, count: 2}
  - {in_order: [dinaricash.zelle, dinaricash.swift]}
  - {balance: {dinaricash.payout: "1992.00"}}
`)
	s.send(zelleSend, "300")
	s.send(swiftSend, "1000")
	v, err := s.Client.Verify(t.Context())
	require.NoError(t, err)
	var failed []string
	for _, f := range v.Failed() {
		failed = append(failed, f.Seen)
	}
	assert.Equal(t, []string{"no webhook; 2 more of dinaricash.transaction_status that differ", "dinaricash.payout is 977"}, failed)

	s.Advance(10 * time.Minute)
	s.Verify()
	_, err = s.Reset(t.Context())
	require.NoError(t, err)
	v, err = s.Client.Verify(t.Context())
	require.NoError(t, err)
	assert.Len(t, v.Failed(), 6, "a reset leaves nothing of it")
}
