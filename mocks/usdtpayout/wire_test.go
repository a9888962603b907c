package usdtpayout_test

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/oklog/ulid/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/mockpaytest"
	"github.com/mockpay/mockpay/mocks/usdtpayout"
)

// A known request and a known callback, encrypted and signed by other means than
// the mock and this test.
const (
	vectorKey       = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
	vectorHMAC      = "oKGio6SlpqeoqaqrrK2ur7CxsrO0tba3uLm6u7y9vr8"
	vectorPlaintext = `{"email":"owner@example.test","password":"pw-1"}`
	vectorBlob      = "AAECAwQFBgcICQoL:TGXg2hfwswizFDJKFLyglQ:PCCzdqSMrjm3Y_j834wKLeau5lmAFzpSTAKW8T9FIsJgY92LwLN2uk6GD5qltgpF"
	vectorSignature = "5593e5869bfaf16a29d04f71210f6d81d5edcfff7c9689b6053d5fd403468043"
	vectorCallback  = `{"transaction_id":"029b2038-6166-4bea-80a9-f1a2425a85eb","status":"completed","status_message":null}`
	vectorCallbacks = "sha256=6f1c8fa91895c382012a62ed6df7039aec5dec0add6d4a30d37d43702df90ca4"
)

// openDefault is a shop with the credentials of the default workspace, which are
// those of the vectors.
func openDefault(t testing.TB, knobs string) *shop {
	t.Helper()
	s := openScenario(t, scenario(knobs), mockpaytest.Default(), mockpaytest.Seed(1))
	require.Equal(t, vectorKey, s.credentials["encryption_secret"])
	require.Equal(t, vectorHMAC, s.credentials["hmac_secret"])
	return s
}

func TestKnownVectors(t *testing.T) {
	t.Parallel()
	s := openDefault(t, "")
	iv := []byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}

	t.Run("ThisTestEncryptsAndSignsSo", func(t *testing.T) {
		assert.Equal(t, vectorBlob, encrypt(vectorKey, iv, vectorPlaintext))
		assert.Equal(t, vectorSignature, sign(vectorHMAC, fmt.Sprint(start)+"."+vectorBlob))
		assert.Equal(t, vectorCallbacks, "sha256="+sign(vectorHMAC, fmt.Sprint(start)+"."+vectorCallback))
	})
	t.Run("TheBlobDecrypts", func(t *testing.T) {
		parts := strings.Split(vectorBlob, ":")
		var raw [3][]byte
		for i, part := range parts {
			raw[i] = must(base64.RawURLEncoding.DecodeString(part))
		}
		gcm := must(cipher.NewGCM(must(aes.NewCipher(must(base64.RawURLEncoding.DecodeString(vectorKey))))))
		plaintext, err := gcm.Open(nil, raw[0], append(raw[2], raw[1]...), nil)
		require.NoError(t, err)
		assert.Equal(t, vectorPlaintext, string(plaintext))
	})
	t.Run("TheRequestLogsIn", func(t *testing.T) {
		s := s.in(t)
		a := s.send(&letter{
			method: "POST", path: paths["login"], key: s.credentials["api_key"], timestamp: "1780567799",
			body: `{"data":"` + vectorBlob + `"}`, signature: vectorSignature, header: http.Header{},
		})
		assert.Equal(t, 200, a.status, a.hint())
	})
}

