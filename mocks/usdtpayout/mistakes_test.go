package usdtpayout_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// bytesOf is a secret base64url-decoded.
func bytesOf(secret string) []byte { return must(base64.RawURLEncoding.DecodeString(secret)) }

// A wrong signature is answered with the mistake that leads to it.
func TestSigningMistakes(t *testing.T) {
	t.Parallel()
	s := open(t, "")
	other := s.neighbor("other", "")
	encryption, secret := s.credentials["encryption_secret"], s.credentials["hmac_secret"]
	digest := func(l *letter) []byte { return must(hex.DecodeString(l.signature)) }
	tests := []struct {
		name  string
		spoil func(l *letter)
		hint  string
	}{
		{"SecretAsText", func(l *letter) { l.signature = signUnder([]byte(secret), l.timestamp+"."+l.blob) },
			"it matches if the HMAC secret is used as text instead of base64url-decoded bytes"},
		{"SecretAsTextOverBody", func(l *letter) { l.signature = signUnder([]byte(secret), l.timestamp+"."+l.body) },
			"it matches if the secret is used as text and the JSON body is signed"},
		{"EncryptionSecret", func(l *letter) { l.signature = sign(encryption, l.timestamp+"."+l.blob) },
			"it matches if the encryption secret is used as the key"},
		{"EncryptionSecretAsText", func(l *letter) { l.signature = signUnder([]byte(encryption), l.timestamp+"."+l.blob) },
			"it matches if the text of the encryption secret is used as the key"},
		{"APIKey", func(l *letter) { l.signature = signUnder([]byte(l.key), l.timestamp+"."+l.blob) },
			"it matches if the API key is used as the key"},
		{"Body", func(l *letter) { l.signature = sign(secret, l.timestamp+"."+l.body) },
			"it matches if the JSON body is signed instead of the blob"},
		{"BodyAlone", func(l *letter) { l.signature = sign(secret, l.body) },
			"it matches if the JSON body is signed alone"},
		{"BlobAlone", func(l *letter) { l.signature = sign(secret, l.blob) },
			"it matches if the blob is signed without x-timestamp and the dot before it"},
		{"NoDot", func(l *letter) { l.signature = sign(secret, l.timestamp+l.blob) },
			"it matches if the dot between x-timestamp and the blob is left out"},
		{"TimeLast", func(l *letter) { l.signature = sign(secret, l.blob+"."+l.timestamp) },
			"it matches if the blob comes before x-timestamp"},
		{"SignedInMilliseconds", func(l *letter) { l.signature = sign(secret, l.timestamp+"000."+l.blob) },
			"it matches if x-timestamp is signed in milliseconds but sent in seconds"},
		{"SerialisedAgainWithSpace", func(l *letter) { l.signature = sign(secret, l.timestamp+`.{"data": "`+l.blob+`"}`) },
			"it matches if the body was serialised again after it was signed"},
		{"SerialisedAgainCompact", func(l *letter) {
			l.signature = sign(secret, l.timestamp+"."+l.body)
			l.body = strings.Replace(l.body, ":", ": ", 1)
		}, "it matches if the body was serialised again after it was signed"},
		{"SerialisedAgainIndented", func(l *letter) { l.signature = sign(secret, l.timestamp+".{\n  \"data\": \""+l.blob+"\"\n}") },
			"it matches if the body was serialised again after it was signed"},
		{"AnotherAccount", func(l *letter) { l.signature = sign(other.credentials["hmac_secret"], l.timestamp+"."+l.blob) },
			`it matches if the HMAC secret of another account is used, that of workspace "other"`},
		{"Base64", func(l *letter) { l.signature = base64.StdEncoding.EncodeToString(digest(l)) },
			"it is the right digest in base64"},
		{"Base64URL", func(l *letter) { l.signature = base64.RawURLEncoding.EncodeToString(digest(l)) },
			"it is the right digest in base64"},
		{"LikeACallback", func(l *letter) { l.signature = "sha256=" + l.signature },
			"it is the right digest with sha256= before it, which only callbacks have; write it as bare lower-case hex"},
		{"NoDigest", func(l *letter) { l.signature = "signature" },
			`x-signature must be 64 hexadecimal digits, it is "signature"`},
		{"SHA512", func(l *letter) { l.signature += l.signature },
			"x-signature must be 64 hexadecimal digits"},
		{"OtherBlob", func(l *letter) { l.signature = sign(secret, l.timestamp+".x") },
			"expected the hex HMAC-SHA256, under the base64url-decoded HMAC secret, of \"1780567799."},
		{"OtherTime", func(l *letter) { l.timestamp = fmt.Sprint(start + 1) },
			"expected the hex HMAC-SHA256"},
		{"None", func(l *letter) { l.signature = "" },
			"send the signature in the header x-signature"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := s.in(t)
			l := s.letter("login", s.owner())
			tt.spoil(l)
			a := s.send(l)
			assert.Equal(t, "Invalid signature", s.refused(a, 401, "invalid_signature"))
			assert.Contains(t, a.hint(), tt.hint)
			for _, name := range []string{"hmac_secret", "encryption_secret", "password"} {
				assert.NotContains(t, a.hint(), s.credentials[name])
			}
		})
	}
}

