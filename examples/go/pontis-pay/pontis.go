package main

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// A Pontis is a client of Pontis Globe: payouts out of a USDT wallet, by
// encrypted and signed requests. It is for one goroutine.
type Pontis struct {
	BaseURL          string
	APIKey           string
	EncryptionSecret string
	HMACSecret       string
	Email, Password  string

	token string
}

// A Payout is what is to be paid, and to whom.
type Payout struct {
	IdempotencyKey   string            `json:"idempotency_key"` // a UUID; the same one never pays twice
	CountryCode      string            `json:"country_code"`
	CurrencyCode     string            `json:"currency_code"`
	PaymentMethod    string            `json:"payment_method"`
	SourceAmount     string            `json:"source_amount"` // in USDT
	RecipientDetails map[string]string `json:"recipient_details"`
}

// A Status says what became of a payout.
type Status struct {
	TransactionID string `json:"transaction_id"`
	Status        string `json:"status"`
	Message       string `json:"status_message"` // null where it has none
}

// An Error is what the provider answered instead of what was asked for.
type Error struct {
	Status    int
	Code      string
	Message   string
	RequestID string
}

func (e *Error) Error() string {
	return fmt.Sprintf("%d %s: %s (request %s)", e.Status, e.Code, e.Message, e.RequestID)
}

// Login gets a token. It lives 15 minutes and belongs to the mode of the host.
func (p *Pontis) Login(ctx context.Context) error {
	var got struct {
		AccessToken string `json:"access_token"`
	}
	err := p.call(ctx, "/api/v1/user/login", map[string]string{"email": p.Email, "password": p.Password}, &got)
	if err == nil {
		p.token = got.AccessToken
	}
	return err
}

// SendPayout pays. Whoever is not sure that it was done calls it again with the
// same key: it pays once.
func (p *Pontis) SendPayout(ctx context.Context, payout Payout) (made Status, err error) {
	err = p.authorized(ctx, "/api/v1/payouts/sendPayoutRequest", payout, &made)
	return made, err
}

// GetStatus tells what became of a payout.
func (p *Pontis) GetStatus(ctx context.Context, transactionID string) (now Status, err error) {
	err = p.authorized(ctx, "/api/v1/payouts/getPayoutStatus", map[string]string{"transaction_id": transactionID}, &now)
	return now, err
}

// VerifyCallback returns what a callback says, if it is genuine. The body is as it
// came: JSON that was read and written again is signed otherwise.
func (p *Pontis) VerifyCallback(header http.Header, body []byte) (told Status, err error) {
	const fiveMinutes = 300
	timestamp := header.Get("X-Pontis-Timestamp")
	at, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil || time.Now().Unix()-at > fiveMinutes {
		return told, errors.New("x-pontis-timestamp is missing or too old")
	}
	want, err := p.sign(timestamp, string(body))
	if err != nil {
		return told, err
	}
	if !hmac.Equal([]byte(header.Get("X-Pontis-Signature")), []byte("sha256="+want)) {
		return told, errors.New("x-pontis-signature is missing or wrong")
	}
	return told, json.Unmarshal(body, &told)
}

// authorized is a call with a token. If that has expired, it logs in and tries
// once more.
func (p *Pontis) authorized(ctx context.Context, path string, payload, answer any) error {
	err := p.call(ctx, path, payload, answer)
	if refused := (*Error)(nil); !errors.As(err, &refused) || refused.Code != "jwt_expired" {
		return err
	}
	if err := p.Login(ctx); err != nil {
		return err
	}
	return p.call(ctx, path, payload, answer)
}

// call makes a call. What may pass, like 429, 500 or a broken connection, is tried
// again after 1, 2 and 4 seconds. That pays once too, as the key stays the same.
func (p *Pontis) call(ctx context.Context, path string, payload, answer any) error {
	for wait := time.Second; ; wait *= 2 {
		err := p.once(ctx, path, payload, answer)
		var refused *Error
		lasting := errors.As(err, &refused) && refused.Status != http.StatusTooManyRequests && refused.Status < 500
		if err == nil || lasting || wait > 4*time.Second {
			return err
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return err
		}
	}
}

// once makes one request: encrypted anew, signed at its own time.
func (p *Pontis) once(ctx context.Context, path string, payload, answer any) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	data, err := p.encrypt(payload)
	if err != nil {
		return err
	}
	timestamp := strconv.FormatInt(time.Now().Unix(), 10)
	signature, err := p.sign(timestamp, data)
	if err != nil {
		return err
	}
	body, err := json.Marshal(map[string]string{"data": data})
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.BaseURL+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Api-Key", p.APIKey)
	req.Header.Set("X-Timestamp", timestamp)
	req.Header.Set("X-Signature", signature)
	if p.token != "" {
		req.Header.Set("Authorization", "Bearer "+p.token)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	return read(res, answer)
}

// read takes what was asked for out of an answer.
func read(res *http.Response, answer any) error {
	var envelope struct {
		OK        bool            `json:"ok"`
		Data      json.RawMessage `json:"data"`
		RequestID string          `json:"request_id"`
		Error     struct {
			Code    string `json:"code"`
			Message string `json:"message"`
		} `json:"error"`
	}
	if err := json.NewDecoder(res.Body).Decode(&envelope); err != nil {
		return fmt.Errorf("read the answer %s: %w", res.Status, err)
	}
	if !envelope.OK {
		return &Error{res.StatusCode, envelope.Error.Code, envelope.Error.Message, envelope.RequestID}
	}
	return json.Unmarshal(envelope.Data, answer)
}

// encrypt returns the text of data: the payload by AES-256-GCM, as
// iv:tag:ciphertext.
func (p *Pontis) encrypt(payload any) (string, error) {
	plaintext, err := json.Marshal(payload)
	if err != nil {
		return "", err
	}
	key, err := base64.RawURLEncoding.DecodeString(p.EncryptionSecret)
	if err != nil {
		return "", fmt.Errorf("the encryption secret is not base64url: %w", err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return "", err
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		return "", err
	}
	iv := make([]byte, gcm.NonceSize()) // another one for each request
	if _, err := rand.Read(iv); err != nil {
		return "", err
	}
	sealed := gcm.Seal(nil, iv, plaintext, nil) // the tag is at its end
	at := len(sealed) - gcm.Overhead()
	encode := base64.RawURLEncoding.EncodeToString
	return encode(iv) + ":" + encode(sealed[at:]) + ":" + encode(sealed[:at]), nil
}

// sign returns the signature of a text at a time: hex HMAC-SHA256 of the time, a
// dot and the text.
func (p *Pontis) sign(timestamp, text string) (string, error) {
	key, err := base64.RawURLEncoding.DecodeString(p.HMACSecret)
	if err != nil {
		return "", fmt.Errorf("the HMAC secret is not base64url: %w", err)
	}
	h := hmac.New(sha256.New, key)
	h.Write([]byte(timestamp + "." + text))
	return hex.EncodeToString(h.Sum(nil)), nil
}

// newKey draws an idempotency key, a UUID of version 4.
func newKey() string {
	var b [16]byte
	rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
