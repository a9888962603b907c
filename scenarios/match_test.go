package scenarios_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"
)

// Rules that are looked up act as if each were asked by itself, as conditions of
// settlements are.
func TestManyRulesActAsEachAlone(t *testing.T) {
	plain := rapid.SampledFrom([]string{`5`, `"5.00"`, `5e0`, `"05"`, `a`, `ab`, `abc`, `""`, `true`, `-0`, `0`, `1234567890123.5`, `0.0000001`, `5.0000001`, `~`})
	number := rapid.SampledFrom([]string{`5`, `"5.00"`, `0`, `-3.5`, `5.0000001`, `1234567890123.5`, `0.0000001`})
	text := rapid.SampledFrom([]string{`a`, `ab`, `b`, `""`, `5`, `"5."`})
	predicate := rapid.Custom(func(t *rapid.T) string {
		switch name := rapid.SampledFrom([]string{"eq", "ne", "in", "gt", "gte", "lt", "lte", "starts_with", "ends_with", "contains", "exists"}).Draw(t, "predicate"); name {
		case "gt", "gte", "lt", "lte":
			return name + ": " + number.Draw(t, "number")
		case "in":
			return fmt.Sprintf("in: [%s]", strings.Join(rapid.SliceOfN(plain, 1, 3).Draw(t, "list"), ", "))
		case "exists":
			return "exists: " + rapid.SampledFrom([]string{"true", "false"}).Draw(t, "exists")
		case "eq", "ne", "contains":
			return name + ": " + plain.Draw(t, "plain")
		default:
			return name + ": " + text.Draw(t, "text")
		}
	})
	keys := rapid.SampledFrom([]string{"x", "y", "o.x", "l.*.x", "l.0.x", "l.*", "o.*"})
	when := rapid.Custom(func(t *rapid.T) string {
		var all []string
		for _, key := range rapid.SliceOfNDistinct(keys, 1, 3, rapid.ID).Draw(t, "keys") {
			all = append(all, fmt.Sprintf("%s: {%s}", key, predicate.Draw(t, "predicate")))
		}
		return "{" + strings.Join(all, ", ") + "}"
	})
	values := rapid.SampledFrom([]string{`5`, `5.00`, `"5"`, `"5.0"`, `"05"`, `"a"`, `"abc"`, `""`, `true`, `null`, `{"x":5}`, `[5,"a"]`, `1234567890123.50`, `1e-7`, `5.0000001`, `-4`})
	rapid.Check(t, func(rt *rapid.T) {
		whens := rapid.SliceOfN(when, 1, 8).Draw(rt, "whens")
		r := request(fmt.Sprintf(`{"x":%s,"o":{"x":%s},"l":[%s,{"x":%s},{"x":%s}]}`, values.Draw(rt, "x"), values.Draw(rt, "o"),
			values.Draw(rt, "l"), values.Draw(rt, "l0"), values.Draw(rt, "l1")))

		want, rules := "-", "rules:\n"
		for i, when := range whens {
			rules += "  - {on: dinardragon.execute, when: " + when + ", respond: server_error}\n"
			s, _ := settled(t, " [{when: "+when+", as: failed}]", r.Fields)
			if s.As == "failed" && want == "-" {
				want = fmt.Sprint(i + 1)
			}
		}
		assert.Equal(rt, want, newCaller(t, 1).idsOf(parse(t, rules), 1, r))
	})
}
