package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/mockpay/mockpay/client"
)

// endpointFlags are the flags of webhooks endpoint.
type endpointFlags struct {
	encoding choice
	attempts int
	backoff  []time.Duration
	timeout  time.Duration
	remove   bool
}

func (c *cli) webhooksEndpoint() *cobra.Command {
	o := &endpointFlags{encoding: choice{"", []string{"form", "json"}}}
	cmd := &cobra.Command{
		Use:   "endpoint PROVIDER [URL]",
		Short: "Show where a provider's webhooks go, or set it",
		Long: `Show where a provider's webhooks go, or set it. What the flags leave open is as
the scenario says.`,
		Example: `  mockpay webhooks endpoint dinaricash
  mockpay webhooks endpoint dinaricash http://127.0.0.1:9000/ --attempts 3 --backoff 1s,1m
  mockpay webhooks endpoint dinaricash --remove`,
		Args: takes(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.check(cmd.Flags(), args); err != nil {
				return usage(err)
			}
			switch {
			case o.remove:
				return c.removeEndpoint(cmd.Context(), args[0])
			case len(args) == 1:
				return c.showEndpoint(cmd.Context(), args[0])
			}
			return c.setEndpoint(cmd.Context(), args[0], args[1], o)
		},
	}
	f := cmd.Flags()
	f.Var(&o.encoding, "encoding", "how a webhook is written")
	f.IntVar(&o.attempts, "attempts", 0, "how often a webhook is sent at most")
	f.DurationSliceVar(&o.backoff, "backoff", nil, "what passes on the clock after each failed attempt, with commas; the last one also after all others")
	f.DurationVar(&o.timeout, "request-timeout", 0, "how long an attempt may take")
	f.BoolVar(&o.remove, "remove", false, "take the endpoint away: webhooks go nowhere then")
	return cmd
}

// check refuses what makes no sense before the server is asked.
func (o *endpointFlags) check(flags *pflag.FlagSet, args []string) error {
	var url baseURL
	switch {
	case len(args) == 1:
		return needURL(flags)
	case o.remove:
		return errors.New("--remove takes no URL")
	case url.Set(args[1]) != nil:
		return fmt.Errorf("%q must be a URL like http://127.0.0.1:9000/", args[1])
	case flags.Changed("attempts") && o.attempts < 1:
		return fmt.Errorf("--attempts must be 1 or more, it is %d", o.attempts)
	case flags.Changed("request-timeout") && o.timeout <= 0:
		return fmt.Errorf("--request-timeout must be above 0, it is %s", o.timeout)
	}
	return nil
}

// needURL refuses flags that say how webhooks go where nothing says where.
func needURL(flags *pflag.FlagSet) error {
	for _, name := range []string{"encoding", "attempts", "backoff", "request-timeout"} {
		if flags.Changed(name) {
			return fmt.Errorf("--%s goes with a URL only", name)
		}
	}
	return nil
}

func (c *cli) showEndpoint(ctx context.Context, provider string) error {
	e, err := c.client().WebhookEndpoint(ctx, provider)
	if err != nil {
		return err
	}
	return c.show(func(w io.Writer) { writeEndpoint(w, provider, e) })
}

func (c *cli) setEndpoint(ctx context.Context, provider, url string, o *endpointFlags) error {
	e, err := c.client().SetWebhookEndpoint(ctx, provider, client.WebhookEndpoint{
		URL: url, Encoding: o.encoding.value, Attempts: o.attempts, Backoff: o.backoff, Timeout: o.timeout,
	})
	if err != nil {
		return err
	}
	c.warnUnreachable(e)
	return c.show(func(w io.Writer) {
		writeEndpoint(w, provider, e)
		if e.Reachable {
			fmt.Fprintln(w, "\nreachable")
		}
	})
}

// warnUnreachable says why nobody listens at an endpoint that was set, if nobody
// does.
func (c *cli) warnUnreachable(e *client.WebhookEndpoint) {
	if !e.Reachable {
		c.warn("%s is not reachable: %s", e.URL, e.Cause)
	}
}

func (c *cli) removeEndpoint(ctx context.Context, provider string) error {
	if err := c.client().RemoveWebhookEndpoint(ctx, provider); err != nil {
		return err
	}
	return c.show(func(w io.Writer) { fmt.Fprintf(w, "webhooks of %s go nowhere\n", provider) })
}

func writeEndpoint(w io.Writer, provider string, e *client.WebhookEndpoint) {
	var backoff []string
	for _, d := range e.Backoff {
		backoff = append(backoff, d.String())
	}
	t := newTable(w, "PROVIDER", "URL", "ENCODING", "ATTEMPTS", "BACKOFF", "TIMEOUT")
	t.row(provider, e.URL, e.Encoding, e.Attempts, strings.Join(backoff, ","), e.Timeout)
	t.Flush()
}
