package client_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/client"
)

const verdict = `{"ok":false,"checks":[
	{"name":"told","ok":true,"expected":"at least 1 webhook of a.b","seen":"1 webhook","matched":["w-1"],"misses":[]},
	{"name":"paid","ok":false,"expected":"exactly 1 call of a.pay","seen":"no call","matched":[],"misses":[
		{"request":"req-1","operation":"a.pay","at":"2026-01-15T09:00:00.000Z","why":"amount is 5,\texpected 6"},
		{"request":"req-2","webhook":"w-1","operation":"a.b","at":"2026-01-15T09:00:00.000Z","why":"x"}]},
	{"name":"no call of a.c","ok":false,"incomplete":true,"expected":"no call of a.c","seen":"who\nknows","matched":[],"misses":[]}]}`

// That a check failed is no error, and any other refusal is one.
func TestVerify(t *testing.T) {
	srv, _ := answering(t, 409, "application/json", verdict)
	v, err := client.New(srv.URL).Verify(t.Context())
	require.NoError(t, err)
	assert.False(t, v.OK)
	require.Len(t, v.Checks, 3)
	assert.Equal(t, v.Checks[1:], v.Failed())
	assert.Equal(t, client.Miss{Request: "req-1", Operation: "a.pay", At: time.Date(2026, 1, 15, 9, 0, 0, 0, time.UTC), Why: "amount is 5,\texpected 6"}, v.Checks[1].Misses[0])

	assert.Equal(t, `RESULT      EXPECTED                         SEEN
ok          told: at least 1 webhook of a.b  1 webhook
failed      paid: exactly 1 call of a.pay    no call
incomplete  no call of a.c                   who knows

failed: paid: exactly 1 call of a.pay
NEAREST  AT                        OPERATION  WHY
req-1    2026-01-15T09:00:00.000Z  a.pay      amount is 5, expected 6
w-1      2026-01-15T09:00:00.000Z  a.b        x
`, v.Table())
	assert.Equal(t, "nothing is expected, so there was nothing to verify\n", (&client.Verification{OK: true}).Table())

	for status, media := range map[int]string{409: "application/problem+json", 422: "application/problem+json", 500: "text/plain"} {
		srv, _ := answering(t, status, media, `{"detail":"no"}`)
		_, err := client.New(srv.URL).VerifyExpect(t.Context(), "[]")
		var refused *client.Error
		require.ErrorAs(t, err, &refused)
		assert.Equal(t, status, refused.Status)
	}
	srv, _ = answering(t, 409, "application/json", "{}")
	_, err = client.New(srv.URL).Clock(t.Context())
	assert.Error(t, err, "elsewhere 409 is a refusal")
}

func TestCoverageItems(t *testing.T) {
	c := client.Coverage{Providers: []client.ProviderCoverage{{
		Name:       "a",
		Operations: []client.OperationCoverage{{Operation: "a.pay", Calls: 3, Outcomes: []client.Count{{Name: "success", Count: 2}, {Name: "refused"}}}},
		Machines: []client.MachineCoverage{{
			Name: "payment", States: []client.Count{{Name: "new", Count: 1}}, Transitions: []client.TransitionCount{{From: "new", To: "done"}},
		}},
	}}}
	assert.Equal(t, []client.CoverageItem{
		{"a", "a.pay", 3}, {"a", "a.pay/success", 2}, {"a", "a.pay/refused", 0}, {"a", "a.payment:new", 1}, {"a", "a.payment:new:done", 0},
	}, c.Items())
}
