package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/mockpay/mockpay/client"
	"github.com/mockpay/mockpay/mocks"
	"github.com/mockpay/mockpay/provider"
	"github.com/mockpay/mockpay/scenarios"
)

func (c *cli) scenarioCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "scenario", Short: "See, check and load scenarios"}
	cmd.AddCommand(c.scenarioList(), c.scenarioShow(), c.scenarioValidate(), c.scenarioExplain(), c.scenarioSchema(), c.scenarioLoad())
	return cmd
}

// language is the scenario language of this program's providers.
func language() *scenarios.Language {
	return scenarios.NewLanguage(mocks.All())
}

func (c *cli) scenarioList() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the shipped scenarios (needs no server)",
		RunE: func(*cobra.Command, []string) error {
			list := []client.Scenario{}
			for _, s := range language().Library() {
				list = append(list, client.Scenario{Name: s.Name, Description: s.Description})
			}
			return c.showLocal(map[string]any{"scenarios": list}, func(w io.Writer) {
				t := newTable(w, "NAME", "DESCRIPTION")
				for _, s := range list {
					t.row(s.Name, s.Description)
				}
				t.Flush()
			})
		},
	}
}

func (c *cli) scenarioShow() *cobra.Command {
	return &cobra.Command{
		Use:   "show [NAME]",
		Short: "Show a shipped scenario (needs no server); without NAME, the workspace's",
		Args:  takes(0, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				current, err := c.client().Scenario(cmd.Context())
				if err != nil {
					return err
				}
				if broken := current.ReloadError; broken != nil {
					c.warn("the scenario's file has changed, and is not taken: %s", broken.Message)
				}
				return c.show(func(w io.Writer) { fmt.Fprint(w, current.YAML) })
			}
			shipped, err := shippedScenario(args[0])
			if err != nil {
				return usage(err)
			}
			return c.showLocal(shipped, func(w io.Writer) { fmt.Fprint(w, shipped.YAML) })
		},
	}
}

func shippedScenario(name string) (client.Scenario, error) {
	var names []string
	for _, s := range language().Library() {
		if s.Name == name {
			return client.Scenario{Name: s.Name, Description: s.Description, YAML: s.Text}, nil
		}
		names = append(names, s.Name)
	}
	return client.Scenario{}, errors.New(provider.NoSuch("shipped scenario", name, names))
}

func (c *cli) scenarioLoad() *cobra.Command {
	var rulesOnly bool
	cmd := &cobra.Command{
		Use:   "load NAME|FILE",
		Short: "Give a workspace another scenario and reset it",
		Args:  takes(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			text, isFile, err := readScenario(args[0])
			if err != nil {
				return err
			}
			if rulesOnly && !isFile {
				return usagef("--rules-only takes a file, and there is none named %q", args[0])
			}
			var loaded *client.Scenario
			switch ctx := cmd.Context(); {
			case rulesOnly:
				loaded, err = c.client().ReplaceRules(ctx, text)
			case isFile:
				loaded, err = c.client().LoadScenario(ctx, text)
			default:
				loaded, err = c.client().UseScenario(ctx, args[0])
			}
			if err != nil {
				return inFile(args[0], err)
			}
			return c.show(func(w io.Writer) { fmt.Fprintf(w, "workspace %s runs scenario %s\n", c.workspace, loaded.Name) })
		},
	}
	cmd.Flags().BoolVar(&rulesOnly, "rules-only", false, "take only the rules of the file, and keep the state")
	return cmd
}

// readScenario reads what an argument names, if that is a file and not a
// shipped scenario: one that exists or is called .yaml.
func readScenario(arg string) (text string, isFile bool, err error) {
	info, err := os.Stat(arg)
	if exists := err == nil && !info.IsDir(); !exists && !scenarios.IsFile(arg) {
		return "", false, nil
	}
	data, err := os.ReadFile(arg)
	return string(data), true, usage(err)
}

// inFile names the file of the mistakes that the server found in a scenario.
func inFile(file string, err error) error {
	var refused *client.Error
	if !errors.As(err, &refused) || len(refused.Errors) == 0 {
		return err
	}
	var mistakes scenarios.Mistakes
	for _, m := range refused.Errors {
		mistakes = append(mistakes, scenarios.Mistake{File: file, Line: m.Line, Column: m.Column, Path: m.Path, Message: m.Message})
	}
	return mistakes
}
