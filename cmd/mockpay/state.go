package main

import (
	"bytes"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"
)

func (c *cli) stateCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "state", Short: "Save and restore a workspace"}
	cmd.AddCommand(c.stateExport(), c.stateImport())
	return cmd
}

func (c *cli) stateExport() *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Write a snapshot of a workspace",
		RunE: func(cmd *cobra.Command, _ []string) error {
			state, err := c.client().State(cmd.Context())
			if err != nil {
				return err
			}
			if file == "" {
				return c.show(func(w io.Writer) { fmt.Fprintf(w, "%s\n", state) })
			}
			return os.WriteFile(file, append(state, '\n'), 0o644)
		},
	}
	cmd.Flags().StringVarP(&file, "file", "o", "", "write to this file instead of stdout")
	return cmd
}

func (c *cli) stateImport() *cobra.Command {
	return &cobra.Command{
		Use:   "import FILE",
		Short: "Put a workspace back to a snapshot; FILE - is stdin",
		Args:  takes(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			state, err := c.readFile(args[0])
			if err != nil {
				return usage(err)
			}
			if err := c.client().RestoreState(cmd.Context(), bytes.TrimSpace(state)); err != nil {
				return err
			}
			return c.show(func(w io.Writer) { fmt.Fprintf(w, "workspace %s restored from %s\n", c.workspace, args[0]) })
		},
	}
}

// readFile reads a file, or stdin for "-".
func (c *cli) readFile(name string) ([]byte, error) {
	if name == "-" {
		return io.ReadAll(c.stdin)
	}
	return os.ReadFile(name)
}