// The vectors that clients are given: each request is answered as it says, each
// callback is genuine as it says.
func TestVectorsHold(t *testing.T) {
	t.Parallel()
	s := openDefault(t, "")
	text, err := json.Marshal(usdtpayout.New().Vectors())
	require.NoError(t, err)
	var served struct {
		Credentials map[string]string
		Now         int64
		Requests    []struct {
			Name, Note, Plaintext, IV, Blob, Body, Code string
			Timestamp                                   string `json:"x-timestamp"`
			Signature                                   string `json:"x-signature"`
			Valid                                       bool
			Status                                      int
		}
		Callbacks []struct {
			Name, Note, Body string
			Timestamp        string `json:"x-pontis-timestamp"`
			Signature        string `json:"x-pontis-signature"`
			Valid            bool
		}
	}
	require.NoError(t, json.Unmarshal(text, &served))
	require.Equal(t, s.credentials, served.Credentials)
	require.Equal(t, int64(start), served.Now)
	require.NotEmpty(t, served.Requests)
	for _, v := range served.Requests {
		t.Run("Request "+v.Name, func(t *testing.T) {
			s := s.in(t)
			assert.NotEmpty(t, v.Note)
			a := s.send(&letter{
				method: "POST", path: paths["login"], key: s.credentials["api_key"], timestamp: v.Timestamp, body: v.Body, signature: v.Signature, header: http.Header{},
			})
			assert.Equal(t, fmt.Sprint(v.Status, v.Code), fmt.Sprint(a.status, a.code(t)), a.hint())
			whole := v.Signature != "" && strings.EqualFold(v.Signature, sign(vectorHMAC, v.Timestamp+"."+v.Blob)) && a.code(t) != "bad_request"
			at, err := strconv.ParseInt(v.Timestamp, 10, 64)
			assert.Equal(t, v.Valid, whole && err == nil && at >= start-300 && at <= start+300)
		})
	}
	valid := 0
	for _, v := range served.Callbacks {
		t.Run("Callback "+v.Name, func(t *testing.T) {
			at, err := strconv.ParseInt(v.Timestamp, 10, 64)
			require.NoError(t, err)
			genuine := v.Signature == "sha256="+sign(vectorHMAC, v.Timestamp+"."+v.Body) && served.Now-at <= 300
			assert.Equal(t, v.Valid, genuine)
			if v.Valid {
				valid++
			}
		})
	}
	assert.True(t, valid > 0 && valid < len(served.Callbacks), "some are genuine, some are not")
}

var token26 = regexp.MustCompile(`"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+"`)

// Answers are compact, with their keys in the documents' order.
func TestAnswersAreAsDocumented(t *testing.T) {
	t.Parallel()
	s := open(t, "")

	login := s.call("login", s.owner())
	assert.Equal(t, `{"ok":true,"data":{"access_token":"TOKEN","token_type":"Bearer","expires_in":900}}`, token26.ReplaceAllString(login.body, `"TOKEN"`))
	assert.Equal(t, 200, login.status)
	assert.Equal(t, "application/json", login.header.Get("Content-Type"))

	s = s.login()
	made := s.create(s.order("10.02"))
	id := s.accepted(made, "pending")
	assert.Equal(t, "application/json", made.header.Get("Content-Type"))
	assert.Equal(t, "pending", s.state(id))
	s.Advance(time.Second)
	status := s.call("payout_status", fields{"transaction_id": id}.String())
	assert.Equal(t, `{"ok":true,"data":{"transaction_id":"`+id+`","status":"failed","status_message":"Recipient not found"}}`, status.body)

	missing := s.call("payout_status", fields{"transaction_id": "sb_none"}.String())
	assert.Equal(t, "Not found", s.refused(missing, 404, "not_found"))
	for _, a := range []answer{login, made, status, missing} {
		assert.Equal(t, strings.TrimSpace(a.body), a.body)
		assert.Empty(t, a.header.Get("Set-Cookie")+a.header.Get("Access-Control-Allow-Origin")+a.header.Get("Retry-After"))
	}
}

// Each failing call has an id of its own: a ULID of the workspace's time.
func TestRequestIDsAreULIDs(t *testing.T) {
	t.Parallel()
	s := open(t, "")
	seen := make(map[string]bool)
	for range 50 {
		a := s.call("payout_status", "{}")
		s.refused(a, 401, "unauthorized")
		id := envelope.FindStringSubmatch(a.body)[1]
		parsed, err := ulid.ParseStrict(id)
		require.NoError(t, err)
		assert.Equal(t, s.now(), int64(parsed.Time()/1000))
		seen[id] = true
		s.Advance(250 * time.Millisecond)
	}
	assert.Len(t, seen, 50)
}

