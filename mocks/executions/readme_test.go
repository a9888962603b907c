package executions_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/mockpay/mockpay/mocks/executions"
	"github.com/mockpay/mockpay/provider/providertest"
)

const readme = "../../README.md"

// README.md says how payouts end, by the end of the account's number, and names
// all ends that decide something.
func TestReadmeTellsTheAccounts(t *testing.T) {
	s := within(t, newHandler(t), "accounts", "")
	keys, told := make(map[string][]string), make(map[string]bool)
	status := func(key string) string {
		return accepted[execution](t, s.get(statusPath+key)).Status
	}
	for _, row := range providertest.Table(t, readme, "| account number ends in | its payout is |") {
		ending := providertest.Code(row[0])[0]
		told[ending] = true
		x := accepted[execution](t, s.execute(s.orderTo("2318800000"+ending, "10.0", "USD")))
		want := providertest.Code(row[1])
		assert.Equal(t, want[0], x.Status, row[0])
		keys[x.Reference] = want
	}

	for i, pass := range []time.Duration{time.Second, 2 * time.Second, 30 * time.Minute} {
		s.pass(pass)
		for key, want := range keys {
			assert.Equal(t, want[min(i+1, len(want)-1)], status(key), "%s after step %d", want, i)
		}
	}
	for _, ending := range providertest.Keys(t, executions.New(), "account_endings") {
		assert.True(t, told[ending], "README.md does not tell of %s", ending)
	}
}

// README.md says whose a phone is, and names all prefixes.
func TestReadmeTellsThePhones(t *testing.T) {
	s := within(t, newHandler(t), "phones", "")
	told := make(map[string]bool)
	for _, row := range providertest.Table(t, readme, "| phone begins with | whose it is, says the prediction |") {
		for _, prefix := range providertest.Code(row[0]) {
			told[prefix] = true
			phone := (prefix + "000000000000")[:12]
			a := s.get("/v1/predictions/mmo-provider-info?operation_type=PAYOUT&phone=" + phone)
			if method := providertest.Code(row[1]); len(method) > 0 {
				assert.Contains(t, a.body, `"payment_method":"`+method[0]+`"`, phone)
			} else {
				assert.Equal(t, row[1], "404")
				assert.Equal(t, 404, a.status, phone)
			}
		}
	}
	for _, prefix := range providertest.Keys(t, executions.New(), "phone_prefixes") {
		assert.True(t, told[prefix], "README.md does not tell of %s", prefix)
	}
}
