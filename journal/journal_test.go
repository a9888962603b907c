package journal_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/journal"
)

var start = time.Date(2026, 1, 15, 9, 0, 0, 0, time.UTC)

func entry(n int) *journal.Entry {
	return &journal.Entry{
		ID: fmt.Sprintf("req-%d", n), At: start.Add(time.Duration(n) * time.Second), Provider: "p", Operation: "p.op",
		Status: 200 + n%2*200, Matched: n%3 != 0,
	}
}

func ids(entries []journal.Entry) string {
	var all []string
	for _, e := range entries {
		all = append(all, strings.TrimPrefix(e.ID, "req-"))
	}
	return strings.Join(all, " ")
}

func TestListNewestFirst(t *testing.T) {
	j := journal.New(5, journal.DefaultBody)
	for n := 1; n <= 12; n++ {
		j.Add(entry(n))
		entries, dropped := j.List(journal.Filter{})
		assert.Equal(t, fmt.Sprintf("req-%d", n), entries[0].ID)
		assert.Len(t, entries, min(n, 5))
		assert.EqualValues(t, max(n-5, 0), dropped)
	}
	entries, _ := j.List(journal.Filter{})
	assert.Equal(t, "12 11 10 9 8", ids(entries))

	j.Clear()
	entries, dropped := j.List(journal.Filter{})
	assert.Empty(t, entries)
	assert.Zero(t, dropped)
	j.Add(entry(13))
	entries, _ = j.List(journal.Filter{})
	assert.Equal(t, "13", ids(entries))
}

func TestNoRoomCountsAll(t *testing.T) {
	j := journal.New(0, journal.DefaultBody)
	j.Add(entry(1))
	entries, dropped := j.List(journal.Filter{})
	assert.Empty(t, entries)
	assert.EqualValues(t, 1, dropped)
}

func TestFilter(t *testing.T) {
	j := journal.New(10, journal.DefaultBody)
	for n := 1; n <= 9; n++ {
		j.Add(entry(n))
	}
	yes, no := true, false
	for name, c := range map[string]struct {
		filter journal.Filter
		want   string
	}{
		"All":              {journal.Filter{}, "9 8 7 6 5 4 3 2 1"},
		"Limit":            {journal.Filter{Limit: 2}, "9 8"},
		"Status":           {journal.Filter{Status: 400}, "9 7 5 3 1"},
		"StatusThenLimit":  {journal.Filter{Status: 400, Limit: 2}, "9 7"},
		"Matched":          {journal.Filter{Matched: &yes}, "8 7 5 4 2 1"},
		"Unmatched":        {journal.Filter{Matched: &no}, "9 6 3"},
		"SinceIsInclusive": {journal.Filter{Since: start.Add(7 * time.Second)}, "9 8 7"},
		"OtherProvider":    {journal.Filter{Provider: "q"}, ""},
		"Operation":        {journal.Filter{Operation: "p.op", Limit: 1}, "9"},
		"OtherOperation":   {journal.Filter{Operation: "p.other"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			entries, _ := j.List(c.filter)
			assert.Equal(t, c.want, ids(entries))
		})
	}
}

func TestWait(t *testing.T) {
	t.Run("ReturnsWhenEnoughCame", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			j := journal.New(10, journal.DefaultBody)
			got := make(chan []journal.Entry)
			go func() {
				entries, ok := j.Wait(t.Context(), journal.Filter{Status: 400}, 2)
				assert.True(t, ok)
				got <- entries
			}()
			for n := 1; n <= 3; n++ {
				synctest.Wait()
				select {
				case <-got:
					t.Fatalf("came back after %d entries", n-1)
				default:
				}
				j.Add(entry(n))
			}
			assert.Equal(t, "3 1", ids(<-got))
		})
	})
	t.Run("EndsWithItsContext", func(t *testing.T) {
		j := journal.New(10, journal.DefaultBody)
		j.Add(entry(1))
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		entries, ok := j.Wait(ctx, journal.Filter{}, 2)
		assert.False(t, ok)
		assert.Equal(t, "1", ids(entries))
	})
}

func TestMask(t *testing.T) {
	for secret, want := range map[string]string{
		"":                       "",
		"12345678":               "********",
		"123456789":              "*****6789",
		"dd-default-private-key": "******************-key",
		"schlüssel":              "*****ssel",
	} {
		assert.Equal(t, want, journal.Mask(secret))
	}
}

func TestSecretsAreMaskedEverywhere(t *testing.T) {
	const secret, short = "a secret+key 42", "123"
	j := journal.New(1, journal.DefaultBody)
	header := http.Header{"Authorization": {"Bearer " + secret}, "X-Key": {secret}, "X-Pin": {short}, "X-Other": {"fine 12345"}}
	j.Add(&journal.Entry{
		ID: "req-1", Path: "/p?key=a+secret%2Bkey+42", Hint: "the key " + secret + " is wrong", Secret: []string{secret, short},
		Request: j.Message(header, []byte(`{"key":"a secret+key 42","n":12345}`), map[string]any{
			"key": secret, "pin": short, "list": []any{map[string]any{"deep": secret}}, "n": 12345,
		}),
		Response: j.Message(http.Header{"X-Echo": {secret}}, []byte("you sent "+secret), nil),
	})
	e, ok := j.Get("req-1")
	require.True(t, ok)
	assert.NotContains(t, fmt.Sprintf("%+v", e.Request)+fmt.Sprintf("%+v", e.Response)+e.Path+e.Hint, secret)
	masked := journal.Mask(secret)
	assert.Equal(t, "Bearer "+masked, e.Request.Headers["Authorization"])
	assert.Equal(t, masked, e.Request.Headers["X-Key"])
	assert.Equal(t, "***", e.Request.Headers["X-Pin"])
	assert.Equal(t, "fine 12345", e.Request.Headers["X-Other"], "a short secret is not looked for inside other texts")
	assert.Equal(t, "***", e.Request.Fields["pin"])
	assert.Equal(t, "/p?key="+masked, e.Path)
	assert.Equal(t, "you sent "+masked, e.Response.Body)

	_, ok = j.Get("req-2")
	assert.False(t, ok)
}

func TestBodiesAreCut(t *testing.T) {
	j := journal.New(1, 100)
	body := []byte(strings.Repeat("x", 100+1))
	cut := j.Message(nil, body, map[string]any{"a": "b"})
	assert.Len(t, cut.Body, 100)
	assert.Equal(t, 100+1, cut.BodySize)
	assert.Nil(t, cut.Fields, "decoded fields would be as large as the body")

	whole := j.Message(nil, body[:100], map[string]any{"a": "b"})
	assert.Len(t, whole.Body, 100)
	assert.NotNil(t, whole.Fields)
}
