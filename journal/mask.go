package journal

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"
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

// Secrets are what is secret in all entries of a journal: what the account signs
// in with, wherever that stands, and whatever stands under a name.
type Secrets struct {
	known Masker                // of what is known
	words map[string]bool       // the names, as simple writes them
	parts []string              // of the names, one of which is in a text that has a name
	reach int                   // how far before its part a name may begin, with the character before it
	names func() *regexp.Regexp // a name with its value in a text, the value a group; nil without names
}

// NewSecrets returns the secrets that stand under these names. Names are found in
// any case, and with or without dashes and underscores.
func NewSecrets(names ...string) *Secrets {
	s := &Secrets{words: make(map[string]bool)}
	if len(names) == 0 {
		return s
	}
	all := make([]string, len(names))
	for i, name := range names {
		s.words[simple(name)] = true
		words := strings.FieldsFunc(lower(name), separates)
		s.reach = max(s.reach, len(name)+len(words)+1)
		s.parts = append(s.parts, slices.MaxFunc(words, func(a, b string) int { return len(a) - len(b) }))
		for i, word := range words {
			words[i] = regexp.QuoteMeta(word)
		}
		all[i] = strings.Join(words, `[-_ ]?`)
	}
	slices.Sort(s.parts)
	s.parts = slices.Compact(s.parts)
	s.names = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`(?i)(?:^|[^a-z0-9_-])(?:` + strings.Join(all, "|") + `)` + named)
	})
	return s
}

// separates tells whether a character stands between the words of a name.
func separates(r rune) bool { return r == '-' || r == '_' || r == ' ' }

// simple is a name without case, dashes and underscores.
func simple(name string) string {
	return strings.Map(func(r rune) rune {
		if separates(r) {
			return -1
		}
		return r
	}, lower(name))
}

// With returns these secrets and some that are known.
func (s *Secrets) With(values ...string) *Secrets {
	more := *s
	more.known = more.known.and(values, shortestKnown)
	return &more
}

// named is what may stand between a name and its value, and the value: in JSON,
// forms and headers, in a part of a multipart form, and in XML.
const named = `(?:["'\]]*\s*(?:=>|[:=])\s*|["'][^\r\n]*\r?\n(?:[^\r\n]+\r?\n)*\r?\n|>)` +
	`(?:(?:bearer|basic|token|key)\s+)?(?:"((?:[^"\\]|\\.)+)|'([^'\r\n]+)|([^"'&\s,;<>{}\[\]]+))`

// under tells whether what stands under a name is secret.
func (s *Secrets) under(name string) bool { return len(s.words) > 0 && s.words[simple(name)] }

// shortest is the length in bytes from which a secret is looked for inside
// bodies; a shorter one would be found by accident.
const shortest = 5

// A Masker hides secrets wherever they stand, in either case, and also as URLs and
// JSON write them. Those shorter than five bytes it finds only where they stand
// alone or under their names.
type Masker struct {
	patterns []pattern // longest first: one may be the beginning of another
	exact    map[string]bool
	known    *Secrets
	read     map[string][]reading // of texts that are looked at twice
}

// A pattern is a secret to be found in texts.
type pattern struct {
	text  string // in lower case
	shown string // instead
	word  bool   // only where it is no part of a word or a number
}

// NewMasker returns a Masker of some secrets.
func NewMasker(secrets []string) *Masker { return new(Secrets).Masker(secrets) }

// shortestKnown is the length in bytes from which a secret of the account is
// looked for inside words: a passcode may well be a part of a longer number.
const shortestKnown = 8

// Masker returns a Masker of these secrets and of others.
func (s *Secrets) Masker(others []string) *Masker {
	m := s.known.and(others, shortest)
	m.known = s
	return &m
}

// and is a Masker that hides some secrets more. Those shorter than word it finds
// only where they are no part of a word.
func (m Masker) and(secrets []string, word int) Masker {
	mine := false // else they are those of another Masker
	for _, secret := range secrets {
		small := lower(secret)
		if secret == "" || m.exact[small] && len(secret) >= shortestKnown {
			continue
		}
		if !mine {
			m.patterns, m.exact, mine = slices.Clone(m.patterns), maps.Clone(m.exact), true
		}
		if m.exact == nil {
			m.exact = make(map[string]bool)
		}
		m.exact[small] = true
		if len(secret) < shortest {
			continue
		}
		for _, form := range forms(secret) {
			m.patterns = append(m.patterns, pattern{lower(form), Mask(secret), len(secret) < word})
		}
	}
	if mine {
		slices.SortStableFunc(m.patterns, func(a, b pattern) int { return len(b.text) - len(a.text) })
	}
	return m
}

