package dinaricash_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// book is a list of transactions of two customers, two directions and two
// seconds.
const book = `{transactions: [
	{id: a, amount: "1", created: 2025-01-07T10:20:00Z, customer: one},
	{id: b, amount: "2", created: 2025-01-07T10:20:00.500Z, customer: two, method: ZELLE, status: FAILED, message: No},
	{id: c, amount: "3", created: 2025-01-07T10:20:00.999Z, customer: one, direction: INCOMING},
	{id: d, amount: "4", created: 2025-01-07T10:20:01Z, customer: two, currency: EUR},
	{id: e, amount: "5", created: 2025-01-07T10:20:00Z, direction: INCOMING},
	{id: f, amount: "6", created: 2020-01-01T00:00:00Z, method: SWIFT, status: DECLINED},
]}`

func (s *shop) ids(filters ...string) []string {
	s.t.Helper()
	ids := []string{}
	for _, r := range s.list(filters...) {
		ids = append(ids, r.ID)
	}
	return ids
}

// Filters select alone and together; bounds are inclusive, to the second that
// the list shows.
func TestListFilters(t *testing.T) {
	t.Parallel()
	s := open(t, book)
	tests := []struct {
		name    string
		filters []string
		want    string
	}{
		{"All", nil, "dcbeaf"},
		{"EmptyFilters", []string{"CUSTOMER_ID", "", "TRANSACTION_ID", "", "TRANSACTION_DIRECTION", "", "LIST_ORDER", "", "DATETIME_START", "", "DATETIME_END", ""}, "dcbeaf"},
		{"Descending", []string{"LIST_ORDER", "DESCENDING"}, "dcbeaf"},
		{"Ascending", []string{"LIST_ORDER", "ASCENDING"}, "faebcd"},
		{"Outgoing", []string{"TRANSACTION_DIRECTION", "OUTGOING"}, "dbaf"},
		{"Incoming", []string{"TRANSACTION_DIRECTION", "INCOMING"}, "ce"},
		{"Customer", []string{"CUSTOMER_ID", "one"}, "ca"},
		{"OtherCustomer", []string{"CUSTOMER_ID", "two"}, "db"},
		{"UnknownCustomer", []string{"CUSTOMER_ID", "ONE"}, ""},
		{"ID", []string{"TRANSACTION_ID", "c"}, "c"},
		{"UnknownID", []string{"TRANSACTION_ID", "z"}, ""},
		{"StartOfTheSecond", []string{"DATETIME_START", "2025-01-07T10:20:00"}, "dcbea"},
		{"StartLater", []string{"DATETIME_START", "2025-01-07T10:20:01"}, "d"},
		{"StartTooLate", []string{"DATETIME_START", "2025-01-07T10:20:02"}, ""},
		{"EndOfTheSecond", []string{"DATETIME_END", "2025-01-07T10:20:00"}, "cbeaf"},
		{"EndBefore", []string{"DATETIME_END", "2025-01-07T10:19:59"}, "f"},
		{"EndAtTheFirst", []string{"DATETIME_END", "2020-01-01T00:00:00"}, "f"},
		{"EndTooEarly", []string{"DATETIME_END", "2019-12-31T23:59:59"}, ""},
		{"OneSecond", []string{"DATETIME_START", "2025-01-07T10:20:00", "DATETIME_END", "2025-01-07T10:20:00"}, "cbea"},
		{"EndBeforeStart", []string{"DATETIME_START", "2025-01-07T10:20:01", "DATETIME_END", "2025-01-07T10:20:00"}, ""},
		{"Future", []string{"DATETIME_END", "2999-01-01T00:00:00"}, "dcbeaf"},
		{"OneSecondAscending", []string{"DATETIME_START", "2025-01-07T10:20:00", "DATETIME_END", "2025-01-07T10:20:00", "LIST_ORDER", "ASCENDING"}, "aebc"},
		{"CustomerIncoming", []string{"CUSTOMER_ID", "one", "TRANSACTION_DIRECTION", "INCOMING"}, "c"},
		{"CustomerAndID", []string{"CUSTOMER_ID", "one", "TRANSACTION_ID", "b"}, ""},
		{"IDOutOfTime", []string{"TRANSACTION_ID", "f", "DATETIME_START", "2020-01-01T00:00:01"}, ""},
		{"IDOfTheOtherDirection", []string{"TRANSACTION_ID", "c", "TRANSACTION_DIRECTION", "OUTGOING"}, ""},
		{"AllFilters", []string{"CUSTOMER_ID", "two", "TRANSACTION_ID", "b", "TRANSACTION_DIRECTION", "OUTGOING", "LIST_ORDER", "ASCENDING", "DATETIME_START", "2025-01-07T10:20:00", "DATETIME_END", "2025-01-07T10:20:00"}, "b"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := ""
			for _, id := range s.in(t).ids(tt.filters...) {
				got += id
			}
			assert.Equal(t, tt.want, got)
		})
	}
}

