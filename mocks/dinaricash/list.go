package dinaricash

import (
	"time"

	"github.com/mockpay/mockpay/provider"
)

// Orders of the list.
const (
	ascending  = "ASCENDING"
	descending = "DESCENDING"
)

// listTransactions answers POST /list-transactions: refused sends and what came
// in are listed too; there are no pages [S2 l.1082-1104].
func listTransactions(k *call) (*provider.Response, error) {
	f := k.listFilter()
	s := k.style("list_transactions")
	rows := []provider.Object{}
	for t := range transactions.Between(k.Tx, "created", f.from, f.to, text(k.Call, "LIST_ORDER") != ascending) {
		if !f.selects(&t) {
			continue
		}
		rows = append(rows, provider.Object{
			{Key: "TRANSACTION_ID", Value: t.ID},
			{Key: "TRANSACTION_DATETIME_CREATED", Value: t.Created.Format(plainDates)},
			{Key: "TRANSACTION_STATUS", Value: t.Status.title()},
			{Key: "TRANSACTION_CURRENCY_ISO3", Value: t.Currency},
			{Key: "TRANSACTION_SEND_AMOUNT", Value: s.money(t.Amount)},
			{Key: "GATEWAY_MESSAGE", Value: t.Message},
		})
	}
	return success("Transaction list fetched successfully.", provider.Object{
		{Key: "GATEWAY_DATETIME", Value: k.now().Format(plainDates)},
		{Key: "CORPORATE_ACCOUNT_ID", Value: k.account()},
		{Key: "CUSTOMER_ID", Value: text(k.Call, "CUSTOMER_ID")},
		{Key: "TRANSACTION_LIST_ARRAY", Value: rows},
	}), nil
}

// A listFilter selects transactions; what is empty selects all.
type listFilter struct {
	from, to string // times of creation, the second not included
	id       string
	customer string
	way      string
}

// listFilter reads the filters. Both bounds are inclusive, to the second that
// answers show.
func (k *call) listFilter() (f listFilter) {
	f.customer = text(k.Call, "CUSTOMER_ID")
	if k.example != nil && k.example.Unfiltered {
		return f
	}
	f.id, f.way = text(k.Call, "TRANSACTION_ID"), text(k.Call, "TRANSACTION_DIRECTION")
	if v := text(k.Call, "DATETIME_START"); v != "" {
		start, _ := time.Parse(listTime, v) // checked before
		f.from = sortable(start)
	}
	if v := text(k.Call, "DATETIME_END"); v != "" {
		end, _ := time.Parse(listTime, v)
		if f.to = sortable(end.Add(time.Second)); f.to < sortable(end) {
			f.to = "" // a second after the year 9999
		}
	}
	return f
}

func (f *listFilter) selects(t *transaction) bool {
	return (f.id == "" || f.id == t.ID) &&
		(f.customer == "" || f.customer == t.Customer) &&
		(f.way == "" || f.way == t.Direction)
}
