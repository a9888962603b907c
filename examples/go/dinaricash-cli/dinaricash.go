package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A DinariCash is a client of Dinari Cash: all eight calls. Amounts are decimals as
// texts, and never floats.
type DinariCash struct {
	BaseURL      string
	AccountID    string
	APIKey       string
	RetryAfter   time.Duration // after which a call is tried again for the first time
	AnswerWithin time.Duration // what an answer may take
}

// Params are the parameters of a call, by their documented names.
type Params map[string]string

// A Sent is what a send became. The documents spell one key of it in two ways; it
// is not needed here.
type Sent struct {
	TransactionID string      `json:"TRANSACTION_ID"`
	Amount        json.Number `json:"TRANSACTION_SEND_AMOUNT"`
	Fee           json.Number `json:"SEND_FEE_TOTAL_AMOUNT"`
	PayoutBefore  json.Number `json:"PAYOUT_BALANCE_BEFORE_TRANSACTION"`
	PayoutAfter   json.Number `json:"PAYOUT_BALANCE_AFTER_TRANSACTION"`

	// Of a load of a virtual card.
	CardID      string `json:"CARD_ACCOUNT_ID"`
	CardNumber  string `json:"RECIPIENT_CARD_NUMBER"`
	CardExpires string `json:"RECIPIENT_CARD_EXPIRATION_DATE"`
}

// A Transaction is one as it is listed.
type Transaction struct {
	ID       string      `json:"TRANSACTION_ID"`
	Created  string      `json:"TRANSACTION_DATETIME_CREATED"`
	Status   string      `json:"TRANSACTION_STATUS"` // Initiated, Completed, Declined, Failed or Canceled
	Currency string      `json:"TRANSACTION_CURRENCY_ISO3"`
	Amount   json.Number `json:"TRANSACTION_SEND_AMOUNT"`
	Message  string      `json:"GATEWAY_MESSAGE"`
}

// A Canceled is what a cancellation did.
type Canceled struct {
	Status       string      `json:"TRANSACTION_STATUS"`
	Fee          json.Number `json:"CANCEL_FEE_TOTAL_AMOUNT"`
	PayoutBefore json.Number `json:"PAYOUT_BALANCE_BEFORE_CANCEL"`
	PayoutAfter  json.Number `json:"PAYOUT_BALANCE_AFTER_CANCEL"`
}

// Cards are what is told of a card, and all there are.
type Cards struct {
	Status   string      `json:"CARD_STATUS"` // ACTIVE, PAUSED or CANCELED
	Balance  json.Number `json:"CARD_BALANCE"`
	Currency string      `json:"CARD_CURRENCY_ISO3"`
	All      []string    `json:"LIST_CARDS"`
	Bought   []struct {
		ID      string      `json:"TRANSACTION_ID"`
		Amount  json.Number `json:"AMOUNT"`
		Status  string      `json:"TRANSACTION_STATUS"`
		Created string      `json:"TRANSACTION_DATETIME_CREATED"`
	} `json:"LIST_TANSACTIONS"` // the provider's spelling
}

// Balances are those of the account, at the provider's time.
type Balances struct {
	At       string      `json:"GATEWAY_DATETIME"`
	Currency string      `json:"ACCOUNT_CURRENCY_ISO3"`
	Payout   json.Number `json:"PAYOUT_BALANCE"`
	Float    json.Number `json:"FLOAT_BALANCE"`
	Reserve  json.Number `json:"RESERVE_BALANCE"`
}

// An Error is what Dinari Cash answered instead of what was asked for.
type Error struct {
	Status  int // error_code where that is a number, else the status of HTTP
	Message string
	Reason  string // more, "" if there is no more
	Debited bool   // it says that the payout balance fell all the same
}

func (e *Error) Error() string {
	if e.Reason == "" {
		return fmt.Sprintf("%d %s", e.Status, e.Message)
	}
	return fmt.Sprintf("%d %s (%s)", e.Status, e.Message, e.Reason)
}

// refusal is the error with which Dinari Cash refused: then nothing was done. It is
// nil of any other error, a 5xx or an answer that was lost: then it may have been
// done.
func refusal(err error) *Error {
	var answered *Error
	if errors.As(err, &answered) && answered.Status < 500 {
		return answered
	}
	return nil
}

// An endpoint is where a call goes, and how.
type endpoint struct {
	path       string
	multipart  bool // the documents send multipart/form-data
	once       bool // it is not repeated after an error that leaves open whether it was done
	credential [2]string
}

// The names of the account's id and key; ACH has its own.
var usual, achOwn = [2]string{"CORPORATE_ACCOUNT_ID", "GATEWAY_API_KEY"}, [2]string{"PUBLIC_KEY", "API_SECRET"}

// Methods are the ways to send.
var Methods = map[string]endpoint{
	"ACH":          {"/", true, true, achOwn},
	"CARD_VIRTUAL": {"/send-transaction", false, true, usual},
	"SWIFT":        {"/swift-transfer", true, true, usual},
	"ZELLE":        {"/send-money", false, true, usual},
}

