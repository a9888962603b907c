package scenarios_test

import (
	"errors"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/client"
)

// impatient gives up on an answer that is not there at once.
var impatient = &http.Client{Timeout: 300 * time.Millisecond}

// ask makes a call of Dinar Dragon that changes nothing, and tells what came.
func (s *shop) ask() string {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.BaseURL("dinardragon")+"/status", strings.NewReader(`{"payment_id":"x"}`))
	require.NoError(s.t, err)
	req.Header.Set("Authorization", s.Credential("dinardragon", "private_key"))
	a, err := read(impatient.Do(req))
	var timeout net.Error
	switch {
	case errors.As(err, &timeout) && timeout.Timeout():
		return "late"
	case err != nil:
		return "none"
	}
	return http.StatusText(a.status)
}

// asks are what came of n calls, and what their journal says.
func (s *shop) asks(n int) (came []string, faults string) {
	s.t.Helper()
	for range n {
		came = append(came, s.ask())
	}
	list, err := s.Requests(s.t.Context(), requestsOf("dinardragon.status"))
	require.NoError(s.t, err)
	for _, r := range list.Requests {
		faults += r.Fault + " "
	}
	return came, faults
}

// About one call in four meets a fault, by the seed.
func promiseFlakyNetwork(t *testing.T, s *shop) {
	const n = 80
	came, faults := s.asks(n)
	hit := len(strings.Fields(faults))
	assert.InDelta(t, n/4, hit, n/8)
	slow := strings.Count(faults, "slow")
	assert.Equal(t, []int{slow, hit - slow, n - hit}, []int{count(came, "late"), count(came, "none"), count(came, "Bad Request")})
	for _, fault := range []string{"reset", "drop", "truncate", "lost_reply", "slow"} {
		assert.Contains(t, faults, fault)
	}

	_, again := openShopOf(t, "flaky-network").asks(n)
	assert.Equal(t, faults, again, "one seed, one fate")
	s.sound()
}

func count(all []string, one string) (n int) {
	for _, s := range all {
		if s == one {
			n++
		}
	}
	return n
}

// The first payout of each provider is made, its answer lost; what the second
// try does is as the comment says.
func promiseLostReply(t *testing.T, s *shop) {
	s.freeze()
	code := s.quote("50", payee{"1234", "50"})
	_, err := s.try("/execute", `{"authcode":"`+code+`"}`)
	assert.Error(t, err)
	assert.Equal(t, "9948.75", s.balance(), "it was paid")
	s.refused(s.execute(code), 400, "Authcode already used.")
	assert.Len(t, s.debits("dinardragon", "USD"), 1)

	_, err = s.tryCash(swiftSend, "300")
	assert.Error(t, err)
	s.send(swiftSend, "300")
	s.send(zelleSend, "300")
	assert.Equal(t, []string{"Initiated", "Initiated", "Initiated"}, s.listed(), "the list tells of the lost one")
	assert.Len(t, s.debits("dinaricash", "payout"), 3)

	p := s.payer("live")
	key := p.key()
	_, err = p.tryOrder(key, "20.00")
	assert.Error(t, err)
	again := p.order(key, "20.00")
	assert.Contains(t, s.last("usdtpayout.send_payout").Response.Body, again.data(t)["transaction_id"])
	assert.Len(t, s.debits("usdtpayout", "USDT"), 1)
	s.sound()
}

// Every call takes one to three seconds, and is done also for who gives up.
func promiseSlowProvider(t *testing.T, s *shop) {
	s.freeze()
	began := time.Now()
	assert.Equal(t, "late", s.ask())
	code := s.quote("50", payee{"1234", "50"})
	assert.Greater(t, time.Since(began), time.Second)

	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.BaseURL("dinardragon")+"/execute", strings.NewReader(`{"authcode":"`+code+`"}`))
	require.NoError(t, err)
	req.Header.Set("Authorization", s.Credential("dinardragon", "private_key"))
	_, err = read(impatient.Do(req))
	assert.Error(t, err)
	assert.Equal(t, "9948.75", s.balance(), "what nobody waited for was done")
	list, err := s.Requests(t.Context(), client.RequestFilter{})
	require.NoError(t, err)
	for _, r := range list.Requests {
		assert.GreaterOrEqual(t, r.DurationUS, int64(1_000_000))
	}
	s.sound()
}

// The fourth, fifth and sixth call are refused, and every fifth after them.
func promiseRateLimited(t *testing.T, s *shop) {
	s.freeze()
	var limited []int
	for i := range 20 {
		if s.ask() == "Too Many Requests" {
			limited = append(limited, i+1)
		}
	}
	assert.Equal(t, []int{4, 5, 6, 11, 16}, limited)
	refused := s.cash(zelleSend, "300")
	assert.Equal(t, 429, refused.status, "the 21st, whoever is asked")
	assert.Empty(t, s.debits("dinaricash", "payout"))
	s.send(zelleSend, "300")
	s.sound()
}

// A minute after the start it begins, two minutes later it is over; what was
// accepted before settles meanwhile.
func promiseProviderOutage(t *testing.T, s *shop) {
	s.freeze()
	entries, err := s.Ledger(t.Context(), client.LedgerFilter{Provider: "dinaricash", Balance: "payout"})
	require.NoError(t, err)
	began := entries[0].At // of the clock
	_, err = s.SetTime(t.Context(), began.Add(time.Minute-time.Millisecond))
	require.NoError(t, err)

	assert.Equal(t, "Bad Request", s.ask(), "as without an outage")
	s.send(zelleSend, "300")
	s.Advance(time.Millisecond)
	assert.Equal(t, "Internal Server Error", s.ask())
	assert.Equal(t, 500, s.cash(zelleSend, "300").status)
	s.Advance(2*time.Minute - time.Millisecond)
	assert.Equal(t, "Internal Server Error", s.ask())
	assert.Equal(t, []string{"INITIATED", "COMPLETED"}, s.told())
	s.Advance(time.Millisecond)
	assert.Equal(t, "Bad Request", s.ask())
	s.send(zelleSend, "300")
	assert.Len(t, s.debits("dinaricash", "payout"), 2)
	s.sound()
}
