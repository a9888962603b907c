package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/mockpay/mockpay/client"
)

// What the figures are to stay below.
const (
	longestStart  = 30 * time.Millisecond
	mostIdle      = 20_000_000
	mostPerPayout = 1024
	mostGrowth    = 1_000_000 // over all status calls: less than memory sways by itself
)

// figures are what is measured besides loads, as lines of a table: what, how
// much, the target if there is one.
type figures struct{ out io.Writer }

func (f figures) add(what, value, verdict string) {
	fmt.Fprintf(f.out, "%s\t%s\t%s\n", what, value, verdict)
}

func (o *options) measureFigures(ctx context.Context, out io.Writer) error {
	t := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
	f := figures{t}
	info, err := os.Stat(o.binary)
	if err != nil {
		return err
	}
	f.add("size of the binary", mega(info.Size())+" MB", "")
	if err := o.measureStart(ctx, f); err != nil {
		return err
	}
	if !measurable() {
		f.add("memory and CPU", "not measured: there is no /proc here", "")
		return t.Flush()
	}
	for _, measure := range []func(context.Context, figures) error{o.measureIdle, o.measureStored, o.measureGrowth} {
		if err := measure(ctx, f); err != nil {
			return err
		}
	}
	return t.Flush()
}

// measureStart starts and stops the binary again and again.
func (o *options) measureStart(ctx context.Context, f figures) error {
	var took []time.Duration
	for range o.starts {
		p, err := o.startMockpay(ctx)
		if err != nil {
			return err
		}
		took = append(took, p.took)
		if err := p.stop(); err != nil {
			return err
		}
	}
	slices.Sort(took)
	median := took[len(took)/2]
	f.add(fmt.Sprintf("exec to ready, median of %d", o.starts), millis(median)+" ms",
		fmt.Sprintf("under %d ms: %s", longestStart.Milliseconds(), reached(median < longestStart)))
	f.add("exec to ready, slowest", millis(took[len(took)-1])+" ms", "")
	return nil
}

// with runs something on a mockpay of its own.
func (o *options) with(ctx context.Context, do func(*subject) error) (err error) {
	s, err := o.startSubject(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	return do(s)
}

// measureIdle measures one process that has nothing to do, at first, and then
// with work ahead.
func (o *options) measureIdle(ctx context.Context, f figures) (err error) {
	p, err := o.startMockpay(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.stop()) }()
	resident, err := p.settled(o.look)
	if err != nil {
		return err
	}
	f.add("resident memory, idle", mega(resident)+" MB", fmt.Sprintf("under %d MB: %s", mostIdle/1_000_000, reached(resident < mostIdle)))
	if err := o.addCPU(f, p, "idle"); err != nil {
		return err
	}
	jobs, err := pend(ctx, p)
	if err != nil {
		return err
	}
	pending := fmt.Sprintf("%d jobs pending", jobs)
	if resident, err = p.settled(o.look); err != nil {
		return err
	}
	f.add("resident memory, "+pending, mega(resident)+" MB", "")
	return o.addCPU(f, p, pending)
}

func (o *options) addCPU(f figures, p *process, state string) error {
	spent, err := p.idleCPU(o.idle)
	f.add(fmt.Sprintf("CPU in %s, %s", o.idle, state), millis(spent)+" ms", "")
	return err
}

// waiting keeps payments pending for longer than the measuring takes.
const waiting = `version: 1
name: waiting
providers:
  dinardragon: {balance: "1000000", settle_after: 24h}
`

// pend executes payouts whose payments stay pending, and returns their number.
func pend(ctx context.Context, p *process) (int, error) {
	const payouts, payments = 10, 1000
	control := client.New(p.url)
	if _, err := control.LoadScenario(ctx, waiting); err != nil {
		return 0, err
	}
	w, err := control.Workspace(ctx, "default")
	if err != nil {
		return 0, err
	}
	s := &subject{process: p, control: control, providers: w.Providers}
	for range payouts {
		if err := s.payMany(ctx, payments); err != nil {
			return 0, err
		}
	}
	now, err := control.Clock(ctx)
	if err == nil && len(now.Pending) != payouts*payments {
		err = fmt.Errorf("%d jobs are pending, want %d", len(now.Pending), payouts*payments)
	}
	return payouts * payments, err
}

