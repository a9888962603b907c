package dinaricash

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"time"

	"github.com/mockpay/mockpay/provider"
)

// A call is an operation, action or job with the settings in force and the
// documented example that it replays, if it does.
type call struct {
	*provider.Call
	*settings
	example *example
}

// handle makes a handler of one that wants a call.
func handle(do func(*call) (*provider.Response, error)) provider.Handler {
	return func(c *provider.Call) (*provider.Response, error) {
		return do(replay(c, c.Op.Name, "", c.Fields))
	}
}

// action is a call that replays nothing.
func action(c *provider.Call) *call { return &call{c, knobs(c), nil} }

// now is when the call happens, as its answer says.
func (k *call) now() time.Time {
	if k.example != nil && !k.example.At.IsZero() {
		return k.example.At.Time
	}
	return k.Tx.Now()
}

// account is the CORPORATE_ACCOUNT_ID of an answer: what the caller sent.
func (k *call) account() string {
	if k.example != nil && k.example.Account != "" {
		return k.example.Account
	}
	sent := text(k.Call, namesOf(k.Call).account)
	if k.IDStyle == "documented" && k.Op.Name == achSend.op && sent != "" {
		sum := sha256.Sum256([]byte(sent))
		return "CA" + digits(hex.EncodeToString(sum[:]), 9)
	}
	return sent
}

// transactionID draws the id of a new transaction.
func (k *call) transactionID(m *method) string {
	switch {
	case k.example != nil && k.example.ID != "":
		return k.example.ID
	case k.IDStyle == "documented" && (m == achSend || m == cardSend):
		return "TX" + digits(k.Tx.Hex(Name+".transaction", 9), 9)
	}
	return k.Tx.Hex(Name+".transaction", 32)
}

// digits are n decimal digits made of as many hexadecimal ones.
func digits(hexadecimal string, n int) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' {
			return '0' + (r - 'a')
		}
		return r
	}, hexadecimal[:n])
}

// success is the documented wrapper around what a call yields [S2 l.94-97].
func success(message string, data provider.Object) *provider.Response {
	return provider.JSON(http.StatusOK, provider.Object{{Key: "status", Value: "success"}, {Key: "message", Value: message}, {Key: "data", Value: data}})
}

// failure is the documented wrapper around why a call is refused; code is a
// number, a text, or absent.
func failure(message string, code any, payload string, data provider.Object) provider.Object {
	o := provider.Object{{Key: "status", Value: "error"}, {Key: "message", Value: message}}
	if code != absent {
		o = append(o, provider.Member{Key: "error_code", Value: code})
	}
	return append(o, provider.Member{Key: payload, Value: data})
}
