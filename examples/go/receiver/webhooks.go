package main

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// An Event is what a genuine webhook tells. Its ID is of what happened, and not of
// the message: whatever tells the same has the same one.
type Event struct {
	ID       string `json:"id"`
	Kind     string `json:"kind"` // transaction, payout, card or purchase
	Of       string `json:"of"`   // the id of that
	Status   string `json:"status"`
	At       string `json:"at,omitempty"`
	Amount   string `json:"amount,omitempty"` // of a purchase
	Currency string `json:"currency,omitempty"`
}

// A Refusal is why a webhook is not taken, with the status to answer.
type Refusal struct {
	Status int
	Why    string
}

func (r *Refusal) Error() string { return r.Why }

func refuse(status int, format string, args ...any) error {
	return &Refusal{status, fmt.Sprintf(format, args...)}
}

// What fields must look like.
var (
	anID        = regexp.MustCompile(`^[\w-]{1,100}$`)
	aTime       = regexp.MustCompile(`^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$`)
	anAmount    = regexp.MustCompile(`^(0|[1-9]\d*)(\.\d+)?$`)
	aCurrency   = regexp.MustCompile(`^[A-Z]{3}$`)
	bought      = regexp.MustCompile(`^(AUTHORIZED|REJECTED: .+)$`)
	cardStatus  = regexp.MustCompile(`^(ACTIVE|PAUSED|CANCELED)$`)
	transaction = regexp.MustCompile(`^(INITIATED|DECLINED|CANCELED|FAILED|COMPLETED)$`)
	payout      = regexp.MustCompile(`^(completed|failed|rejected|canceled|reversed)$`)
)

// FromDinariCash reads a webhook of Dinari Cash: it is genuine if its WEBHOOK_KEY is
// the key. Nothing else in it is proven, and nothing but the form tells that it came
// whole: it must have each documented field of its kind, the last one too.
func FromDinariCash(key string, header http.Header, body []byte) (e Event, err error) {
	fields, err := fieldsOf(header.Get("Content-Type"), body)
	if err != nil {
		return e, err
	}
	if subtle.ConstantTimeCompare([]byte(fields["WEBHOOK_KEY"]), []byte(key)) != 1 {
		return e, refuse(http.StatusUnauthorized, "WEBHOOK_KEY is missing or wrong")
	}
	take := func(into *string, name string, like *regexp.Regexp) {
		if *into = fields[name]; err == nil && !like.MatchString(*into) {
			err = refuse(http.StatusBadRequest, "%s is missing or malformed", name)
		}
	}
	switch {
	case has(fields, "PURCHASE_ID"):
		e.Kind = "purchase"
		take(&e.Of, "PURCHASE_ID", anID)
		take(&e.Status, "PURCHASE_STATUS", bought)
		take(&e.Amount, "PURCHASE_AMOUNT", anAmount)
		take(&e.Currency, "PURCHASE_CURRENCY_ISO3", aCurrency)
		take(&e.At, "DATETIME_UPDATE", aTime)
		e.ID = "purchase " + e.Of
	case has(fields, "CARD_ACCOUNT_STATUS"):
		e.Kind = "card"
		take(&e.Of, "CARD_ACCOUNT_ID", anID)
		take(&e.Status, "CARD_ACCOUNT_STATUS", cardStatus)
		take(&e.At, "DATETIME_UPDATE", aTime)
		e.ID = "card " + e.Of + " " + e.Status + " " + e.At // a card is paused more than once
	default:
		e.Kind = "transaction"
		take(&e.Of, "TRANSACTION_ID", anID)
		take(&e.Status, "TRANSACTION_STATUS", transaction)
		updated := "TRANSACTION_DATETIME_UPDATED"
		if has(fields, "CLIENT_ACCOUNT_ID") { // Zelle has names of its own
			updated = "TRANSACTION_DATETIME_UPDATE"
		}
		take(&e.At, updated, aTime)
		e.ID = "transaction " + e.Of + " " + e.Status
	}
	return e, err
}

func has(fields map[string]string, name string) bool {
	_, ok := fields[name]
	return ok
}

// fieldsOf are the fields of a form or a JSON object, as texts. The documents do not
// say which.
func fieldsOf(media string, body []byte) (map[string]string, error) {
	fields := make(map[string]string)
	if !strings.HasPrefix(media, "application/json") {
		form, err := url.ParseQuery(string(body))
		if err != nil {
			return nil, refuse(http.StatusBadRequest, "the body is no form")
		}
		for name := range form {
			fields[name] = form.Get(name)
		}
		return fields, nil
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber() // no floats
	var told map[string]any
	if err := d.Decode(&told); err != nil || told == nil {
		return nil, refuse(http.StatusBadRequest, "the body is no JSON object")
	}
	for name, value := range told {
		fields[name] = fmt.Sprint(value)
	}
	return fields, nil
}

// FromPontisGlobe reads a callback of Pontis Globe: it is genuine if it is signed
// with the HMAC secret, not more than five minutes ago. The body is as it came.
func FromPontisGlobe(secret string, header http.Header, body []byte) (e Event, err error) {
	const fiveMinutes = 300
	timestamp := header.Get("X-Pontis-Timestamp")
	at, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil || time.Now().Unix()-at > fiveMinutes {
		return e, refuse(http.StatusUnauthorized, "x-pontis-timestamp is missing or too old")
	}
	key, err := base64.RawURLEncoding.DecodeString(secret)
	if err != nil {
		return e, fmt.Errorf("PONTIS_HMAC_SECRET is not base64url: %w", err)
	}
	h := hmac.New(sha256.New, key)
	h.Write([]byte(timestamp + "."))
	h.Write(body)
	if !hmac.Equal([]byte(header.Get("X-Pontis-Signature")), []byte("sha256="+hex.EncodeToString(h.Sum(nil)))) {
		return e, refuse(http.StatusUnauthorized, "x-pontis-signature is missing or wrong")
	}
	var told struct {
		ID     string `json:"transaction_id"`
		Status string `json:"status"`
	}
	if json.Unmarshal(body, &told) != nil || !anID.MatchString(told.ID) || !payout.MatchString(told.Status) {
		return e, refuse(http.StatusBadRequest, "transaction_id or status is missing or unknown")
	}
	// Not X-Pontis-Event-Id: what stands in that header is not signed.
	return Event{ID: "payout " + told.ID + " " + told.Status, Kind: "payout", Of: told.ID, Status: told.Status}, nil
}