// Send sends an amount in USD. The details are the RECIPIENT_… and other parameters
// of the method. It is never repeated after an error that leaves open whether it was
// done: see refusal, and ListTransactions.
func (d *DinariCash) Send(ctx context.Context, method, amount string, details Params) (s Sent, err error) {
	all := Params{"SEND_METHOD": method, "SEND_CURRENCY_ISO3": "USD", "SEND_AMOUNT": amount}
	maps.Copy(all, details)
	err = d.call(ctx, Methods[method], all, &s)
	return s, err
}

// ManageCards does GET_CARD_LIST, GET_CARD_DETAILS, PAUSE_CARD, UNPAUSE_CARD or
// CANCEL_CARD; all but the first are about a card. None does more when it is done
// twice.
func (d *DinariCash) ManageCards(ctx context.Context, action, card string) (c Cards, err error) {
	params := Params{"SERVICE_ACTION": action}
	if card != "" {
		params["CARD_ACCOUNT_ID"] = card
	}
	err = d.call(ctx, endpoint{path: "/manage-cards", credential: usual}, params, &c)
	return c, err
}

// ListTransactions lists transactions, newest first, refused ones too. The filters
// are the parameters.
func (d *DinariCash) ListTransactions(ctx context.Context, filters Params) ([]Transaction, error) {
	var listed struct {
		Transactions []Transaction `json:"TRANSACTION_LIST_ARRAY"`
	}
	err := d.call(ctx, endpoint{path: "/list-transactions", credential: usual}, filters, &listed)
	return listed.Transactions, err
}

// Cancel cancels a transaction. It is not repeated, like Send.
func (d *DinariCash) Cancel(ctx context.Context, id string) (c Canceled, err error) {
	err = d.call(ctx, endpoint{"/transaction/status", true, true, usual}, Params{"TRANSACTION_ID": id}, &c)
	return c, err
}

// Balance tells the balances.
func (d *DinariCash) Balance(ctx context.Context) (b Balances, err error) {
	err = d.call(ctx, endpoint{"/account/balance", true, false, usual}, nil, &b)
	return b, err
}

// call makes a call. What may pass is tried again three times: 429, which does
// nothing, and if the call may be repeated also 5xx and lost answers.
func (d *DinariCash) call(ctx context.Context, to endpoint, params Params, data any) error {
	all := Params{to.credential[0]: d.AccountID, to.credential[1]: d.APIKey}
	maps.Copy(all, params)
	for wait := d.RetryAfter; ; wait *= 2 {
		err := d.try(ctx, to, all, data)
		r := refusal(err)
		passes := r == nil && !to.once || r != nil && r.Status == http.StatusTooManyRequests
		if err == nil || !passes || wait > 4*d.RetryAfter {
			return err
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return err
		}
	}
}

func (d *DinariCash) try(ctx context.Context, to endpoint, params Params, data any) error {
	ctx, cancel := context.WithTimeout(ctx, d.AnswerWithin)
	defer cancel()
	body, media, err := to.body(params)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, d.BaseURL+to.path, body)
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", media)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	return understand(res.StatusCode, text, data)
}

// body is the parameters as a form, and its media type.
func (to endpoint) body(params Params) (io.Reader, string, error) {
	form := url.Values{}
	for name, value := range params {
		form.Set(name, value)
	}
	if !to.multipart {
		return strings.NewReader(form.Encode()), "application/x-www-form-urlencoded", nil
	}
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for _, name := range slices.Sorted(maps.Keys(params)) {
		if err := w.WriteField(name, params[name]); err != nil {
			return nil, "", err
		}
	}
	return &body, w.FormDataContentType(), w.Close()
}

// understand takes the data out of an answer.
func understand(status int, text []byte, data any) error {
	var answer struct {
		Status  string          `json:"status"`
		Message string          `json:"message"`
		Code    json.RawMessage `json:"error_code"` // a number, a text or nothing
		Data    json.RawMessage `json:"data"`
		Details json.RawMessage `json:"details"` // what some calls have instead
	}
	switch err := json.Unmarshal(text, &answer); {
	case err != nil && status >= 300: // it comes from before Dinari Cash's own servers
		return &Error{Status: status, Message: string(text)}
	case err != nil:
		return fmt.Errorf("read the answer: %w", err)
	case answer.Status == "success":
		return json.Unmarshal(answer.Data, data)
	}
	if code, err := strconv.Atoi(string(answer.Code)); err == nil {
		status = code
	}
	var why struct {
		Error   string          `json:"GATEWAY_ERROR"`
		Message string          `json:"GATEWAY_MESSAGE"`
		Before  json.RawMessage `json:"PAYOUT_BALANCE_BEFORE_TRANSACTION"`
		After   json.RawMessage `json:"PAYOUT_BALANCE_AFTER_TRANSACTION"`
	}
	for _, details := range []json.RawMessage{answer.Data, answer.Details} {
		_ = json.Unmarshal(details, &why) // there may be none
	}
	return &Error{status, answer.Message, cmp.Or(why.Error, why.Message), !bytes.Equal(why.Before, why.After)}
}
