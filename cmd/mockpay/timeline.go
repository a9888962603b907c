package main

import (
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

func (c *cli) timelineCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "timeline",
		Short: "Show what the scenario makes happen by itself, and what became of it",
		RunE: func(cmd *cobra.Command, _ []string) error {
			entries, err := c.client().Timeline(cmd.Context())
			if err != nil {
				return err
			}
			return c.show(func(w io.Writer) {
				t := newTable(w, "REF", "AT", "DO", "WITH", "STATUS", "JOB", "REASON")
				for _, e := range entries {
					t.row(e.Ref, e.At, e.Do, arguments(e.With), e.Status, e.Job, e.Reason)
				}
				t.Flush()
			})
		},
	}
}

// arguments are written as simulate takes them.
func arguments(with map[string]string) string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(with)) {
		all = append(all, name+"="+with[name])
	}
	return strings.Join(all, " ")
}
