package scenarios_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/mockpay/mockpay/mockpaytest"
	"github.com/mockpay/mockpay/scenarios"
	"github.com/mockpay/mockpay/state"
)

// manyRules are n rules of execute, of which none holds of an empty call.
func manyRules(n int) string { return rulesAbout("execute", n, `{starts_with: "%06d"}`) }

// rulesAbout are n rules of an operation, about the i-th authcode each.
func rulesAbout(op string, n int, when string) string {
	var b strings.Builder
	b.WriteString("version: 1\nrules:\n")
	for i := range n {
		fmt.Fprintf(&b, "  - {on: dinardragon.%s, when: {authcode: "+when+"}, respond: server_error}\n", op, i)
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

// BenchmarkCall is what a call costs its caller, over HTTP, with rules of which
// only the last acts on it, or none, being about another operation. With 10,000 of
// them it should take less than three times as long as with none.
func BenchmarkCall(b *testing.B) {
	const n = 10_000
	for _, bench := range []struct{ name, scenario, rule string }{
		{"NoRules", "version: 1\n", ""},
		{"OneRule", rulesAbout("execute", 1, `"%06d"`), ""},
		{"OfAnotherOperation", rulesAbout("status", n, `"%06d"`), ""},
		{"Equal", rulesAbout("execute", n, `"%06d"`), "10000"},
		{"In", rulesAbout("execute", n, `{in: ["%06d", none]}`), "10000"},
		{"StartsWith", rulesAbout("execute", n, `{starts_with: "%06d"}`), "10000"},
		{"AtMost", rulesAbout("execute", n, `{lte: %d, gt: 0}`), "10000"},
	} {
		b.Run(bench.name, func(b *testing.B) {
			m := mockpaytest.Start(b, mockpaytest.Scenario(bench.scenario), mockpaytest.Seed(1))
			s := &benchShop{m, b}
			for b.Loop() {
				if rule := s.execute("009999"); rule != bench.rule {
					b.Fatalf("rule %q acts", rule)
				}
			}
		})
	}
}

type benchShop struct {
	*mockpaytest.Mockpay
	b *testing.B
}

// execute makes a call that is refused, and tells which rule acted.
func (s *benchShop) execute(code string) (rule string) {
	req, err := http.NewRequest(http.MethodPost, s.BaseURL("dinardragon")+"/execute", strings.NewReader(`{"authcode":"`+code+`"}`))
	if err != nil {
		s.b.Fatal(err)
	}
	req.Header.Set("Authorization", s.Credential("dinardragon", "private_key"))
	a, err := read(http.DefaultClient.Do(req))
	if err != nil {
		s.b.Fatal(err)
	}
	return a.rule()
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
