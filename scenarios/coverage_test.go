package scenarios_test

import (
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/client"
	"github.com/mockpay/mockpay/mockpaytest"
)

// covered are the things that a workspace's calls have exercised at Dinar
// Dragon, and how often.
func (s *shop) covered() map[string]int64 {
	s.t.Helper()
	c, err := s.Coverage(s.t.Context(), "dinardragon")
	require.NoError(s.t, err)
	counted := make(map[string]int64)
	for _, item := range c.Items() {
		if item.Count > 0 {
			counted[item.Name] = item.Count
		}
	}
	require.Len(s.t, counted, c.Covered)
	return counted
}

func TestCoverage(t *testing.T) {
	t.Run("CountsWhatTheClientHasSeen", func(t *testing.T) {
		s := openShop(t, `rules:
  - {on: dinardragon.status, when: {payment_id: raw}, respond: {status: 503, body: down}}
  - {on: dinardragon.status, when: {payment_id: ruled}, respond: rate_limited}
`)
		s.pay("50", payee{"1", "50"})
		s.call("/status", `{"payment_id":"raw"}`)
		s.call("/status", `{"payment_id":"ruled"}`)
		s.call("/status", `{"payment_id":"forced"}`, "X-Mockpay-Outcome", "server_error")
		s.call("/status", `{"payment_id":"misspelled"}`, "X-Mockpay-Outcome", "servererror")
		s.call("/status", `{"payment_id":"raw"}`, "X-Mockpay-Outcome", "payment_unknown")
		s.call("/status", `{}`)
		s.call("/nowhere", `{}`)
		s.Advance(time.Minute)

		assert.Equal(t, map[string]int64{
			"dinardragon.get_authcode": 1, "dinardragon.get_authcode/success": 1,
			"dinardragon.execute": 1, "dinardragon.execute/success": 1,
			"dinardragon.status": 6, "dinardragon.status/rate_limited": 1, "dinardragon.status/server_error": 1,
			"dinardragon.status/payment_unknown": 1, "dinardragon.status/missing_id": 1,
			"dinardragon.authcode:issued": 1, "dinardragon.authcode:consumed": 1, "dinardragon.authcode:issued:consumed": 1,
			"dinardragon.payment:processing": 1, "dinardragon.payment:success": 1, "dinardragon.payment:processing:success": 1,
		}, s.covered())
	})

	t.Run("CountsACallThatWasNotDoneAsACallOnly", func(t *testing.T) {
		s := openShop(t, `rules:
  - {on: dinardragon.get_authcode, fault: drop}
  - {on: dinardragon.status, respond: rate_limited, fault: reset}
`)
		_, err := s.try("/get-authcode", order("50", payee{"1", "50"}))
		require.Error(t, err)
		_, err = s.try("/status", `{"payment_id":"none"}`)
		require.Error(t, err)

		assert.Equal(t, map[string]int64{"dinardragon.get_authcode": 1, "dinardragon.status": 1}, s.covered())
		v, err := s.VerifyExpect(t.Context(), "[{on: dinardragon.*, where: {outcome: success}, never: true}, {on: dinardragon.*, where: {status: 0}, count: 1}]")
		require.NoError(t, err)
		assert.True(t, v.OK, "%+v", v)
	})

	t.Run("IsExactBeyondTheJournalAndUnderLoad", func(t *testing.T) {
		s := &shop{mockpaytest.Start(t, mockpaytest.JournalSize(5)), t}
		const callers, calls = 8, 50
		var all sync.WaitGroup
		for range callers {
			all.Go(func() {
				for range calls {
					s.tryStatus()
				}
			})
		}
		all.Wait()
		assert.EqualValues(t, callers*calls, s.covered()["dinardragon.status/payment_unknown"])
	})

	t.Run("GoesWithSnapshotsAndEndsWithResets", func(t *testing.T) {
		s := openShop(t, "")
		s.pay("50", payee{"1", "50"})
		before := s.covered()
		saved, err := s.State(t.Context())
		require.NoError(t, err)

		require.NoError(t, s.DeleteRequests(t.Context()))
		_, err = s.ReplaceRules(t.Context(), "version: 1\n")
		require.NoError(t, err)
		assert.Equal(t, before, s.covered(), "neither is a new beginning")
		_, err = s.Reset(t.Context())
		require.NoError(t, err)
		assert.Empty(t, s.covered())
		require.NoError(t, s.RestoreState(t.Context(), saved))
		assert.Equal(t, before, s.covered())
		_, err = s.UseScenario(t.Context(), "default")
		require.NoError(t, err)
		assert.Empty(t, s.covered())
	})

	t.Run("AddsUpOverProviders", func(t *testing.T) {
		s := openShop(t, "")
		s.pay("50", payee{"1", "50"})
		all, err := s.Coverage(t.Context(), "")
		require.NoError(t, err)
		var covered, total int
		for _, p := range all.Providers {
			one, err := s.Coverage(t.Context(), p.Name)
			require.NoError(t, err)
			assert.Equal(t, []client.ProviderCoverage{p}, one.Providers)
			assert.Equal(t, p.Score, one.Score)
			covered, total = covered+p.Covered, total+p.Total
		}
		assert.Greater(t, len(all.Providers), 1)
		assert.Len(t, all.Items(), total)
		assert.Equal(t, [2]int{covered, total}, [2]int{all.Covered, all.Total})
		assert.Equal(t, len(s.covered()), covered)
	})

	t.Run("ErrUnknownProvider", func(t *testing.T) {
		s := openShop(t, "")
		_, err := s.Coverage(t.Context(), "dinardragn")
		var refused *client.Error
		require.ErrorAs(t, err, &refused)
		assert.Equal(t, http.StatusUnprocessableEntity, refused.Status)
		assert.Contains(t, refused.Detail, `did you mean "dinardragon"?`)
	})
}

// tryStatus asks for a payment that there is not; it may run in a goroutine.
func (s *shop) tryStatus() {
	req, err := http.NewRequest(http.MethodPost, s.URL+"/dinardragon/status", http.NoBody)
	if assert.NoError(s.t, err) {
		req.Header.Set("Authorization", s.Credential("dinardragon", "private_key"))
		req.Header.Set("X-Mockpay-Outcome", "payment_unknown")
		res, err := http.DefaultClient.Do(req)
		if assert.NoError(s.t, err) {
			assert.NoError(s.t, res.Body.Close())
		}
	}
}