// forms are the usual ways to write a secret. Most others are found by decoding
// texts, unless what stands before the secret looks like the begin of an escape.
func forms(secret string) []string {
	all := []string{secret, url.QueryEscape(secret), url.PathEscape(secret)}
	if quoted, err := json.Marshal(secret); err == nil {
		all = append(all, string(quoted[1:len(quoted)-1]))
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// lower has no capital ASCII letters, and as many bytes as before.
func lower(text string) string {
	small := []byte(text)
	for i, c := range small {
		if 'A' <= c && c <= 'Z' {
			small[i] = c + 'a' - 'A'
		}
	}
	return string(small)
}

// Text hides the secrets inside a text.
func (m *Masker) Text(text string) string { return m.text(text, false, false) }

// text hides secrets, of a text that was cut also the beginning of one at its end,
// and of what a caller wrote also what stands under secret names.
func (m *Masker) text(text string, cut, sent bool) string {
	if text == "" || len(m.patterns) == 0 && !sent {
		return text
	}
	var found []hidden
	all, ok := m.read[text]
	if !ok {
		all = readings(text)
	}
	for _, r := range all {
		found = m.find(found, r, cut)
		if sent {
			found = append(found, m.known.find(r)...)
		}
	}
	return without(text, found)
}

// hidden is a part of a text that is not shown.
type hidden struct {
	from, to int
	shown    string // instead
}

// find adds what is to be hidden by one reading of a text.
func (m *Masker) find(found []hidden, r reading, cut bool) []hidden {
	small := r.small
	for _, p := range m.patterns {
		for from := 0; ; {
			i := strings.Index(small[from:], p.text)
			if i < 0 {
				break
			}
			at, end := from+i, from+i+len(p.text)
			if !p.word || !joined(small, at) && !joined(small, end) {
				found = append(found, hidden{r.at(at), r.at(end), p.shown})
			}
			from = at + 1
		}
		if n := begun(small, p.text); cut && n > 0 {
			found = append(found, hidden{r.at(len(small) - n), r.at(len(small)), strings.Repeat("*", n)})
		}
	}
	return found
}

// find is what stands under secret names in a reading of a text.
func (s *Secrets) find(r reading) (found []hidden) {
	for _, at := range s.matches(r) {
		for i := 2; i < len(at); i += 2 {
			if at[i] >= 0 {
				found = append(found, hidden{r.at(at[i]), r.at(at[i+1]), Mask(r.text[at[i]:at[i+1]])})
			}
		}
	}
	return found
}

// matches are the places of names with their values. It asks the expression only
// where a part of a name stands, for it is slow.
func (s *Secrets) matches(r reading) (all [][]int) {
	places := make([]int, len(s.parts)) // where each part stands next
	for i := range places {
		places[i] = -1
	}
	for done := 0; ; {
		at := s.nextPart(r.small, done, places)
		if at == len(r.small) {
			return all
		}
		from := max(done, at-s.reach)
		match := s.names().FindStringSubmatchIndex(r.text[from:])
		if match == nil {
			return all
		}
		for i := range match {
			if match[i] >= 0 {
				match[i] += from
			}
		}
		all = append(all, match)
		done = match[1]
	}
}

// nextPart is where the next part of a name stands, from a place on, and the end
// if none does. It keeps where each stands, so as not to look twice.
func (s *Secrets) nextPart(small string, from int, places []int) int {
	next := len(small)
	for i, part := range s.parts {
		if places[i] < from {
			places[i] = len(small)
			if n := strings.Index(small[from:], part); n >= 0 {
				places[i] = from + n
			}
		}
		next = min(next, places[i])
	}
	return next
}

// joined tells whether a place is inside a word or a number.
func joined(text string, at int) bool {
	inWord := func(i int) bool {
		return i >= 0 && i < len(text) && (text[i] >= utf8.RuneSelf || text[i] == '_' ||
			'0' <= text[i] && text[i] <= '9' || 'a' <= text[i] && text[i] <= 'z')
	}
	return inWord(at-1) && inWord(at)
}

// begun is how much of a secret stands at the end of a text.
func begun(text, secret string) int {
	for n := min(len(secret)-1, len(text)); n >= shortest; n-- {
		if strings.HasSuffix(text, secret[:n]) {
			return n
		}
	}
	return 0
}

// without writes a text without what is hidden. Of two that overlap the one that
// begins first, or else the longer one, is shown masked.
func without(text string, found []hidden) string {
	if len(found) == 0 {
		return text
	}
	slices.SortStableFunc(found, func(a, b hidden) int {
		if a.from != b.from {
			return a.from - b.from
		}
		return b.to - a.to
	})
	var out strings.Builder
	done := 0
	for _, h := range found {
		switch {
		case h.from >= done:
			out.WriteString(text[done:h.from])
			out.WriteString(h.shown)
			done = h.to
		case h.to > done:
			out.WriteString(strings.Repeat("*", utf8.RuneCountInString(text[done:h.to])))
			done = h.to
		}
	}
	out.WriteString(text[done:])
	return out.String()
}

// Message is a copy of a message without secrets.
func (m *Masker) Message(from Message) Message { return m.message(from, false) }

func (m *Masker) message(from Message, sent bool) Message {
	if from.Headers != nil {
		headers := make(map[string]string, len(from.Headers))
		for name, value := range from.Headers {
			headers[m.Text(name)] = m.under(name, m.word(value))
		}
		from.Headers = headers
	}
	from.Body = m.text(from.Body, from.BodySize > len(from.Body), sent)
	if from.Fields != nil {
		from.Fields = m.value(from.Fields).(map[string]any)
	}
	return from
}

// under is a text that stands under a name.
func (m *Masker) under(name, text string) string {
	if !m.known.under(name) {
		return text
	}
	scheme, rest, two := strings.Cut(text, " ")
	if two {
		return scheme + " " + hide(strings.TrimSpace(rest))
	}
	return hide(text)
}

// hide masks what is not masked already.
func hide(text string) string {
	if strings.HasPrefix(text, "*") {
		return text
	}
	return Mask(text)
}

// word hides a text that is a secret, alone or after a word like Bearer, however
// short, and secrets inside any other, also if it is Basic.
func (m *Masker) word(text string) string {
	scheme, rest, two := strings.Cut(text, " ")
	rest = strings.TrimSpace(rest)
	switch {
	case m.exact[lower(text)]:
		return Mask(text)
	case two && m.exact[lower(rest)]:
		return scheme + " " + Mask(rest)
	case two && strings.EqualFold(scheme, "Basic"):
		plain, err := base64.StdEncoding.DecodeString(rest)
		if err == nil && m.Text(string(plain)) != string(plain) {
			return scheme + " " + Mask(rest)
		}
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
			object[m.Text(k)] = m.named(k, m.value(item))
		}
		return object
	}
	return v
}

// named is a value that stands under a name.
func (m *Masker) named(name string, v any) any {
	switch v := v.(type) {
	case string:
		return m.under(name, v)
	case json.Number:
		if m.known.under(name) {
			return Mask(v.String())
		}
	}
	return v
}

// Masked is a copy of the entry to show.
func (e *Entry) Masked() Entry {
	known := new(Secrets)
	if e.Known != nil {
		known = e.Known()
	}
	if len(e.Secret) == 0 && len(known.known.exact) == 0 && known.names == nil {
		return *e
	}
	read := map[string][]reading{e.Path: readings(e.Path), e.Request.Body: readings(e.Request.Body)}
	shown, m := *e, known.Masker(append(known.sent(e, read), e.Secret...))
	m.read = read
	shown.Method, shown.Path, shown.Hint = m.Text(e.Method), m.text(e.Path, false, true), m.Text(e.Hint)
	shown.Request, shown.Response = m.message(e.Request, true), m.Message(e.Response)
	return shown
}

// sent are the values that an entry's request has under secret names: they may
// stand in its answer and its hint too. read are its texts.
func (s *Secrets) sent(e *Entry, read map[string][]reading) (values []string) {
	if s.names == nil {
		return nil
	}
	for name, value := range e.Request.Headers {
		if s.under(name) {
			values = append(values, value[strings.IndexByte(value, ' ')+1:])
		}
	}
	for _, texts := range read {
		for _, r := range texts {
			values = append(values, s.namedIn(r)...)
		}
	}
	return values
}

// namedIn are the values in a text that stand under secret names, as they stand
// and decoded.
func (s *Secrets) namedIn(r reading) (values []string) {
	for _, at := range s.matches(r) {
		for i := 2; i < len(at); i += 2 {
			if at[i] < 0 || at[i+1]-at[i] < shortest {
				continue
			}
			value := r.text[at[i]:at[i+1]]
			if plain, err := url.QueryUnescape(value); err == nil {
				values = append(values, value, plain)
			}
		}
	}
	return values
}
