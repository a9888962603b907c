package control

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/mockpay/mockpay/provider"
	"github.com/mockpay/mockpay/state"
	"github.com/mockpay/mockpay/workspace"
)

func (a *api) getBalances(_ *http.Request, w *workspace.Workspace) (any, error) {
	return w.Balances()
}

// setBalances takes amounts as texts or numbers, by provider and balance.
func (a *api) setBalances(r *http.Request, w *workspace.Workspace) (any, error) {
	var body map[string]map[string]any
	if err := decode(r, &body, bodyLimit); err != nil {
		return nil, err
	}
	if len(body) == 0 {
		return nil, NewProblem(http.StatusUnprocessableEntity, `say which balances: {"provider": {"balance": "12.50"}}`)
	}
	amounts := make(map[string]map[string]decimal.Decimal)
	for of, balances := range body {
		amounts[of] = make(map[string]decimal.Decimal)
		for name, v := range balances {
			amount, err := amountOf(v)
			if err != nil {
				return nil, NewProblem(http.StatusUnprocessableEntity, "%s.%s: %s", of, name, err)
			}
			amounts[of][name] = amount
		}
	}
	if err := w.SetBalances(amounts); err != nil {
		return nil, err
	}
	return w.Balances()
}

func amountOf(v any) (decimal.Decimal, error) {
	switch v := v.(type) {
	case string:
		return provider.ParseDecimal(v)
	case json.Number:
		return provider.ParseDecimal(v.String())
	}
	return decimal.Decimal{}, fmt.Errorf(`an amount is a number or a text like "12.50", not %s`, provider.Describe(v, true))
}

func (a *api) ledger(r *http.Request, w *workspace.Workspace) (any, error) {
	q := r.URL.Query()
	of, balance := q.Get("provider"), q.Get("balance")
	if err := a.knownBalance(w.Balances, of, balance); err != nil {
		return nil, err
	}
	entries, err := w.Ledger(of, balance)
	all := []entryBody{}
	for _, e := range entries {
		all = append(all, entryBody{Entry: e, At: stamp(e.At)})
	}
	return map[string]any{"entries": all}, err
}

type entryBody struct {
	At stamp `json:"at"`
	state.Entry
}

// knownBalance refuses filters that can select nothing.
func (a *api) knownBalance(balances func() (map[string]map[string]decimal.Decimal, error), of, name string) error {
	known, err := balances()
	if err != nil {
		return err
	}
	var names []string
	for p, all := range known {
		if of == "" || p == of {
			names = slices.AppendSeq(names, maps.Keys(all))
		}
	}
	slices.Sort(names)
	switch {
	case of != "" && known[of] == nil:
		return NewProblem(http.StatusUnprocessableEntity, "%s", provider.NoSuch("provider", of, slices.Sorted(maps.Keys(known))))
	case name != "" && !slices.Contains(names, name):
		return NewProblem(http.StatusUnprocessableEntity, "%s", provider.NoSuch("balance", name, names))
	}
	return nil
}

func (a *api) invariants(_ *http.Request, w *workspace.Workspace) (any, error) {
	checks, err := w.Invariants()
	ok := !slices.ContainsFunc(checks, func(c state.Check) bool { return !c.OK })
	return struct {
		OK     bool          `json:"ok"`
		Checks []state.Check `json:"checks"`
	}{ok, checks}, err
}
