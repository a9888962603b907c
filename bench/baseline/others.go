package main

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/gorilla/mux"
	"github.com/shopspring/decimal"
)

// execute answers for the two accounts that make bench pays: what a code stands
// for is nothing that a handler without memory knows.
func execute(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Authcode string `json:"authcode"`
	}
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		refuse(w, err)
		return
	}
	type account struct {
		Amount    minimal `json:"amount"`
		Bank      string  `json:"bank"`
		Country   string  `json:"country"`
		Recipient string  `json:"recipientname"`
		Number    int     `json:"accNo"`
		Date      string  `json:"date"`
		Time      string  `json:"time"`
		Email     string  `json:"email"`
		ID        string  `json:"uniqueid"`
	}
	now := time.Now().UTC()
	accounts := []account{
		{minimal{number("100")}, "somebank", "US", "somename", 123456789, now.Format(time.DateOnly), now.Format("15:04"), "you@example.com", id()[:16]},
		{minimal{number("95")}, "otherbank", "US", "othername", 987654321, now.Format(time.DateOnly), now.Format("15:04"), "you@example.com", id()[:16]},
	}
	sum := decimal.Decimal{}
	for _, a := range accounts {
		sum = sum.Add(a.Amount.Decimal)
	}
	answer(w, http.StatusOK, struct {
		Code     int       `json:"code"`
		Accounts []account `json:"accounts"`
		Charge   minimal   `json:"charge_in_usd"`
		ID       string    `json:"payment_id"`
		Message  string    `json:"message"`
	}{200, accounts, minimal{sum.Mul(quarter)}, id()[:16], "Payout completed successfully."})
}

// The secrets of the default workspace.
var (
	sealKey = must(base64.RawURLEncoding.DecodeString("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"))
	signKey = must(base64.RawURLEncoding.DecodeString("oKGio6SlpqeoqaqrrK2ur7CxsrO0tba3uLm6u7y9vr8"))
	sealing = must(cipher.NewGCM(must(aes.NewCipher(sealKey))))
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

var errSealed = errors.New("the payload is not signed or does not decrypt")

// unseal reads a body that is encrypted and signed.
func unseal(r *http.Request, into any) error {
	var envelope struct {
		Data string `json:"data"`
	}
	if err := json.NewDecoder(r.Body).Decode(&envelope); err != nil {
		return err
	}
	mac := hmac.New(sha256.New, signKey)
	mac.Write([]byte(r.Header.Get("X-Timestamp") + "." + envelope.Data))
	if got, err := hex.DecodeString(r.Header.Get("X-Signature")); err != nil || !hmac.Equal(got, mac.Sum(nil)) {
		return errSealed
	}
	var parts [3][]byte // iv, tag, ciphertext
	for i, text := range strings.SplitN(envelope.Data, ":", 3) {
		part, err := base64.RawURLEncoding.DecodeString(text)
		if err != nil {
			return err
		}
		parts[i] = part
	}
	if len(parts[0]) != sealing.NonceSize() {
		return errSealed
	}
	plain, err := sealing.Open(nil, parts[0], append(parts[2], parts[1]...), nil)
	if err != nil {
		return err
	}
	return json.Unmarshal(plain, into)
}

// done is what Pontis Globe puts around an answer.
type done struct {
	OK   bool `json:"ok"`
	Data any  `json:"data"`
}

func sendPayout(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Amount decimal.Decimal `json:"source_amount"`
	}
	if err := unseal(r, &in); err != nil {
		refuse(w, err)
		return
	}
	if opening.LessThan(in.Amount) {
		refuse(w, errors.New("insufficient funds"))
		return
	}
	answer(w, http.StatusCreated, done{true, struct {
		ID     string `json:"transaction_id"`
		Status string `json:"status"`
	}{uuid.NewString(), "pending"}})
}

func payoutStatus(w http.ResponseWriter, r *http.Request) {
	var in struct {
		ID string `json:"transaction_id"`
	}
	if err := unseal(r, &in); err != nil {
		refuse(w, err)
		return
	}
	answer(w, http.StatusOK, done{true, struct {
		ID      string  `json:"transaction_id"`
		Status  string  `json:"status"`
		Message *string `json:"status_message"`
	}{in.ID, "completed", nil}})
}

// An execution is the answer of Dollr to a payout and to the question for it.
type execution struct {
	Reference      string  `json:"reference_id"`
	ProviderID     *string `json:"provider_transaction_id"`
	Status         string  `json:"status"`
	PayerAmount    minimal `json:"payer_amount"`
	PayerCurrency  string  `json:"payer_currency"`
	PayeeCurrency  string  `json:"payee_currency"`
	PayeeAmount    minimal `json:"payee_amount"`
	Operation      string  `json:"operation_type"`
	GatewayMessage *string `json:"gateway_message"`
	WalletMessage  *string `json:"wallet_message"`
	ClientSecret   *string `json:"client_secret"`
	RequiresAction *bool   `json:"requires_action"`
}

func newExecution(reference, status string) execution {
	amount := number("100.5")
	return execution{
		Reference: reference, Status: status, PayerAmount: minimal{amount.Add(decimal.Decimal{})}, PayerCurrency: "USD",
		PayeeCurrency: "USD", PayeeAmount: minimal{amount}, Operation: "PAYOUT",
	}
}

func executePayout(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Session   string         `json:"session_id"`
		Account   string         `json:"payout_account_id"`
		Reference string         `json:"reference_id"`
		Passcode  map[string]any `json:"passcode"`
	}
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		refuse(w, err)
		return
	}
	answer(w, http.StatusOK, newExecution(in.Reference, "PENDING"))
}

func executionStatus(w http.ResponseWriter, r *http.Request) {
	x := newExecution(mux.Vars(r)["reference"], "COMPLETED")
	gateway := uuid.NewString()
	x.ProviderID = &gateway
	answer(w, http.StatusOK, x)
}
