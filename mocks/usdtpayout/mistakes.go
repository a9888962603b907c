package usdtpayout

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/mockpay/mockpay/provider"
)

// What follows recognises the mistakes that integrators make, so that a refusal
// names the one at hand.

// A slip is a way to sign wrongly: what was signed with which key.
type slip struct {
	what string
	key  []byte
	text []string
}

// whyUnsigned says why a signature is not that of a call.
func whyUnsigned(c *provider.Call, sent, blob string) string {
	const no = "signature does not match: "
	at := c.Header.Get(headerTimestamp)
	key := secretBytes(c, hmacSecret)
	digest, form := readDigest(sent)
	if digest == nil {
		return no + fmt.Sprintf("x-signature must be 64 hexadecimal digits, it is %q", clip(sent))
	}
	if hmac.Equal(digest, mac(key, at, ".", blob)) {
		return no + "it is the right digest " + form + "; write it as bare lower-case hex"
	}
	for _, s := range slips(c, key, at, blob) {
		if hmac.Equal(digest, mac(s.key, s.text...)) {
			return no + "it matches if " + s.what
		}
	}
	return no + fmt.Sprintf("expected the hex HMAC-SHA256, under the base64url-decoded HMAC secret, of %q: x-timestamp, a dot and the value of data", clip(at+"."+blob))
}

// readDigest takes a digest of 32 bytes in whatever form, and names the form.
func readDigest(sent string) (digest []byte, form string) {
	bare := strings.TrimSpace(sent)
	if rest, ok := strings.CutPrefix(strings.ToLower(bare), "sha256="); ok {
		if b, err := hex.DecodeString(rest); err == nil && len(b) == sha256.Size {
			return b, "with sha256= before it, which only callbacks have"
		}
	}
	if b, err := hex.DecodeString(bare); err == nil && len(b) == sha256.Size {
		return b, "with white space around it"
	}
	for _, e := range []struct {
		name     string
		encoding *base64.Encoding
	}{{"base64", base64.RawStdEncoding}, {"base64url", base64.RawURLEncoding}} {
		if b, err := e.encoding.DecodeString(strings.TrimRight(bare, "=")); err == nil && len(b) == sha256.Size {
			return b, "in " + e.name + " instead of hex"
		}
	}
	return nil, ""
}

// slips are the ways to sign a call wrongly, the likeliest first.
func slips(c *provider.Call, key []byte, at, blob string) []slip {
	right := []string{at, ".", blob}
	body := string(c.Body)
	all := []slip{
		{"the HMAC secret is used as text instead of base64url-decoded bytes", []byte(c.Credentials[hmacSecret]), right},
		{"the encryption secret is used as the key; sign with the HMAC secret", secretBytes(c, encryptSecret), right},
		{"the text of the encryption secret is used as the key; sign with the HMAC secret, base64url-decoded", []byte(c.Credentials[encryptSecret]), right},
		{"the API key is used as the key; sign with the HMAC secret, base64url-decoded", []byte(c.Credentials[apiKey]), right},
		{"the JSON body is signed instead of the blob; sign the value of data", key, []string{at, ".", body}},
		{"the blob is signed without x-timestamp and the dot before it", key, []string{blob}},
		{"the JSON body is signed alone; sign x-timestamp, a dot and the value of data", key, []string{body}},
		{"the dot between x-timestamp and the blob is left out", key, []string{at, blob}},
		{"the blob comes before x-timestamp; x-timestamp comes first", key, []string{blob, ".", at}},
		{"x-timestamp is signed in milliseconds but sent in seconds", key, []string{at + "000", ".", blob}},
		{"the secret is used as text and the JSON body is signed; decode the secret, sign the value of data", []byte(c.Credentials[hmacSecret]), []string{at, ".", body}},
	}
	if std, err := base64.StdEncoding.DecodeString(c.Credentials[hmacSecret] + "="); err == nil && !bytes.Equal(std, key) {
		all = append(all, slip{"the HMAC secret is decoded as standard base64; decode it as base64url", std, right})
	}
	for _, form := range rewritten(body) {
		all = append(all, slip{"the body was serialised again after it was signed; sign the value of data, whatever the JSON around it", key, []string{at, ".", form}})
	}
	return append(all, strangers(c, right)...)
}

// rewritten are other ways to write a JSON body.
func rewritten(body string) (forms []string) {
	var v any
	if json.Unmarshal([]byte(body), &v) != nil {
		return nil
	}
	compact := string(provider.Encode(v))
	forms = append(forms, compact, strings.Replace(compact, `":`, `": `, 1))
	for _, indent := range []string{"  ", "    ", "\t"} {
		if b, err := json.MarshalIndent(v, "", indent); err == nil {
			forms = append(forms, string(b))
		}
	}
	return forms
}

