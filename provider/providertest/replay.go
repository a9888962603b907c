package providertest

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/provider"
)

// history lets a workspace be used for a while and returns all answers: samples,
// outcomes forced by rules that count and draw, and time that passes.
func (s *subject) history(c *Caller) []string {
	c.Helper()
	var answers []string
	for round := range 4 {
		answers = append(answers, s.callAll(c)...)
		for i := range s.mock.Operations {
			req := s.Calls[s.mock.Operations[i].Name](c)
			req.Header.Set("X-Conformance", "ruled")
			answers = append(answers, c.Do(req).String())
		}
		c.advance(time.Duration(round) * 700 * time.Millisecond)
	}
	return answers
}

// counting are rules that depend on what came before.
func (s *subject) counting() []string {
	ruled := fmt.Sprintf("on: %s.*, when: {header.X-Conformance: ruled}", s.mock.Name)
	return []string{
		"{name: skipping, " + ruled + ", skip: 2, times: 3, respond: rate_limited}",
		"{name: drawing, " + ruled + ", chance: 0.4, respond: server_error}",
		"{name: every third, " + ruled + ", every: 3, respond: unauthorized}",
	}
}

// snapshotGoesOnElsewhere moves a used workspace to another server.
func snapshotGoesOnElsewhere(t *testing.T, s *subject) {
	here := s.world(t, s.counting()...)
	s.history(here.Caller)
	snapshot := here.state()

	there := s.begin(t, seeded("7"))
	require.NoError(t, there.Control.RestoreState(t.Context(), snapshot))

	assert.JSONEq(t, string(snapshot), string(there.state()), "a snapshot of what was restored")
	there.moneyIsRight()
	assert.Equal(t, s.history(here.Caller), s.history(there.Caller))
	assert.JSONEq(t, string(here.state()), string(there.state()))
	here.advance(24 * time.Hour)
	there.advance(24 * time.Hour)
	assert.JSONEq(t, string(here.state()), string(there.state()))
}

// sameSeedSameAnswers uses two servers alike.
func sameSeedSameAnswers(t *testing.T, s *subject) {
	one, two := s.world(t, s.counting()...), s.world(t, s.counting()...)
	assert.Equal(t, s.history(one.Caller), s.history(two.Caller))
	assert.Equal(t, one.seen(), two.seen())
}

// otherSeedOtherIDs uses two servers that differ in their seeds.
func otherSeedOtherIDs(t *testing.T, s *subject) {
	one, two := s.begin(t, seeded("42")), s.begin(t, seeded("43"))
	assert.NotEqual(t, s.callAll(one.Caller), s.callAll(two.Caller))
}

// resetBeginsAgain uses a workspace, resets it, and uses it once more.
func resetBeginsAgain(t *testing.T, s *subject) {
	w := s.world(t, s.counting()...)
	initial := w.seen()
	first := s.history(w.Caller)
	for i := range s.mock.Operations { // all that a reset has to forget
		w.spoil(&s.mock.Operations[i])
	}
	w.advance(24 * time.Hour)
	require.NotEqual(t, initial, w.seen())

	_, err := w.Control.Reset(t.Context())

	require.NoError(t, err)
	assert.Equal(t, initial, w.seen())
	assert.Equal(t, first, s.history(w.Caller))
}

// spoil makes a call that is refused.
func (w *world) spoil(op *provider.Operation) {
	w.Helper()
	w.Do(w.Raw(w.Caller, op.Name, []byte("nonsense")))
}
