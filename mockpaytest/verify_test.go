package mockpaytest_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/mockpaytest"
)

// A witness is a test that remembers how it failed, and goes on.
type witness struct {
	*testing.T
	failed []string
	logged []string
}

func (w *witness) Errorf(format string, args ...any) {
	w.failed = append(w.failed, fmt.Sprintf(format, args...))
}

func (w *witness) Logf(format string, args ...any) {
	w.logged = append(w.logged, fmt.Sprintf(format, args...))
}

// gaveUp is what Fatalf ends with.
type gaveUp struct{}

func (w *witness) Fatalf(format string, args ...any) {
	w.Errorf(format, args...)
	panic(gaveUp{})
}

func TestVerify(t *testing.T) {
	w := &witness{T: t}
	m := mockpaytest.Start(w, mockpaytest.Scenario("version: 1\nexpect: [{name: it pays, on: dinardragon.get_authcode, where: {amount: {gte: 100}}}]\n"))
	quote(t, m, "7")

	m.Verify()
	require.Len(t, w.failed, 1)
	assert.Contains(t, w.failed[0], "mockpaytest: not as expected:\nRESULT  EXPECTED")
	assert.Contains(t, w.failed[0], "failed  it pays: at least 1 call of dinardragon.get_authcode where amount gte 100  no call; 1 more of dinardragon.get_authcode that differ\n")
	assert.Regexp(t, `(?m)^req-1 +\S+ +dinardragon\.get_authcode  amount is 7, expected gte 100$`, w.failed[0])

	w.failed = nil
	m.Verify("[{on: dinardragon.get_authcode, where: {amount: 7.0}, count: 1}]", "expect: [{balance: {dinardragon.USD: 10000}}]")
	assert.Empty(t, w.failed)
	m.Verify("[{on: dinardragon.get_authcode, count: 1}]", "[{on: dinardragon.execute}]")
	assert.Len(t, w.failed, 1)
	quote(t, m, "100")
	w.failed = nil
	m.Verify()
	assert.Empty(t, w.failed)

	w.logged = nil
	m.Verify("[]")
	assert.Contains(t, strings.Join(w.logged, ""), "nothing to verify")
	assert.PanicsWithValue(t, gaveUp{}, func() { m.Verify("[{on: dinardragon.exekute}]") })
	assert.Contains(t, w.failed[0], `did you mean "dinardragon.execute"?`)
}
