package webhook

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/metrics"
)

// TestAttemptsAreCounted by what they come to.
func TestAttemptsAreCounted(t *testing.T) {
	ended := make(chan struct{})
	silent := serve(t, func(http.ResponseWriter, *http.Request) { <-ended })
	begun := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		_ = http.NewResponseController(w).Flush()
		<-ended
	})
	t.Cleanup(func() { close(ended) }) // before the servers close
	for _, tt := range []struct {
		name, url, result string
		timeout           time.Duration
		ctx               context.Context
	}{
		{"Taken", serve(t, func(http.ResponseWriter, *http.Request) {}), "delivered", patient, t.Context()},
		{"Refused", serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }), "rejected", patient, t.Context()},
		{"Redirected", serve(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/", http.StatusFound) }), "rejected", patient, t.Context()},
		{"Silent", silent, "timeout", 20 * time.Millisecond, t.Context()},
		{"NotWhole", begun, "timeout", 50 * time.Millisecond, t.Context()},
		{"NobodyListens", closedPort(t), "unreachable", patient, t.Context()},
		{"TooFar", "http://example.com/hooks", "refused", patient, t.Context()},
		{"BrokenOff", silent, "aborted", patient, over()},
	} {
		t.Run(tt.name, func(t *testing.T) {
			set, s := metrics.NewSet(), newSender(t)
			s.Measure(set, map[string][]string{"cash": {"paid"}})
			s.Send(tt.ctx, Endpoint{URL: tt.url, Encoding: JSON, Timeout: tt.timeout}, anEvent)
			var told strings.Builder
			require.NoError(t, set.Write(&told))
			for _, result := range results {
				want := " 0\n"
				if result == tt.result {
					want = " 1\n"
				}
				assert.Contains(t, told.String(), `mockpay_webhook_attempts_total{provider="cash",event="paid",result="`+result+`"}`+want)
			}
			assert.Contains(t, told.String(), `mockpay_webhook_attempt_duration_seconds_count{provider="cash",event="paid"} 1`)
		})
	}
}