// Five minutes off are fine, either way; a second more is not.
func TestTimestampWindow(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name      string
		knobs     string
		timestamp string
		code      string
		hint      string
	}{
		{"Now", "", "1780567799", "", ""},
		{"ExactlyBehind", "", fmt.Sprint(start - 300), "", ""},
		{"ExactlyAhead", "", fmt.Sprint(start + 300), "", ""},
		{"JustBehind", "", fmt.Sprint(start - 301), "invalid_signature", "5m1s behind the workspace's clock, which shows 1780567799; at most 5m0s are allowed"},
		{"JustAhead", "", fmt.Sprint(start + 301), "invalid_signature", "5m1s ahead of the workspace's clock"},
		{"Missing", "", "", "invalid_signature", "send the Unix time in seconds in the header x-timestamp; the workspace's clock shows 1780567799"},
		{"Milliseconds", "", "1780567799000", "invalid_signature", "x-timestamp 1780567799000 is in milliseconds; send seconds, 1780567799"},
		{"Fraction", "", "1780567799.0", "invalid_signature", "as a whole number"},
		{"Text", "", "now", "invalid_signature", `it is "now"`},
		{"Hex", "", "0x6a214e77", "invalid_signature", "as a whole number"},
		{"Date", "", "2026-06-04T10:09:59Z", "invalid_signature", "as a whole number"},
		{"Zero", "", "0", "invalid_signature", "behind the workspace's clock"},
		{"Negative", "", "-1780567799", "invalid_signature", "behind the workspace's clock"},
		{"Largest", "", "9223372036854775807", "invalid_signature", "the workspace's clock"},
		{"Smallest", "", "-9223372036854775808", "invalid_signature", "the workspace's clock"},
		{"TooLarge", "", "9223372036854775808", "invalid_signature", "as a whole number"},
		{"NarrowKnobExactly", "{timestamp_window: 10s}", fmt.Sprint(start - 10), "", ""},
		{"NarrowKnobJustBehind", "{timestamp_window: 10s}", fmt.Sprint(start - 11), "invalid_signature", "at most 10s are allowed"},
		{"NoWindow", "{timestamp_window: 0s}", fmt.Sprint(start), "", ""},
		{"NoWindowJustBehind", "{timestamp_window: 0s}", fmt.Sprint(start - 1), "invalid_signature", "at most 0s"},
		{"WideKnob", "{timestamp_window: 87600h}", fmt.Sprint(start - 300_000_000), "", ""},
		{"OtherCodeStale", "{stale_timestamp_code: unauthorized}", fmt.Sprint(start - 301), "unauthorized", "behind"},
		{"OtherCodeMissing", "{stale_timestamp_code: unauthorized}", "", "unauthorized", "send the Unix time"},
		{"OtherCodeText", "{stale_timestamp_code: unauthorized}", "now", "unauthorized", "as a whole number"},
		{"OtherCodeNotOfSignatures", "{stale_timestamp_code: unauthorized}", "1780567799", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := open(t, tt.knobs)
			a := s.send(s.letter("login", s.owner()).dated(tt.timestamp))
			if tt.code == "" {
				assert.Equal(t, 200, a.status, a.hint())
				return
			}
			s.refused(a, 401, tt.code)
			assert.Contains(t, a.hint(), tt.hint)
		})
	}
}

// A time whose distance is the one number without a positive twin.
func TestTimestampFarthestFromTheClock(t *testing.T) {
	t.Parallel()
	s := open(t, "")
	a := s.send(s.letter("login", s.owner()).dated(fmt.Sprint(-1<<63 + int64(start))))
	s.refused(a, 401, "invalid_signature")
}

// A wide window takes the time of a clock that is far back for milliseconds.
func TestTimestampOfAClockInThePast(t *testing.T) {
	t.Parallel()
	s := openScenario(t, scenarioAt("1979-01-01T00:00:00Z", "{timestamp_window: 87600h}"))
	assert.Equal(t, 200, s.call("login", s.owner()).status)
}

func TestTimestampFollowsTheWorkspacesClock(t *testing.T) {
	t.Parallel()
	s := open(t, "")
	old := s.letter("login", s.owner())
	s.Advance(300 * time.Second)
	assert.Equal(t, 200, s.send(old).status, "the same bytes are taken again within the window")
	assert.Equal(t, 200, s.send(old).status)
	s.Advance(time.Second)
	s.refused(s.send(old), 401, "invalid_signature")
	assert.Equal(t, 200, s.call("login", s.owner()).status)
}

// Whatever bit is turned (one of every byte): the signature no longer fits, and
// signed again the payload no longer decrypts.
func TestFlippedBits(t *testing.T) {
	t.Parallel()
	s := open(t, "")
	whole := s.letter("login", s.owner())
	parts := strings.Split(whole.blob, ":")
	for i, name := range []string{"IV", "Tag", "Ciphertext"} {
		t.Run(name, func(t *testing.T) {
			s := s.in(t)
			raw := must(base64.RawURLEncoding.DecodeString(parts[i]))
			for at := range raw {
				turned := slices.Clone(raw)
				turned[at] ^= 1 << (at % 8)
				blob := slices.Clone(parts)
				blob[i] = base64.RawURLEncoding.EncodeToString(turned)
				again := *whole
				again.sealed(strings.Join(blob, ":"))
				s.refused(s.send(&again), 400, "bad_request")
				unsigned := again
				unsigned.signature = whole.signature
				s.refused(s.send(&unsigned), 401, "invalid_signature")
			}
		})
	}
	assert.Equal(t, 200, s.send(whole).status, "unspoilt it passes")
}

