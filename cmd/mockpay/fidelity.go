package main

import (
	"io"

	"github.com/spf13/cobra"

	"github.com/mockpay/mockpay/client"
	"github.com/mockpay/mockpay/mocks"
	"github.com/mockpay/mockpay/provider"
)

func (c *cli) fidelityCommand() *cobra.Command {
	is := choice{"", provider.Bases}
	cmd := &cobra.Command{
		Use:   "fidelity [PROVIDER]",
		Short: "Show what is documented, what is inferred and what mockpay chose",
		Example: `  mockpay fidelity dinardragon
  mockpay fidelity --is "our choice"`,
		Args:              takes(0, 1),
		ValidArgsFunction: completeProvider,
		RunE: func(cmd *cobra.Command, args []string) error {
			filter := client.FidelityFilter{Is: is.value}
			if len(args) == 1 {
				filter.Provider = args[0]
			}
			statements, err := c.client().Fidelity(cmd.Context(), filter)
			if err != nil {
				return err
			}
			return c.show(func(w io.Writer) { writeFidelity(w, statements) })
		},
	}
	cmd.Flags().Var(&is, "is", "only what is so")
	_ = cmd.RegisterFlagCompletionFunc("is", cobra.FixedCompletions(provider.Bases, cobra.ShellCompDirectiveNoFileComp)) // the flag is there
	return cmd
}

// completeProvider offers the names of providers for a first argument.
func completeProvider(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	var names []string
	if len(args) == 0 {
		for _, m := range mocks.All() {
			names = append(names, m.Name+"\t"+m.Title)
		}
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

// writeFidelity writes a line for each statement.
func writeFidelity(w io.Writer, statements []client.Statement) {
	t := newTable(w, "PROVIDER", "TOPIC", "IS", "WHAT")
	for _, s := range statements {
		t.row(s.Provider, s.Topic, s.Is, statementText(s))
	}
	t.Flush()
}

// statementText is a statement with its note and what changes it.
func statementText(s client.Statement) string {
	text := s.What
	if s.Note != "" {
		text += " (" + s.Note + ")"
	}
	if s.Switch != "" {
		text += "; switch: " + s.Switch
	}
	return text
}
