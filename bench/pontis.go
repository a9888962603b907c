package main

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// A pontis encrypts and signs calls of Pontis Globe.
type pontis struct {
	*subject
	sealing cipher.AEAD
	signKey []byte
	token   string // what login returned
}

// login returns who can call in live mode, where money moves.
func (s *subject) login(ctx context.Context) (*pontis, error) {
	key, err := base64.RawURLEncoding.DecodeString(s.credential("usdtpayout", "encryption_secret"))
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	p := &pontis{subject: s}
	if p.sealing, err = cipher.NewGCM(block); err != nil {
		return nil, err
	}
	if p.signKey, err = base64.RawURLEncoding.DecodeString(s.credential("usdtpayout", "hmac_secret")); err != nil {
		return nil, err
	}
	var answer struct {
		Data struct {
			Token string `json:"access_token"`
		} `json:"data"`
	}
	err = s.ask(ctx, p.request("/user/login", map[string]string{
		"email": s.credential("usdtpayout", "email"), "password": s.credential("usdtpayout", "password"),
	}), &answer)
	p.token = answer.Data.Token
	return p, err
}

// request is a call with an encrypted payload: iv:tag:ciphertext, signed with
// the time.
func (p *pontis) request(path string, payload any) request {
	iv := binary.BigEndian.AppendUint64([]byte("iv__"), uint64(p.count.Add(1)))
	sealed := p.sealing.Seal(nil, iv, []byte(encode(payload)), nil)
	n := len(sealed) - p.sealing.Overhead()
	var parts []string
	for _, part := range [][]byte{iv, sealed[n:], sealed[:n]} {
		parts = append(parts, base64.RawURLEncoding.EncodeToString(part))
	}
	blob, at := strings.Join(parts, ":"), strconv.FormatInt(time.Now().Unix(), 10)
	mac := hmac.New(sha256.New, p.signKey)
	mac.Write([]byte(at + "." + blob))
	headers := []string{
		"Content-Type", "application/json", "X-Api-Key", p.credential("usdtpayout", "api_key"),
		"X-Timestamp", at, "X-Signature", hex.EncodeToString(mac.Sum(nil)),
	}
	if p.token != "" {
		headers = append(headers, "Authorization", "Bearer "+p.token)
	}
	return newRequest(http.MethodPost, "/usdtpayout/live/api/v1"+path, encode(map[string]string{"data": blob}), headers...)
}

func (p *pontis) send() request {
	return p.request("/payouts/sendPayoutRequest", map[string]any{
		"idempotency_key": p.uuid(), "country_code": "PH", "currency_code": "PHP", "payment_method": "bank_local",
		"source_amount": "125.00", "source_currency": "USDT",
		"recipient_details": map[string]string{"name": "Sam Smith", "account_number": "1234567890"},
	})
}

// sendPayouts are payouts with a key each.
func sendPayouts(ctx context.Context, s *subject, n int) ([]request, error) {
	p, err := s.login(ctx)
	if err != nil {
		return nil, err
	}
	requests := make([]request, n)
	for i := range requests {
		requests[i] = p.send()
	}
	return requests, nil
}

// payoutStatus asks for one payout that is completed.
func payoutStatus(ctx context.Context, s *subject, _ int) ([]request, error) {
	p, err := s.login(ctx)
	if err != nil {
		return nil, err
	}
	var answer struct {
		Data struct {
			ID string `json:"transaction_id"`
		} `json:"data"`
	}
	if err := s.ask(ctx, p.send(), &answer); err != nil {
		return nil, err
	}
	if _, err := s.control.Advance(ctx, time.Minute); err != nil {
		return nil, err
	}
	return []request{p.request("/payouts/getPayoutStatus", map[string]string{"transaction_id": answer.Data.ID})}, nil
}
