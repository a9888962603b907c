package dinardragon_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// FuzzGetAuthcode sends step 1 any body.
func FuzzGetAuthcode(f *testing.F) {
	seeds := append(malformedOrders, documented, pays("0.1", "0.2"), asks("5", account(`"007"`, "5.00")), asks("1e2", account("1", "100")))
	fuzz(f, "/get-authcode", seeds)
}

// FuzzExecute sends step 2 any body.
func FuzzExecute(f *testing.F) {
	fuzz(f, "/execute", []string{`{"authcode":"6afc61f8c5e7738819b7021dc0664cab"}`, `{"authcode":""}`, `{"authcode":7}`})
}

// FuzzStatus sends step 3 any body.
func FuzzStatus(f *testing.F) {
	fuzz(f, "/status", []string{`{"uniqueid":"df9a31ea528a3977"}`, `{"payment_id":"1617fcccd1f3269c"}`, `{"uniqueid":"a","payment_id":"b"}`, `{"uniqueid":null}`})
}

// fuzz sends a path any body: it is answered with one JSON object whose code is
// the status, and never with a failure of the server's.
func fuzz(f *testing.F, path string, seeds []string) {
	for _, seed := range append(seeds, ``, `{}`, `[]`, `null`, `{"a":`, "\xff", "\x00", strings.Repeat("[", 1000), `{"amount":1e999999999}`) {
		f.Add([]byte(seed))
	}
	c := newTill(f, newHandler(f), scenario(`{balance: "1e30"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		status, answer := c.post(path, string(body))

		require.Less(t, status, 500, answer)
		require.True(t, utf8.ValidString(answer))
		var said map[string]json.RawMessage
		require.NoError(t, json.Unmarshal([]byte(answer), &said), answer)
		require.Equal(t, fmt.Sprint(status), string(said["code"]))
		require.Equal(t, status == 200, said["error"] == nil, answer)
		if status != 200 {
			require.Len(t, said, 2)
		}
	})
}

// FuzzPayout quotes and executes an account that holds any texts: they come back
// as they were.
func FuzzPayout(f *testing.F) {
	f.Add("somebank", "US", "somename", int64(123456789), uint32(50_000))
	f.Add("<&>\u2028\u2029", "\x00\x1f\x7f", `"\/`, int64(-1), uint32(1))
	f.Add("é漢🏦", "\\u0041", "\ud7ff\ue000\ufffd", int64(0), uint32(999))
	c := newTill(f, newHandler(f), scenario(`{balance: "1e30"}`))
	f.Fuzz(func(t *testing.T, bank, country, name string, acc int64, thousandths uint32) {
		for _, text := range []string{bank, country, name} {
			if text == "" || !utf8.ValidString(text) {
				t.Skip("refused: an empty text, or none that JSON can hold")
			}
		}
		if thousandths == 0 {
			t.Skip("refused: no amount")
		}
		amount := fmt.Sprintf("%d.%03d", thousandths/1000, thousandths%1000)
		order, err := json.Marshal(map[string]any{"amount": json.Number(amount), "accounts": []any{map[string]any{
			"acc": acc, "amount": json.Number(amount), "bank": bank, "country": country, "recipientname": name,
		}}})
		require.NoError(t, err)
		status, body := c.post("/get-authcode", string(order))
		require.Equal(t, 200, status, body)
		var q quote
		require.NoError(t, json.Unmarshal([]byte(body), &q))
		require.Equal(t, minimal(charged(rat(amount))), q.Charge.String())

		status, body = c.post("/execute", fmt.Sprintf(`{"authcode":%q}`, q.Authcode))

		require.Equal(t, 200, status, body)
		var got struct {
			Accounts []struct {
				Amount                       json.Number
				Bank, Country, RecipientName string
				AccNo                        int64
			}
		}
		require.NoError(t, json.Unmarshal([]byte(body), &got))
		require.Equal(t, []string{bank, country, name, minimal(rat(amount)), fmt.Sprint(acc)}, []string{
			got.Accounts[0].Bank, got.Accounts[0].Country, got.Accounts[0].RecipientName, got.Accounts[0].Amount.String(), fmt.Sprint(got.Accounts[0].AccNo),
		})
	})
}
