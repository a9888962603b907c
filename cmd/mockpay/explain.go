package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"
)

func (c *cli) scenarioExplain() *cobra.Command {
	return &cobra.Command{
		Use:   "explain NAME|FILE",
		Short: "Say in plain sentences what a scenario does (needs no server)",
		Args:  takes(1, 1),
		RunE: func(_ *cobra.Command, args []string) error {
			lang := language()
			s, err := lang.Load(args[0])
			if err != nil {
				return usage(err)
			}
			explained := lang.Explain(s)
			return c.showLocal(explained, func(w io.Writer) {
				for _, sentence := range explained.Sentences {
					fmt.Fprintln(w, sentence)
				}
			})
		},
	}
}
