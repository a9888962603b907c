package usdtpayout

import (
	"encoding/base64"
	"encoding/hex"
	"strconv"
	"strings"

	"github.com/mockpay/mockpay/provider"
)

// Vectors are test vectors for whoever writes a client: requests with what they
// are answered, and callbacks with whether they are genuine. They are made by the
// code that answers calls, under the credentials of the default workspace.
type Vectors struct {
	Provider    string            `json:"provider"`
	Credentials map[string]string `json:"credentials"`
	Now         int64             `json:"now"` // Unix seconds on the server's clock
	Requests    []RequestVector   `json:"requests"`
	Callbacks   []CallbackVector  `json:"callbacks"`
}

// A RequestVector is a login as it goes over the wire, right or wrong.
type RequestVector struct {
	Name      string `json:"name"`
	Note      string `json:"note"`
	Plaintext string `json:"plaintext"`   // what is encrypted
	IV        string `json:"iv"`          // hex
	Timestamp string `json:"x-timestamp"` // and the other headers
	Signature string `json:"x-signature"`
	Blob      string `json:"blob"`
	Body      string `json:"body"`
	Valid     bool   `json:"valid"`  // signed and encrypted as documented
	Status    int    `json:"status"` // of the answer
	Code      string `json:"code"`   // error.code of the answer, "" for none
}

// A CallbackVector is a callback as it arrives at a receiver.
type CallbackVector struct {
	Name      string `json:"name"`
	Note      string `json:"note"`
	Body      string `json:"body"`
	Timestamp string `json:"x-pontis-timestamp"`
	Signature string `json:"x-pontis-signature"`
	Valid     bool   `json:"valid"`
}

// vectorTime is the time of the documented samples, 2026-06-04T10:09:59Z.
const vectorTime = 1780567799

// vectors are the test vectors, always the same.
func vectors() any {
	v := Vectors{Provider: Name, Credentials: make(map[string]string), Now: vectorTime}
	for _, cred := range credentials("default") {
		v.Credentials[cred.Name] = cred.Value
	}
	w := &vectorWriter{key: must(decode64(v.Credentials[encryptSecret])), hmac: must(decode64(v.Credentials[hmacSecret])), text: v.Credentials[hmacSecret]}
	w.genuine()
	w.forged()
	w.sealedWrongly()
	v.Requests, v.Callbacks = w.requests, w.callbacks()
	return v
}

func must(b []byte, err error) []byte {
	if err != nil {
		panic("usdtpayout: the default secrets are base64url: " + err.Error())
	}
	return b
}

type vectorWriter struct {
	key, hmac []byte
	text      string // the HMAC secret as it is written
	requests  []RequestVector
}

const ownerLogin = `{"email":"owner@example.test","password":"pw-1"}`

// base is a right login, for others to vary.
func (w *vectorWriter) base(name, note string) RequestVector {
	return w.sealed(name, note, ownerLogin, vectorTime)
}

// sealed is a payload as it should be sent at a time.
func (w *vectorWriter) sealed(name, note, plaintext string, at int64) RequestVector {
	iv := []byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, byte(11 + len(w.requests))}
	blob, err := seal(w.key, iv, []byte(plaintext))
	if err != nil {
		panic("usdtpayout: " + err.Error())
	}
	v := RequestVector{
		Name: name, Note: note, Plaintext: plaintext, IV: hex.EncodeToString(iv), Timestamp: strconv.FormatInt(at, 10),
		Blob: blob, Valid: true, Status: 200,
	}
	v.Body = envelope(blob)
	v.Signature = sign(w.hmac, v.Timestamp, blob)
	return v
}

func envelope(blob string) string { return string(provider.Encode(map[string]string{"data": blob})) }

// right adds a vector that is as documented.
func (w *vectorWriter) right(v RequestVector) { w.requests = append(w.requests, v) }

// wrong adds a vector that is refused.
func (w *vectorWriter) wrong(v RequestVector, status int, code string) {
	v.Valid, v.Status, v.Code = false, status, code
	w.requests = append(w.requests, v)
}

// genuine are requests as documented, though not all log in.
func (w *vectorWriter) genuine() {
	w.right(w.base("login", "the sample"))
	w.right(w.sealed("white space", "white space in the payload is irrelevant", "{ \"password\": \"pw-1\",\n\t\"email\": \"owner@example.test\" }", vectorTime))
	w.right(w.sealed("300 s behind", "exactly five minutes pass", ownerLogin, vectorTime-300))
	w.right(w.sealed("300 s ahead", "either way", ownerLogin, vectorTime+300))
	v := w.base("other envelope", "white space and more keys around data are irrelevant, they are not signed")
	v.Body = "{\n  \"data\" : \"" + v.Blob + "\",\n  \"v\": 1\n}"
	w.right(v)
	v = w.base("padded", "padding is tolerated")
	parts := strings.Split(v.Blob, ":")
	parts[1] += "=="
	v.Blob = strings.Join(parts, ":")
	v.Body, v.Signature = envelope(v.Blob), sign(w.hmac, v.Timestamp, v.Blob)
	w.right(v)
	v = w.base("upper case", "the digest may be in upper case")
	v.Signature = strings.ToUpper(v.Signature)
	w.right(v)
	v = w.sealed("unicode", "the payload is UTF-8; these are not the owner's", `{"email":"zażółć@例え.test","password":"🐉"}`, vectorTime)
	v.Status, v.Code = 401, codeUnauthorized
	w.right(v)
	v = w.sealed("empty payload", "an object without fields is well sealed, and no login", `{}`, vectorTime)
	v.Status, v.Code = 400, codeValidation
	w.right(v)
}

