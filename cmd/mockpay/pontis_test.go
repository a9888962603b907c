package main

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// The default account of Pontis Globe.
const (
	pontisKey        = "pg-default-api-key"
	pontisEncryption = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
	pontisHMAC       = "oKGio6SlpqeoqaqrrK2ur7CxsrO0tba3uLm6u7y9vr8"
)

// pontisPaths are its calls.
var pontisPaths = map[string]string{
	"login": "/api/v1/user/login", "send": "/api/v1/payouts/sendPayoutRequest", "status": "/api/v1/payouts/getPayoutStatus",
}

// pontis encrypts, signs and sends a payload at the workspace's time. Its token is
// in $TOKEN, if there is one.
func pontis(ts *testscript.TestScript, _ bool, args []string) {
	base := ts.Getenv("MOCKPAY_URL") + "/usdtpayout"
	if args[0] == "live" {
		base, args = base+"/live", args[1:]
	}
	data, at := sealed(ts, args[1]), workspaceTime(ts)
	mac := hmac.New(sha256.New, secretOf(ts, pontisHMAC))
	fmt.Fprintf(mac, "%d.%s", at, data)
	req, err := http.NewRequest(http.MethodPost, base+pontisPaths[args[0]], strings.NewReader(`{"data":"`+data+`"}`))
	ts.Check(err)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Api-Key", pontisKey)
	req.Header.Set("X-Timestamp", fmt.Sprint(at))
	req.Header.Set("X-Signature", hex.EncodeToString(mac.Sum(nil)))
	if token := ts.Getenv("TOKEN"); token != "" && args[0] != "login" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := http.DefaultClient.Do(req)
	ts.Check(err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	ts.Check(err)
	fmt.Fprintf(ts.Stdout(), "%d\n%s\n", res.StatusCode, body)
}

// sealed is a payload as iv:tag:ciphertext.
func sealed(ts *testscript.TestScript, payload string) string {
	block, err := aes.NewCipher(secretOf(ts, pontisEncryption))
	ts.Check(err)
	gcm, err := cipher.NewGCM(block)
	ts.Check(err)
	iv := sha256.Sum256([]byte(payload))
	out := gcm.Seal(nil, iv[:12], []byte(payload), nil)
	text, tag := out[:len(out)-16], out[len(out)-16:]
	encode := base64.RawURLEncoding.EncodeToString
	return encode(iv[:12]) + ":" + encode(tag) + ":" + encode(text)
}

func secretOf(ts *testscript.TestScript, text string) []byte {
	secret, err := base64.RawURLEncoding.DecodeString(text)
	ts.Check(err)
	return secret
}

// workspaceTime is the time on the default workspace's clock, in seconds.
func workspaceTime(ts *testscript.TestScript) int64 {
	res, err := http.Get(ts.Getenv("MOCKPAY_URL") + "/_mockpay/clock")
	ts.Check(err)
	defer res.Body.Close()
	var clock struct{ Now time.Time }
	ts.Check(json.NewDecoder(res.Body).Decode(&clock))
	return clock.Now.Unix()
}
