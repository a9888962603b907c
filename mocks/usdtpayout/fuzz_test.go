package usdtpayout_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/mocks/usdtpayout"
)

// Ways to send what was found.
const (
	asBody    = iota // the request's body as it stands
	asBlob           // in an envelope, signed
	asPayload        // encrypted and signed
	waysToSend
)

// FuzzEnvelope sends any operation any body, blob or payload under any headers: it
// is answered in the documented shape, and never with a failure of the server's.
func FuzzEnvelope(f *testing.F) {
	order := newAccount(nil).order("10.01").String()
	for _, body := range []string{
		``, `{}`, `[]`, `null`, `{"data":`, `{"data":""}`, `{"data":7}`, "\xff", "\x00", strings.Repeat("[", 300), `{"data":"` + vectorBlob + `"}`,
		vectorBlob, "::", "a:b:c", vectorBlob + ":", strings.ReplaceAll(vectorBlob, ":", "=:"), "AAECAwQFBgcICQoL:AAAAAAAAAAAAAAAAAAAAAA:", "+/:+/:+/",
		vectorPlaintext, order, `{"transaction_id":"sb_1"}`, `{"transaction_id":"7c1b0f3e-2f57-4d2c-9a55-0b6f5a1e8d10"}`, `{"transaction_id":"sb_\u0000"}`,
		strings.Replace(order, `"10.01"`, `"`+strings.Repeat("9", 30)+`.999999"`, 1), strings.Replace(order, `"10.01"`, `1e999999999`, 1),
		strings.Replace(order, `"name"`, `"\ud800"`, 1), strings.Repeat(`{"a":`, 300),
	} {
		for how := range waysToSend {
			f.Add(byte(how), byte(how), []byte(body), "1780567799", "", "")
		}
	}
	f.Add(byte(0), byte(asBody), []byte(`{"data":"`+vectorBlob+`"}`), "1780567799", vectorSignature, "Bearer x.y.z")
	f.Add(byte(1), byte(asPayload), []byte(order), "1780568099", "sha256="+vectorSignature, "Bearer eyJhbGciOiJub25lIn0.e30.")
	f.Add(byte(2), byte(asBlob), []byte(vectorBlob), "1780567799000", strings.Repeat("A", 43), "bearer  ")
	f.Add(byte(0), byte(asPayload), []byte(vectorPlaintext), "-9223372036854775808", "\x7f", "Bearer")

	c := newTill(f, newHandler(f), scenario(`{wallet: "1e30"}`))
	status, body := c.send("live", c.letter("login", fields{"email": c.credentials["email"], "password": c.credentials["password"]}.String(), start))
	require.Equal(f, 200, status, body)
	var granted struct {
		Data struct {
			Token string `json:"access_token"`
		}
	}
	require.NoError(f, json.Unmarshal([]byte(body), &granted))
	c.token = granted.Data.Token

	f.Fuzz(func(t *testing.T, op, how byte, body []byte, timestamp, signature, authorization string) {
		l := c.letter(operations[int(op)%len(operations)], "", start)
		l.timestamp = timestamp
		switch how % waysToSend {
		case asBody:
			l.blob, l.body = string(body), string(body)
			l.signed()
		case asBlob:
			l.sealed(string(body))
		case asPayload:
			l.sealed(encrypt(c.credentials["encryption_secret"], []byte("twelve bytes"), string(body)))
		}
		if signature != "" {
			l.signature = signature
		}
		if authorization != "" {
			l.token = authorization
		}

		status, answer := c.send("live", l)

		require.Less(t, status, 500, answer)
		require.True(t, utf8.ValidString(answer))
		if status >= http.StatusBadRequest {
			require.Regexp(t, envelope, answer)
			return
		}
		require.True(t, strings.HasPrefix(answer, `{"ok":true,"data":{`), answer)
		require.True(t, json.Valid([]byte(answer)))
	})
}

// FuzzUnseal decrypts any text: what it opens is what somebody sealed under the
// key, and nothing else.
func FuzzUnseal(f *testing.F) {
	key := bytesOf(vectorKey)
	iv := []byte("twelve bytes")
	for _, blob := range []string{
		vectorBlob, encryptUnder(key, iv, ""), encryptUnder(key, iv, "{}"), encryptUnder(key, iv, strings.Repeat("x", 1000)), encryptUnder(make([]byte, 32), iv, "{}"),
		strings.ReplaceAll(vectorBlob, ":", "==:"), vectorBlob + "=", vectorBlob + "\n", "", ":", "::", ":::", "a:b:c", "AAECAwQFBgcICQoL::", "+/:-_:==", "\x00:\xff:é",
		strings.ToLower(vectorBlob), vectorBlob[:len(vectorBlob)-1],
	} {
		f.Add(blob)
	}
	f.Fuzz(func(t *testing.T, blob string) {
		plaintext, err := usdtpayout.Unseal(key, blob)
		if err != nil {
			require.Nil(t, plaintext)
			require.NotEmpty(t, err.Error())
			return
		}
		plain := strings.NewReplacer("=", "", "\r", "", "\n", "").Replace(blob)
		first, _, _ := strings.Cut(plain, ":")
		require.Equal(t, plain, encryptUnder(key, bytesOf(first), string(plaintext)))
	})
}

// FuzzSeal encrypts any payload with any key and iv: it comes back as it was.
func FuzzSeal(f *testing.F) {
	f.Add(bytesOf(vectorKey), []byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}, []byte(vectorPlaintext))
	f.Add(make([]byte, 32), make([]byte, 12), []byte{})
	f.Add(bytesOf(vectorHMAC), []byte("twelve bytes"), []byte("\x00\xff"))
	f.Fuzz(func(t *testing.T, key, iv, plaintext []byte) {
		if len(key) != 32 || len(iv) != 12 {
			t.Skip("refused: sizes")
		}
		got, err := usdtpayout.Unseal(key, encryptUnder(key, iv, string(plaintext)))
		require.NoError(t, err)
		require.Equal(t, fmt.Sprintf("%x", plaintext), fmt.Sprintf("%x", got))
	})
}
