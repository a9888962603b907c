package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// A Dollr is a client of the Dollr Open API: payouts to mobile wallets. It is for
// one goroutine.
type Dollr struct {
	BaseURL      string
	ClientID     string
	ClientSecret string

	token   string
	renewAt time.Time
}

// A Party is somebody to deal with.
type Party struct {
	Fullname    string `json:"fullname"`
	Phone       string `json:"phone"` // digits, without +
	CountryCode string `json:"country_code"`
}

// An Operator is whose customer a phone is.
type Operator struct {
	Method   string `json:"payment_method"`
	Provider string `json:"gateway_provider"`
	Country  string `json:"country"`
}

// An Account is where a party is paid.
type Account struct {
	Name        string `json:"account_name"`
	Provider    string `json:"provider"`
	Method      string `json:"method"`
	PartyID     int64  `json:"party_id"`
	CountryCode string `json:"country_code"`
	Number      string `json:"insensitive_account_number"` // the phone
}

// A Cost is what leaves the wallet, and what arrives.
type Cost struct {
	PayerAmount   string `json:"payer_amount"`
	PayerCurrency string `json:"payer_currency"`
	PayeeAmount   string `json:"payee_amount"`
	PayeeCurrency string `json:"payee_currency"`
}

// A Session says what is to be paid. The account is a number here, and a text in
// an Execution.
type Session struct {
	AccountID int64       `json:"payout_account_id"`
	Amount    json.Number `json:"amount"`
	Currency  string      `json:"currency"`
}

// An Execution pays a session.
type Execution struct {
	SessionID   string   `json:"session_id"`
	AccountID   string   `json:"payout_account_id"`
	ReferenceID string   `json:"reference_id"` // a UUID; the same one never pays twice
	Passcode    Passcode `json:"passcode"`
}

// A Passcode is who pays, and from where.
type Passcode struct {
	Token  Token  `json:"token"`
	Device Device `json:"device"`
}

// A Token is the merchant's passcode, and the phone that belongs to it.
type Token struct {
	Phone string `json:"phone"`
	Code  string `json:"code"`
}

// A Device is for the merchant's audit.
type Device struct {
	Name      string `json:"name"`
	Type      string `json:"type"`
	Platform  string `json:"platform"`
	UserAgent string `json:"user_agent"`
	ClientIP  string `json:"client_ip"`
}

// A Status says what became of a payout. Messages are "" where it has none.
type Status struct {
	Status         string `json:"status"` // PENDING, PROCESSING, COMPLETED or FAILED
	GatewayMessage string `json:"gateway_message"`
	WalletMessage  string `json:"wallet_message"`
}

// An Error is what Dollr answered instead of what was asked for.
type Error struct {
	Status     int
	Detail     string
	RetryAfter time.Duration // 0 if it does not say
}

func (e *Error) Error() string { return fmt.Sprintf("%d %s", e.Status, e.Detail) }

// refusal is the status with which Dollr refused: then nothing was done. It is 0 of
// any other error, a 5xx or an answer that was lost: then it may have been done.
func refusal(err error) int {
	var answered *Error
	if errors.As(err, &answered) && answered.Status < 500 {
		return answered.Status
	}
	return 0
}

// CreateParty returns the id of a new party.
func (d *Dollr) CreateParty(ctx context.Context, p Party) (id int64, err error) {
	return d.create(ctx, "/parties/create", p)
}

// CreateCounterparty says what a party is to the merchant.
func (d *Dollr) CreateCounterparty(ctx context.Context, party int64, relationship string) (id int64, err error) {
	return d.create(ctx, "/counterparties/create", map[string]any{"relationship_type": relationship, "party_id": party})
}

// CreatePayoutAccount returns the id of a new account to pay to.
func (d *Dollr) CreatePayoutAccount(ctx context.Context, a Account) (id int64, err error) {
	return d.create(ctx, "/payment-accounts/create?operation_type=PAYOUT", a)
}

// CreatePayoutSession returns the id of a new session.
func (d *Dollr) CreatePayoutSession(ctx context.Context, s Session) (id int64, err error) {
	return d.create(ctx, "/sessions/payout", s)
}

func (d *Dollr) create(ctx context.Context, path string, payload any) (id int64, err error) {
	var made struct {
		ID int64 `json:"id"`
	}
	err = d.call(ctx, http.MethodPost, path, payload, &made, true)
	return made.ID, err
}

// PredictOperator tells whose customer a phone is.
func (d *Dollr) PredictOperator(ctx context.Context, phone string) (o Operator, err error) {
	query := url.Values{"phone": {phone}, "operation_type": {"PAYOUT"}}
	err = d.call(ctx, http.MethodGet, "/predictions/mmo-provider-info?"+query.Encode(), nil, &o, true)
	return o, err
}

