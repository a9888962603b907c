package main

import (
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestPortFromEnv: MOCKPAY_PORT is the flag --port, unless it is what Kubernetes
// and Docker say about a service called mockpay.
func TestPortFromEnv(t *testing.T) {
	tests := []struct {
		name, value string
		want        uint16
		used        []string
	}{
		{"Set", "9001", 9001, []string{"MOCKPAY_PORT"}},
		{"Empty", "", 9000, nil},
		{"Kubernetes", "tcp://10.96.0.7:4402", 9000, nil},
		{"KubernetesIPv6", "tcp://[fd00::7]:4402", 9000, nil},
		{"KubernetesUDP", "udp://10.96.0.7:4402", 9000, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			flags := pflag.NewFlagSet("listen", pflag.ContinueOnError)
			port := flags.Uint16("port", 9000, "")
			used, err := setFromEnv(flags, func(name string) string {
				return map[string]string{"MOCKPAY_PORT": tt.value}[name]
			})
			require.NoError(t, err)
			assert.Equal(t, tt.want, *port)
			assert.Equal(t, tt.used, used)
		})
	}
	for _, wrong := range []string{"high", "http://10.96.0.7:4402", "99999"} {
		code, _, stderr := runCLI(t, func(name string) string {
			return map[string]string{"MOCKPAY_PORT": wrong}[name]
		}, "webhooks", "listen")
		assert.Equal(t, exitUsage, code)
		assert.Contains(t, stderr, "in MOCKPAY_PORT: ")
	}
}

// TestNoFlagIsALink: apart from --port no flag has a name of which Kubernetes or
// Docker make a variable beside a service called mockpay.
func TestNoFlagIsALink(t *testing.T) {
	var look func(*cobra.Command)
	look = func(cmd *cobra.Command) {
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			assert.NotRegexp(t, `^MOCKPAY_(SERVICE_(HOST|PORT.*)|PORT_.*|NAME|ENV_.*)$`, variable(f.Name), cmd.CommandPath())
		})
		for _, sub := range cmd.Commands() {
			look(sub)
		}
	}
	look(newCLI(noEnv, nil, nil, nil).rootCommand())
}
