package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/mockpay/mockpay/client"
)

func (c *cli) webhooksAudit() *cobra.Command {
	var provider string
	var to baseURL
	cmd := &cobra.Command{
		Use:   "audit",
		Short: "Try what a receiver does with forged, old, damaged and repeated webhooks",
		Long: `Try what a receiver does with forged, old, damaged and repeated webhooks: that of
a provider, or those of all that have an endpoint. Nothing happened that the
webhooks tell of. It fails if a receiver takes what it should not.`,
		Example: `  mockpay webhooks audit
  mockpay webhooks audit --provider usdtpayout --to http://127.0.0.1:8080/callbacks`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.audit(cmd.Context(), provider, string(to))
		},
	}
	f := cmd.Flags()
	f.StringVar(&provider, "provider", "", "only the receiver of this provider's")
	f.Var(&to, "to", "the receiver, instead of the endpoint")
	return cmd
}

func (c *cli) audit(ctx context.Context, provider, url string) error {
	result, err := c.client().AuditWebhooks(ctx, provider, url)
	if err == nil {
		err = c.show(func(w io.Writer) { writeAudit(w, result) })
	}
	if err == nil && !result.OK {
		err = failedAudit(result)
	}
	return err
}

// failedAudit says how a receiver did not pass; first of all that it takes nothing
// genuine.
func failedAudit(result *client.Audit) error {
	failed := 0
	for _, check := range result.Checks {
		if !check.OK && check.Case == "genuine" {
			return errors.New("a genuine webhook was not taken, so the audit tells nothing else")
		}
		if !check.OK {
			failed++
		}
	}
	return fmt.Errorf("the audit failed: %s", count(failed, "check"))
}

func writeAudit(w io.Writer, result *client.Audit) {
	t := newTable(w, "PROVIDER", "EVENT", "CASE", "STATUS", "ACCEPTED", "OK", "DETAIL")
	for _, check := range result.Checks {
		status := ""
		if check.Status != 0 {
			status = fmt.Sprint(check.Status)
		}
		t.row(check.Provider, check.Event, check.Case, status, check.Accepted, check.OK, check.Detail)
	}
	t.Flush()
}
