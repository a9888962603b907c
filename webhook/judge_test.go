package webhook

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/state"
)

// An outcome is what an attempt came to.
type outcome struct {
	name string
	to   Endpoint
	a    Attempt
}

var outcomes = []outcome{
	{"taken", Endpoint{URL: somewhere, Attempts: 9, Backoff: []time.Duration{backoffA}}, taken},
	{"failing", Endpoint{URL: somewhere, Attempts: 9, Backoff: []time.Duration{backoffA}}, down},
	{"failing last", Endpoint{URL: somewhere, Attempts: 3, Backoff: []time.Duration{backoffA}}, down},
	{"failing at once", Endpoint{URL: somewhere, Attempts: 9}, down},
	{"refused", Endpoint{URL: somewhere, Attempts: 9, Backoff: []time.Duration{backoffA}}, Attempt{Error: "webhooks may not go there", refused: true}},
	{"nowhere", Endpoint{Attempts: 9}, Attempt{}},
}

// A verdict is what becomes of an event: its status, whether a retry is
// scheduled anew, kept, or put into the queue at once, and whether the attempt
// counts. Two attempts were made before.
func verdict(lane string, before Status, job bool, o string) (after Status, retry string, counts bool) {
	byHand := lane == laneHand && (before != Pending || job)
	counts = !byHand && o != "nowhere"
	switch {
	case o == "taken":
		return Delivered, "", counts
	case o == "nowhere" && before == Delivered:
		return Delivered, "", counts
	case o == "nowhere":
		return Unsent, "", counts
	case byHand && before == Delivered:
		return Delivered, keptIf(job), counts
	case byHand && job:
		return before, "kept", counts
	case byHand, o == "refused", o == "failing last":
		return Failed, "", counts
	case o == "failing at once":
		return before, "queued", counts
	}
	return before, "new", counts
}

func keptIf(job bool) string {
	if job {
		return "kept"
	}
	return ""
}

func TestJudge(t *testing.T) {
	w := newWorld(t, newReceiver(nil).send)
	for _, lane := range lanes {
		for _, before := range []Status{Pending, Delivered, Failed, Dropped, Unsent} {
			for _, job := range []bool{false, true} {
				if job && before != Pending {
					continue // what is done with waits for nothing: see below
				}
				if lane != laneHand && (before != Pending || job) {
					continue // the clock has no say in what is done with
				}
				for _, o := range outcomes {
					t.Run(fmt.Sprintf("%s/%s/job %t/%s", lane, before, job, o.name), func(t *testing.T) {
						judged(t, w, lane, before, job, o)
					})
				}
			}
		}
	}
}

// judged lets judge have an event, and compares.
func judged(t *testing.T, w *world, lane string, before Status, job bool, o outcome) {
	w.reset(nil)
	old := Attempt{Status: 500, Error: "before"}
	err := w.tryUpdate(func(tx *state.Tx) error {
		e := Event{ID: "e", Provider: "cash", Event: "e0", URL: "http://before.internal", Status: before, Queue: lane,
			Hint: "before", Payload: json.RawMessage(`{}`), Attempts: []Attempt{old, old}, Tried: 2}
		if job {
			e.Job = tx.Schedule(tx.Now().Add(time.Second), RetryJob, e.ID, nil)
		}
		was := e.Job
		e.judge(tx, o.to, o.a)

		after, retry, counts := verdict(lane, before, job, o.name)
		assert.Equal(t, after, e.Status)
		assert.Equal(t, map[bool]int{false: 2, true: 3}[counts], e.Tried)
		jobs := tx.Jobs()
		switch retry {
		case "":
			assert.Empty(t, jobs)
			assert.Empty(t, e.Job+e.Queue)
		case "queued":
			assert.Empty(t, jobs)
			assert.Empty(t, e.Job)
			assert.Equal(t, laneAgain, e.Queue)
		case "kept":
			require.Len(t, jobs, 1)
			assert.Equal(t, was, e.Job)
			assert.Equal(t, was, jobs[0].ID)
			assert.Empty(t, e.Queue)
		case "new":
			require.Len(t, jobs, 1)
			assert.Equal(t, e.Job, jobs[0].ID)
			assert.Equal(t, tx.Now().Add(backoffA), jobs[0].At)
			assert.Equal(t, "e", jobs[0].Ref)
			assert.Empty(t, e.Queue)
		}
		if e.Status == Pending {
			assert.NotEmpty(t, e.Job+e.Queue, "what is pending goes on")
		}

		if o.name == "nowhere" {
			assert.Equal(t, []Attempt{old, old}, e.Attempts, "nothing was sent")
			assert.Equal(t, "http://before.internal", e.URL)
			assert.Contains(t, e.Hint, "no endpoint is set")
			return nil
		}
		assert.Equal(t, []Attempt{old, old, o.a}, e.Attempts)
		assert.Equal(t, somewhere, e.URL)
		switch {
		case o.a.Error == "":
			assert.Empty(t, e.Hint)
		case before == Delivered:
			assert.Equal(t, "delivered before; delivering it once more failed: "+o.a.Error, e.Hint)
		case e.Status == Failed && counts:
			assert.Equal(t, o.a.Error+"; that was attempt 3", e.Hint)
		default:
			assert.Equal(t, o.a.Error, e.Hint)
		}
		return nil
	})
	require.NoError(t, err)
}

func TestBackoff(t *testing.T) {
	for _, tt := range []struct {
		list []time.Duration
		want []time.Duration // after attempts 1, 2 and so on
	}{
		{nil, []time.Duration{0, 0, 0}},
		{[]time.Duration{}, []time.Duration{0, 0, 0}},
		{[]time.Duration{1}, []time.Duration{1, 1, 1}},
		{[]time.Duration{1, 2}, []time.Duration{1, 2, 2, 2}},
		{[]time.Duration{3, 0, 2}, []time.Duration{3, 0, 2, 2}},
	} {
		for i, want := range tt.want {
			assert.Equal(t, want, Endpoint{Backoff: tt.list}.backoff(i+1), "%v after %d", tt.list, i+1)
		}
		assert.Equal(t, tt.want[len(tt.want)-1], Endpoint{Backoff: tt.list}.backoff(1<<30))
	}
}
