package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
)

// connections are those of the rows of each load.
var connections = []int{1, 32}

// A target is the least share of the baseline's requests/s that mockpay is to
// reach; 0 is none.
type target float64

// longestTail is the most that mockpay's p99 may be of the baseline's.
const longestTail = 2

// compare measures every load and writes the table.
func (o *options) compare(ctx context.Context, d driver, out io.Writer) error {
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "load\tconns\tmockpay req/s\tp50 ms\tp99 ms\tMB\tbaseline req/s\tp50 ms\tp99 ms\tMB\treq/s ratio\tp99 ratio\ttargets\t")
	var notes []string
	for _, l := range loads() {
		if o.only != nil && !o.only.MatchString(l.name) {
			continue
		}
		note, err := o.compareOne(ctx, d, &l, t)
		if err != nil {
			return fmt.Errorf("%s: %w", l.name, err)
		}
		if note != "" {
			notes = append(notes, note)
		}
	}
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(out, "\nMB is the resident memory after the row. Targets: a ratio of requests/s of at least what stands there, and p99 at most %dx the baseline's.\n", longestTail)
	for _, note := range notes {
		fmt.Fprintln(out, note)
	}
	return nil
}

// compareOne measures a load. A note tells what the table has no room for.
func (o *options) compareOne(ctx context.Context, d driver, l *load, out io.Writer) (note string, err error) {
	var args []string
	hooks := new(receiver)
	if l.webhooks {
		if hooks, err = startReceiver(); err != nil {
			return "", err
		}
		defer hooks.stop()
		args = []string{"--webhook-url", l.provider + "=" + hooks.url}
	}
	s, err := o.startSubject(ctx, args...)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	if _, ok := s.providers[l.provider]; !ok {
		return fmt.Sprintf("%s: skipped, the binary has no provider %s", l.name, l.provider), nil
	}
	base, err := o.startBaseline(ctx)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, base.stop()) }()

	r := &row{load: l, subject: s, base: base, driver: d, length: o.length()}
	if err := r.prepareFirst(ctx); err != nil {
		return "", err
	}
	for i, conns := range connections {
		if err := r.measure(ctx, i, conns, out); err != nil {
			return "", err
		}
	}
	if l.webhooks {
		note = fmt.Sprintf("%s: %d webhooks came in the time of the rows", l.name, hooks.count.Load())
	}
	return note, nil
}

// A row measures one load on both servers.
type row struct {
	*load
	subject  *subject
	base     *process
	driver   driver
	length   time.Duration
	requests []request
	rate     float64 // requests/s, as far as is known
}

// prepareFirst makes the two answer one request alike, and prepares what is good
// for all calls. The answers also warm them up.
func (r *row) prepareFirst(ctx context.Context) error {
	const first = 200
	requests, err := r.prepare(ctx, r.subject, first)
	if err != nil {
		return err
	}
	if err := r.alike(ctx, requests[0]); err != nil {
		return err
	}
	began := time.Now()
	if err := sendAll(ctx, r.subject.addr(), requests[1:], nil); err != nil {
		return err
	}
	r.requests, r.rate = requests, first/time.Since(began).Seconds()
	return sendAll(ctx, r.base.addr(), requests, nil)
}

// alike makes sure that both answer the same, but for what is drawn or counted.
func (r *row) alike(ctx context.Context, one request) error {
	var shapes []string
	for _, p := range []*process{r.subject.process, r.base} {
		err := sendAll(ctx, p.addr(), []request{one}, func(_ int, body []byte) error {
			s, err := shape(body)
			shapes = append(shapes, s)
			return err
		})
		if err != nil {
			return err
		}
	}
	if shapes[0] != shapes[1] {
		return fmt.Errorf("the baseline does not answer as mockpay does:\n%s\n%s", shapes[1], shapes[0])
	}
	return nil
}

// shape is a JSON text with its values replaced by their types.
func shape(body []byte) (string, error) {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var b strings.Builder
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return b.String(), nil
		}
		if err != nil {
			return "", fmt.Errorf("%q: %w", body, err)
		}
		switch v := token.(type) {
		case json.Delim:
			b.WriteString(v.String())
		case string:
			if name := strings.IndexFunc(v, func(c rune) bool { return c != '_' && (c < 'A' || c > 'z') }) < 0; name {
				b.WriteString(v) // a name, or a word that is the same each time
			} else {
				b.WriteString("text")
			}
			b.WriteByte(' ')
		default:
			fmt.Fprintf(&b, "%T ", v)
		}
	}
}

// measure loads mockpay, then the baseline, and writes the row.
func (r *row) measure(ctx context.Context, i, conns int, out io.Writer) error {
	ours, err := r.loadSubject(ctx, conns)
	if err != nil {
		return err
	}
	theirs, err := r.driver.drive(ctx, r.base.addr(), r.requests, conns, r.length)
	if err != nil {
		return err
	}
	var least target
	if i < len(r.throughput) {
		least = r.throughput[i]
	}
	memory := [2]int64{}
	for i, p := range []*process{r.subject.process, r.base} {
		if memory[i], err = p.resident(); err != nil {
			return err
		}
	}
	fmt.Fprintf(out, "%s\t%d\t%.0f\t%s\t%s\t%s\t%.0f\t%s\t%s\t%s\t%.2f\t%.2f\t%s\t\n", r.name, conns,
		ours.perSecond, millis(ours.p50), millis(ours.p99), mega(memory[0]),
		theirs.perSecond, millis(theirs.p50), millis(theirs.p99), mega(memory[1]),
		ours.perSecond/theirs.perSecond, ratio(ours.p99, theirs.p99), least.judge(ours, theirs))
	return nil
}

// loadSubject loads mockpay. If the requests that are good for one call did not
// last, it begins again with more.
func (r *row) loadSubject(ctx context.Context, conns int) (sample, error) {
	for again := 1.0; ; again *= 2 {
		if r.once {
			n := int(again * 1.5 * r.rate * max(1, r.length.Seconds()))
			requests, err := r.prepare(ctx, r.subject, n)
			if err != nil {
				return sample{}, err
			}
			r.requests = requests
		}
		s, err := r.driver.drive(ctx, r.subject.addr(), r.requests, conns, r.length)
		if err != nil {
			return s, err
		}
		r.rate = max(r.rate, s.perSecond)
		lasted := float64(len(r.requests)) >= s.perSecond*r.length.Seconds()
		switch {
		case !r.once && s.refused > 0, r.once && lasted && s.refused > 0:
			return s, fmt.Errorf("%d calls were refused", s.refused)
		case !r.once || lasted:
			return s, nil
		}
	}
}

// judge says which targets were reached.
func (t target) judge(ours, theirs sample) string {
	var all []string
	if t > 0 {
		all = append(all, fmt.Sprintf("%.1fx %s", float64(t), reached(ours.perSecond/theirs.perSecond >= float64(t))))
	}
	all = append(all, "p99 "+reached(ratio(ours.p99, theirs.p99) <= longestTail))
	return strings.Join(all, ", ")
}

func reached(ok bool) string {
	if ok {
		return "ok"
	}
	return "missed"
}

func ratio(a, b time.Duration) float64 { return float64(a) / float64(max(b, 1)) }

func mega(bytes int64) string {
	if bytes == 0 {
		return "?"
	}
	return fmt.Sprintf("%.1f", float64(bytes)/1e6)
}

func millis(d time.Duration) string {
	return fmt.Sprintf("%.2f", float64(d)/float64(time.Millisecond))
}
