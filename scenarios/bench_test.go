package scenarios_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/mockpay/mockpay/scenarios"
	"github.com/mockpay/mockpay/state"
)

// manyRules are n rules of execute, of which none holds of an empty call.
func manyRules(n int) string {
	var b strings.Builder
	b.WriteString("version: 1\nrules:\n")
	for i := range n {
		fmt.Fprintf(&b, "  - {on: dinardragon.execute, when: {authcode: {starts_with: %q}}, respond: server_error}\n", fmt.Sprintf("%06d", i))
	}
	return b.String()
}

// A call pays for the rules of its own operation, not for those of others.
func BenchmarkDecide(b *testing.B) {
	many, err := lang.Parse([]byte(manyRules(10_000)))
	if err != nil {
		b.Fatal(err)
	}
	benchmarks := []struct {
		name string
		s    *scenarios.Scenario
		op   string
	}{
		{"NoRules", parse(b, "name: none\n"), "status"},
		{"10000RulesOfAnotherOperation", many, "status"},
		{"10000RulesOfTheOperation", many, "execute"},
	}
	for _, bench := range benchmarks {
		b.Run(bench.name, func(b *testing.B) {
			c := newCaller(b, 1)
			c.tx(func(tx *state.Tx) {
				call := c.call(tx, bench.op, request(`{"authcode": "6a"}`))
				b.ReportAllocs()
				for b.Loop() {
					if bench.s.Decide(call, 0, false).Rule != nil {
						b.Fatal("no rule holds")
					}
				}
			})
		})
	}
}

func BenchmarkParse(b *testing.B) {
	for _, n := range []int{1, 100, 10_000} {
		text := []byte(manyRules(n))
		b.Run(fmt.Sprintf("%dRules", n), func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				if _, err := lang.Parse(text); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
