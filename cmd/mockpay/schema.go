package main

import (
	"github.com/spf13/cobra"
)

func (c *cli) scenarioSchema() *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON Schema of scenario files, for editors (needs no server)",
		RunE: func(*cobra.Command, []string) error {
			_, err := c.stdout.Write(language().Schema())
			return err
		},
	}
}
