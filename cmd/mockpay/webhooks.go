package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mockpay/mockpay/client"
)

// webhooksFlags are the flags of webhooks.
type webhooksFlags struct {
	client.WebhookFilter
	status  choice
	full    bool
	id      string
	wait    int
	timeout time.Duration
}

func (c *cli) webhooksCommand() *cobra.Command {
	o := &webhooksFlags{status: choice{"", []string{"pending", "delivered", "failed", "dropped", "unsent"}}}
	cmd := &cobra.Command{
		Use:   "webhooks",
		Short: "Show, repeat and receive webhooks",
		Example: `  mockpay webhooks --status failed
  mockpay webhooks --id ID
  mockpay webhooks --wait 2 --event dinaricash.transaction_status --timeout 10s`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := checkList(cmd.Flags(), "event"); err != nil {
				return usage(err)
			}
			o.Status = o.status.value
			return c.webhooks(cmd, o)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.Provider, "provider", "", "only this provider's")
	f.StringVar(&o.Event, "event", "", "only those of this event, like dinaricash.transaction_status")
	f.Var(&o.status, "status", "only those that have come that far")
	f.IntVar(&o.Limit, "limit", 0, "only this many of the newest")
	f.BoolVar(&o.full, "full", false, "with payloads, and headers and bodies of each attempt")
	f.StringVar(&o.id, "id", "", "this one, with its payload, and headers and bodies of each attempt")
	f.IntVar(&o.wait, "wait", 0, "wait until this many have gone out")
	f.DurationVar(&o.timeout, "timeout", 5*time.Second, "how long --wait waits")
	cmd.AddCommand(c.webhooksRedeliver(), c.webhooksDrain(), c.webhooksEndpoint(), c.webhooksListen(), c.webhooksAudit())
	return cmd
}

func (c *cli) webhooks(cmd *cobra.Command, o *webhooksFlags) error {
	ctx := cmd.Context()
	if o.id != "" {
		hook, err := c.client().Webhook(ctx, o.id)
		if err != nil {
			return err
		}
		return c.show(func(w io.Writer) { writeWebhook(w, hook) })
	}
	var list *client.Webhooks
	var err error
	if cmd.Flags().Changed("wait") {
		list, err = c.client().AwaitWebhooks(ctx, o.Event, o.wait, o.timeout)
	} else {
		list, err = c.client().Webhooks(ctx, o.WebhookFilter)
	}
	if err != nil {
		return err
	}
	return c.show(func(w io.Writer) { writeWebhooks(w, list, o.full) })
}

func writeWebhooks(w io.Writer, list *client.Webhooks, full bool) {
	if full {
		for i := range list.Webhooks {
			writeWebhook(w, &list.Webhooks[i])
		}
	} else {
		t := newTable(w, "ID", "AT", "EVENT", "STATUS", "ATTEMPTS", "URL", "HINT")
		for _, h := range list.Webhooks {
			t.row(h.ID, h.CreatedAt, h.Provider+"."+h.Event, h.Status, len(h.Attempts), h.URL, h.Hint)
		}
		t.Flush()
	}
	if list.Dropped > 0 {
		fmt.Fprintf(w, "\n%d older webhooks were dropped\n", list.Dropped)
	}
}

// writeWebhook writes a webhook in full, with all its attempts.
func writeWebhook(w io.Writer, h *client.Webhook) {
	t := newTable(w, "ID", "AT", "EVENT", "STATUS", "ATTEMPTS", "URL")
	t.row(h.ID, h.CreatedAt, h.Provider+"."+h.Event, h.Status, len(h.Attempts), h.URL)
	t.Flush()
	fmt.Fprintf(w, "cause: %s\n", h.Cause)
	if h.Hint != "" {
		fmt.Fprintf(w, "hint: %s\n", h.Hint)
	}
	if h.Misbehaviour != nil {
		fmt.Fprintf(w, "misbehaviour: %s\n", ordered(h.Misbehaviour))
	}
	if h.Audit != "" {
		fmt.Fprintf(w, "audit: %s\n", h.Audit)
	}
	fmt.Fprintf(w, "payload: %s\n\n", h.Payload)
	for _, a := range h.Attempts {
		writeAttempt(w, a)
	}
}

