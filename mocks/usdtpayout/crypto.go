package usdtpayout

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
)

// Sizes in bytes of what an encrypted payload is made of [auth].
const (
	keySize = 32
	ivSize  = 12
	tagSize = 16
)

// decode64 reads base64url. Padding is not documented and tolerated [3.1].
func decode64(text string) ([]byte, error) {
	return base64.RawURLEncoding.Strict().DecodeString(strings.TrimRight(text, "="))
}

func encode64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// aead is AES-256-GCM under an encryption secret's bytes.
func aead(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// seal encrypts a payload: iv:tag:ciphertext, each base64url. The tag comes
// second [auth].
func seal(key, iv, plaintext []byte) (string, error) {
	gcm, err := aead(key)
	if err != nil {
		return "", err
	}
	sealed := gcm.Seal(nil, iv, plaintext, nil)
	at := len(sealed) - tagSize
	return encode64(iv) + ":" + encode64(sealed[at:]) + ":" + encode64(sealed[:at]), nil
}

// errGCM is that of a payload that the key does not open.
var errGCM = errors.New("the payload does not decrypt: the key, the iv, the tag or the ciphertext is not what it was encrypted with")

// unseal decrypts what [seal] wrote.
func unseal(key []byte, blob string) ([]byte, error) {
	parts := strings.Split(blob, ":")
	if len(parts) != 3 {
		return nil, fmt.Errorf("data has %d parts, it must have three: iv:tag:ciphertext", len(parts))
	}
	var raw [3][]byte
	for i, name := range []string{"iv", "tag", "ciphertext"} {
		b, err := decode64(parts[i])
		if err != nil {
			return nil, fmt.Errorf("the %s of data is not base64url", name)
		}
		raw[i] = b
	}
	iv, tag, ciphertext := raw[0], raw[1], raw[2]
	switch {
	case len(iv) != ivSize:
		return nil, fmt.Errorf("the iv of data has %d bytes, it must have %d", len(iv), ivSize)
	case len(tag) != tagSize:
		return nil, fmt.Errorf("the tag of data has %d bytes, it must have %d", len(tag), tagSize)
	}
	return open(key, iv, tag, ciphertext)
}

func open(key, iv, tag, ciphertext []byte) ([]byte, error) {
	gcm, err := aead(key)
	if err != nil {
		return nil, err
	}
	plaintext, err := gcm.Open(nil, iv, append(append([]byte{}, ciphertext...), tag...), nil)
	if err != nil {
		return nil, errGCM
	}
	return plaintext, nil
}

// mac is HMAC-SHA256 of some texts in a row.
func mac(key []byte, texts ...string) []byte {
	h := hmac.New(sha256.New, key)
	for _, text := range texts {
		h.Write([]byte(text))
	}
	return h.Sum(nil)
}

// sign is the signature of a message at a time: hex HMAC-SHA256 of the time, a
// dot and the message [auth].
func sign(key []byte, timestamp, message string) string {
	return hex.EncodeToString(mac(key, timestamp, ".", message))
}
