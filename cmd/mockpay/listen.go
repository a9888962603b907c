package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/mockpay/mockpay/client"
)

// listenFlags are the flags of webhooks listen.
type listenFlags struct {
	port     uint16
	forward  baseURL
	register string
	status   int
}

func (c *cli) webhooksListen() *cobra.Command {
	o := &listenFlags{}
	cmd := &cobra.Command{
		Use:   "listen",
		Short: "Receive webhooks on this machine and print them",
		Long: `Receive webhooks on this machine and print them, until a signal ends it. It needs
no server unless --register is given.`,
		Example: `  mockpay webhooks listen --register dinaricash
  mockpay webhooks listen --port 9000 --forward http://127.0.0.1:8080/hooks
  mockpay webhooks listen --status 503`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.check(cmd.Flags()); err != nil {
				return usage(err)
			}
			return c.listen(cmd.Context(), o)
		},
	}
	f := cmd.Flags()
	f.Uint16Var(&o.port, "port", 9000, "where to listen on 127.0.0.1; 0 is a free one")
	f.Var(&o.forward, "forward", "pass on what arrives to this URL, and answer what it answers")
	f.StringVar(&o.register, "register", "", "be the endpoint of this provider until the end")
	f.IntVar(&o.status, "status", http.StatusOK, "answer with this HTTP status")
	return cmd
}

func (o *listenFlags) check(flags *pflag.FlagSet) error {
	switch {
	case o.status < 200 || o.status > 599:
		return fmt.Errorf("--status must be from 200 to 599, it is %d", o.status)
	case o.forward != "" && flags.Changed("status"):
		return errors.New("--status does not go with --forward")
	}
	return nil
}

// Limits of what a receiver takes and how long it ends, in real time.
const (
	arrivalTimeout = 30 * time.Second // of a request to come in
	idleTimeout    = 2 * time.Minute  // of a connection between two of them; longer than senders keep it
	forwardTimeout = 2 * time.Second  // of one in flight when a signal came
	leaveTimeout   = 2 * time.Second  // of the server to forget the receiver
)

// listen receives until ctx ends.
func (c *cli) listen(ctx context.Context, o *listenFlags) error {
	bound, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(int(o.port))))
	if err != nil {
		return err
	}
	r := newReceiver(c, o)
	srv := &http.Server{Handler: r, ReadTimeout: arrivalTimeout, IdleTimeout: idleTimeout, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)}
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(bound) }() // ends when srv is shut down
	err = c.receive(ctx, r, o.register, "http://"+bound.Addr().String()+"/", failed)
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), forwardTimeout)
	defer cancel()
	if srv.Shutdown(stopping) != nil {
		_ = srv.Close() // whoever still waits has waited long enough
	}
	return err
}

// receive says where the receiver is, to the server too if it is to be a
// provider's endpoint, and returns when ctx ends or the receiver fails.
func (c *cli) receive(ctx context.Context, r *receiver, provider, url string, failed <-chan error) error {
	if err := r.say("listening", url, "listening on "+url); err != nil {
		return err
	}
	if provider != "" {
		e, err := c.client().SetWebhookEndpoint(ctx, provider, client.WebhookEndpoint{URL: url})
		if err != nil && ctx.Err() == nil {
			return err
		}
		defer c.leave(ctx, provider, url) // the server may know, also if it had no time to say so
		if err != nil {
			return nil
		}
		c.warnUnreachable(e)
		if err := r.say("registered", provider, "webhooks of "+provider+" come here"); err != nil {
			return err
		}
	}
	select {
	case <-ctx.Done():
		return nil
	case err := <-failed:
		return err
	}
}

// leave takes the receiver away from the server, unless another endpoint was set
// meanwhile.
func (c *cli) leave(ctx context.Context, provider, url string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaveTimeout)
	defer cancel()
	e, err := c.client().WebhookEndpoint(ctx, provider)
	if err == nil && e.URL == url {
		err = c.client().RemoveWebhookEndpoint(ctx, provider)
	}
	if err != nil {
		c.warn("webhooks of %s still come to %s: %v", provider, url, err)
	}
}