// What the envelope may be and what it may not. Only data is signed.
func TestEnvelope(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		body string // BLOB stands for the blob
		ok   bool
		hint string
	}{
		{"AsDocumented", `{ "data": "BLOB" }`, true, ""},
		{"Compact", `{"data":"BLOB"}`, true, ""},
		{"Spread", "\r\n{\t\"data\" :\n \"BLOB\"\n}\n", true, ""},
		{"MoreKeys", `{"v":1,"data":"BLOB","nonce":["x"]}`, true, ""},
		{"EscapedKey", `{"d\u0061ta":"BLOB"}`, true, ""},
		{"EscapedColon", `{"data":"ESCAPED"}`, true, ""},
		{"LastDataCounts", `{"data":"a:b:c","data":"BLOB"}`, true, ""},
		{"Empty", ``, false, "the body is empty"},
		{"NoObject", `["BLOB"]`, false, "not an object"},
		{"Bare", `BLOB`, false, "not JSON"},
		{"Text", `"BLOB"`, false, "not an object: a string"},
		{"Null", `null`, false, "not an object"},
		{"Form", `data=BLOB`, false, "not JSON"},
		{"Twice", `{"data":"BLOB"}{"data":"BLOB"}`, false, "goes on"},
		{"Comma", `{"data":"BLOB",}`, false, "not JSON"},
		{"NoData", `{"payload":"BLOB"}`, false, "data must be a text, iv:tag:ciphertext, it is missing"},
		{"OtherCase", `{"Data":"BLOB"}`, false, "it is missing"},
		{"NullData", `{"data":null}`, false, "it is null"},
		{"NumberData", `{"data":1}`, false, "it is a number"},
		{"ListData", `{"data":["BLOB"]}`, false, "it is an array"},
		{"ObjectData", `{"data":{"blob":"BLOB"}}`, false, "it is an object"},
		{"EmptyData", `{"data":""}`, false, "data is empty"},
		{"PlainPayload", `{"email":"owner@example.test","password":"pw-1"}`, false, "it is missing"},
		{"InvalidUTF8", "{\"data\":\"BLOB\",\"v\":\"\xff\"}", false, "not valid UTF-8"},
	}
	s := open(t, "")
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := s.in(t)
			l := s.letter("login", s.owner())
			l.body = strings.NewReplacer("BLOB", l.blob, "ESCAPED", strings.ReplaceAll(l.blob, ":", `\u003a`)).Replace(tt.body)
			a := s.send(l)
			if tt.ok {
				assert.Equal(t, 200, a.status, a.hint())
				return
			}
			s.refused(a, 400, "bad_request")
			assert.Contains(t, a.hint(), tt.hint)
		})
	}
}

