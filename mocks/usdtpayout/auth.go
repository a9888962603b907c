package usdtpayout

import (
	"crypto/hmac"
	"encoding/hex"
	"encoding/json"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/mockpay/mockpay/provider"
)

// Headers of every call [auth].
const (
	headerKey       = "X-Api-Key"
	headerTimestamp = "X-Timestamp"
	headerSignature = "X-Signature"
)

// authenticate lets a call in, in this order: API key, address, time, envelope,
// signature, encryption, token, rate. The order is our choice [3.5]. It leaves
// the decrypted payload in c.Fields.
func authenticate(c *provider.Call) error {
	for _, check := range []func(*provider.Call) error{checkKey, checkAddress, checkTime} {
		if err := check(c); err != nil {
			return err
		}
	}
	blob, err := readEnvelope(c)
	if err != nil {
		return err
	}
	if err := checkSignature(c, blob); err != nil {
		return err
	}
	if c.Fields, err = readPayload(c, blob); err != nil {
		return err
	}
	if c.Op.Name != "login" {
		if err := checkToken(c); err != nil {
			return err
		}
	}
	return checkRate(c)
}

func checkKey(c *provider.Call) error {
	switch key := c.Header.Get(headerKey); key {
	case c.Credentials[apiKey]:
		return nil
	case "":
		return c.Refuse(codeUnauthorized, "send the API key in the header x-api-key")
	}
	return c.Refuse(codeUnauthorized, "no workspace has this API key; GET /_mockpay/workspaces lists the keys that work")
}

// checkAddress refuses callers that are not on the allowlist; an empty one lets
// everybody in.
func checkAddress(c *provider.Call) error {
	list := knobs(c).Allowlist
	if len(list) == 0 {
		return nil
	}
	host, _, err := net.SplitHostPort(c.Remote)
	if err != nil {
		host = c.Remote
	}
	addr, err := netip.ParseAddr(host)
	for _, entry := range list {
		network, noNetwork := netip.ParsePrefix(entry)
		one, noAddress := netip.ParseAddr(entry)
		if entry == host || err == nil && (noNetwork == nil && network.Contains(addr.Unmap()) || noAddress == nil && one.Unmap() == addr.Unmap()) {
			return nil
		}
	}
	return c.Refuse(codeIPNotAllowed, "the call comes from %s, ip_allowlist has %s", host, strings.Join(list, ", "))
}

// checkTime refuses calls whose x-timestamp is more than five minutes from the
// workspace's clock, either way; exactly five minutes pass [auth].
func checkTime(c *provider.Call) error {
	text, now := c.Header.Get(headerTimestamp), c.Tx.Now().Unix()
	window := int64(time.Duration(knobs(c).TimestampWindow) / time.Second)
	stale := knobs(c).StaleCode
	if text == "" {
		return c.Refuse(stale, "send the Unix time in seconds in the header x-timestamp; the workspace's clock shows %d", now)
	}
	at, err := strconv.ParseInt(text, 10, 64)
	off := at - now
	switch {
	case err != nil:
		return c.Refuse(stale, "x-timestamp must be the Unix time in seconds as a whole number, it is %q", clip(text))
	case at >= now-window && at <= now+window:
		return nil
	case abs(at/1000-now) <= window && window > 0:
		return c.Refuse(stale, "x-timestamp %d is in milliseconds; send seconds, %d", at, at/1000)
	default:
		return c.Refuse(stale, "x-timestamp %d is %s the workspace's clock, which shows %d; at most %s are allowed",
			at, spell(off), now, time.Duration(knobs(c).TimestampWindow))
	}
}

func abs(n int64) int64 { return max(n, -n) }

// spell says how far a time in seconds is off.
func spell(off int64) string {
	const most = int64(1 << 32)
	way := "behind"
	if off > 0 {
		way = "ahead of"
	}
	return (time.Duration(min(abs(off), most)) * time.Second).String() + " " + way
}

