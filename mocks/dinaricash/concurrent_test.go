package dinaricash_test

import (
	"fmt"
	"io"
	"math/big"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/client"
)

// A job is a call to make together with others.
type job struct {
	op   string
	form form
}

// together makes calls at once and returns their answers, each in its call's place.
func (s *shop) together(jobs []job) []answer {
	s.t.Helper()
	answers, errs := make([]answer, len(jobs)), make([]error, len(jobs))
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i, j := range jobs {
		wg.Go(func() {
			<-start
			answers[i], errs[i] = s.try(j)
		})
	}
	close(start)
	wg.Wait()
	for _, err := range errs {
		require.NoError(s.t, err)
	}
	return answers
}

// try is call for goroutines, which may not end the test.
func (s *shop) try(j job) (a answer, err error) {
	media, body := j.form.urlencoded()
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.url+paths[j.op], strings.NewReader(body))
	if err != nil {
		return a, err
	}
	req.Header.Set("Content-Type", media)
	res, err := s.http.Do(req)
	if err != nil {
		return a, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	return answer{res.StatusCode, string(text), res.Header}, err
}

// counted by status.
func byStatus(answers []answer) map[int]int {
	all := make(map[int]int)
	for _, a := range answers {
		all[a.status]++
	}
	return all
}

// neverBelowZero checks that payout was never less than nothing.
func (s *shop) neverBelowZero() {
	s.t.Helper()
	entries, err := s.Ledger(s.t.Context(), client.LedgerFilter{Provider: "dinaricash", Balance: "payout"})
	require.NoError(s.t, err)
	for _, e := range entries {
		assert.GreaterOrEqual(s.t, rational(e.After).Sign(), 0, "%+v", e)
	}
}

// Of many sends that come at once as many are accepted as there is money for.
func TestConcurrentSendsSpendWhatThereIs(t *testing.T) {
	t.Parallel()
	const many, enough = 300, 40
	for _, op := range sends {
		t.Run(op, func(t *testing.T) {
			t.Parallel()
			r := standard()
			amount := rational("123.45")
			c := r.sending(op, amount)
			all := big.NewRat(enough, 1)
			r.opening = purse{times(all, sum(amount, c.total)), rational("0"), rational("0")}
			s := open(t, fmt.Sprintf("{balances: {payout: '%s', float: 0, reserve: 0}}", shortest(r.opening[0])))
			var jobs []job
			for i := range many {
				f := s.form(op).with("SEND_AMOUNT", "123.45")
				if op == "card_load" {
					f = f.with("RECIPIENT_EMAILADDRESS", fmt.Sprintf("holder%d@example.com", i%7))
				}
				jobs = append(jobs, job{op, f})
			}

			answers := s.together(jobs)

			assert.Equal(t, map[int]int{200: enough, 402: many - enough}, byStatus(answers))
			want := r.opening
			for range enough {
				want = want.plus(r.taken(op, amount, c))
			}
			has := want.texts()
			require.Equal(t, "0", has[0])
			s.has(has[0], has[1], has[2])
			s.neverBelowZero()

			status := make(map[string]string)
			for _, row := range s.list() {
				status[row.ID] = row.Status
			}
			assert.Len(t, status, many, "all are listed, each under an id of its own")
			accepted := map[string]string{"ach": "Completed", "card_load": "Completed", "swift": "Initiated", "zelle": "Initiated"}[op]
			for _, a := range answers {
				want := accepted
				if a.status == 402 {
					want = "Failed"
				}
				assert.Equal(t, want, status[a.data(t, "TRANSACTION_ID")])
			}
			if op == "card_load" {
				s.cardsHold(answers, times(all, amount))
			}
			s.sound()
		})
	}
}

// cardsHold checks that each holder has one card, and what the cards hold in all.
func (s *shop) cardsHold(loads []answer, want *big.Rat) {
	s.t.Helper()
	holders, total := make(map[string]string), new(big.Rat)
	for _, a := range loads {
		if a.status != 200 {
			continue
		}
		holder, card := a.data(s.t, "RECIPIENT_ACCOUNT_ID"), a.data(s.t, "CARD_ACCOUNT_ID")
		if known, ok := holders[holder]; ok {
			assert.Equal(s.t, known, card)
			continue
		}
		holders[holder] = card
		total = sum(total, rational(s.manage("GET_CARD_DETAILS", card).data(s.t, "CARD_BALANCE")))
	}
	assert.Equal(s.t, padded(want), padded(total))
	assert.LessOrEqual(s.t, len(holders), 7)
}