// What the blob may be and what it may not, rightly signed.
func TestBlob(t *testing.T) {
	t.Parallel()
	s := open(t, "")
	secret := s.credentials["encryption_secret"]
	right := strings.Split(encrypt(secret, []byte("twelve bytes"), s.owner()), ":")
	in := func(parts ...string) string { return strings.Join(parts, ":") }
	short := strings.Split(encrypt(secret, []byte("twelve bytes"), ""), ":")
	tests := []struct {
		name, blob string
		ok         bool
		hint       string
	}{
		{"Right", in(right...), true, ""},
		{"Padded", in(right[0], right[1]+"==", right[2]), true, ""},
		{"PaddedThroughout", in(right[0]+"=", right[1]+"==", right[2]+"="), true, ""},
		{"SameIVAgain", in(right...), true, ""},
		{"OnePart", right[2], false, "data has 1 parts, it must have three: iv:tag:ciphertext"},
		{"FourParts", in(right[0], right[1], right[2], ""), false, "data has 4 parts"},
		{"Colons", "::", false, "the iv of data has 0 bytes, it must have 12"},
		{"IVNoBase64", in("!"+right[0][1:], right[1], right[2]), false, "the iv of data is not base64url"},
		{"TagNoBase64", in(right[0], right[1]+"!", right[2]), false, "the tag of data is not base64url"},
		{"CiphertextNoBase64", in(right[0], right[1], right[2]+"%"), false, "the ciphertext of data is not base64url"},
		{"ShortIV", in("AAECAwQFBgcICQo", right[1], right[2]), false, "the iv of data has 11 bytes, it must have 12"},
		{"LongIV", in("AAECAwQFBgcICQoLDA0ODw", right[1], right[2]), false, "the iv of data has 16 bytes, it must have 12"},
		{"ShortTag", in(right[0], right[1][:20], right[2]), false, "the tag of data has 15 bytes, it must have 16"},
		{"LongTag", in(right[0], base64.RawURLEncoding.EncodeToString(make([]byte, 17)), right[2]), false, "the tag of data has 17 bytes, it must have 16"},
		{"NoCiphertext", in(right[0], right[1], ""), false, "does not decrypt"},
		{"Truncated", in(right[0], right[1], right[2][:16]), false, "does not decrypt"},
		{"OtherIV", in("AAECAwQFBgcICQoL", right[1], right[2]), false, "does not decrypt"},
		{"EmptyPayload", in(short...), false, "the payload decrypts, but it is empty"},
		{"ListPayload", encrypt(secret, []byte("twelve bytes"), `[]`), false, "the payload decrypts, but it is JSON but not an object: an array"},
		{"TextPayload", encrypt(secret, []byte("twelve bytes"), `hello`), false, "the payload decrypts, but it is not JSON"},
		{"NoUTF8Payload", encrypt(secret, []byte("twelve bytes"), "{\"a\":\"\xff\"}"), false, "the payload decrypts, but it is not valid UTF-8"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := s.in(t)
			a := s.send(s.letter("login", s.owner()).sealed(tt.blob))
			if tt.ok {
				assert.Equal(t, 200, a.status, a.hint())
				return
			}
			s.refused(a, 400, "bad_request")
			assert.Contains(t, a.hint(), tt.hint)
		})
	}
}

// White space and the order of keys in the payload do not matter, nor do more
// keys.
func TestPayloadIsAnyJSON(t *testing.T) {
	t.Parallel()
	s := open(t, "")
	email, password := s.credentials["email"], s.credentials["password"]
	for _, payload := range []string{
		"{ \"password\": \"" + password + "\",\n\t\"email\": \"" + email + "\" }\r\n",
		`{"extra":null,"email":"` + email + `","password":"` + password + `","list":[1]}`,
		`{"\u0065mail":"` + email + `","password":"` + password + `"}`,
	} {
		assert.Equal(t, 200, s.call("login", payload).status, payload)
	}
}

// A signature is that of time and blob, and of nothing else.
func TestWhatIsSigned(t *testing.T) {
	t.Parallel()
	s := sandboxed(t, "")
	t.Run("NotThePath", func(t *testing.T) {
		s := s.in(t)
		l := s.letter("login", s.owner())
		l.path, l.token = paths["payout_status"], "Bearer "+s.token
		s.invalid(s.send(l), "transaction_id")
	})
	t.Run("UpperCaseIsFine", func(t *testing.T) {
		l := s.letter("login", s.owner())
		l.signature = strings.ToUpper(l.signature)
		assert.Equal(t, 200, s.in(t).send(l).status)
	})
	t.Run("TheTimeAsWritten", func(t *testing.T) {
		s := s.in(t)
		l := s.letter("login", s.owner())
		l.timestamp = "0" + l.timestamp
		s.refused(s.send(l), 401, "invalid_signature")
		assert.Equal(t, 200, s.send(l.signed()).status)
	})
	for name, signature := range map[string]string{"Missing": "", "Cut": strings.Repeat("0", 62), "Long": strings.Repeat("0", 66), "NoHex": strings.Repeat("g", 64), "Zero": strings.Repeat("0", 64)} {
		t.Run(name, func(t *testing.T) {
			s := s.in(t)
			l := s.letter("login", s.owner())
			l.signature = signature
			s.refused(s.send(l), 401, "invalid_signature")
		})
	}
}

// The content type is not looked at, nor is authorization at login.
func TestHeadersThatDoNotMatter(t *testing.T) {
	t.Parallel()
	s := open(t, "")
	for _, media := range []string{"", "text/plain", "application/x-www-form-urlencoded", "application/json; charset=utf-8"} {
		l := s.letter("login", s.owner())
		l.token = "Bearer nonsense"
		req := must(http.NewRequestWithContext(t.Context(), l.method, s.url+l.path, strings.NewReader(l.body)))
		req.Header = l.headers()
		req.Header.Del("Content-Type")
		if media != "" {
			req.Header.Set("Content-Type", media)
		}
		res, err := s.http.Do(req)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		assert.Equal(t, 200, res.StatusCode, media)
	}
}

