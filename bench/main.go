// Command bench measures the release binary from outside: how fast it answers
// beside a bare handler that answers the same, how fast it starts, and how much
// memory it takes.
//
//	make bench                        builds both and measures them
//	go run ./bench -only dinaricash   measures some rows, both built before
//
// Each row of the first table is one kind of call over so many connections. The
// release binary and the [baseline] get the same bytes from the same driver, one
// after the other, and must answer alike before they are measured. The driver is
// wrk where there is one, and Go where there is none. Targets stand beside what
// was measured; bench fails only if it cannot measure. Memory and CPU are read
// from /proc, so that those figures need Linux.
//
// [baseline]: https://github.com/mockpay/mockpay/tree/main/bench/baseline
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"regexp"
	"runtime"
	"time"
)

// Options are the flags.
type options struct {
	binary, baseline string
	only             *regexp.Regexp // rows of the table to measure; nil: all
	driver           string
	seconds          float64 // each row, each server
	stored           int     // transactions that are listed from
	payouts          int     // of which one's memory is told
	calls            int     // status calls during which memory must not grow
	starts           int     // of which the median counts
	idle             time.Duration
	figures          bool // measure also what is no row of the table

	warm int           // calls before memory is looked at
	look time.Duration // between looks at memory
}

func main() {
	o, only := options{
		warm: 2000, // more than the journal remembers
		look: 250 * time.Millisecond,
	}, ""
	flag.StringVar(&o.binary, "binary", "bin/mockpay", "the binary to measure")
	flag.StringVar(&o.baseline, "baseline", "bin/baseline", "the binary to hold it against")
	flag.StringVar(&only, "only", "", "measure only rows that match this regular `expression`")
	flag.StringVar(&o.driver, "driver", "auto", "wrk, go, or auto: wrk where there is one")
	flag.Float64Var(&o.seconds, "seconds", 3, "how long each row loads each of the two")
	flag.IntVar(&o.stored, "stored", 100_000, "how many transactions list-transactions chooses from")
	flag.IntVar(&o.payouts, "payouts", 100_000, "how many payouts are stored to tell what one takes")
	flag.IntVar(&o.calls, "status-calls", 200_000, "how many status calls must not make it grow")
	flag.IntVar(&o.starts, "starts", 20, "how many starts the median is of")
	flag.DurationVar(&o.idle, "idle", 5*time.Second, "how long idling is measured")
	flag.BoolVar(&o.figures, "figures", true, "measure also start, memory and idling")
	flag.Parse()
	if only != "" {
		o.only = regexp.MustCompile(only)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := measure(ctx, o, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func measure(ctx context.Context, o options, out io.Writer) error {
	for _, binary := range []string{o.binary, o.baseline} {
		if _, err := os.Stat(binary); err != nil {
			return fmt.Errorf("find the binaries (make bench builds them): %w", err)
		}
	}
	d, err := o.newDriver()
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%d cores, shared by the driver (%s), the server and the webhook receiver; %g s a row and server\n\n", runtime.NumCPU(), d, o.seconds)
	if err := o.compare(ctx, d, out); err != nil || !o.figures {
		return err
	}
	fmt.Fprintln(out)
	return o.measureFigures(ctx, out)
}

// newDriver returns what sends the load.
func (o *options) newDriver() (driver, error) {
	path, err := exec.LookPath("wrk")
	switch {
	case o.driver == "go", o.driver == "auto" && err != nil:
		return goDriver{}, nil
	case o.driver == "auto", o.driver == "wrk":
		return wrkDriver{path}, err
	}
	return nil, errors.New("-driver is wrk, go or auto")
}

// length is how long a row loads a server.
func (o *options) length() time.Duration { return time.Duration(o.seconds * float64(time.Second)) }