// PredictPayout tells what a payout would cost, in one currency.
func (d *Dollr) PredictPayout(ctx context.Context, o Operator, amount, currency string) (c Cost, err error) {
	query := url.Values{
		"operation_type": {"PAYOUT"}, "payment_method": {o.Method}, "provider": {o.Provider}, "fee_bearer": {"PAYER"},
		"base_amount": {amount}, "base_currency": {currency}, "target_currency": {currency},
	}
	err = d.call(ctx, http.MethodGet, "/predictions/amount-and-fees?"+query.Encode(), nil, &c, true)
	return c, err
}

// Payout pays. It is never repeated after an error that leaves open whether it was
// done: see refusal, and ask for PayoutStatus.
func (d *Dollr) Payout(ctx context.Context, x Execution) (now Status, err error) {
	err = d.call(ctx, http.MethodPost, "/executions/payout", x, &now, false)
	return now, err
}

// PayoutStatus tells what became of a payout. An unknown one has no Status.
func (d *Dollr) PayoutStatus(ctx context.Context, referenceID string) (now Status, err error) {
	err = d.call(ctx, http.MethodGet, "/status/payout/"+url.PathEscape(referenceID), nil, &now, true)
	if refusal(err) == http.StatusNotFound {
		return Status{}, nil
	}
	return now, err
}

// call makes a call. What may pass is tried again after 1, 2 and 4 seconds: 429,
// which does nothing, and if the call may be repeated also 5xx and lost answers.
func (d *Dollr) call(ctx context.Context, method, path string, payload, answer any, repeatable bool) error {
	for wait := time.Second; ; wait *= 2 {
		err := d.authorized(ctx, method, path, payload, answer)
		status := refusal(err)
		passes := status == http.StatusTooManyRequests || repeatable && status == 0
		if err == nil || !passes || wait > 4*time.Second {
			return err
		}
		pause := wait
		if answered := (*Error)(nil); errors.As(err, &answered) {
			pause = cmp.Or(answered.RetryAfter, wait)
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return err
		}
	}
}

// authorized is a call with a token. If that is refused, it gets another and tries
// once more.
func (d *Dollr) authorized(ctx context.Context, method, path string, payload, answer any) error {
	if time.Now().After(d.renewAt) {
		if err := d.obtainToken(ctx); err != nil {
			return err
		}
	}
	err := d.once(ctx, method, path, d.token, payload, answer)
	if refusal(err) != http.StatusUnauthorized {
		return err
	}
	if err := d.obtainToken(ctx); err != nil {
		return err
	}
	return d.once(ctx, method, path, d.token, payload, answer)
}

// obtainToken gets a token. It is renewed when less than five minutes are left.
func (d *Dollr) obtainToken(ctx context.Context) error {
	var got struct {
		AccessToken string `json:"access_token"`
		ExpiresIn   int64  `json:"expires_in"` // minutes
	}
	credentials := map[string]string{"client_id": d.ClientID, "client_secret": d.ClientSecret}
	if err := d.once(ctx, http.MethodPost, "/jwt/client/obtain/token", "", credentials, &got); err != nil {
		return err
	}
	d.token = got.AccessToken
	d.renewAt = time.Now().Add(time.Duration(got.ExpiresIn-5) * time.Minute)
	return nil
}

// once makes one request.
func (d *Dollr) once(ctx context.Context, method, path, token string, payload, answer any) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	var body io.Reader
	if payload != nil {
		text, err := json.Marshal(payload)
		if err != nil {
			return err
		}
		body = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, method, d.BaseURL+"/v1"+path, body)
	if err != nil {
		return err
	}
	req.Header.Set("Accept", "application/json")
	if payload != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode == http.StatusOK {
		return json.Unmarshal(text, answer)
	}
	seconds, _ := strconv.Atoi(res.Header.Get("Retry-After"))
	return &Error{res.StatusCode, detail(text), time.Duration(seconds) * time.Second}
}

// detail is what a refusal says: a text, or with 422 a list of places and what is
// wrong there. What comes from before Dollr's own servers may be no JSON.
func detail(body []byte) string {
	var answer struct{ Detail json.RawMessage }
	if json.Unmarshal(body, &answer) != nil {
		return string(body)
	}
	var text string
	if json.Unmarshal(answer.Detail, &text) == nil {
		return text
	}
	var faults []struct {
		Loc []any
		Msg string
	}
	if json.Unmarshal(answer.Detail, &faults) != nil {
		return string(body)
	}
	all := make([]string, len(faults))
	for i, f := range faults {
		for _, part := range f.Loc {
			all[i] += fmt.Sprint(part, ".")
		}
		all[i] = strings.TrimSuffix(all[i], ".") + ": " + f.Msg
	}
	return strings.Join(all, "; ")
}