// A secret with characters that the two alphabets of base64 write differently is
// decoded by the wrong one.
func TestSecretInStandardBase64(t *testing.T) {
	t.Parallel()
	var s *shop
	for i := 0; s == nil || !strings.ContainsAny(s.credentials["hmac_secret"], "-_"); i++ {
		if s == nil {
			s = open(t, "")
			continue
		}
		s = s.neighbor(fmt.Sprint("w", i), "")
	}
	key, err := base64.StdEncoding.DecodeString(strings.NewReplacer("-", "+", "_", "/").Replace(s.credentials["hmac_secret"]) + "=")
	require.NoError(t, err)
	assert.Equal(t, bytesOf(s.credentials["hmac_secret"]), key, "once translated it is the same")
	assert.Equal(t, 200, s.call("login", s.owner()).status)
}

// A payload that does not decrypt is answered with the mistake that leads to it.
func TestEncryptionMistakes(t *testing.T) {
	t.Parallel()
	s := open(t, "")
	other := s.neighbor("other", "")
	secret := s.credentials["encryption_secret"]
	key := bytesOf(secret)
	under := func(key []byte) func(l *letter) string {
		return func(*letter) string { return encryptUnder(key, s.iv(), s.owner()) }
	}
	parts := func(l *letter) []string { return strings.Split(l.blob, ":") }
	sum := func(b []byte) []byte { h := sha256.Sum256(b); return h[:] }
	tests := []struct {
		name string
		blob func(l *letter) string
		hint string
	}{
		{"TagLast", func(l *letter) string { p := parts(l); return p[0] + ":" + p[2] + ":" + p[1] },
			"the payload decrypts if the last part is the tag; the tag comes second: iv:tag:ciphertext"},
		{"TagAppended", func(l *letter) string {
			p := parts(l)
			return p[0] + ":" + base64.RawURLEncoding.EncodeToString(append(bytesOf(p[2]), bytesOf(p[1])...))
		}, "the tag is appended to the ciphertext; send it as a part of its own, the second: iv:tag:ciphertext"},
		{"StandardBase64", func(l *letter) string {
			for {
				if std := strings.NewReplacer("-", "+", "_", "/").Replace(l.blob); std != l.blob {
					return std
				}
				l.blob = encrypt(secret, s.iv(), s.owner())
			}
		}, "it is in standard base64, with + and /; use base64url, with - and _"},
		{"SecretAsText", under([]byte(secret)[:32]),
			"the payload decrypts if the first 32 characters of the encryption secret are the key"},
		{"HashOfTheText", under(sum([]byte(secret))),
			"the payload decrypts if the SHA-256 of the secret's text is the key"},
		{"HashOfTheBytes", under(sum(key)),
			"the payload decrypts if the SHA-256 of the secret's bytes is the key"},
		{"HMACSecret", under(bytesOf(s.credentials["hmac_secret"])),
			"the payload decrypts if the HMAC secret is the key"},
		{"AES128", under(key[:16]), "the payload decrypts if the key has 16 bytes, the first of the secret's"},
		{"AES192", under(key[:24]), "the payload decrypts if the key has 24 bytes, the first of the secret's"},
		{"AnotherAccount", under(bytesOf(other.credentials["encryption_secret"])),
			`the payload decrypts if the encryption secret of another account is the key, that of workspace "other"`},
		{"UnknownKey", under(make([]byte, 32)),
			"expected AES-256-GCM under the base64url-decoded encryption secret, without additional data"},
		{"Hex", func(l *letter) string {
			var all []string
			for _, p := range parts(l) {
				all = append(all, hex.EncodeToString(bytesOf(p)))
			}
			return strings.Join(all, ":")
		}, "the iv of data has 18 bytes, it must have 12"},
		{"Plain", func(*letter) string { return s.owner() }, "the iv of data is not base64url"},
		{"Dots", func(l *letter) string { return strings.ReplaceAll(l.blob, ":", ".") }, "data has 1 parts"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := s.in(t)
			l := s.letter("login", s.owner())
			a := s.send(l.sealed(tt.blob(l)))
			assert.Equal(t, "Malformed request", s.refused(a, 400, "bad_request"))
			assert.Contains(t, a.hint(), tt.hint)
			for _, name := range []string{"hmac_secret", "encryption_secret", "password"} {
				assert.NotContains(t, a.hint(), s.credentials[name])
			}
		})
	}
}

// The tag in the wrong place is recognised when the ciphertext is as long as a
// tag, so that only decrypting tells them apart.
func TestTagLastOfAShortPayload(t *testing.T) {
	t.Parallel()
	s := open(t, "")
	p := strings.Split(encrypt(s.credentials["encryption_secret"], s.iv(), `{"email":"a@bc"}`), ":")
	a := s.send(s.letter("login", "{}").sealed(p[0] + ":" + p[2] + ":" + p[1]))
	s.refused(a, 400, "bad_request")
	assert.Contains(t, a.hint(), "the payload decrypts if the last part is the tag; the tag comes second: iv:tag:ciphertext")
}

