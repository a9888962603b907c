package main

import (
	"encoding/json"
	"net/http"

	"github.com/shopspring/decimal"
)

// Cents are written with two decimals, Minimal with as few as there are.
type (
	cents   struct{ decimal.Decimal }
	minimal struct{ decimal.Decimal }
)

// MarshalJSON writes 5.00.
func (c cents) MarshalJSON() ([]byte, error) { return []byte(c.StringFixed(2)), nil }

// MarshalJSON writes 4.875.
func (m minimal) MarshalJSON() ([]byte, error) { return []byte(m.String()), nil }

func number(text string) decimal.Decimal { return decimal.RequireFromString(text) }

// The balances and fees that the answers are computed from.
var (
	opening = number("1000000000000")
	fixed   = number("5")
	quarter = number("0.025")
	percent = number("0.01")
	flat    = number("1.50")
)

// answer writes a value as compact JSON.
func answer(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// refuse answers what could not be read.
func refuse(w http.ResponseWriter, err error) { http.Error(w, err.Error(), http.StatusBadRequest) }
