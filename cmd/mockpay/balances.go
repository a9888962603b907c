package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/shopspring/decimal"
	"github.com/spf13/cobra"

	"github.com/mockpay/mockpay/client"
)

func (c *cli) balancesCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "balances",
		Short: "Show or set the balances of a workspace",
		RunE: func(cmd *cobra.Command, _ []string) error {
			balances, err := c.client().Balances(cmd.Context())
			if err != nil {
				return err
			}
			return c.showBalances(balances)
		},
	}
	cmd.AddCommand(c.balancesSet())
	return cmd
}

func (c *cli) balancesSet() *cobra.Command {
	return &cobra.Command{
		Use:     "set PROVIDER.BALANCE=AMOUNT...",
		Short:   "Set balances; the others stay",
		Example: "  mockpay balances set dinardragon.USD=2300.00",
		Args:    takesSome,
		RunE: func(cmd *cobra.Command, args []string) error {
			wanted, err := parseBalances(args)
			if err != nil {
				return usage(err)
			}
			balances, err := c.client().SetBalances(cmd.Context(), wanted)
			if err != nil {
				return err
			}
			return c.showBalances(balances)
		},
	}
}

// parseBalances reads arguments like dinardragon.USD=2300.00.
func parseBalances(args []string) (client.Balances, error) {
	balances := client.Balances{}
	for _, arg := range args {
		key, amount, _ := strings.Cut(arg, "=")
		provider, balance, _ := strings.Cut(key, ".")
		if _, err := decimal.NewFromString(amount); err != nil || provider == "" || balance == "" {
			return nil, fmt.Errorf("%q must be PROVIDER.BALANCE=AMOUNT, like dinardragon.USD=2300.00", arg)
		}
		if balances[provider] == nil {
			balances[provider] = map[string]string{}
		}
		if _, twice := balances[provider][balance]; twice {
			return nil, fmt.Errorf("%s is set twice", key)
		}
		balances[provider][balance] = amount
	}
	return balances, nil
}

func (c *cli) showBalances(balances client.Balances) error {
	return c.show(func(w io.Writer) {
		t := newTable(w, "PROVIDER", "BALANCE", "AMOUNT")
		for _, provider := range slices.Sorted(maps.Keys(balances)) {
			for _, balance := range slices.Sorted(maps.Keys(balances[provider])) {
				t.row(provider, balance, balances[provider][balance])
			}
		}
		t.Flush()
	})
}

func (c *cli) ledgerCommand() *cobra.Command {
	var filter client.LedgerFilter
	cmd := &cobra.Command{
		Use:   "ledger",
		Short: "Show every movement of the balances, oldest first",
		RunE: func(cmd *cobra.Command, _ []string) error {
			entries, err := c.client().Ledger(cmd.Context(), filter)
			if err != nil {
				return err
			}
			return c.show(func(w io.Writer) {
				t := newTable(w, "AT", "PROVIDER", "BALANCE", "DELTA", "AFTER", "OPERATION", "BY", "REFERENCE")
				for _, e := range entries {
					t.row(e.At, e.Provider, e.Balance, e.Delta, e.After, e.Operation, e.Request+e.Job, e.Reference)
				}
				t.Flush()
			})
		},
	}
	cmd.Flags().StringVar(&filter.Provider, "provider", "", "only this provider's")
	cmd.Flags().StringVar(&filter.Balance, "balance", "", "only this balance's")
	return cmd
}
