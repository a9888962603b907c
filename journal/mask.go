package journal

import (
	"maps"
	"net/url"
	"strings"
)

// Mask hides a secret but for its last four characters, and wholly when it has
// eight or fewer.
func Mask(secret string) string {
	runes := []rune(secret)
	shown := 0
	if len(runes) > 8 {
		shown = 4
	}
	return strings.Repeat("*", len(runes)-shown) + string(runes[len(runes)-shown:])
}

// shortest is the length from which a secret is looked for inside bodies; a
// shorter one would be found by accident.
const shortest = 5

// masked is a copy of the entry to show.
func (e *Entry) masked() Entry {
	if len(e.Secret) == 0 {
		return *e
	}
	shown := *e
	var pairs []string
	for _, s := range e.Secret {
		if len(s) < shortest {
			continue
		}
		pairs = append(pairs, s, Mask(s))
		if q := url.QueryEscape(s); q != s {
			pairs = append(pairs, q, Mask(s))
		}
	}
	r := strings.NewReplacer(pairs...)
	exact := make(map[string]bool)
	for _, s := range e.Secret {
		exact[s] = true
	}
	shown.Path = r.Replace(e.Path)
	shown.Hint = r.Replace(e.Hint)
	shown.Request = e.Request.masked(r, exact)
	shown.Response = e.Response.masked(r, exact)
	return shown
}

func (m Message) masked(r *strings.Replacer, exact map[string]bool) Message {
	m.Headers = maps.Clone(m.Headers)
	for name, value := range m.Headers {
		m.Headers[name] = maskText(value, r, exact)
	}
	m.Body = r.Replace(m.Body)
	if m.Fields != nil {
		m.Fields = maskValue(m.Fields, r, exact).(map[string]any)
	}
	return m
}

// maskText hides a text that is a secret, alone or after a word like Bearer,
// however short, and secrets inside any other.
func maskText(text string, r *strings.Replacer, exact map[string]bool) string {
	scheme, rest, two := strings.Cut(text, " ")
	switch {
	case exact[text]:
		return Mask(text)
	case two && exact[strings.TrimSpace(rest)]:
		return scheme + " " + Mask(strings.TrimSpace(rest))
	}
	return r.Replace(text)
}

func maskValue(v any, r *strings.Replacer, exact map[string]bool) any {
	switch v := v.(type) {
	case string:
		return maskText(v, r, exact)
	case []any:
		list := make([]any, len(v))
		for i, item := range v {
			list[i] = maskValue(item, r, exact)
		}
		return list
	case map[string]any:
		object := make(map[string]any, len(v))
		for k, item := range v {
			object[k] = maskValue(item, r, exact)
		}
		return object
	}
	return v
}
