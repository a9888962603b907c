package provider_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/provider"
)

var machine = provider.Machine{
	Name:   "payment",
	States: []string{"open", "held", "done", "gone"},
	Moves:  []provider.Transition{{From: "open", To: "held"}, {From: "open", To: "done"}, {From: "held", To: "gone"}},
}

func TestMachineAllowsItsMovesOnly(t *testing.T) {
	assert.True(t, machine.Allows("open", "held"))
	assert.True(t, machine.Allows("held", "gone"))
	for _, move := range []provider.Transition{{From: "held", To: "open"}, {From: "open", To: "open"}, {From: "open", To: "gone"}, {From: "done", To: "gone"}, {From: "", To: "open"}, {From: "open", To: "unknown"}} {
		assert.False(t, machine.Allows(move.From, move.To), "%v", move)
	}
}

func TestMachineKnowsItsFinalStates(t *testing.T) {
	assert.False(t, machine.Final("open"))
	assert.False(t, machine.Final("held"))
	assert.True(t, machine.Final("done"))
	assert.True(t, machine.Final("gone"))
}

func TestMockFindsItsPartsByName(t *testing.T) {
	m := &provider.Mock{
		Operations: []provider.Operation{{Name: "one"}, {Name: "two"}},
		Outcomes:   []provider.Outcome{{Name: "bad", Status: 400}},
		Machines:   []provider.Machine{machine},
		Actions:    []provider.Action{{Name: "settle"}},
	}
	assert.Same(t, &m.Operations[1], m.Operation("two"))
	assert.Same(t, &m.Outcomes[0], m.Outcome("bad"))
	assert.Same(t, &m.Machines[0], m.Machine("payment"))
	assert.Same(t, &m.Actions[0], m.Action("settle"))
	assert.Nil(t, m.Operation("three"))
	assert.Nil(t, m.Outcome(""))
	assert.Nil(t, m.Machine("Payment"))
	assert.Nil(t, m.Action("settl"))
}

func TestOperationsHaveTheGenericOutcomes(t *testing.T) {
	own := []string{"insufficient_balance", "expired"}
	op := &provider.Operation{Refuses: own}
	assert.Equal(t, []string{"insufficient_balance", "expired", "unauthorized", "rate_limited", "server_error"}, op.Outcomes())
	op.Outcomes()[0] = "changed"
	assert.Equal(t, []string{"insufficient_balance", "expired"}, own, "the list is the caller's own")
	assert.Equal(t, provider.Generic, (&provider.Operation{}).Outcomes())
}

func TestRefusalsSayWhyAndWhat(t *testing.T) {
	c := &provider.Call{}
	var r *provider.Refusal
	require.ErrorAs(t, c.Refuse("sum_mismatch", "accounts add up to %s, amount is %d", "195", 100), &r)
	assert.Equal(t, provider.Refusal{Outcome: "sum_mismatch", Hint: "accounts add up to 195, amount is 100"}, *r)
	require.ErrorAs(t, c.RefuseFor("invalid_field", "amount", "it is %s", "100%"), &r)
	assert.Equal(t, provider.Refusal{Outcome: "invalid_field", Detail: "amount", Hint: "it is 100%"}, *r)
	assert.Equal(t, "invalid_field: it is 100%", r.Error())
}

func TestFaultsHaveAKind(t *testing.T) {
	err := provider.Faultf(provider.Conflict, "payment %s is %s", "p1", "done")
	var f *provider.Fault
	require.True(t, errors.As(err, &f))
	assert.Equal(t, provider.Conflict, f.Kind)
	assert.EqualError(t, err, "payment p1 is done")
}

// What a rule says of a record beats the default, each part by itself.
func TestSettlementIsTheRulesOverTheDefault(t *testing.T) {
	soon, late := 2*time.Second, time.Minute
	item := map[string]any{"acc": "1"}
	tests := []struct {
		name string
		rule *provider.Settlement // nil: there is none
		want provider.Settlement
	}{
		{"NoRule", nil, provider.Settlement{As: "success", After: &soon}},
		{"SaysNothing", &provider.Settlement{}, provider.Settlement{As: "success", After: &soon}},
		{"As", &provider.Settlement{As: "failed"}, provider.Settlement{As: "failed", After: &soon}},
		{"After", &provider.Settlement{After: &late}, provider.Settlement{As: "success", After: &late}},
		{"AtOnce", &provider.Settlement{After: new(time.Duration)}, provider.Settlement{As: "success", After: new(time.Duration)}},
		{"Message", &provider.Settlement{Message: "why"}, provider.Settlement{As: "success", After: &soon, Message: "why"}},
		{"All", &provider.Settlement{As: "failed", After: &late, Message: "why"}, provider.Settlement{As: "failed", After: &late, Message: "why"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := &provider.Call{}
			if tt.rule != nil {
				c.Settles = func(got map[string]any) provider.Settlement {
					assert.Equal(t, item, got)
					return *tt.rule
				}
			}
			assert.Equal(t, tt.want, c.Settlement(item, "success", provider.Duration(soon)))
		})
	}
}
