package main

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mockpay/mockpay/journal"
	"github.com/mockpay/mockpay/mocks"
	"github.com/mockpay/mockpay/server"
)

// Where the server listens unless told otherwise.
const (
	defaultAddr = address("127.0.0.1:4402")
	defaultPort = "4402"
)

// stopTimeout is how long requests in flight may take once a signal came.
const stopTimeout = 10 * time.Second

// serveFlags are the flags of serve.
type serveFlags struct {
	addr          address
	providerAddrs map[string]string
	scenario      string
	seed          int64
	store         choice
	journalSize   uint32
	journalBody   uint32
	webhookURLs   map[string]string
	webhookAllow  hostList
	logLevel      choice
	logFormat     choice
}

func (c *cli) serveCommand(use string) *cobra.Command {
	o := &serveFlags{
		addr:      defaultAddr,
		store:     choice{"memory", []string{"memory"}},
		logLevel:  choice{"info", []string{"debug", "info", "warn", "error"}},
		logFormat: choice{"text", []string{"text", "json"}},
	}
	cmd := &cobra.Command{
		Use:   use,
		Short: "Serve the providers and the control API",
		RunE: func(cmd *cobra.Command, _ []string) error {
			opts, err := c.serverOptions(cmd, o)
			if err != nil {
				return usage(err)
			}
			return c.serve(cmd.Context(), opts)
		},
	}
	f := cmd.Flags()
	f.Var(&o.addr, "addr", "where to listen for HTTP; an empty port is $PORT, else 4402")
	f.StringToStringVar(&o.providerAddrs, "provider-addr", nil, "an extra listener with one provider at its root, `NAME=ADDR`; repeatable")
	f.StringVar(&o.scenario, "scenario", "default", "a shipped scenario, a file, or a folder with a file per workspace")
	f.Int64Var(&o.seed, "seed", 0, "seed of the default workspace (drawn if not given)")
	f.Uint32Var(&o.journalSize, "journal-size", journal.DefaultSize, "how many requests each workspace remembers")
	f.Uint32Var(&o.journalBody, "journal-body", journal.DefaultBody, "how many bytes of each body it remembers")
	f.StringToStringVar(&o.webhookURLs, "webhook-url", nil, "where webhooks of a provider go, `NAME=URL`; repeatable")
	f.Var(&o.webhookAllow, "webhook-allow", "a host that webhooks may go to besides this machine and private networks; repeatable")
	f.Var(&o.store, "store", "where state is kept; in memory it ends with the server")
	f.Var(&o.logLevel, "log-level", "the least important log line written")
	f.Var(&o.logFormat, "log-format", "how log lines are written")
	return cmd
}

// serverOptions turns flags into the server's options.
func (c *cli) serverOptions(cmd *cobra.Command, o *serveFlags) (server.Options, error) {
	addr, err := c.listenAddr(o.addr, cmd.Flags().Changed("addr"))
	if err != nil {
		return server.Options{}, err
	}
	opts := server.Options{
		Addr:          string(addr),
		ProviderAddrs: o.providerAddrs,
		Scenario:      o.scenario,
		ControlToken:  c.token,
		JournalSize:   orNone(o.journalSize),
		JournalBody:   orNone(o.journalBody),
		WebhookURLs:   o.webhookURLs,
		WebhookAllow:  o.webhookAllow,
		Version:       buildVersion(),
		Log:           c.logger(o),
		Mocks:         mocks.All(),
	}
	if cmd.Flags().Changed("seed") {
		opts.Seed = &o.seed
	}
	return opts, nil
}

// orNone is a number as the server's options have it, where 0 is the default.
func orNone(n uint32) int {
	if n == 0 {
		return -1
	}
	return int(n)
}

// listenAddr fills in the port of PORT where --addr and MOCKPAY_ADDR name none.
func (c *cli) listenAddr(addr address, given bool) (address, error) {
	if given && addr.port() != "" {
		return addr, nil
	}
	switch port := c.env("PORT"); {
	case port == "":
		return addr.withPort(defaultPort), nil
	case !isPort(port):
		return "", fmt.Errorf("invalid value %q in PORT: must be a port number", port)
	default:
		return addr.withPort(port), nil
	}
}

func (c *cli) logger(o *serveFlags) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(o.logLevel.value)) // one of the words of the choice
	opts := &slog.HandlerOptions{Level: level}
	if o.logFormat.value == "json" {
		return slog.New(slog.NewJSONHandler(c.stderr, opts))
	}
	return slog.New(slog.NewTextHandler(c.stderr, opts))
}

// runServer serves until ctx ends or a listener fails.
func (c *cli) runServer(ctx context.Context, opts server.Options) error {
	defer c.spareCollections()()
	srv, err := server.New(opts)
	if err != nil {
		return usage(c.blameEnv(err))
	}
	if err := srv.Start(); err != nil {
		return fmt.Errorf("start the server: %w", err)
	}
	err = srv.Banner(c.stdout)
	if err == nil {
		select {
		case <-ctx.Done():
		case err = <-srv.Done():
		}
	}
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	if late := srv.Stop(stopping); late != nil {
		opts.Log.Warn("stop the server", "error", late)
	}
	return err
}

// blameEnv names the variables that had a say in an option that is not valid.
func (c *cli) blameEnv(err error) error {
	if len(c.fromEnv) == 0 {
		return err
	}
	return fmt.Errorf("%w (from the environment: %s)", err, strings.Join(c.fromEnv, ", "))
}