// 64 KB are taken, a byte more is not.
func TestBodyLimit(t *testing.T) {
	t.Parallel()
	s := open(t, "")
	l := s.letter("login", s.owner())
	one := l.body
	l.body = one + strings.Repeat(" ", 65_536-len(one))
	assert.Equal(t, 200, s.send(l).status)
	l.body += " "
	s.refused(s.send(l), 413, "bad_request")
	l.body = strings.Repeat("x", 200_000)
	s.refused(s.send(l), 413, "bad_request")

	s = s.login()
	big := s.order("5.00").with("purpose_of_payment", strings.Repeat("x", 48_000))
	s.accepted(s.create(big), "pending")
	s.refused(s.create(big.with("idempotency_key", s.key(), "purpose_of_payment", strings.Repeat("x", 50_000))), 413, "bad_request")
}

// The mode is that of the host, or of the prefix.
func TestPlaces(t *testing.T) {
	t.Parallel()
	s := open(t, "")
	base := s.URL
	tests := []struct{ url, host, mode string }{
		{base + "/usdtpayout", "", "sandbox"},
		{base + "/usdtpayout/live", "", "live"},
		{base, "sandbox.pontisglobe.com", "sandbox"},
		{base, "SANDBOX.PontisGlobe.com:443", "sandbox"},
		{base, "usdtpayout.localhost", "sandbox"},
		{base, "api.pontisglobe.com", "live"},
		{base, "api.pontisglobe.com:8443", "live"},
	}
	for _, tt := range tests {
		t.Run(tt.url[len(base):]+tt.host, func(t *testing.T) {
			s := s.in(t)
			s.url, s.token = tt.url, ""
			at := func(l *letter) answer {
				l.host = tt.host
				return s.send(l)
			}
			login := at(s.letter("login", s.owner()))
			require.Equal(t, 200, login.status, login.body)
			s.token = login.data(t)["access_token"].(string)
			id := s.accepted(at(s.letter("send_payout", s.order("1.00").String())), "pending")
			assert.Equal(t, tt.mode == "sandbox", strings.HasPrefix(id, "sb_"), id)
			assert.Equal(t, 200, at(s.letter("payout_status", fields{"transaction_id": id}.String())).status)
		})
	}
}

// Paths that are not documented, and all methods but POST, are not found.
func TestUnknownPathsAndMethods(t *testing.T) {
	t.Parallel()
	s := sandboxed(t, "")
	for _, mode := range []*shop{s, s.live().login()} {
		for _, path := range []string{
			"/", "/api/v1", "/api/v1/user/logout", "/api/v1/user/login/", "/api/v1/payouts", "/api/v2/user/login", "/API/v1/user/login",
			"/api/v1/payouts/cancelPayout", "/api/v1/wallet/balance", "/api/v1/quotes", "/api/v1/payouts/getPayoutStatus/sb_1",
		} {
			l := mode.letter("payout_status", "{}")
			l.path = path
			a := mode.send(l)
			assert.Equal(t, "Not found", mode.refused(a, 404, "not_found"), path)
		}
		for _, op := range operations {
			for _, method := range []string{"GET", "PUT", "PATCH", "DELETE", "OPTIONS"} {
				l := mode.letter(op, "{}")
				l.method = method
				mode.refused(mode.send(l), 404, "not_found")
			}
		}
	}
}

