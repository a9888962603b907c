package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

func (c *cli) simulateCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "simulate PROVIDER.ACTION [KEY=VALUE]...",
		Short: "Make something happen without an API call",
		Example: `  mockpay simulate dinardragon.settle payment=last as=failed
  mockpay simulate dinardragon.settle payment=first as=success`,
		Args: takesSome,
		RunE: func(cmd *cobra.Command, args []string) error {
			given, err := parseArguments(args[1:])
			if err != nil {
				return usage(err)
			}
			changed, err := c.client().Simulate(cmd.Context(), args[0], given)
			if err != nil {
				return err
			}
			return c.show(func(w io.Writer) { writeObject(w, changed) })
		},
	}
}

// parseArguments reads arguments like payment=last.
func parseArguments(args []string) (map[string]string, error) {
	given := map[string]string{}
	for _, arg := range args {
		key, value, ok := strings.Cut(arg, "=")
		if !ok || key == "" {
			return nil, fmt.Errorf("%q must be KEY=VALUE", arg)
		}
		if _, twice := given[key]; twice {
			return nil, fmt.Errorf("%s is given twice", key)
		}
		given[key] = value
	}
	return given, nil
}

// writeObject writes a JSON object as a table of its fields.
func writeObject(w io.Writer, doc json.RawMessage) {
	var fields map[string]json.RawMessage
	if json.Unmarshal(doc, &fields) != nil {
		fmt.Fprintf(w, "%s\n", doc)
		return
	}
	t := newTable(w, "FIELD", "VALUE")
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		var text string
		if json.Unmarshal(fields[name], &text) != nil {
			text = string(fields[name])
		}
		t.row(name, text)
	}
	t.Flush()
}
