package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/spf13/cobra"
)

// healthTimeout is how long a healthy server may take to say so.
const healthTimeout = 2 * time.Second

// beside is the URL of the server that runs in the same environment, as in a
// container whose health check knows no more than the server does.
func (c *cli) beside() baseURL {
	addr := address(defaultAddr)
	if value := c.env(variable("addr")); value != "" && addr.Set(value) != nil {
		return c.url
	}
	listens, err := c.listenAddr(addr, c.env(variable("addr")) != "")
	if err != nil {
		return c.url
	}
	host, port, _ := net.SplitHostPort(string(listens)) // listenAddr has seen it
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return baseURL("http://" + net.JoinHostPort(host, port))
}

func (c *cli) healthCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "health",
		Aliases: []string{"healthcheck"},
		Short:   "Ask a server whether it is well",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !cmd.Flags().Changed("url") {
				c.url = c.beside()
			}
			ctx, cancel := context.WithTimeout(cmd.Context(), healthTimeout)
			defer cancel()
			health, err := c.client().Health(ctx)
			if err != nil {
				return err
			}
			if health.Status != "ok" {
				return fmt.Errorf("mockpay at %s says it is %q", c.url, health.Status)
			}
			return c.show(func(w io.Writer) {
				fmt.Fprintf(w, "ok: mockpay %s at %s\n", health.Version, c.url)
			})
		},
	}
}
