package workspace

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/mockpay/mockpay/metrics"
	"github.com/mockpay/mockpay/provider"
	"github.com/mockpay/mockpay/scenarios"
)

// TestCountingACallTakesNoMemory holds for calls of all kinds that come often.
func TestCountingACallTakesNoMemory(t *testing.T) {
	m := &provider.Mock{Name: "shop", Operations: []provider.Operation{{Name: "buy", Refuses: []string{"sold_out"}}}}
	c := newCounts(metrics.NewSet(), []*provider.Mock{m})
	buy := &m.Operations[0]
	for name, x := range map[string]*exchange{
		"Success":   {Incoming: &Incoming{Mock: m, Op: buy}, response: &provider.Response{}},
		"Refused":   {Incoming: &Incoming{Mock: m, Op: buy}, response: &provider.Response{Outcome: "sold_out"}},
		"Unmatched": {Incoming: &Incoming{Mock: m}, response: &provider.Response{Outcome: provider.NotFound}},
		"LostReply": {
			Incoming: &Incoming{Mock: m, Op: buy}, response: &provider.Response{},
			decision: scenarios.Decision{Fault: scenarios.LostReply, Rule: &scenarios.Rule{Name: "lose it"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Zero(t, testing.AllocsPerRun(100, func() { c.call(x, time.Millisecond) }))
		})
	}
}

// TestJobsThatNobodyKnows are counted together: a snapshot may have any.
func TestJobsThatNobodyKnows(t *testing.T) {
	c := newCounts(metrics.NewSet(), nil)
	c.job("shop.made_up", nil)
	c.job("timeline.shop.sell_out", nil)
	c.job("timeline.shop.burn_down", nil)
	assert.Equal(t, int64(1), c.jobs[unknownJobs].done.Value())
	assert.Equal(t, int64(2), c.jobs[timelineJobs].done.Value())
}
