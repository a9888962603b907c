package workspace

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/mockpay/mockpay/metrics"
	"github.com/mockpay/mockpay/provider"
	"github.com/mockpay/mockpay/scenarios"
	"github.com/mockpay/mockpay/state"
	"github.com/mockpay/mockpay/webhook"
)

// What a call came to, in metrics, where that is no outcome of its provider.
const (
	responded  = "respond" // a rule's own answer
	faulted    = "fault"   // a fault kept the call from being done
	misordered = "problem" // it asked for an outcome that there is not
)

// unmatched is the operation, in metrics, of calls that reach none.
const unmatched = "unmatched"

// durations are the bounds of the buckets that answers are counted in: most take
// far less than a millisecond, and those that a rule delays take seconds.
var durations = []time.Duration{
	50 * time.Microsecond, 100 * time.Microsecond, 250 * time.Microsecond, 500 * time.Microsecond,
	time.Millisecond, 2500 * time.Microsecond, 5 * time.Millisecond, 10 * time.Millisecond, 25 * time.Millisecond,
	50 * time.Millisecond, 100 * time.Millisecond, 250 * time.Millisecond, 500 * time.Millisecond,
	time.Second, 2500 * time.Millisecond, 5 * time.Second, 10 * time.Second,
}

// counts tell what happened in all workspaces of a registry, ever: no reset, and
// no workspace that goes, takes anything off them. Their series are looked up
// once, so that a call finds its own in maps that never change.
type counts struct {
	requests   *metrics.Counters
	operations map[*provider.Operation]*operationCounts
	unmatched  map[*provider.Mock]*operationCounts
	faults     map[*provider.Mock]map[scenarios.Fault]*metrics.Counter
	jobs       map[string]*jobCounts // by kind
	dropped    *metrics.Counter      // from journals
}

// operationCounts tell of the calls of an operation.
type operationCounts struct {
	provider, name string
	outcomes       map[string]*metrics.Counter // those it is known to have
	durations      *metrics.Histogram
	rules          *metrics.Counter
}

// jobCounts tell of the jobs of a kind.
type jobCounts struct{ done, failed *metrics.Counter }

// newCounts adds to a set what the workspaces of a registry count.
func newCounts(set *metrics.Set, mocks []*provider.Mock) *counts {
	t := &counts{
		requests: set.Counters("mockpay_requests_total", "Calls of providers, by what they came to.", "provider", "operation", "outcome"),

		operations: make(map[*provider.Operation]*operationCounts),
		unmatched:  make(map[*provider.Mock]*operationCounts),
		faults:     make(map[*provider.Mock]map[scenarios.Fault]*metrics.Counter),
		jobs:       make(map[string]*jobCounts),
	}
	took := set.Histograms("mockpay_request_duration_seconds", "How long answers took, with the delays of rules, without what faults do on the wire.", durations, "provider", "operation")
	rules := set.Counters("mockpay_rules_acted_total", "Calls that a rule of the scenario, or the request itself, decided.", "provider", "operation")
	faults := set.Counters("mockpay_faults_total", "Faults that rules did to calls.", "provider", "fault")
	for _, m := range mocks {
		for i := range m.Operations {
			op := &m.Operations[i]
			t.operations[op] = t.operation(m, m.Name+"."+op.Name, op.Answers(), took, rules)
		}
		t.unmatched[m] = t.operation(m, unmatched, []string{provider.NotFound, provider.MethodNotAllowed}, took, rules)
		t.faults[m] = make(map[scenarios.Fault]*metrics.Counter)
		for _, f := range scenarios.Faults {
			t.faults[m][f] = faults.With(m.Name, string(f))
		}
	}
	t.dropped = set.Counters("mockpay_journal_dropped_total", "Calls that journals forgot to make room for others.").With()
	jobs := set.Counters("mockpay_jobs_total", "What fell due on workspaces' clocks.", "kind", "result")
	for _, kind := range jobKinds(mocks) {
		t.jobs[kind] = &jobCounts{jobs.With(kind, "done"), jobs.With(kind, "failed")}
	}
	return t
}

// Kinds of jobs in metrics, where they are not the jobs' own.
const (
	timelineJobs = "timeline" // all of the timeline's, whatever they do
	unknownJobs  = "unknown"
)

// jobKinds are the kinds that jobs are counted by.
func jobKinds(mocks []*provider.Mock) (all []string) {
	for _, m := range mocks {
		for _, kind := range slices.Sorted(maps.Keys(m.Jobs)) {
			all = append(all, m.Name+"."+kind)
		}
	}
	return slices.Concat(all, webhook.JobKinds, []string{timelineJobs, unknownJobs})
}

func (t *counts) operation(m *provider.Mock, name string, outcomes []string, took *metrics.Histograms, rules *metrics.Counters) *operationCounts {
	o := &operationCounts{
		provider: m.Name, name: name, outcomes: make(map[string]*metrics.Counter),
		durations: took.With(m.Name, name), rules: rules.With(m.Name, name),
	}
	for _, outcome := range outcomes {
		o.outcomes[outcome] = t.requests.With(m.Name, name, outcome)
	}
	return o
}

// call counts a call that took so long to answer.
func (t *counts) call(x *exchange, took time.Duration) {
	o := t.operations[x.Op]
	if x.Op == nil {
		o = t.unmatched[x.Mock]
	}
	outcome := x.result()
	c := o.outcomes[outcome]
	if c == nil {
		c = t.requests.With(o.provider, o.name, outcome)
	}
	c.Inc()
	o.durations.Observe(took)
	if x.rule() != "" {
		o.rules.Inc()
	}
	if f := t.faults[x.Mock][x.decision.Fault]; f != nil {
		f.Inc()
	}
}

// result names what the call came to.
func (x *exchange) result() string {
	switch {
	case x.Answer != nil:
		return misordered
	case !x.decision.Fault.Commits():
		return faulted
	case x.decision.Raw != nil:
		return responded
	}
	return x.outcome()
}

// job counts what fell due. A kind that nobody knows came with a snapshot.
func (t *counts) job(kind string, err error) {
	if strings.HasPrefix(kind, timelineJob) {
		kind = timelineJobs
	}
	j := t.jobs[kind]
	if j == nil {
		j = t.jobs[unknownJobs]
	}
	if err != nil {
		j.failed.Inc()
		return
	}
	j.done.Inc()
}

// count adds to a set how many workspaces there are, and what they hold.
func (r *Registry) count(set *metrics.Set) {
	set.Gauge("mockpay_workspaces", "Workspaces there are.", func() float64 { return float64(len(r.IDs())) })
	set.Gauge("mockpay_webhooks_pending", "Webhooks that are to be sent, or to be sent again.", func() (n float64) {
		for _, w := range r.List() {
			_ = w.view(func(tx *state.Tx) { n += float64(webhook.Unfinished(tx)) }) // one that goes has none
		}
		return n
	})
}