// Calls that are wrong in two ways that follow on each other are refused for the
// one that is looked at first.
func TestChecksGoInOrder(t *testing.T) {
	t.Parallel()
	// Ways to spoil a call.
	path := func(_ *shop, l *letter) { l.path = "/api/v1/user/logout" }
	size := func(_ *shop, l *letter) { l.body += strings.Repeat(" ", 65_537) }
	key := func(_ *shop, l *letter) { l.key = "" }
	late := func(_ *shop, l *letter) { l.dated(fmt.Sprint(start - 301)) }
	data := func(_ *shop, l *letter) { l.body = `{"payload":"` + l.blob + `"}` + strings.Repeat(" ", len(l.body)%7) }
	unsigned := func(_ *shop, l *letter) { l.signature = strings.Repeat("0", 64) }
	blob := func(_ *shop, l *letter) { l.sealed("a:b:c") }
	noToken := func(_ *shop, l *letter) { l.token = "" }
	payload := func(s *shop, l *letter, change ...any) {
		l.sealed(encrypt(s.credentials["encryption_secret"], s.iv(), s.order("5.00").with(change...).String()))
	}
	country := func(s *shop, l *letter) { payload(s, l, "country_code", "ph") }
	used := func(s *shop, l *letter) { payload(s, l, "idempotency_key", "11111111-1111-4111-8111-111111111111") }
	usedCountry := func(s *shop, l *letter) {
		payload(s, l, "idempotency_key", "11111111-1111-4111-8111-111111111111", "country_code", "ph")
	}
	const (
		nobody    = "{ip_allowlist: [203.0.113.1]}"
		once      = "{rate_limit: {requests: 1}}"
		suspended = "{suspended: true}"
	)
	tests := []struct {
		name   string
		knobs  string
		spoil  []func(*shop, *letter) // the later one first
		status int
		code   string
	}{
		{"PathBeforeSize", "", []func(*shop, *letter){size, path}, 404, "not_found"},
		{"SizeBeforeKey", "", []func(*shop, *letter){key, size}, 413, "bad_request"},
		{"KeyBeforeAddress", nobody, []func(*shop, *letter){key}, 401, "unauthorized"},
		{"AddressBeforeTime", nobody, []func(*shop, *letter){late}, 403, "ip_not_allowed"},
		{"TimeBeforeEnvelope", "", []func(*shop, *letter){data, late}, 401, "invalid_signature"},
		{"EnvelopeBeforeSignature", "", []func(*shop, *letter){unsigned, data}, 400, "bad_request"},
		{"SignatureBeforeEncryption", "", []func(*shop, *letter){blob, unsigned}, 401, "invalid_signature"},
		{"EncryptionBeforeToken", "", []func(*shop, *letter){noToken, blob}, 400, "bad_request"},
		{"TokenBeforeRate", once, []func(*shop, *letter){noToken}, 401, "unauthorized"},
		{"RateBeforeSuspension", "{rate_limit: {requests: 1}, suspended: true}", nil, 429, "rate_limited"},
		{"SuspensionBeforeFields", suspended, []func(*shop, *letter){country}, 403, "forbidden"},
		{"FieldsBeforeIdempotency", "", []func(*shop, *letter){usedCountry}, 400, "validation_error"},
		{"IdempotencyBeforeRules", "{kyc: false}", []func(*shop, *letter){used}, 201, ""},
		{"Rules", "{kyc: false}", nil, 403, "forbidden"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := openDefault(t, "").login()
			s.accepted(s.create(s.order("5.00").with("idempotency_key", "11111111-1111-4111-8111-111111111111")), "pending")
			s.turn(tt.knobs)
			if strings.Contains(tt.knobs, "rate_limit") {
				s.create(s.order("5.00")) // all that is allowed
			}
			l := s.letter("send_payout", s.order("5.00").String())
			for _, spoil := range tt.spoil {
				spoil(s, l)
			}
			a := s.send(l)
			if tt.code == "" {
				s.accepted(a, "pending")
				return
			}
			s.refused(a, tt.status, tt.code)
		})
	}
}

// At login the account's suspension is looked at before the fields, as it is for
// payouts.
func TestSuspensionBeforeFieldsAtLogin(t *testing.T) {
	t.Parallel()
	s := open(t, "{suspended: true}")
	s.refused(s.call("login", `{"email":7}`), 401, "unauthorized")
}

