package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/mockpay/mockpay/client"
)

func (c *cli) verifyCommand() *cobra.Command {
	var junit string
	cmd := &cobra.Command{
		Use:   "verify [FILE]",
		Short: "Check what the workspace's scenario expects, or what a file does",
		Example: `  mockpay verify --junit report.xml
  mockpay verify expectations.yaml`,
		Args: takes(0, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			v, err := c.verify(cmd, args)
			if err != nil {
				return err
			}
			if err := verifyReport(v).write(junit); err != nil {
				return err
			}
			if err := c.show(func(w io.Writer) { fmt.Fprint(w, v.Table()) }); err != nil {
				return err
			}
			if failed := len(v.Failed()); failed > 0 {
				return fmt.Errorf("%d of %s failed", failed, count(len(v.Checks), "check"))
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&junit, "junit", "", "also write a JUnit report to this file")
	return cmd
}

// verify asks the server, about the expect of a file if one is named. The file
// is checked before: what it extends is on this machine.
func (c *cli) verify(cmd *cobra.Command, args []string) (*client.Verification, error) {
	if len(args) == 0 {
		return c.client().Verify(cmd.Context())
	}
	expectation, err := language().LoadExpect(args[0])
	if err != nil {
		return nil, usage(err)
	}
	v, err := c.client().VerifyExpect(cmd.Context(), expectation.Text)
	var refused *client.Error
	if errors.As(err, &refused) && len(refused.Errors) > 0 {
		return nil, usage(inFile(args[0], err))
	}
	return v, err
}

// verifyReport has a test case for each check.
func verifyReport(v *client.Verification) *junitSuite {
	suite := &junitSuite{Name: "mockpay verify"}
	for _, f := range v.Checks {
		test := junitCase{Class: "mockpay.verify", Name: f.Name}
		if !f.OK {
			test.Failure = &junitFailure{
				Message: fmt.Sprintf("expected %s, seen: %s", f.Expected, f.Seen),
				Details: fmt.Sprintf("expected: %s\nseen: %s\n%s", f.Expected, f.Seen, f.MissTable()),
			}
		}
		suite.add(test)
	}
	return suite
}
