package main

import (
	"encoding/hex"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"
)

// Wrapped is what Dinari Cash puts around every answer.
type wrapped struct {
	Status  string `json:"status"`
	Message string `json:"message"`
	Data    any    `json:"data"`
}

type fees struct {
	Fixed      any     `json:"SEND_FEE_FIXED_AMOUNT"`
	Shown      minimal `json:"SEND_FEE_PERCENTAGE"`
	Percentage any     `json:"SEND_FEE_PERCENTAGE_AMOUNT"`
	Total      any     `json:"SEND_FEE_TOTAL_AMOUNT"`
}

type balances struct {
	PayoutBefore  any `json:"PAYOUT_BALANCE_BEFORE_TRANSACTION"`
	PayoutAfter   any `json:"PAYOUT_BALANCE_AFTER_TRANSACTION"`
	FloatBefore   any `json:"FLOAT_BALANCE_BEFORE_TRANSACTION"`
	FloatAfter    any `json:"FLOAT_BALANCE_AFTER_TRANSACTION"`
	ReserveBefore any `json:"RESERVE_BALANCE_BEFORE_TRANSACTION"`
	ReserveAfter  any `json:"RESERVE_BALANCE_AFTER_TRANSACTION"`
}

type sent struct {
	ID       string `json:"TRANSACTION_ID"`
	Created  string `json:"TRANSACTION_DATETIME_CREATED"`
	Currency string `json:"TRANSACTION_CURRENCY_ISO3"`
	Amount   any    `json:"TRANSACTION_SEND_AMOUNT"`
	Status   string `json:"TRANSACTION_STATUS"`
	Gateway  string `json:"GATEWAY_MESSAGE"`
	ACH      string `json:"TANSACTION_SEND_METHOD,omitempty"` // as documented
	SWIFT    string `json:"TRANSACTION_SEND_METHOD,omitempty"`
	fees
	balances
	Account string `json:"CORPORATE_ACCOUNT_ID"`
}

// parse reads either kind of form.
func parse(r *http.Request) error {
	err := r.ParseMultipartForm(1 << 20)
	if errors.Is(err, http.ErrNotMultipart) {
		return nil // ParseForm was part of it
	}
	return err
}

func id() string {
	u := uuid.New()
	return hex.EncodeToString(u[:])
}

func ach(w http.ResponseWriter, r *http.Request) {
	if err := parse(r); err != nil {
		refuse(w, err)
		return
	}
	amount, err := decimal.NewFromString(r.FormValue("SEND_AMOUNT"))
	if err != nil {
		refuse(w, err)
		return
	}
	percentage := amount.Mul(quarter).Round(2)
	total := fixed.Add(percentage)
	after := opening.Sub(amount).Sub(total)
	answer(w, http.StatusOK, wrapped{"success", "Transaction processed successfully.", sent{
		ID: id(), Created: time.Now().UTC().Format("2006-01-02T15:04:05Z"), Currency: "USD", Amount: cents{amount},
		Status: "Completed", Gateway: "Transaction processed successfully", ACH: "Bank Transfer",
		fees:     fees{cents{fixed}, minimal{number("2.5")}, cents{percentage}, cents{total}},
		balances: balances{cents{opening}, cents{after}, cents{opening}, cents{after}, cents{opening}, cents{opening.Sub(fixed).Sub(fixed)}},
		Account:  r.FormValue("PUBLIC_KEY"),
	}})
}

func swift(w http.ResponseWriter, r *http.Request) {
	if err := parse(r); err != nil {
		refuse(w, err)
		return
	}
	amount, err := decimal.NewFromString(r.FormValue("SEND_AMOUNT"))
	if err != nil {
		refuse(w, err)
		return
	}
	percentage := amount.Mul(percent).Round(2)
	total := fixed.Add(percentage)
	answer(w, http.StatusOK, wrapped{"success", "Transaction has been initiated successfully.", sent{
		ID: id(), Created: time.Now().UTC().Format(time.DateTime), Currency: "USD", Amount: minimal{amount},
		Status: "INITIATED", Gateway: "Success! The transaction has been initiated.", SWIFT: "SWIFT",
		fees:     fees{minimal{fixed}, minimal{number("0.03")}, minimal{percentage}, minimal{total}},
		balances: balances{minimal{opening}, minimal{opening.Sub(amount).Sub(total)}, minimal{opening}, minimal{opening.Sub(flat)}, minimal{opening}, minimal{opening}},
		Account:  r.FormValue("CORPORATE_ACCOUNT_ID"),
	}})
}

// A listed transaction.
type listed struct {
	ID       string `json:"TRANSACTION_ID"`
	Created  string `json:"TRANSACTION_DATETIME_CREATED"`
	Status   string `json:"TRANSACTION_STATUS"`
	Currency string `json:"TRANSACTION_CURRENCY_ISO3"`
	Amount   cents  `json:"TRANSACTION_SEND_AMOUNT"`
	Gateway  string `json:"GATEWAY_MESSAGE"`

	at time.Time
}

// Transactions come in groups of so many at one time, a minute after each other.
const group = 100

// history is transactions in the order of time.
func history(n int) []listed {
	began := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	all := make([]listed, n)
	for i := range all {
		at := began.Add(time.Duration(i/group) * time.Minute)
		all[i] = listed{id(), at.Format(time.DateTime), "Completed", "USD", cents{number("123.45")}, "Transaction processed successfully", at}
	}
	return all
}

// list answers with the transactions between two times, newest first.
func list(history func() []listed) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := parse(r); err != nil {
			refuse(w, err)
			return
		}
		const layout = "2006-01-02T15:04:05"
		from, err := time.Parse(layout, r.FormValue("DATETIME_START"))
		to, err2 := time.Parse(layout, r.FormValue("DATETIME_END"))
		if err := errors.Join(err, err2); err != nil {
			refuse(w, err)
			return
		}
		at := func(t listed, bound time.Time) int { return t.at.Compare(bound) }
		all := history()
		first, _ := slices.BinarySearchFunc(all, from, at)
		last, _ := slices.BinarySearchFunc(all, to.Add(time.Second), at)
		rows := slices.Clone(all[first:last])
		slices.Reverse(rows)
		answer(w, http.StatusOK, wrapped{"success", "Transaction list fetched successfully.", struct {
			Now      string   `json:"GATEWAY_DATETIME"`
			Account  string   `json:"CORPORATE_ACCOUNT_ID"`
			Customer string   `json:"CUSTOMER_ID"`
			Rows     []listed `json:"TRANSACTION_LIST_ARRAY"`
		}{time.Now().UTC().Format(time.DateTime), r.FormValue("CORPORATE_ACCOUNT_ID"), "", rows}})
	}
}