// While sends come, others are canceled, each by several callers: at most one of
// them succeeds, and what comes back can be spent.
func TestConcurrentCancels(t *testing.T) {
	t.Parallel()
	const before, callers, many = 20, 4, 120
	for _, op := range []string{"ach", "swift", "zelle"} {
		for _, free := range []bool{true, false} {
			t.Run(op+map[bool]string{true: " for nothing", false: " for a fee"}[free], func(t *testing.T) {
				t.Parallel()
				r := standard()
				knobs := ""
				if free { // a cancel that costs nothing always succeeds
					knobs, r.cancel.fixed, r.cancel.rate = "cancel: {fixed: 0, rate: 0}, ", "0", "0"
				}
				amount := rational("123.45")
				c := r.sending(op, amount)
				by := r.taken(op, amount, c)
				has := purse{sum(times(big.NewRat(before, 1), sum(amount, c.total)), rational("60")), rational("0"), rational("0")}
				s := open(t, fmt.Sprintf("{%sbalances: {payout: '%s', float: 0, reserve: 0}}", knobs, shortest(has[0])))
				var cancels, all []job
				for range before {
					id := s.sent(op, "123.45")
					has = has.plus(by)
					for range callers {
						cancels = append(cancels, job{"cancel", s.form("cancel").with("TRANSACTION_ID", id)})
					}
				}
				for i := range many {
					all = append(all, job{op, s.form(op).with("SEND_AMOUNT", "123.45")})
					all = append(all, cancels[i*len(cancels)/many:(i+1)*len(cancels)/many]...)
				}

				answers := s.together(all)

				undone, accepted := make(map[string]int), 0
				back := newBooks(r).canceled(&booked{op: op, amount: amount, cost: c, moved: by})
				for i, a := range answers {
					refusal := map[string]int{"cancel": 403, op: 402}[all[i].op]
					switch {
					case a.status != 200:
						assert.Equal(t, refusal, a.status, a.body)
					case all[i].op == "cancel":
						undone[a.data(t, "TRANSACTION_ID")]++
						has = has.plus(back)
					default:
						accepted++
						has = has.plus(by)
					}
				}
				for id, n := range undone {
					assert.Equal(t, 1, n, "%s was canceled more than once", id)
				}
				assert.NotEmpty(t, undone)
				assert.True(t, !free || len(undone) == before, "%d were canceled", len(undone))
				left := has.texts()
				s.has(left[0], left[1], left[2])
				s.neverBelowZero()
				states := make(map[string]int)
				for _, row := range s.list() {
					states[row.Status]++
				}
				assert.Equal(t, len(undone), states["Canceled"])
				assert.Equal(t, many-accepted, states["Failed"])
				assert.Equal(t, before-len(undone)+accepted, states["Completed"]+states["Initiated"])
				s.sound()
			})
		}
	}
}

// Purchases at once spend a card no further than it goes, while it is loaded.
func TestConcurrentPurchases(t *testing.T) {
	t.Parallel()
	s := open(t, "")
	card := s.loaded("ssmith@example.com", "100")
	control := client.New(s.URL, client.WithWorkspace(s.Workspace.ID), client.WithHTTPClient(s.http)) // whose connections the test closes
	verdicts := make(chan string, 60)
	var wg sync.WaitGroup
	for range cap(verdicts) {
		wg.Go(func() {
			said, err := control.Simulate(t.Context(), "dinaricash.card_purchase", map[string]string{"card": card, "amount": "2.50"})
			verdicts <- fmt.Sprint(string(said), err)
		})
	}
	wg.Wait()
	close(verdicts)
	authorized := 0
	for said := range verdicts {
		if strings.Contains(said, `"AUTHORIZED"`) {
			authorized++
		} else {
			assert.Contains(t, said, `"REJECTED: Insufficient funds"`)
		}
	}
	assert.Equal(t, 40, authorized)
	s.holds(card, "ACTIVE", "0.00")
	s.sound()
}