// readEnvelope takes the blob out of the body, {"data": "iv:tag:ciphertext"}.
func readEnvelope(c *provider.Call) (string, error) {
	body, err := provider.DecodeObject(c.Body)
	if c.DecodeErr != nil { // the body did not come whole
		err = c.DecodeErr
	}
	if err != nil {
		return "", c.Refuse(codeBadRequest, `%s; send {"data": "iv:tag:ciphertext"}`, err)
	}
	blob, ok := body["data"].(string)
	if !ok || blob == "" {
		v, present := body["data"]
		if present && v == "" {
			return "", c.Refuse(codeBadRequest, `data is empty; send {"data": "iv:tag:ciphertext"}`)
		}
		return "", c.Refuse(codeBadRequest, `data must be a text, iv:tag:ciphertext, it is %s`, provider.Describe(v, present))
	}
	return blob, nil
}

func checkSignature(c *provider.Call, blob string) error {
	sent := c.Header.Get(headerSignature)
	if sent == "" {
		return c.Refuse(codeInvalidSignature, "send the signature in the header x-signature: the hex HMAC-SHA256 of x-timestamp, a dot and the value of data")
	}
	key := secretBytes(c, hmacSecret)
	got, err := hex.DecodeString(sent)
	if err == nil && hmac.Equal(got, mac(key, c.Header.Get(headerTimestamp), ".", blob)) {
		return nil
	}
	return c.Refuse(codeInvalidSignature, "%s", whyUnsigned(c, sent, blob))
}

// secretBytes are the bytes that a secret is in base64url.
func secretBytes(c *provider.Call, name string) []byte {
	b, err := decode64(c.Credentials[name])
	if err != nil {
		panic("usdtpayout: secrets are base64url: " + err.Error())
	}
	return b
}

// readPayload decrypts what a call is about.
func readPayload(c *provider.Call, blob string) (map[string]any, error) {
	plaintext, err := unseal(secretBytes(c, encryptSecret), blob)
	if err != nil {
		return nil, c.Refuse(codeBadRequest, "%s", whySealed(c, blob, err))
	}
	fields, err := provider.DecodeObject(plaintext)
	if err != nil {
		return nil, c.Refuse(codeBadRequest, "the payload decrypts, but %s", strings.Replace(err.Error(), "the body", "it", 1))
	}
	return fields, nil
}

// checkRate counts calls in windows that begin on the clock, and refuses those
// above the limit. It is off by default: no figures are published.
func checkRate(c *provider.Call) error {
	s := knobs(c)
	limits := []struct {
		name string
		rate rate
	}{{"rate_limit", s.RateLimit}}
	if c.Op.Name == "login" {
		limits = append(limits, struct {
			name string
			rate rate
		}{"login_limit", s.LoginLimit})
	}
	for _, l := range limits {
		if l.rate.Requests > 0 && !l.rate.allows(c, l.name) {
			return c.Refuse(codeRateLimited, "%s allows %d calls of %s in %s mode within %s", l.name, l.rate.Requests, c.Op.Name, c.Mode, time.Duration(l.rate.Per))
		}
	}
	return nil
}

// A meter counts the calls of a window.
type meter struct {
	ID    string    `json:"id"` // operation, mode and limit
	Began time.Time `json:"began"`
	Calls int       `json:"calls"`
}

// allows counts a call, and tells whether it is within the limit.
func (r rate) allows(c *provider.Call, name string) bool {
	id := c.Op.Name + "/" + c.Mode + "/" + name
	m, ok := meters.Get(c.Tx, id)
	if now := c.Tx.Now(); !ok || now.Sub(m.Began) >= time.Duration(r.Per) {
		m = meter{ID: id, Began: now}
	}
	if m.Calls >= r.Requests {
		return false
	}
	m.Calls++
	meters.Put(c.Tx, m)
	return true
}

// clip shortens what a caller sent for a hint.
func clip(text string) string {
	if runes := []rune(text); len(runes) > 60 {
		return string(runes[:60]) + "…"
	}
	return text
}

// asText is a JSON scalar as a caller wrote it, for hints.
func asText(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return "?"
	}
	return clip(string(b))
}