// A key that is nobody's, and one that is missing.
func TestAPIKeyMistakes(t *testing.T) {
	t.Parallel()
	s := open(t, "")
	for key, hint := range map[string]string{"": "send the API key in the header x-api-key", "nobody's": "no workspace has this API key"} {
		l := s.letter("login", s.owner())
		l.key = key
		a := s.send(l)
		assert.Equal(t, "Unauthorized", s.refused(a, 401, "unauthorized"))
		assert.Contains(t, a.hint(), hint)
	}
}

// Who logs in as somebody else is not told more than that.
func TestLoginMistakes(t *testing.T) {
	t.Parallel()
	s := open(t, "")
	other := s.neighbor("other", "")
	mine, theirs := s.credentials, other.credentials
	tests := []struct{ name, email, password, hint string }{
		{"OwnerOfAnotherAccount", theirs["email"], theirs["password"], "the owner of the account with this API key has another e-mail address"},
		{"AnothersPassword", mine["email"], theirs["password"], "the password is wrong"},
		{"OtherCase", strings.ToUpper(mine["email"]), mine["password"], "another e-mail address"},
		{"PasswordOfOtherCase", mine["email"], strings.ToUpper(mine["password"]), "the password is wrong"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := s.in(t)
			a := s.call("login", fields{"email": tt.email, "password": tt.password}.String())
			assert.Equal(t, "Unauthorized", s.refused(a, 401, "unauthorized"))
			assert.Contains(t, a.hint(), tt.hint)
		})
	}
	for name, payload := range map[string]fields{
		"email": {"password": mine["password"]}, "password": {"email": mine["email"]},
	} {
		s.invalid(s.call("login", payload.String()), name)
		s.invalid(s.call("login", payload.with(name, "").String()), name)
		s.invalid(s.call("login", payload.with(name, 7).String()), name)
		s.invalid(s.call("login", payload.with(name, nil).String()), name)
	}
	s.invalid(s.call("login", "{}"), "email")
}

// The journal shows what was decrypted beside what came over the wire, and hides
// secrets in both.
func TestJournalShowsTheDecryptedPayload(t *testing.T) {
	t.Parallel()
	s := open(t, "")
	l := s.letter("login", s.owner())
	login := s.send(l)
	entry, err := s.Request(t.Context(), login.header.Get("X-Mockpay-Request-Id"))
	require.NoError(t, err)
	token := login.data(t)["access_token"].(string)
	secrets := []string{s.credentials["password"], s.credentials["api_key"], token}

	assert.Equal(t, l.body, entry.Request.Body, "the wire body as it came")
	assert.Equal(t, s.credentials["email"], entry.Request.Fields["email"])
	assert.Regexp(t, `^\*+`, entry.Request.Fields["password"])
	assert.Regexp(t, `^\*+`, entry.Request.Headers["X-Api-Key"])
	assert.Regexp(t, `"access_token":"\*+`, entry.Response.Body)
	hides(t, entry, secrets)

	s.token = token
	order := s.order("10.00").with("purpose_of_payment", "salary")
	made := s.create(order)
	entry, err = s.Request(t.Context(), made.header.Get("X-Mockpay-Request-Id"))
	require.NoError(t, err)
	assert.Equal(t, "10.00", entry.Request.Fields["source_amount"])
	assert.Equal(t, map[string]any{"name": "Maria Santos", "account_number": "001234567890"}, entry.Request.Fields["recipient_details"])
	assert.Equal(t, "salary", entry.Request.Fields["purpose_of_payment"])
	assert.Regexp(t, `^Bearer \*+`, entry.Request.Headers["Authorization"])
	assert.Equal(t, made.body, entry.Response.Body)
	hides(t, entry, secrets)

	refused := s.call("login", fields{"email": s.credentials["email"], "password": "another-secret"}.String())
	entry, err = s.Request(t.Context(), refused.header.Get("X-Mockpay-Request-Id"))
	require.NoError(t, err)
	assert.Equal(t, "unauthorized", entry.Outcome)
	hides(t, entry, []string{"another-secret"})

	garbled := s.letter("login", s.owner())
	garbled.signature = strings.Repeat("0", 64)
	entry, err = s.Request(t.Context(), s.send(garbled).header.Get("X-Mockpay-Request-Id"))
	require.NoError(t, err)
	assert.Empty(t, entry.Request.Fields, "what is not authentic is not decrypted")
}

// hides checks that secrets are nowhere in something.
func hides(t *testing.T, shown any, secrets []string) {
	t.Helper()
	text := string(must(json.Marshal(shown)))
	for _, secret := range secrets {
		assert.NotContains(t, text, secret)
	}
}

// A password that is no text is no less secret.
func TestJournalHidesPasswordsOfAnyType(t *testing.T) {
	t.Parallel()
	s := open(t, "")
	a := s.call("login", `{"email":"a@b.test","password":31415926535}`)
	s.invalid(a, "password")
	assert.NotContains(t, a.hint(), "31415926535")
	entry, err := s.Request(t.Context(), a.header.Get("X-Mockpay-Request-Id"))
	require.NoError(t, err)
	hides(t, entry, []string{"31415926535"})
}
