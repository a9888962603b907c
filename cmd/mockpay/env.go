package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/pflag"
)

// setFromEnv gives the flags that the command line left out the values of their
// variables, and returns the names of those it used. An empty variable counts
// as none, because pipelines often pass on what they do not have.
func setFromEnv(flags *pflag.FlagSet, env func(string) string) (used []string, err error) {
	flags.VisitAll(func(f *pflag.Flag) {
		name := variable(f.Name)
		value := env(name)
		if err != nil || value == "" || isLink(name, value) || f.Changed || f.Name == "help" {
			return
		}
		if wrong := f.Value.Set(value); wrong != nil {
			err = fmt.Errorf("invalid value %q in %s: %w", value, name, wrong)
			return
		}
		f.Changed = true
		used = append(used, name)
	})
	return used, err
}

// isLink tells whether a variable is not ours: beside a service called mockpay
// Kubernetes, and Docker beside a link of that name, set MOCKPAY_PORT to the
// service's URL, tcp://10.96.0.7:4402. No other of theirs is called as a flag is.
func isLink(name, value string) bool {
	network, _, found := strings.Cut(value, "://")
	return found && name == "MOCKPAY_PORT" && slices.Contains([]string{"tcp", "udp", "sctp"}, network)
}

// variable is the environment's name of a flag.
func variable(flag string) string {
	return "MOCKPAY_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}