// A far end means for ever.
func TestListUntilTheEndOfTime(t *testing.T) {
	t.Parallel()
	s := open(t, book)
	assert.Len(t, s.list("DATETIME_END", "9999-12-31T23:59:59"), 6)
}

// The form of the bounds is exact [S2 l.1019-1020].
func TestListBoundsAreExact(t *testing.T) {
	t.Parallel()
	s := open(t, "")
	for _, v := range []string{"2020-01-01T00:00:00.5", "2020-01-01T00:00:00,5", "2020-01-01T0:00:00", "2020-01-01T5:00:00.999999999"} {
		for _, name := range []string{"DATETIME_START", "DATETIME_END"} {
			a := s.call("list_transactions", s.form("list_transactions").with(name, v))
			assert.Equal(t, 400, a.status, v)
			assert.Contains(t, a.body, `"Invalid `+name+`"`)
		}
	}
}

// Rows look the same wherever they come from.
func TestListedRows(t *testing.T) {
	t.Parallel()
	s := open(t, book)
	a := s.accepted("list_transactions", s.form("list_transactions").with("CUSTOMER_ID", "two", "LIST_ORDER", "ASCENDING"))
	assert.Equal(t, `{"status":"success","message":"Transaction list fetched successfully.","data":{"GATEWAY_DATETIME":"2025-01-08 12:34:56","CORPORATE_ACCOUNT_ID":"<account>","CUSTOMER_ID":"two","TRANSACTION_LIST_ARRAY":[`+
		`{"TRANSACTION_ID":"b","TRANSACTION_DATETIME_CREATED":"2025-01-07 10:20:00","TRANSACTION_STATUS":"Failed","TRANSACTION_CURRENCY_ISO3":"USD","TRANSACTION_SEND_AMOUNT":2.00,"GATEWAY_MESSAGE":"No"},`+
		`{"TRANSACTION_ID":"d","TRANSACTION_DATETIME_CREATED":"2025-01-07 10:20:01","TRANSACTION_STATUS":"Completed","TRANSACTION_CURRENCY_ISO3":"EUR","TRANSACTION_SEND_AMOUNT":4.00,"GATEWAY_MESSAGE":""}]}}`, s.masked(a))
	s.has("50111.1", "1022.25", "100000")
	s.sound()
}

// Every state has its word in title case, and the list follows.
func TestListedStatuses(t *testing.T) {
	t.Parallel()
	s := open(t, allManual)
	for _, state := range []string{"INITIATED", "COMPLETED", "DECLINED", "FAILED", "CANCELED"} {
		s.inState("ach", state)
	}
	var got []string
	for _, r := range slices.Backward(s.list()) {
		got = append(got, r.Status)
	}
	assert.Equal(t, []string{"Initiated", "Completed", "Declined", "Failed", "Canceled"}, got)
}

// What is made in one instant stands in the order it was made; the time is that
// of the creation, not of the last change.
func TestListOrderOfTies(t *testing.T) {
	t.Parallel()
	s := open(t, "")
	var made []string
	for i := range 12 {
		made = append(made, s.sent(sends[i%4], "1"))
		if i%5 == 4 {
			s.Advance(time.Second)
		}
	}
	s.act("transition", "transaction", made[0], "as", "CANCELED")
	assert.Equal(t, made, s.ids("LIST_ORDER", "ASCENDING"))
	slices.Reverse(made)
	assert.Equal(t, made, s.ids())
	for i, r := range slices.Backward(s.list()) {
		assert.Equal(t, fmt.Sprintf("2025-01-08 12:34:%d", 56+(11-i)/5), r.Created)
	}
}

// All are listed: there are no pages.
func TestListHasNoPages(t *testing.T) {
	t.Parallel()
	s := open(t, `{balances: {payout: "1e6"}}`)
	for range 150 {
		s.sent("zelle", "1")
	}
	assert.Len(t, s.list(), 150)
}

// What comes in credits payout and is listed as INCOMING.
func TestIncomingIsListed(t *testing.T) {
	t.Parallel()
	s := open(t, "")
	out := s.sent("ach", "1")
	s.Advance(time.Second)
	s.act("add_incoming", "amount", "12.5", "customer", "one")
	rows := s.list("TRANSACTION_DIRECTION", "INCOMING")
	require.Len(t, rows, 1)
	assert.Equal(t, []string{"2025-01-08 12:34:57", "Completed", "USD", "12.50", "Incoming transfer received"}, []string{rows[0].Created, rows[0].Status, rows[0].Currency, rows[0].Amount.String(), rows[0].Message})
	assert.Equal(t, []string{rows[0].ID, out}, s.ids())
	assert.Equal(t, []string{out}, s.ids("TRANSACTION_DIRECTION", "OUTGOING"))
	assert.Equal(t, []string{rows[0].ID}, s.ids("CUSTOMER_ID", "one"))
	assert.Empty(t, s.told()[2:], "nobody is told")
	s.sound()
}
