package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/shopspring/decimal"
	"github.com/spf13/cobra"

	"github.com/mockpay/mockpay/client"
	"github.com/mockpay/mockpay/provider"
)

// coverageFlags are the flags of coverage.
type coverageFlags struct {
	provider string
	least    string // percent, "" for none
	require  []string
	junit    string
}

func (c *cli) coverageCommand() *cobra.Command {
	o := &coverageFlags{}
	cmd := &cobra.Command{
		Use:   "coverage",
		Short: "Show which operations, outcomes, states and transitions the calls have exercised",
		Example: `  mockpay coverage --provider dinardragon --min 80
  mockpay coverage --require dinardragon.execute/authcode_expired --require dinardragon.payment:failed`,
		RunE: func(cmd *cobra.Command, _ []string) error { return c.coverage(cmd, o) },
	}
	f := cmd.Flags()
	f.StringVar(&o.provider, "provider", "", "only this provider's")
	f.StringVar(&o.least, "min", "", "fail if less than this many percent are exercised")
	f.StringSliceVar(&o.require, "require", nil, "fail if this is not exercised, like dinardragon.execute/authcode_expired; repeatable")
	f.StringVar(&o.junit, "junit", "", "also write a JUnit report to this file")
	return cmd
}

func (c *cli) coverage(cmd *cobra.Command, o *coverageFlags) error {
	least, err := parsePercent(o.least)
	if err != nil {
		return usage(err)
	}
	coverage, err := c.client().Coverage(cmd.Context(), o.provider)
	if err != nil {
		return err
	}
	goal := &coverageGoal{items: coverage.Items(), require: o.require}
	if err := goal.known(o.provider); err != nil {
		return usage(err)
	}
	goal.short = isShort(coverage.Score, least)
	if err := goal.report().write(o.junit); err != nil {
		return err
	}
	if err := c.show(func(w io.Writer) { writeCoverage(w, coverage) }); err != nil {
		return err
	}
	return goal.missed(coverage.Score, o.least)
}

// parsePercent reads a percentage; "" is 0.
func parsePercent(text string) (decimal.Decimal, error) {
	if text == "" {
		return decimal.Decimal{}, nil
	}
	d, err := provider.ParseDecimal(strings.TrimSuffix(text, "%"))
	if err != nil || d.IsNegative() || d.GreaterThan(decimal.NewFromInt(100)) {
		return d, fmt.Errorf("--min must be a percentage from 0 to 100, it is %q", text)
	}
	return d, nil
}

// isShort tells whether less than a percentage is exercised, without rounding.
func isShort(s client.Score, percent decimal.Decimal) bool {
	return decimal.NewFromInt(int64(s.Covered * 100)).LessThan(percent.Mul(decimal.NewFromInt(int64(s.Total))))
}

// A coverageGoal is what must be exercised.
type coverageGoal struct {
	items   []client.CoverageItem
	require []string // names of items
	short   bool     // less than the percentage asked for
}

// known refuses requirements that are no items.
func (g *coverageGoal) known(of string) error {
	var names []string
	for _, item := range g.items {
		names = append(names, item.Name)
	}
	for _, name := range g.require {
		if slices.Contains(names, name) {
			continue
		}
		if p, _, dotted := strings.Cut(name, "."); of != "" && dotted && p != of {
			return fmt.Errorf("--require %s is not about %s, which --provider asks for", name, of)
		}
		if near := provider.Nearest(name, names); near != "" {
			return fmt.Errorf("--require: nothing is called %q, did you mean %q?", name, near)
		}
		return fmt.Errorf("--require: nothing is called %q; names are like dinardragon.execute/authcode_expired, dinardragon.payment:failed or dinardragon.payment:processing:failed", name)
	}
	return nil
}

// required tells whether an item must be exercised.
func (g *coverageGoal) required(item client.CoverageItem) bool {
	return slices.Contains(g.require, item.Name)
}

// report has a test case for each item. One that is not exercised has failed
// where that is why the goal is missed, and is skipped otherwise.
func (g *coverageGoal) report() *junitSuite {
	suite := &junitSuite{Name: "mockpay coverage"}
	for _, item := range g.items {
		test := junitCase{Class: item.Provider, Name: item.Name}
		switch {
		case item.Count > 0:
		case g.short || g.required(item):
			test.Failure = &junitFailure{Message: "not exercised"}
		default:
			test.Skipped = &junitSkipped{Message: "not exercised"}
		}
		suite.add(test)
	}
	return suite
}

// missed is why the goal is missed, nil if it is reached.
func (g *coverageGoal) missed(s client.Score, least string) error {
	var why []string
	for _, item := range g.items {
		if g.required(item) && item.Count == 0 {
			why = append(why, item.Name+" is required and not exercised")
		}
	}
	if g.short {
		why = append(why, fmt.Sprintf("%s %% are exercised, --min asks for %s %%", s.Percent, strings.TrimSuffix(least, "%")))
	}
	if len(why) == 0 {
		return nil
	}
	return errors.New(strings.Join(why, "; "))
}

// writeCoverage writes a table for each provider, which names what is missing.
func writeCoverage(w io.Writer, c *client.Coverage) {
	for _, p := range c.Providers {
		fmt.Fprintf(w, "%s: %s\n", p.Name, scoreText(p.Score))
		t := newTable(w, "NAME", "CALLS", "EXERCISED", "MISSING")
		for _, op := range p.Operations {
			t.row(op.Operation, op.Calls, share(op.Outcomes), missing(op.Outcomes))
		}
		for _, m := range p.Machines {
			all := slices.Clone(m.States)
			for _, move := range m.Transitions {
				all = append(all, client.Count{Name: move.From + ":" + move.To, Count: move.Count})
			}
			t.row(p.Name+"."+m.Name, "", share(all), missing(all))
		}
		t.Flush()
		fmt.Fprintln(w)
	}
	fmt.Fprintf(w, "total: %s\n", scoreText(c.Score))
}

func scoreText(s client.Score) string {
	return fmt.Sprintf("%d of %d exercised, %s %%", s.Covered, s.Total, s.Percent)
}

// share tells how many of some things were exercised.
func share(all []client.Count) string {
	n := 0
	for _, c := range all {
		if c.Count > 0 {
			n++
		}
	}
	return fmt.Sprintf("%d of %d", n, len(all))
}

func missing(all []client.Count) string {
	var names []string
	for _, c := range all {
		if c.Count == 0 {
			names = append(names, c.Name)
		}
	}
	return strings.Join(names, " ")
}
