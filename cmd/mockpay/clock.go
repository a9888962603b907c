package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/mockpay/mockpay/client"
)

func (c *cli) clockCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "clock", Short: "See and turn the clock of a workspace"}
	cmd.AddCommand(
		c.clockVerb("show", "Show the time and what is due", (*client.Client).Clock),
		c.clockVerb("freeze", "Stop the clock where it is", (*client.Client).Freeze),
		c.clockVerb("resume", "Let a frozen clock go on", (*client.Client).Resume),
		clockTurn(c, "advance DURATION", "Go forward by 90s, 15m, 24h…, doing what falls due",
			parseDuration, (*client.Client).Advance),
		clockTurn(c, "set TIME", "Go forward to a time like 2026-01-15T09:00:00Z, doing what falls due",
			parseTime, (*client.Client).SetTime),
		clockTurn(c, "speed FACTOR", "Run at a multiple of real time; 1 is real time",
			parseFactor, (*client.Client).SetSpeed),
	)
	return cmd
}

func parseDuration(s string) (time.Duration, error) {
	d, err := time.ParseDuration(s)
	if err != nil {
		return 0, fmt.Errorf("%q is no duration like 90s, 15m or 24h", s)
	}
	return d, nil
}

func parseTime(s string) (time.Time, error) {
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return at, fmt.Errorf("%q is no time like 2026-01-15T09:00:00Z", s)
	}
	return at, nil
}

func parseFactor(s string) (float64, error) {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || !(f > 0) || math.IsInf(f, 1) {
		return 0, fmt.Errorf("%q is no number above 0", s)
	}
	return f, nil
}

func (c *cli) clockVerb(use, short string, do func(*client.Client, context.Context) (*client.Clock, error)) *cobra.Command {
	return &cobra.Command{
		Use:   use,
		Short: short,
		RunE: func(cmd *cobra.Command, _ []string) error {
			clock, err := do(c.client(), cmd.Context())
			if err != nil {
				return err
			}
			return c.showClock(clock)
		},
	}
}

// clockTurn is a verb that takes a value, read by parse.
func clockTurn[T any](
	c *cli, use, short string,
	parse func(string) (T, error),
	do func(*client.Client, context.Context, T) (*client.Clock, error),
) *cobra.Command {
	return &cobra.Command{
		Use:   use,
		Short: short,
		Args:  takes(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			value, err := parse(args[0])
			if err != nil {
				return usage(err)
			}
			clock, err := do(c.client(), cmd.Context(), value)
			if err != nil {
				return err
			}
			return c.showClock(clock)
		},
	}
}

func (c *cli) showClock(clock *client.Clock) error {
	return c.show(func(w io.Writer) {
		t := newTable(w, "NOW", "FROZEN", "SPEED")
		t.row(clock.Now, clock.Frozen, clock.Speed)
		t.Flush()
		if len(clock.Fired)+len(clock.Pending) == 0 {
			return
		}
		io.WriteString(w, "\n")
		t = newTable(w, "DUE", "AT", "KIND", "REF")
		for _, due := range clock.Fired {
			t.row("fired", due.At, due.Kind, due.Ref)
		}
		for _, due := range clock.Pending {
			t.row("pending", due.At, due.Kind, due.Ref)
		}
		t.Flush()
	})
}
