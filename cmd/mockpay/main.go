// Command mockpay impersonates payment providers, and asks and steers a mockpay
// that runs.
//
//	mockpay                                  serve on 127.0.0.1:4402
//	mockpay scenario load authcode-expiry    from here on, ask that server
//	mockpay clock advance 15m
//	mockpay requests --status 403
//
// Every verb is in the file named after its noun. A verb that needs a server
// speaks to it through package client and nothing else. What all verbs share:
//
//   - Each flag --some-flag is also the variable MOCKPAY_SOME_FLAG (env.go).
//   - Answers go to stdout, as text or with --output json as the server's own
//     JSON (output.go). Errors go to stderr, a line each, beginning "mockpay:".
//   - The exit code is 0 when it was done, 1 when it failed, 2 when it was asked
//     for wrongly or a file is invalid (root.go).
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	os.Exit(mockpay())
}

// profiled begins to watch where the time goes, and returns how to end that. It
// is nil but in what make profile builds.
var profiled func() (stop func())

func mockpay() int {
	if profiled != nil {
		defer profiled()()
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the process at once

	c := newCLI(os.Getenv, os.Stdin, os.Stdout, os.Stderr)
	return c.run(ctx, os.Args[1:])
}