// forged are requests that are signed wrongly.
func (w *vectorWriter) forged() {
	unsigned := func(name, note string, change func(*RequestVector)) {
		v := w.base(name, note)
		change(&v)
		w.wrong(v, 401, codeInvalidSignature)
	}
	unsigned("secret as text", "the key is the secret base64url-decoded, not its text", func(v *RequestVector) {
		v.Signature = sign([]byte(w.text), v.Timestamp, v.Blob)
	})
	unsigned("body signed", "the value of data is signed, not the JSON around it", func(v *RequestVector) {
		v.Signature = sign(w.hmac, v.Timestamp, v.Body)
	})
	unsigned("no time signed", "x-timestamp and a dot come before the blob", func(v *RequestVector) {
		v.Signature = hex.EncodeToString(mac(w.hmac, v.Blob))
	})
	unsigned("base64 digest", "the digest is hex", func(v *RequestVector) {
		v.Signature = base64.StdEncoding.EncodeToString(mac(w.hmac, v.Timestamp, ".", v.Blob))
	})
	unsigned("encryption secret", "requests are signed with the HMAC secret", func(v *RequestVector) {
		v.Signature = sign(w.key, v.Timestamp, v.Blob)
	})
	unsigned("no signature", "the header is required", func(v *RequestVector) { v.Signature = "" })
	unsigned("no time", "the header is required", func(v *RequestVector) { v.Timestamp = "" })
	unsigned("milliseconds", "x-timestamp is in seconds", func(v *RequestVector) {
		v.Timestamp += "000"
		v.Signature = sign(w.hmac, v.Timestamp, v.Blob)
	})
	w.wrong(w.sealed("301 s behind", "more than five minutes do not pass", ownerLogin, vectorTime-301), 401, codeInvalidSignature)
	w.wrong(w.sealed("301 s ahead", "either way", ownerLogin, vectorTime+301), 401, codeInvalidSignature)
	for i, part := range []string{"iv", "tag", "ciphertext"} {
		unsigned("a bit of the "+part+" flipped", "the signature is of another blob", func(v *RequestVector) {
			v.Blob = flipped(v.Blob, i)
			v.Body = envelope(v.Blob)
		})
	}
}

// flipped is a blob with the first bit of a part turned.
func flipped(blob string, part int) string {
	parts := strings.Split(blob, ":")
	b, err := decode64(parts[part])
	b = must(b, err)
	b[0] ^= 0x80
	parts[part] = encode64(b)
	return strings.Join(parts, ":")
}

// sealedWrongly are requests that are signed as documented and encrypted
// otherwise.
func (w *vectorWriter) sealedWrongly() {
	resealed := func(name, note string, change func(parts []string) string) {
		v := w.base(name, note)
		v.Blob = change(strings.Split(v.Blob, ":"))
		if iv, err := decode64(strings.Split(v.Blob, ":")[0]); err == nil {
			v.IV = hex.EncodeToString(iv)
		}
		v.Body, v.Signature = envelope(v.Blob), sign(w.hmac, v.Timestamp, v.Blob)
		w.wrong(v, 400, codeBadRequest)
	}
	for i, part := range []string{"iv", "tag", "ciphertext"} {
		resealed("a bit of the "+part+" flipped, signed again", "it does not decrypt", func(parts []string) string {
			return flipped(strings.Join(parts, ":"), i)
		})
	}
	resealed("tag last", "the tag comes second", func(p []string) string { return p[0] + ":" + p[2] + ":" + p[1] })
	resealed("tag appended", "the tag is a part of its own", func(p []string) string {
		return p[0] + ":" + encode64(append(must(decode64(p[2])), must(decode64(p[1]))...))
	})
	resealed("another key", "AES-256-GCM under the encryption secret's bytes", func([]string) string {
		blob, err := seal(w.hmac, make([]byte, ivSize), []byte(ownerLogin))
		return string(must([]byte(blob), err))
	})
	resealed("short iv", "the iv has 12 bytes", func(p []string) string { return encode64(make([]byte, 8)) + ":" + p[1] + ":" + p[2] })
	v := w.sealed("no object", "the payload is a JSON object", `["owner@example.test","pw-1"]`, vectorTime)
	w.wrong(v, 400, codeBadRequest)
	v = w.base("no data", "the envelope has the key data")
	v.Body = `{"payload":"` + v.Blob + `"}`
	w.wrong(v, 400, codeBadRequest)
}

// callbacks are callbacks, genuine and not.
func (w *vectorWriter) callbacks() []CallbackVector {
	const completed = `{"transaction_id":"029b2038-6166-4bea-80a9-f1a2425a85eb","status":"completed","status_message":null}`
	const broken = `{"transaction_id":"029b2038-6166-4bea-80a9-f1a2425a85eb","status":"failed","status_message":"Beneficiary account closed"}`
	at := strconv.FormatInt(vectorTime, 10)
	signed := func(name, note, body string) CallbackVector {
		return CallbackVector{name, note, body, at, "sha256=" + sign(w.hmac, at, body), true}
	}
	altered := signed("altered", "the body is another than was signed", completed)
	altered.Body, altered.Valid = broken, false
	bare := signed("bare", "the signature begins with sha256=", completed)
	bare.Signature, bare.Valid = strings.TrimPrefix(bare.Signature, "sha256="), false
	text := signed("secret as text", "the key is the secret base64url-decoded", completed)
	text.Signature, text.Valid = "sha256="+sign([]byte(w.text), at, completed), false
	old := signed("old", "a callback is at most five minutes old", completed)
	old.Timestamp = strconv.FormatInt(vectorTime-301, 10)
	old.Signature, old.Valid = "sha256="+sign(w.hmac, old.Timestamp, completed), false
	return []CallbackVector{
		signed("completed", "status_message is null", completed),
		signed("failed", "with a reason", broken),
		altered, bare, text, old,
	}
}
