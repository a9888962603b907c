package control_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/mockpaytest"
)

const expecting = "version: 1\nclock: {start: 2026-01-15T09:00:00Z, frozen: true}\nexpect: [{name: paid, on: dinardragon.execute, count: 1}]\n"

// fails expects a verification that fails, as JSON and not as a problem.
func (a *api) fails(method, path, body string, header ...string) map[string]any {
	a.t.Helper()
	status, verdict, res := a.call(method, path, body, header...)
	require.Equal(a.t, 409, status, "%v", verdict)
	assert.Equal(a.t, "application/json", res.Header.Get("Content-Type"))
	assert.Equal(a.t, false, verdict["ok"])
	return verdict
}

func TestVerify(t *testing.T) {
	a := start(t, mockpaytest.Scenario(expecting))
	assert.Equal(t, map[string]any{"ok": false, "checks": []any{map[string]any{
		"name": "paid", "ok": false, "expected": "exactly 1 call of dinardragon.execute", "seen": "no call", "matched": []any{}, "misses": []any{},
	}}}, a.fails("GET", "verify", ""))
	a.payout("10")
	assert.Equal(t, map[string]any{"ok": true, "checks": []any{map[string]any{
		"name": "paid", "ok": true, "expected": "exactly 1 call of dinardragon.execute", "seen": "1 call", "matched": []any{"req-2"}, "misses": []any{},
	}}}, a.ok("GET", "verify", ""))
	assert.Equal(t, true, a.ok("POST", "verify", "")["ok"], "nothing posted is the scenario's")

	posted := a.fails("POST", "verify", "- {on: dinardragon.get_authcode, where: {amount: 11}}\n- {on: dinardragon.execute}\n", "Content-Type", "application/yaml")
	assert.Equal(t, map[string]any{
		"request": "req-1", "operation": "dinardragon.get_authcode", "at": "2026-01-15T09:00:00.000Z", "why": "amount is 10, expected 11",
	}, at(posted, "checks", 0, "misses", 0))
	assert.Equal(t, true, at(posted, "checks", 1, "ok"))
	assert.Equal(t, true, a.ok("POST", "verify", `{"expect":[{"balance":{"dinardragon.USD":"9989.750"}}]}`, "Content-Type", "application/json")["ok"])
	assert.Equal(t, map[string]any{"ok": true, "checks": []any{}}, a.ok("POST", "verify", "[]"))
	assert.Len(t, a.ok("POST", "verify", expecting)["checks"], 1, "a whole scenario will do")
	assert.Equal(t, "9989.75", at(a.ok("GET", "balances", ""), "dinardragon", "USD"), "nothing was reset")
}

func TestVerifyRefusals(t *testing.T) {
	a := start(t)
	assert.Equal(t, map[string]any{"ok": true, "checks": []any{}}, a.ok("GET", "verify", ""))
	p := a.refused(422, `did you mean "dinardragon.execute"?`, "POST", "verify", "- on: dinardragon.execut\n- {on: dinardragon.status, count: x}\n")
	require.Len(t, p["errors"], 2)
	assert.Equal(t, map[string]any{"file": "expect", "line": 2.0, "column": 35.0, "path": "expect[1].count", "message": `count must be a whole number of at least 0, it is "x"`}, at(p, "errors", 1))
	a.refused(422, "not YAML", "POST", "verify", "{")
	a.refused(422, "no balance", "POST", "verify", `[{"balance":{"dinardragon.EUR":1}}]`)
	a.refused(422, "timeout", "GET", "verify?timeout=x", "")
	a.refused(422, "query parameter", "GET", "verify?check=x", "")
	a.refused(404, `no workspace "x"`, "GET", "verify?workspace=x", "")
	a.refused(405, "GET, POST", "PUT", "verify", "")
}
