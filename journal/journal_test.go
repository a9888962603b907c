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

// What was dropped is counted by kind, and forgotten with all else.
func TestWhole(t *testing.T) {
	j := journal.New(2, journal.DefaultBody)
	for n := 1; n <= 5; n++ {
		e := entry(n)
		e.Operation, e.Status, e.Outcome, e.Foreign, e.Secret = "shop.pay", 200+n%2, "", n == 2, []string{"req-5"}
		e.Hint = "req-5"
		j.Add(e)
		entries, _ := j.Whole()
		assert.Equal(t, e, entries[len(entries)-1], "the newest is the last")
	}
	entries, dropped := j.Whole()
	assert.Equal(t, "4 5", ids([]journal.Entry{*entries[0], *entries[1]}))
	assert.Equal(t, map[journal.Kind]int{
		{Operation: "shop.pay", Status: 201}: 2, {Operation: "shop.pay", Status: 200, Foreign: true}: 1,
	}, dropped)
	assert.Equal(t, "req-5", entries[0].Hint)
	assert.NotEqual(t, "req-5", entries[0].Masked().Hint)

	j.Clear()
	entries, dropped = j.Whole()
	assert.Empty(t, entries)
	assert.Empty(t, dropped)
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

func TestMaskerText(t *testing.T) {
	const key, other = "dd-default-private-key", "other-secret"
	for name, c := range map[string]struct {
		secrets    []string
		text, want string
	}{
		"Alone":        {[]string{key}, key, "******************-key"},
		"Inside":       {[]string{key}, `{"key":"dd-default-private-key"}`, `{"key":"******************-key"}`},
		"EachTime":     {[]string{key}, key + "," + key, "******************-key,******************-key"},
		"EachSecret":   {[]string{key, other}, other + " and " + key, "********cret and ******************-key"},
		"SameTwice":    {[]string{other, other}, other, "********cret"},
		"InAForm":      {[]string{"a secret+key 42"}, "key=a+secret%2Bkey+42&n=1", "key=***********y 42&n=1"},
		"OfFive":       {[]string{"12345"}, "a12345b", "a*****b"},
		"OfEight":      {[]string{"12345678"}, "a12345678b", "a********b"},
		"OfFour":       {[]string{"1234"}, "a1234b 1234", "a1234b 1234"},
		"OtherCase":    {[]string{key}, strings.ToUpper(key), "******************-key"},
		"PartOfIt":     {[]string{key}, key[:len(key)-1], key[:len(key)-1]},
		"NotThere":     {[]string{key}, "nothing to hide", "nothing to hide"},
		"NoText":       {[]string{key}, "", ""},
		"NoSecrets":    {nil, key, key},
		"EmptySecret":  {[]string{""}, "nothing to hide", "nothing to hide"},
		"EmptyAndReal": {[]string{"", key}, "x" + key, "x******************-key"},
		"NotASCII":     {[]string{"schlüssel"}, "ein schlüssel!", "ein *****ssel!"},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, c.want, journal.NewMasker(c.secrets).Text(c.text))
		})
	}
}

