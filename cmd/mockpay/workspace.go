package main

import (
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/spf13/cobra"

	"github.com/mockpay/mockpay/client"
)

func (c *cli) workspaceCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "workspace", Short: "Make, see and remove workspaces"}
	cmd.AddCommand(c.workspaceCreate(), c.workspaceList(), c.workspaceShow(), c.workspaceDelete())
	return cmd
}

func (c *cli) workspaceCreate() *cobra.Command {
	var spec client.WorkspaceSpec
	var seed int64
	cmd := &cobra.Command{
		Use:   "create [ID]",
		Short: "Make a workspace and show how to enter it",
		Args:  takes(0, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				if spec.ID != "" && spec.ID != args[0] {
					return usagef("--id says %q and the argument %q; give one of them", spec.ID, args[0])
				}
				spec.ID = args[0]
			}
			if cmd.Flags().Changed("seed") {
				spec.Seed = &seed
			}
			scenario := spec.Scenario
			text, isFile, err := readScenario(scenario)
			if err != nil {
				return err
			}
			if isFile {
				spec.Scenario = text
			}
			workspace, err := c.client().CreateWorkspace(cmd.Context(), spec)
			if err != nil {
				return inFile(scenario, err)
			}
			return c.showWorkspace(workspace)
		},
	}
	f := cmd.Flags()
	f.StringVar(&spec.ID, "id", "", "its name (drawn if not given)")
	f.StringVar(&spec.Scenario, "scenario", "", "a shipped scenario, or a YAML file")
	f.Int64Var(&seed, "seed", 0, "its seed (the scenario's or drawn if not given)")
	f.DurationVar(&spec.TTL, "ttl", 0, "remove it when unused for that long")
	return cmd
}

func (c *cli) workspaceList() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the workspaces",
		RunE: func(cmd *cobra.Command, _ []string) error {
			workspaces, err := c.client().Workspaces(cmd.Context())
			if err != nil {
				return err
			}
			return c.show(func(w io.Writer) {
				t := newTable(w, "ID", "SEED")
				for _, workspace := range workspaces {
					t.row(workspace.ID, workspace.Seed)
				}
				t.Flush()
			})
		},
	}
}

func (c *cli) workspaceShow() *cobra.Command {
	return &cobra.Command{
		Use:   "show [ID]",
		Short: "Show how to enter a workspace; without ID, the one of --workspace",
		Args:  takes(0, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			id := c.workspace
			if len(args) > 0 {
				id = args[0]
			}
			workspace, err := c.client().Workspace(cmd.Context(), id)
			if err != nil {
				return err
			}
			return c.showWorkspace(workspace)
		},
	}
}

func (c *cli) workspaceDelete() *cobra.Command {
	return &cobra.Command{
		Use:   "delete ID",
		Short: "Remove a workspace",
		Args:  takes(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := c.client().DeleteWorkspace(cmd.Context(), args[0]); err != nil {
				return err
			}
			return c.show(func(w io.Writer) { fmt.Fprintf(w, "workspace %s deleted\n", args[0]) })
		},
	}
}

func (c *cli) resetCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "reset",
		Short: "Take a workspace back to its scenario's initial state",
		RunE: func(cmd *cobra.Command, _ []string) error {
			workspace, err := c.client().Reset(cmd.Context())
			if err != nil {
				return err
			}
			return c.show(func(w io.Writer) {
				fmt.Fprintf(w, "workspace %s reset, seed %d\n", workspace.ID, workspace.Seed)
			})
		},
	}
}

func (c *cli) showWorkspace(workspace *client.Workspace) error {
	return c.show(func(w io.Writer) {
		t := newTable(w, "ID", "SEED")
		t.row(workspace.ID, workspace.Seed)
		t.Flush()
		io.WriteString(w, "\n")
		t = newTable(w, "PROVIDER", "SETTING", "VALUE")
		for _, name := range slices.Sorted(maps.Keys(workspace.Providers)) {
			account := workspace.Providers[name]
			t.row(name, "base_url", account.BaseURL)
			if account.LiveBaseURL != "" {
				t.row(name, "live_base_url", account.LiveBaseURL)
			}
			for _, credential := range slices.Sorted(maps.Keys(account.Credentials)) {
				t.row(name, credential, account.Credentials[credential])
			}
		}
		t.Flush()
	})
}
