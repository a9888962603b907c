package main

import (
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/mockpay/mockpay/provider"
	"github.com/mockpay/mockpay/scenarios"
)

// Exit codes.
const (
	exitOK     = 0
	exitFailed = 1 // the thing asked for failed
	exitUsage  = 2 // wrong usage or an invalid file
)

// A usageError is wrong usage or an invalid file.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// usage marks an error as wrong usage; nil stays nil.
func usage(err error) error {
	if err == nil {
		return nil
	}
	return usageError{err}
}

func usagef(format string, args ...any) error {
	return usageError{fmt.Errorf(format, args...)}
}

func exitCode(err error) int {
	var wrong usageError
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &wrong):
		return exitUsage
	default:
		return exitFailed
	}
}

// errorLines is the error as a line, or a line for each mistake in a scenario.
func errorLines(err error) []string {
	if err == nil {
		return nil
	}
	var lines []string
	var mistakes scenarios.Mistakes
	if errors.As(err, &mistakes) {
		for _, m := range mistakes {
			lines = append(lines, m.String())
		}
		return lines
	}
	return append(lines, strings.ReplaceAll(err.Error(), "\n", "; "))
}

// strict refuses what cobra lets pass: a noun without a verb, and arguments
// where none are taken.
func strict(cmd *cobra.Command) {
	if !cmd.Runnable() {
		cmd.Args = noArgs
		cmd.RunE = func(cmd *cobra.Command, _ []string) error {
			return usagef("%q needs a command: %s", cmd.CommandPath(), strings.Join(verbs(cmd), ", "))
		}
	}
	check := cmd.Args
	if check == nil {
		check = noArgs
	}
	cmd.Args = func(cmd *cobra.Command, args []string) error { return usage(check(cmd, args)) }
	for _, sub := range cmd.Commands() {
		strict(sub)
	}
}

// noArgs refuses any argument. Where commands are, it is taken for a wrong one.
func noArgs(cmd *cobra.Command, args []string) error {
	switch names := verbs(cmd); {
	case len(args) == 0:
		return nil
	case len(names) == 0:
		return fmt.Errorf("%q takes no arguments, got %q", cmd.CommandPath(), args[0])
	default:
		return errors.New(provider.NoSuch("command", args[0], names))
	}
}

// takes refuses fewer than least arguments, and more than most.
func takes(least, most int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) < least || len(args) > most {
			return fmt.Errorf("wrong number of arguments; use: %s", cmd.UseLine())
		}
		return nil
	}
}

// takesSome refuses none.
func takesSome(cmd *cobra.Command, args []string) error {
	return takes(1, math.MaxInt)(cmd, args)
}

// flagError explains a flag that cannot be used. If the command itself is not
// known, its flags cannot be either: that is what it says then.
func flagError(cmd *cobra.Command, err error) error {
	if wrong := noArgs(cmd, cmd.Flags().Args()); wrong != nil && cmd.HasSubCommands() {
		return usage(wrong)
	}
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) {
		return usage(err)
	}
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	word := unknown.GetSpecifiedName()
	if short := unknown.GetSpecifiedShortnames(); short != "" {
		word = short // -workspace is read as -w -o -r …
	}
	if short := unknown.GetSpecifiedShortnames(); short != "" && short[0] >= '0' && short[0] <= '9' {
		return usagef("-%s is negative; no value of %q is", short, cmd.CommandPath())
	}
	if near := provider.Nearest(word, names); near != "" {
		return usagef("%w, did you mean --%s?", err, near)
	}
	return usage(err)
}

func verbs(cmd *cobra.Command) (names []string) {
	for _, sub := range cmd.Commands() {
		if sub.IsAvailableCommand() {
			names = append(names, sub.Name())
		}
	}
	return names
}