// payMany executes one payout of many payments.
func (s *subject) payMany(ctx context.Context, payments int) error {
	accounts := make([]map[string]any, payments)
	for i := range accounts {
		accounts[i] = map[string]any{"acc": 100_000_000 + i, "amount": 1, "bank": "somebank", "country": "US", "recipientname": "somename"}
	}
	post := func(path string, body any) request {
		return newRequest(http.MethodPost, "/dinardragon"+path, encode(body), "Content-Type", "application/json", "Authorization", s.credential("dinardragon", "private_key"))
	}
	var quote struct {
		Authcode string `json:"authcode"`
	}
	if err := s.ask(ctx, post("/get-authcode", map[string]any{"amount": payments, "accounts": accounts}), &quote); err != nil {
		return err
	}
	var receipt struct{}
	return s.ask(ctx, post("/execute", quote), &receipt)
}

// measureStored tells what a stored payout takes, of each provider. Those that
// need another call before count with what that one stores.
func (o *options) measureStored(ctx context.Context, f figures) error {
	for _, l := range []load{
		{name: "dinaricash ach", provider: "dinaricash", prepare: ach(urlencoded)},
		{name: "dinardragon get_authcode and execute", provider: "dinardragon", once: true, prepare: authcodes},
		{name: "usdtpayout send_payout", provider: "usdtpayout", once: true, prepare: sendPayouts},
		{name: "executions create_payout_session and payout", provider: "executions", once: true, prepare: executePayouts},
	} {
		err := o.with(ctx, func(s *subject) error {
			if _, ok := s.providers[l.provider]; !ok {
				return nil
			}
			took, err := o.perPayout(ctx, s, &l)
			f.add(fmt.Sprintf("bytes per payout, %d of %s", o.payouts, l.name), fmt.Sprint(took),
				fmt.Sprintf("at most %d: %s", mostPerPayout, reached(took <= mostPerPayout)))
			return err
		})
		if err != nil {
			return fmt.Errorf("%s: %w", l.name, err)
		}
	}
	return nil
}

func (o *options) perPayout(ctx context.Context, s *subject, l *load) (int64, error) {
	if err := s.send(ctx, l, o.warm); err != nil {
		return 0, err
	}
	before, err := s.settled(o.look)
	if err != nil {
		return 0, err
	}
	if err := s.send(ctx, l, o.payouts); err != nil {
		return 0, err
	}
	after, err := s.settled(o.look)
	return (after - before) / int64(o.payouts), err
}

// send prepares and sends so many requests of a load, some at a time.
func (s *subject) send(ctx context.Context, l *load, n int) error {
	const most = 10_000
	for ; n > 0; n -= most {
		requests, err := l.prepare(ctx, s, min(n, most))
		if err != nil {
			return err
		}
		for !l.once && len(requests) < min(n, most) {
			requests = append(requests, requests[0])
		}
		if err := sendAll(ctx, s.addr(), requests, nil); err != nil {
			return err
		}
	}
	return nil
}

// measureGrowth asks for the status of one payout again and again.
func (o *options) measureGrowth(ctx context.Context, f figures) error {
	return o.with(ctx, func(s *subject) error {
		l := &load{prepare: dragonStatus}
		if err := s.send(ctx, l, o.warm+o.calls/10); err != nil {
			return err
		}
		before, err := s.settled(o.look)
		if err != nil {
			return err
		}
		if err := s.send(ctx, l, o.calls); err != nil {
			return err
		}
		after, err := s.settled(o.look)
		f.add(fmt.Sprintf("growth over %d status calls", o.calls), fmt.Sprintf("%d kB of %s MB", (after-before)/1000, mega(before)),
			"none: "+reached(after-before < mostGrowth))
		return err
	})
}

// dragonStatus asks for one payout of Dinar Dragon.
func dragonStatus(ctx context.Context, s *subject, _ int) ([]request, error) {
	executions, err := authcodes(ctx, s, 1)
	if err != nil {
		return nil, err
	}
	var made struct {
		ID string `json:"payment_id"`
	}
	if err := s.ask(ctx, executions[0], &made); err != nil {
		return nil, err
	}
	return []request{newRequest(http.MethodPost, "/dinardragon/status", encode(made), "Content-Type", "application/json",
		"Authorization", s.credential("dinardragon", "private_key"))}, nil
}
