package main

import (
	"context"
	"fmt"
	"io"
	"net/http"

	"github.com/spf13/cobra"

	"github.com/mockpay/mockpay/client"
	"github.com/mockpay/mockpay/server"
)

// A cli is one run of the command line.
type cli struct {
	env            func(string) string
	stdin          io.Reader
	stdout, stderr io.Writer

	url       baseURL
	workspace string
	token     string
	output    choice

	fromEnv []string // variables that gave flags their values
	answer  recorder // the last answer of the server

	serve func(context.Context, server.Options) error // changed by tests
}

func newCLI(env func(string) string, stdin io.Reader, stdout, stderr io.Writer) *cli {
	c := &cli{
		env: env, stdin: stdin, stdout: stdout, stderr: stderr,
		url:    "http://127.0.0.1:4402",
		output: choice{"text", []string{"text", "json"}},
	}
	c.serve = c.runServer
	return c
}

// run does what args ask for and returns the exit code.
func (c *cli) run(ctx context.Context, args []string) int {
	root := c.rootCommand()
	root.SetArgs(append([]string{}, args...)) // nil would be the process's own
	err := root.ExecuteContext(ctx)
	for _, line := range errorLines(err) {
		fmt.Fprintln(c.stderr, "mockpay:", line)
	}
	return exitCode(err)
}

// rootCommand is `mockpay serve` with all the verbs below it.
func (c *cli) rootCommand() *cobra.Command {
	root := c.serveCommand("mockpay")
	root.Version = buildVersion()
	root.Short = "Impersonate payment providers, to test without real money"
	root.Long = root.Short + `.

Without a command it serves. The other commands ask and steer a running server.
Each flag --some-flag is also the variable MOCKPAY_SOME_FLAG; flags win.`
	root.SilenceErrors, root.SilenceUsage = true, true
	root.SetIn(c.stdin)
	root.SetOut(c.stdout)
	root.SetErr(c.stderr)

	f := root.PersistentFlags()
	f.Var(&c.url, "url", "the server to ask")
	f.StringVar(&c.workspace, "workspace", "default", "the workspace to ask about")
	f.Var(&c.output, "output", "how answers are printed")
	f.StringVar(&c.token, "control-token", "", "what the control API asks for as Authorization: Bearer")

	root.AddCommand(
		c.serveCommand("serve"), c.healthCommand(), c.versionCommand(),
		c.scenarioCommand(), c.clockCommand(), c.timelineCommand(), c.workspaceCommand(), c.resetCommand(),
		c.requestsCommand(), c.webhooksCommand(), c.simulateCommand(), c.balancesCommand(), c.ledgerCommand(),
		c.verifyCommand(), c.coverageCommand(), c.stateCommand(), c.vectorsCommand(), c.fidelityCommand(),
	)
	root.InitDefaultCompletionCmd()
	strict(root)
	root.SetHelpCommand(helpCommand())
	root.SetFlagErrorFunc(flagError)
	root.PersistentPreRunE = func(cmd *cobra.Command, _ []string) (err error) {
		c.fromEnv, err = setFromEnv(cmd.Flags(), c.env)
		return usage(err)
	}
	return root
}

// client returns a client as the flags want it. What it gets as an answer is
// also kept in c.answer.
func (c *cli) client() *client.Client {
	return client.New(string(c.url),
		client.WithWorkspace(c.workspace),
		client.WithToken(c.token),
		client.WithHTTPClient(&http.Client{Transport: &c.answer}))
}

// helpCommand is cobra's, but refuses a topic that is none.
func helpCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]...",
		Short: "Explain a command",
		Args:  cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			topic, rest, err := cmd.Root().Find(args)
			if err == nil {
				err = noArgs(topic, rest)
			}
			if err != nil {
				return usage(err)
			}
			topic.InitDefaultHelpFlag()
			return topic.Help()
		},
	}
}