// strangers are secrets that were right elsewhere or before.
func strangers(c *provider.Call, right []string) (all []slip) {
	for v := version(c.Tx) - 1; v >= 1; v-- {
		old := derived(c.Workspace, hmacSecret, v)
		if v == 1 {
			old = valueOf(credentials(c.Workspace), hmacSecret)
		}
		b, _ := decode64(old)
		all = append(all, slip{"the HMAC secret from before the credentials were made anew is used", b, right})
	}
	for _, other := range c.Others() {
		b, _ := decode64(valueOf(credentials(other), hmacSecret))
		all = append(all, slip{fmt.Sprintf("the HMAC secret of another account is used, that of workspace %q; the API key is that of %q", other, c.Workspace), b, right})
	}
	return all
}

func valueOf(all []provider.Credential, name string) string {
	for _, cred := range all {
		if cred.Name == name {
			return cred.Value
		}
	}
	return ""
}

// whySealed says why a blob does not decrypt.
func whySealed(c *provider.Call, blob string, err error) string {
	parts := strings.Split(blob, ":")
	key := secretBytes(c, encryptSecret)
	switch {
	case len(parts) == 2:
		return whyTwoParts(key, parts, err)
	case len(parts) == 3 && standardBase64(parts):
		return fmt.Sprintf("%s: it is in standard base64, with + and /; use base64url, with - and _", err)
	case len(parts) != 3:
		return err.Error() + ", each base64url"
	}
	iv, _ := decode64(parts[0])
	second, _ := decode64(parts[1])
	third, _ := decode64(parts[2])
	if len(iv) == ivSize && len(third) == tagSize {
		if _, swapped := open(key, iv, third, second); swapped == nil {
			return "the payload decrypts if the last part is the tag; the tag comes second: iv:tag:ciphertext"
		}
	}
	if len(iv) != ivSize || len(second) != tagSize || !errors.Is(err, errGCM) {
		return err.Error()
	}
	for _, k := range wrongKeys(c) {
		if _, opened := open(k.key, iv, second, third); opened == nil {
			return "the payload decrypts if " + k.what
		}
	}
	return errGCM.Error() + "; expected AES-256-GCM under the base64url-decoded encryption secret, without additional data"
}

// whyTwoParts explains a blob whose tag is part of its ciphertext, as many
// libraries return it.
func whyTwoParts(key []byte, parts []string, err error) string {
	iv, _ := decode64(parts[0])
	sealed, _ := decode64(parts[1])
	if at := len(sealed) - tagSize; len(iv) == ivSize && at >= 0 {
		if _, joined := open(key, iv, sealed[at:], sealed[:at]); joined == nil {
			return "the tag is appended to the ciphertext; send it as a part of its own, the second: iv:tag:ciphertext"
		}
	}
	return err.Error()
}

// standardBase64 tells whether parts are base64 of the other alphabet.
func standardBase64(parts []string) bool {
	for _, p := range parts {
		if !strings.ContainsAny(p, "+/") {
			continue
		}
		if _, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(p, "=")); err == nil {
			return true
		}
	}
	return false
}

// wrongKeys are keys that payloads are encrypted with by mistake.
func wrongKeys(c *provider.Call) (all []struct {
	what string
	key  []byte
}) {
	add := func(what string, key []byte) {
		if len(key) == 16 || len(key) == 24 || len(key) == keySize {
			all = append(all, struct {
				what string
				key  []byte
			}{what, key})
		}
	}
	secret := c.Credentials[encryptSecret]
	raw := secretBytes(c, encryptSecret)
	hashed := sha256.Sum256([]byte(secret))
	rawHashed := sha256.Sum256(raw)
	add("the first 32 characters of the encryption secret are the key; the key is the secret base64url-decoded, which has 32 bytes", []byte(secret[:keySize]))
	add("the SHA-256 of the secret's text is the key; the key is the secret base64url-decoded", hashed[:])
	add("the SHA-256 of the secret's bytes is the key; the key is the bytes themselves", rawHashed[:])
	add("the HMAC secret is the key; encrypt with the encryption secret", secretBytes(c, hmacSecret))
	add("the key has 16 bytes, the first of the secret's; it must be all 32", raw[:16])
	add("the key has 24 bytes, the first of the secret's; it must be all 32", raw[:24])
	for _, other := range c.Others() {
		b, _ := decode64(valueOf(credentials(other), encryptSecret))
		add(fmt.Sprintf("the encryption secret of another account is the key, that of workspace %q", other), b)
	}
	for v := version(c.Tx) - 1; v >= 1; v-- {
		old := derived(c.Workspace, encryptSecret, v)
		if v == 1 {
			old = valueOf(credentials(c.Workspace), encryptSecret)
		}
		b, _ := decode64(old)
		add("the encryption secret from before the credentials were made anew is the key", b)
	}
	return all
}
