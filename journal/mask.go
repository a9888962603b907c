package journal

import (
	"encoding/json"
	"maps"
	"net/url"
	"slices"
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

// shortest is the length in bytes from which a secret is looked for inside
// bodies; a shorter one would be found by accident.
const shortest = 5

// longest is the length up to which a secret is given to a Replacer, which needs
// the square of it in time.
const longest = 1 << 10

// A Masker hides secrets wherever they stand, also as URLs and JSON write them.
// Those shorter than five bytes it finds only where they stand alone.
type Masker struct {
	secrets []string // longest first: one may be the beginning of another
	inside  *strings.Replacer
	long    []string // secrets that a Replacer would take too long to learn
	exact   map[string]bool
}

// NewMasker returns a Masker of some secrets.
func NewMasker(secrets []string) *Masker {
	m := &Masker{secrets: slices.Clone(secrets), exact: make(map[string]bool)}
	slices.SortFunc(m.secrets, func(a, b string) int { return len(b) - len(a) })
	var pairs []string
	for _, s := range m.secrets {
		m.exact[s] = true
		switch {
		case len(s) < shortest:
			continue
		case len(s) > longest:
			m.long = append(m.long, s)
			continue
		}
		for _, form := range forms(s) {
			pairs = append(pairs, form, Mask(s))
		}
	}
	m.inside = strings.NewReplacer(pairs...)
	return m
}

// forms are the ways to write a secret.
func forms(secret string) []string {
	all := []string{secret, url.QueryEscape(secret), url.PathEscape(secret)}
	if quoted, err := json.Marshal(secret); err == nil {
		all = append(all, string(quoted[1:len(quoted)-1]))
	}
	slices.Sort(all[1:])
	return slices.Compact(all)
}

// Text hides the secrets inside a text.
func (m *Masker) Text(text string) string {
	for _, s := range m.long {
		for _, form := range forms(s) {
			text = strings.ReplaceAll(text, form, Mask(s))
		}
	}
	return m.inside.Replace(text)
}

// Message is a copy of a message without secrets.
func (m *Masker) Message(from Message) Message {
	from.Headers = maps.Clone(from.Headers)
	for name, value := range from.Headers {
		from.Headers[name] = m.word(value)
	}
	if from.BodySize > len(from.Body) {
		from.Body = m.end(from.Body)
	}
	from.Body = m.Text(from.Body)
	if from.Fields != nil {
		from.Fields = m.value(from.Fields).(map[string]any)
	}
	return from
}

// end hides the beginning of a secret at the end of a body that was cut there.
func (m *Masker) end(body string) string {
	for _, s := range m.secrets {
		for n := min(len(s), len(body)); n >= shortest; n-- {
			if strings.HasSuffix(body, s[:n]) {
				return body[:len(body)-n] + strings.Repeat("*", n)
			}
		}
	}
	return body
}

// Masked is a copy of the entry to show.
func (e *Entry) Masked() Entry {
	if len(e.Secret) == 0 {
		return *e
	}
	shown, m := *e, NewMasker(e.Secret)
	shown.Path, shown.Hint = m.Text(e.Path), m.Text(e.Hint)
	shown.Request, shown.Response = m.Message(e.Request), m.Message(e.Response)
	return shown
}

// word hides a text that is a secret, alone or after a word like Bearer,
// however short, and secrets inside any other.
func (m *Masker) word(text string) string {
	scheme, rest, two := strings.Cut(text, " ")
	switch {
	case m.exact[text]:
		return Mask(text)
	case two && m.exact[strings.TrimSpace(rest)]:
		return scheme + " " + Mask(strings.TrimSpace(rest))
	}
	return m.Text(text)
}

func (m *Masker) value(v any) any {
	switch v := v.(type) {
	case string:
		return m.word(v)
	case json.Number:
		if hidden := m.word(v.String()); hidden != v.String() {
			return hidden
		}
	case []any:
		list := make([]any, len(v))
		for i, item := range v {
			list[i] = m.value(item)
		}
		return list
	case map[string]any:
		object := make(map[string]any, len(v))
		for k, item := range v {
			object[k] = m.value(item)
		}
		return object
	}
	return v
}
