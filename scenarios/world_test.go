package scenarios_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/mocks/dinardragon"
	"github.com/mockpay/mockpay/provider"
	"github.com/mockpay/mockpay/scenarios"
	"github.com/mockpay/mockpay/state"
)

// start is when the clocks of these tests begin.
var start = time.Date(2026, 1, 15, 9, 0, 0, 0, time.UTC)

// lang is the language that most tests speak.
var lang = whole

// parse reads a scenario that has no mistakes. "version: 1" need not be written.
func parse(t testing.TB, text string) *scenarios.Scenario {
	t.Helper()
	s, err := lang.Parse([]byte("version: 1\n" + text))
	require.NoError(t, err)
	return s
}

// wrong reads a scenario that has mistakes and returns them.
func wrong(t testing.TB, text string) scenarios.Mistakes {
	t.Helper()
	s, err := safely(func() (*scenarios.Scenario, error) { return lang.Parse([]byte(text)) })
	return mistakes(t, s, err)
}

// mistakes is the error of a scenario that must have some.
func mistakes(t testing.TB, s *scenarios.Scenario, err error) scenarios.Mistakes {
	t.Helper()
	var found scenarios.Mistakes
	require.ErrorAs(t, err, &found)
	require.NotEmpty(t, found)
	require.Nil(t, s, "a file with mistakes is never used")
	return found
}

// safely makes an error of a panic, which would end the tests of all files.
func safely(read func() (*scenarios.Scenario, error)) (s *scenarios.Scenario, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return read()
}

// A caller makes calls that scenarios decide. It remembers how often rules
// acted, as a workspace does.
type caller struct {
	t    testing.TB
	db   *state.DB
	mock *provider.Mock
	age  time.Duration // of the workspace's clock
}

func newCaller(t testing.TB, seed int64) *caller {
	t.Helper()
	docs, err := state.Memory().Open("test")
	require.NoError(t, err)
	db, err := state.Open(docs, state.Options{
		Now:    func() time.Time { return start },
		RunJob: func(*state.Tx, state.Job) error { return nil },
	})
	require.NoError(t, err)
	c := &caller{t: t, db: db, mock: dinardragon.New()}
	c.reset(seed)
	return c
}

// reset forgets all calls, as the reset of a workspace does.
func (c *caller) reset(seed int64) {
	c.t.Helper()
	require.NoError(c.t, c.db.Reset(seed, state.Cause{}, func(*state.Tx) error { return nil }))
}

// tx runs fn in a transaction.
func (c *caller) tx(fn func(*state.Tx)) {
	c.t.Helper()
	require.NoError(c.t, c.db.Update(state.Cause{}, func(tx *state.Tx) error {
		fn(tx)
		return nil
	}))
}

// decide has a scenario decide a request of an operation.
func (c *caller) decide(s *scenarios.Scenario, op string, r *provider.Request) (d scenarios.Decision) {
	c.t.Helper()
	c.tx(func(tx *state.Tx) { d = s.Decide(c.call(tx, op, r), c.age, false) })
	return d
}

// call is a request of an operation at work in a transaction.
func (c *caller) call(tx *state.Tx, op string, r *provider.Request) *provider.Call {
	return &provider.Call{Mock: c.mock, Op: c.mock.Operation(op), Tx: tx, Request: r}
}

// ids has a scenario decide n calls of execute, and names the rules that acted;
// "-" is none.
func (c *caller) ids(s *scenarios.Scenario, n int) string {
	c.t.Helper()
	return c.idsOf(s, n, request(""))
}

func (c *caller) idsOf(s *scenarios.Scenario, n int, r *provider.Request) string {
	c.t.Helper()
	var all []string
	for range n {
		id := "-"
		if d := c.decide(s, "execute", r); d.Rule != nil {
			id = d.Rule.ID()
		}
		all = append(all, id)
	}
	return strings.Join(all, " ")
}

// request is a call of execute with a JSON body; "" is an empty object.
func request(body string) *provider.Request {
	if body == "" {
		body = "{}"
	}
	fields, err := provider.DecodeObject([]byte(body))
	return &provider.Request{
		Method: http.MethodPost, Path: "/execute", Header: make(http.Header),
		Body: []byte(body), Fields: fields, DecodeErr: err,
	}
}