func TestMaskerMessage(t *testing.T) {
	const key, short = "dd-default-private-key", "123"
	const hidden = "******************-key"
	m := journal.NewMasker([]string{key, short})
	headers := func(value string) journal.Message { return journal.Message{Headers: map[string]string{"X": value}} }
	fields := func(value any) journal.Message { return journal.Message{Fields: map[string]any{"x": value}} }
	for name, c := range map[string]struct{ from, want journal.Message }{
		"Header":            {headers(key), headers(hidden)},
		"HeaderScheme":      {headers("Bearer " + key), headers("Bearer " + hidden)},
		"HeaderInside":      {headers("a=1; key=" + key), headers("a=1; key=" + hidden)},
		"HeaderShort":       {headers(short), headers("***")},
		"HeaderShortScheme": {headers("Pin " + short), headers("Pin ***")},
		"HeaderShortInside": {headers("a" + short), headers("a" + short)},
		"HeaderShortThird":  {headers("my pin " + short), headers("my pin " + short)},
		"Body":              {journal.Message{Body: key + "!", BodySize: 23}, journal.Message{Body: hidden + "!", BodySize: 23}},
		"BodyShort":         {journal.Message{Body: `{"n":123}`, BodySize: 9}, journal.Message{Body: `{"n":123}`, BodySize: 9}},
		"Field":             {fields(key), fields(hidden)},
		"FieldShort":        {fields(short), fields("***")},
		"FieldInside":       {fields("see " + key + "."), fields("see " + hidden + ".")},
		"FieldDeep":         {fields([]any{map[string]any{"y": []any{key, 5.0}}}), fields([]any{map[string]any{"y": []any{hidden, 5.0}}})},
		"FieldNotText":      {fields(123), fields(123)},
		"FieldNull":         {fields(nil), fields(nil)},
		"Plain":             {journal.Message{Body: "fine", BodySize: 4}, journal.Message{Body: "fine", BodySize: 4}},
		"Empty":             {journal.Message{}, journal.Message{}},
	} {
		t.Run(name, func(t *testing.T) {
			before := fmt.Sprintf("%#v", c.from)
			assert.Equal(t, c.want, m.Message(c.from))
			assert.Equal(t, before, fmt.Sprintf("%#v", c.from), "what it was made from stays")
		})
	}
	t.Run("Copy", func(t *testing.T) {
		from := journal.Message{
			Headers: map[string]string{"X": key},
			Fields:  map[string]any{"x": "fine", "list": []any{"fine"}, "deep": map[string]any{"y": key}},
		}
		shown := m.Message(from)
		shown.Headers["X"] = "changed"
		shown.Fields["x"] = "changed"
		shown.Fields["list"].([]any)[0] = "changed"
		shown.Fields["deep"].(map[string]any)["y"] = "changed"
		assert.Equal(t, journal.Message{
			Headers: map[string]string{"X": key},
			Fields:  map[string]any{"x": "fine", "list": []any{"fine"}, "deep": map[string]any{"y": key}},
		}, from)
	})
	t.Run("NoSecrets", func(t *testing.T) {
		from := journal.Message{Headers: map[string]string{"X": key}, Body: key, BodySize: 22, Fields: map[string]any{"x": short}}
		assert.Equal(t, from, journal.NewMasker(nil).Message(from))
	})
}

func TestNewMessage(t *testing.T) {
	fields := map[string]any{"a": "b"}
	none := map[string]string{}
	for name, c := range map[string]struct {
		header http.Header
		body   string
		fields map[string]any
		limit  int
		want   journal.Message
	}{
		"OK": {
			http.Header{"X-One": {"1"}, "Accept": {"text/html", "*/*"}, "X-Empty": {""}}, "abc", fields, 10,
			journal.Message{Headers: map[string]string{"X-One": "1", "Accept": "text/html, */*", "X-Empty": ""}, Body: "abc", BodySize: 3, Fields: fields},
		},
		"AtTheLimit":    {nil, "abc", fields, 3, journal.Message{Headers: none, Body: "abc", BodySize: 3, Fields: fields}},
		"BeyondIt":      {nil, "abcd", fields, 3, journal.Message{Headers: none, Body: "abc", BodySize: 4}},
		"NoLimitNoBody": {nil, "", fields, 0, journal.Message{Headers: none, Fields: fields}},
		"NothingKept":   {nil, "abc", fields, 0, journal.Message{Headers: none, BodySize: 3}},
		"Bytes":         {nil, "äöü", nil, 4, journal.Message{Headers: none, Body: "äö", BodySize: 6}},
		"Empty":         {nil, "", nil, 10, journal.Message{Headers: none}},
	} {
		t.Run(name, func(t *testing.T) {
			body := []byte(c.body)
			got := journal.NewMessage(c.header, body, c.fields, c.limit)
			assert.Equal(t, c.want, got)
			assert.Equal(t, got, journal.New(1, c.limit).Message(c.header, body, c.fields), "a journal's own has its limit")
			clear(body)
			assert.Equal(t, c.want, got, "the body is the caller's to change")
		})
	}
}
