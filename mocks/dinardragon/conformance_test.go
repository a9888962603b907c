package dinardragon_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/provider/providertest"
)

func TestConformance(t *testing.T) {
	providertest.Run(t, providertest.Suite{
		Provider: "dinardragon",
		Calls: map[string]providertest.Call{
			"get_authcode": func(c *providertest.Caller) *http.Request { return request(c, "get_authcode", documented) },
			"execute":      func(c *providertest.Caller) *http.Request { return request(c, "execute", quoted(c, documented)) },
			"status": func(c *providertest.Caller) *http.Request {
				paid := c.Need(request(c, "execute", quoted(c, documented)))
				return request(c, "status", `{"payment_id":`+field(c, paid, "payment_id")+`}`)
			},
		},
		Raw: func(c *providertest.Caller, operation string, body []byte) *http.Request {
			return request(c, operation, string(body))
		},
		Malformed: map[string][]string{
			"get_authcode": malformedOrders,
			"execute":      {`{"authcode":null}`, `{"authcode":12}`, `{"authcode":""}`, `{"authcode":["a"]}`, `{"authcode":"\u0000"}`, `{"authcode":"` + strings.Repeat("f", 100_000) + `"}`},
			"status":       {`{"uniqueid":12}`, `{"payment_id":{}}`, `{"uniqueid":"","payment_id":""}`, `{"uniqueid":null}`, `{"payment_id":"\u0000"}`},
		},
		Anonymous: func(r *http.Request) { r.Header.Del("Authorization") },
		Refusal:   isFailure,
		Move:      payRandomly,
		Action: func(_ *providertest.Caller, d *providertest.Dice) (string, map[string]string) {
			return "dinardragon.settle", map[string]string{
				"payment": providertest.Pick(d, "first", "last", "last", "0123456789abcdef"), "as": providertest.Pick(d, "success", "failed"),
			}
		},
	})
}

// malformedOrders have a number in the wrong place, or the wrong number.
var malformedOrders = []string{
	`{"amount":1e999999999,"accounts":[{"acc":1,"amount":1e999999999,"bank":"b","country":"US","recipient":"r"}]}`,
	`{"amount":1e-999999999,"accounts":[{"acc":1,"amount":1e-999999999,"bank":"b","country":"US","recipient":"r"}]}`,
	`{"amount":1,"accounts":[{"acc":1e999999999,"amount":1,"bank":"b","country":"US","recipient":"r"}]}`,
	`{"amount":"1","accounts":[{"acc":1,"amount":"1","bank":"b","country":"US","recipient":"r"}]}`,
	`{"amount":1,"accounts":{"acc":1}}`,
	`{"amount":1,"accounts":[null]}`,
	`{"amount":1,"accounts":[[]]}`,
	`{"amount":1,"accounts":[]}`,
	`{"amount":[1],"accounts":[1]}`,
	`{"amount":` + strings.Repeat("9", 100) + `,"accounts":[{"acc":1,"amount":` + strings.Repeat("9", 100) + `,"bank":"b","country":"US","recipient":"r"}]}`,
}

// documented is the sample of step 1.
const documented = `{"amount":195,"accounts":[` +
	`{"acc":123456789,"amount":50,"bank":"somebank","country":"US","recipientname":"somename"},` +
	`{"acc":987654321,"amount":70,"bank":"someotherbank","country":"SA","recipientname":"someothername"},` +
	`{"acc":111111111,"amount":75,"bank":"yetanotherbank","country":"US","recipientname":"yetanothername"}]}`

var paths = map[string]string{"get_authcode": "/get-authcode", "execute": "/execute", "status": "/status"}

// request is a call of the suite's caller.
func request(c *providertest.Caller, operation, body string) *http.Request {
	r, err := http.NewRequestWithContext(c.Context(), http.MethodPost, c.URL+paths[operation], strings.NewReader(body))
	require.NoError(c, err)
	r.Header.Set("Authorization", "Bearer "+c.Credentials["private_key"])
	r.Header.Set("Content-Type", "application/json")
	return r
}

// quoted is the body that executes an order.
func quoted(c *providertest.Caller, order string) string {
	return `{"authcode":` + field(c, c.Need(request(c, "get_authcode", order)), "authcode") + `}`
}

// field is one of an answer's, as the JSON it came as.
func field(t require.TestingT, a *providertest.Answer, name string) string {
	var fields map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(a.Body, &fields))
	return string(fields[name])
}

// isFailure checks the documented shape: code, then error, the status being the
// code.
func isFailure(t testing.TB, a *providertest.Answer) {
	t.Helper()
	var text struct{ Error string }
	require.NoError(t, json.Unmarshal(a.Body, &text), "%s", a)
	assert.NotEmpty(t, text.Error)
	said, err := json.Marshal(text.Error)
	require.NoError(t, err)
	assert.Equal(t, fmt.Sprintf(`{"code":%d,"error":%s}`, a.Status, said), string(a.Body))
}

// payRandomly pays something to a few accounts, or tries: a sum may be wrong, a
// code may be spent twice.
func payRandomly(c *providertest.Caller, d *providertest.Dice) {
	var accounts []string
	sum := 0
	for range 1 + d.N(4) {
		cents := 1 + d.N(30_000)
		sum += cents
		accounts = append(accounts, fmt.Sprintf(`{"acc":%d,"amount":%d.%02d,"bank":"b","country":"US","recipient":"r"}`, d.N(1_000_000_000), cents/100, cents%100))
	}
	if d.N(8) == 0 {
		sum++
	}
	a := c.Do(request(c, "get_authcode", fmt.Sprintf(`{"amount":%d.%02d,"accounts":[%s]}`, sum/100, sum%100, strings.Join(accounts, ","))))
	if a.Status != http.StatusOK {
		return
	}
	for range 1 + d.N(2) {
		c.Do(request(c, "execute", `{"authcode":`+field(c, a, "authcode")+`}`))
	}
}
