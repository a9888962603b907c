package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"strings"
	"time"
)

// A DinarDragon is a client of Dinar Dragon: payouts to bank accounts, in two
// steps. Amounts are decimals, in USD.
type DinarDragon struct {
	BaseURL      string
	PrivateKey   string
	RetryAfter   time.Duration // after which a call is tried again for the first time
	AnswerWithin time.Duration // what an answer may take
}

// A Payment is what one bank account is paid. Numbers are written as they are, no
// floats: 0.1 and 0.2 make 0.3, and account numbers keep all their digits.
type Payment struct {
	Acc           json.Number `json:"acc"`
	Amount        json.Number `json:"amount"`
	Bank          string      `json:"bank"`
	Country       string      `json:"country"`
	RecipientName string      `json:"recipientname"`
}

// A Quote is what a payout costs. Its code is good for up to 15 minutes.
type Quote struct {
	Authcode string      `json:"authcode"`
	Charge   json.Number `json:"charge_in_usd"`
}

// A Receipt is what a payout became.
type Receipt struct {
	PaymentID string `json:"payment_id"`
	Accounts  []struct {
		UniqueID string `json:"uniqueid"`
	} `json:"accounts"`
}

// A Status says what became of a payment.
type Status int

// The statuses there are. The amount of a payment that has failed is back on the
// dashboard balance.
const (
	Processing Status = iota
	Paid
	Failed
)

func (s Status) String() string {
	switch s {
	case Processing:
		return "processing"
	case Paid:
		return "paid"
	case Failed:
		return "failed"
	}
	return fmt.Sprintf("status %d", int(s))
}

// An Error is what Dinar Dragon answered instead of what was asked for.
type Error struct {
	Code   int
	Reason string
}

func (e *Error) Error() string { return fmt.Sprintf("%d %s", e.Code, e.Reason) }

// refusal is the error with which Dinar Dragon refused: then nothing was done. It is
// nil of any other error, a 5xx or an answer that was lost: then it may have been
// done.
func refusal(err error) *Error {
	var answered *Error
	if errors.As(err, &answered) && answered.Code < 500 {
		return answered
	}
	return nil
}

// GetAuthcode is step 1. No money moves, so it is tried again three times when the
// error may pass: 429, 5xx and lost answers.
func (d *DinarDragon) GetAuthcode(ctx context.Context, payments []Payment) (q Quote, err error) {
	payout := struct {
		Amount   json.Number `json:"amount"`
		Accounts []Payment   `json:"accounts"`
	}{json.Number(Sum(payments)), payments}
	for wait := d.RetryAfter; ; wait *= 2 {
		err = d.call(ctx, "/get-authcode", payout, &q)
		r := refusal(err)
		lasting := r != nil && r.Code != http.StatusTooManyRequests
		if err == nil || lasting || wait > 4*d.RetryAfter {
			return q, err
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return q, err
		}
	}
}

// Execute is step 2: it pays. It is not repeated; whoever is not sure that it was
// done may call it again with the same code, which is executed once.
func (d *DinarDragon) Execute(ctx context.Context, authcode string) (r Receipt, err error) {
	err = d.call(ctx, "/execute", map[string]string{"authcode": authcode}, &r)
	return r, err
}

// Status is step 3: the status of all payments of a payout, by their unique ids. It
// is not repeated.
func (d *DinarDragon) Status(ctx context.Context, paymentID string) (map[string]Status, error) {
	var answer struct {
		Payments []struct {
			UniqueID string `json:"uniqueid"`
			Status   Status `json:"status"`
		} `json:"payments"`
	}
	err := d.call(ctx, "/status", map[string]string{"payment_id": paymentID}, &answer)
	all := make(map[string]Status, len(answer.Payments))
	for _, p := range answer.Payments {
		all[p.UniqueID] = p.Status
	}
	return all, err
}

func (d *DinarDragon) call(ctx context.Context, path string, payload, answer any) error {
	ctx, cancel := context.WithTimeout(ctx, d.AnswerWithin)
	defer cancel()
	body, err := json.Marshal(payload)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, d.BaseURL+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", d.PrivateKey)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	var said struct {
		Code  int    `json:"code"`
		Error string `json:"error"`
	}
	err = json.Unmarshal(text, &said)
	switch code := cmp.Or(said.Code, res.StatusCode); {
	case err != nil && res.StatusCode >= 300: // it comes from before Dinar Dragon's own servers
		return &Error{res.StatusCode, string(text)}
	case err != nil:
		return fmt.Errorf("read the answer: %w", err)
	case code != http.StatusOK && code != http.StatusCreated:
		return &Error{code, said.Error}
	}
	return json.Unmarshal(text, answer)
}

// Sum is what payments add up to, without needless zeros.
func Sum(payments []Payment) string {
	total, places := new(big.Rat), 0
	for _, p := range payments {
		_, fraction, _ := strings.Cut(p.Amount.String(), ".")
		amount, _ := new(big.Rat).SetString(p.Amount.String()) // checked when they were read
		total.Add(total, amount)
		places = max(places, len(fraction))
	}
	text := total.FloatString(places)
	if places > 0 {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	return text
}