// Each operation can be made to answer each code, by the header and by a rule.
func TestForcedOutcomes(t *testing.T) {
	t.Parallel()
	codes := []struct {
		outcome string
		status  int
		code    string
	}{
		{"validation_error", 400, "validation_error"}, {"bad_request", 400, "bad_request"},
		{"unauthorized", 401, "unauthorized"}, {"invalid_signature", 401, "invalid_signature"}, {"jwt_expired", 401, "jwt_expired"},
		{"forbidden", 403, "forbidden"}, {"ip_not_allowed", 403, "ip_not_allowed"}, {"account_suspended", 403, "account_suspended"},
		{"not_found", 404, "not_found"}, {"quote_not_found", 404, "quote_not_found"},
		{"quote_used", 409, "quote_used"}, {"wallet_frozen", 409, "wallet_frozen"},
		{"insufficient_funds", 422, "insufficient_funds"}, {"per_payout_limit_exceeded", 422, "per_payout_limit_exceeded"},
		{"daily_limit_exceeded", 422, "daily_limit_exceeded"}, {"monthly_limit_exceeded", 422, "monthly_limit_exceeded"},
		{"quote_expired", 422, "quote_expired"}, {"rate_moved", 422, "rate_moved"}, {"screening_failed", 422, "screening_failed"},
		{"rate_limited", 429, "rate_limited"}, {"internal_error", 500, "internal_error"}, {"server_error", 500, "internal_error"},
	}
	var rules []string
	for _, c := range codes {
		rules = append(rules, "{name: "+c.outcome+", on: usdtpayout.*, when: {header.X-Case: "+c.outcome+"}, respond: "+c.outcome+"}")
	}
	s := sandboxed(t, "", rules...)
	for _, op := range operations {
		t.Run(op, func(t *testing.T) {
			s := s.in(t)
			payload := map[string]string{"login": s.owner(), "send_payout": s.order("1.00").String(), "payout_status": `{"transaction_id":"sb_1"}`}[op]
			for _, c := range codes {
				byHeader := s.send(s.letter(op, payload).force(c.outcome))
				assert.NotEmpty(t, s.refused(byHeader, c.status, c.code))
				assert.Equal(t, "X-Mockpay-Outcome", byHeader.header.Get("X-Mockpay-Rule"))
				l := s.letter(op, payload)
				l.header.Set("X-Case", c.outcome)
				byRule := s.send(l)
				assert.NotEmpty(t, s.refused(byRule, c.status, c.code))
				assert.Equal(t, c.outcome, byRule.header.Get("X-Mockpay-Rule"))
			}
		})
	}
	text, err := s.State(t.Context())
	require.NoError(t, err)
	assert.NotContains(t, string(text), `"usdtpayout.payouts":[{`, "none made a payout")
	providers, err := s.Providers(t.Context())
	require.NoError(t, err)
	for _, p := range providers {
		if p.Name == "usdtpayout" {
			for _, op := range p.Operations {
				assert.Len(t, op.Outcomes, len(codes), "these are all of %s", op.Name)
			}
		}
	}
}

// What is forced comes after who calls is known: it does not let anybody in.
func TestForcedOutcomesAreNotForEverybody(t *testing.T) {
	t.Parallel()
	s := sandboxed(t, "")
	l := s.letter("send_payout", s.order("1.00").String()).force("rate_moved")
	l.signature = strings.Repeat("0", 64)
	s.refused(s.send(l), 401, "invalid_signature")
	l = s.letter("send_payout", s.order("1.00").String()).force("rate_moved")
	l.token = ""
	s.refused(s.send(l), 401, "unauthorized")
}

// The funds that a refusal states have two decimals.
func TestInsufficientFundsStatesThem(t *testing.T) {
	t.Parallel()
	for has, want := range map[string]string{"5": "5.00", "4.1": "4.10", "0": "0.00", "4.125": "4.13"} {
		s := alive(t, `{wallet: "`+has+`"}`)
		a := s.create(s.order("5.01"))
		assert.Equal(t, "Insufficient funds: available balance is "+want+" USDT", s.refused(a, 422, "insufficient_funds"))
		assert.Contains(t, a.hint(), "the payout takes 5.01 USDT and "+has+" are available")
	}
}

// The same seed gives the same bytes, hints included.
func TestHintsAreDeterministic(t *testing.T) {
	t.Parallel()
	s := open(t, "")
	hints := make(map[string]bool)
	l := s.letter("login", s.owner())
	l.signature = base64.RawStdEncoding.EncodeToString(must(hex.DecodeString(l.signature)))
	for strings.ContainsAny(l.signature, "+/") {
		l = s.letter("login", s.owner())
		l.signature = base64.RawStdEncoding.EncodeToString(must(hex.DecodeString(l.signature)))
	}
	for range 50 {
		hints[s.send(l).hint()] = true
	}
	assert.Len(t, hints, 1, "%v", hints)
}

// The clock of another workspace does not count.
func TestWorkspacesKeepTheirOwnTime(t *testing.T) {
	t.Parallel()
	here := open(t, "")
	there := here.neighbor("there", "")
	here.Advance(time.Hour)
	assert.Equal(t, 200, there.call("login", there.owner()).status)
	l := there.letter("login", there.owner())
	l.dated(fmt.Sprint(here.now()))
	there.refused(there.send(l), 401, "invalid_signature")
}
