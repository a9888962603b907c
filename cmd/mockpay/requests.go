package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/mockpay/mockpay/client"
)

// requestsFlags are the flags of requests.
type requestsFlags struct {
	client.RequestFilter
	matched bool
	full    bool
	id      string
	wait    int
	timeout time.Duration
}

func (c *cli) requestsCommand() *cobra.Command {
	o := &requestsFlags{}
	cmd := &cobra.Command{
		Use:   "requests",
		Short: "Show the calls that came in, newest first",
		Example: `  mockpay requests --provider dinardragon --status 403
  mockpay requests --id ID
  mockpay requests --wait 2 --operation dinardragon.execute --timeout 10s`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := checkList(cmd.Flags(), "operation"); err != nil {
				return usage(err)
			}
			return c.requests(cmd, o)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.Provider, "provider", "", "only this provider's")
	f.StringVar(&o.Operation, "operation", "", "only this operation's, like dinardragon.execute")
	f.IntVar(&o.Status, "status", 0, "only those answered with this HTTP status")
	f.BoolVar(&o.matched, "matched", false, "only those that an operation was found for; =false, those not")
	f.StringVar(&o.Since, "since", "", "only those since this time of the workspace (RFC 3339), or since the request with this id")
	f.IntVar(&o.Limit, "limit", 0, "only this many of the newest")
	f.BoolVar(&o.full, "full", false, "with headers and bodies")
	f.StringVar(&o.id, "id", "", "this one, with headers and bodies")
	f.IntVar(&o.wait, "wait", 0, "wait until this many have come")
	f.DurationVar(&o.timeout, "timeout", 5*time.Second, "how long --wait waits")
	return cmd
}

// checkList refuses flags of a list that the server would not look at together.
// counted is the flag that says what --wait counts.
func checkList(flags *pflag.FlagSet, counted string) error {
	var with string // what the other flags must go with
	var allowed []string
	switch {
	case flags.Changed("id"):
		with, allowed = "id", []string{"id", "full"}
	case flags.Changed("wait"):
		with, allowed = "wait", []string{"wait", "timeout", counted, "full"}
	case flags.Changed("timeout"):
		return fmt.Errorf("--timeout goes with --wait only")
	default:
		return nil
	}
	for _, name := range []string{"provider", "operation", "event", "status", "matched", "since", "limit", "wait", "timeout"} {
		if flags.Changed(name) && !slices.Contains(allowed, name) {
			return fmt.Errorf("--%s does not go with --%s", name, with)
		}
	}
	return nil
}

func (c *cli) requests(cmd *cobra.Command, o *requestsFlags) error {
	ctx, flags := cmd.Context(), cmd.Flags()
	if o.id != "" {
		request, err := c.client().Request(ctx, o.id)
		if err != nil {
			return err
		}
		return c.show(func(w io.Writer) { writeRequest(w, request) })
	}
	if flags.Changed("matched") {
		o.Matched = &o.matched
	}
	var list *client.Requests
	var err error
	if flags.Changed("wait") {
		list, err = c.client().AwaitRequests(ctx, o.Operation, o.wait, o.timeout)
	} else {
		list, err = c.client().Requests(ctx, o.RequestFilter)
	}
	if err != nil {
		return err
	}
	return c.show(func(w io.Writer) { writeRequests(w, list, o.full) })
}

func writeRequests(w io.Writer, list *client.Requests, full bool) {
	if full {
		for i := range list.Requests {
			writeRequest(w, &list.Requests[i])
		}
	} else {
		t := newTable(w, "ID", "AT", "OPERATION", "METHOD", "PATH", "STATUS", "RULE", "FAULT", "HINT")
		for _, r := range list.Requests {
			t.row(r.ID, r.At, r.Operation, r.Method, r.Path, statusText(r.Status), r.Rule, r.Fault, r.Hint)
		}
		t.Flush()
	}
	if list.Dropped > 0 {
		fmt.Fprintf(w, "\n%d older requests were dropped\n", list.Dropped)
	}
}

// writeRequest writes a call in full: what was sent after ">", what was
// answered after "<".
func writeRequest(w io.Writer, r *client.Request) {
	t := newTable(w, "ID", "AT", "OPERATION", "METHOD", "PATH", "STATUS", "TOOK")
	t.row(r.ID, r.At, r.Operation, r.Method, r.Path, statusText(r.Status), time.Duration(r.DurationUS)*time.Microsecond)
	t.Flush()
	if r.Rule != "" {
		fmt.Fprintf(w, "rule: %s\n", r.Rule)
	}
	if r.Fault != "" {
		fmt.Fprintf(w, "fault: %s\n", r.Fault)
	}
	if r.Hint != "" {
		fmt.Fprintf(w, "hint: %s\n", r.Hint)
	}
	writeMessage(w, ">", r.Request.Headers, r.Request.Body)
	writeMessage(w, "<", r.Response.Headers, r.Response.Body)
	fmt.Fprintln(w)
}

func writeMessage(w io.Writer, mark string, headers map[string]string, body string) {
	for _, name := range slices.Sorted(maps.Keys(headers)) {
		fmt.Fprintf(w, "%s %s: %s\n", mark, name, headers[name])
	}
	fmt.Fprintln(w, mark)
	if body == "" {
		return
	}
	for line := range strings.Lines(body) {
		fmt.Fprintf(w, "%s %s\n", mark, strings.TrimRight(line, "\r\n"))
	}
}
