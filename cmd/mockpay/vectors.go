package main

import (
	"encoding/json"
	"errors"

	"github.com/spf13/cobra"

	"github.com/mockpay/mockpay/mocks"
	"github.com/mockpay/mockpay/provider"
)

func (c *cli) vectorsCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "vectors PROVIDER",
		Short:   "Print test vectors for clients of a provider, as JSON (needs no server)",
		Example: `  mockpay vectors usdtpayout | node examples/node/vectors.mjs`,
		Args:    takes(1, 1),
		RunE: func(_ *cobra.Command, args []string) error {
			vectors, err := vectorsOf(args[0])
			if err != nil {
				return usage(err)
			}
			enc := json.NewEncoder(c.stdout)
			enc.SetEscapeHTML(false)
			enc.SetIndent("", "  ")
			return enc.Encode(vectors)
		},
	}
}

// vectorsOf returns the test vectors of a provider.
func vectorsOf(name string) (any, error) {
	var names []string
	for _, m := range mocks.All() {
		if m.Vectors == nil {
			continue
		}
		if m.Name == name {
			return m.Vectors(), nil
		}
		names = append(names, m.Name)
	}
	return nil, errors.New(provider.NoSuch("provider with test vectors", name, names))
}