// ordered is how a webhook was to misbehave, in the words of rules.
func ordered(m *client.Misbehaviour) string {
	var words []string
	for _, is := range []struct {
		name string
		so   bool
	}{
		{"drop", m.Drop}, {"delay " + m.Delay, m.Delay != ""}, {fmt.Sprintf("duplicate %d", m.Duplicate), m.Duplicate > 0}, {"reorder", m.Reorder},
		{"bad_signature", m.BadSignature}, {"stale_timestamp", m.StaleTimestamp}, {"corrupt", m.Corrupt},
	} {
		if is.so {
			words = append(words, is.name)
		}
	}
	text := strings.Join(words, ", ")
	if m.Rule != "" {
		text += fmt.Sprintf(" (rule %q)", m.Rule)
	}
	return text
}

// writeAttempt writes an attempt: what was sent after ">", what was answered
// after "<".
func writeAttempt(w io.Writer, a client.Attempt) {
	t := newTable(w, "AT", "STATUS", "TOOK", "ERROR")
	t.row(a.At, statusText(a.Status), took(a), a.Error)
	t.Flush()
	if a.Copy > 0 {
		fmt.Fprintf(w, "duplicate: %d\n", a.Copy)
	}
	if len(a.Spoiled) > 0 {
		fmt.Fprintf(w, "spoiled: %s\n", strings.Join(a.Spoiled, ", "))
	}
	if len(a.Request.Headers) > 0 {
		writeMessage(w, ">", a.Request.Headers, a.Request.Body)
	}
	if a.Status != 0 {
		writeMessage(w, "<", a.Response.Headers, a.Response.Body)
	}
	fmt.Fprintln(w)
}

// statusText is the status of an answer, "" if there is none.
func statusText(status int) string {
	if status == 0 {
		return ""
	}
	return fmt.Sprint(status)
}

func took(a client.Attempt) time.Duration { return time.Duration(a.DurationUS) * time.Microsecond }

func (c *cli) webhooksRedeliver() *cobra.Command {
	return &cobra.Command{
		Use:     "redeliver ID...",
		Short:   "Send webhooks once more; last is the newest",
		Example: "  mockpay webhooks redeliver last",
		Args:    takesSome,
		RunE: func(cmd *cobra.Command, ids []string) error {
			failed := 0
			for _, id := range ids {
				hook, err := c.redeliver(cmd.Context(), id)
				if err == nil {
					err = c.show(func(w io.Writer) { writeRedelivered(w, hook) })
				}
				if err != nil {
					return err
				}
				if !delivered(hook) {
					failed++
				}
			}
			if failed > 0 {
				return fmt.Errorf("%s not delivered", count(failed, "webhook"))
			}
			return nil
		},
	}
}

// redeliver sends a webhook once more; "last" is the newest.
func (c *cli) redeliver(ctx context.Context, id string) (*client.Webhook, error) {
	if id == "last" {
		list, err := c.client().Webhooks(ctx, client.WebhookFilter{Limit: 1})
		if err != nil {
			return nil, err
		}
		if len(list.Webhooks) == 0 {
			return nil, fmt.Errorf("workspace %s has no webhooks", c.workspace)
		}
		id = list.Webhooks[0].ID
	}
	return c.client().Redeliver(ctx, id)
}

// delivered tells whether the last attempt succeeded. One that was delivered
// before stays so when it fails once more.
func delivered(h *client.Webhook) bool { return h.Status == "delivered" && h.Hint == "" }

func writeRedelivered(w io.Writer, h *client.Webhook) {
	if !delivered(h) || len(h.Attempts) == 0 {
		fmt.Fprintf(w, "webhook %s was not delivered to %s: %s\n", h.ID, cellText(h.URL), cellText(h.Hint))
		return
	}
	last := h.Attempts[len(h.Attempts)-1]
	fmt.Fprintf(w, "webhook %s was delivered to %s: %d in %s\n", h.ID, cellText(h.URL), last.Status, took(last))
}

func (c *cli) webhooksDrain() *cobra.Command {
	var timeout time.Duration
	cmd := &cobra.Command{
		Use:   "drain",
		Short: "Wait until no webhook is pending",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := c.client().DrainWebhooks(cmd.Context(), timeout); err != nil {
				return err
			}
			return c.show(func(w io.Writer) { fmt.Fprintln(w, "no webhook is pending") })
		},
	}
	cmd.Flags().DurationVar(&timeout, "timeout", 5*time.Second, "how long to wait")
	return cmd
}
