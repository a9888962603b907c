package journal

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// A reading is a text, or what it says when its escapes are decoded, with the
// places in the text that its bytes come from.
type reading struct {
	text   string
	small  string // in lower case
	places []int  // of each byte and of the end; nil if it is the text itself
}

// at is the place in the text of a byte.
func (r reading) at(i int) int {
	if r.places == nil {
		return i
	}
	return r.places[i]
}

// decodings are the ways in which texts are escaped.
var decodings = []struct {
	marks string // without which there is nothing to decode
	next  func(text string) (plain string, length int)
}{
	{"%+", func(text string) (string, int) {
		if text[0] == '+' {
			return " ", 1
		}
		return percent(text)
	}},
	{"%", percent},
	{`\`, backslash},
}

// readings are a text and what it says decoded in each way, and in two ways one
// after the other.
func readings(text string) []reading {
	all := []reading{{text: text, small: lower(text)}}
	for from, round := 0, 0; round < 2; round++ {
		end := len(all)
		for _, r := range all[from:end] {
			for _, d := range decodings {
				if !strings.ContainsAny(r.text, d.marks) {
					continue
				}
				if next := r.decoded(d.marks, d.next); !slices.ContainsFunc(all, func(r reading) bool { return r.text == next.text }) {
					all = append(all, next)
				}
			}
		}
		from = end
	}
	return all
}

// decoded is a reading of a reading. next decodes what a text begins with, which
// is one of the marks; it returns a length of 0 if that is no escape.
func (r reading) decoded(marks string, next func(string) (string, int)) reading {
	var out strings.Builder
	out.Grow(len(r.text))
	places := make([]int, 0, len(r.text)+1)
	for i := 0; i < len(r.text); {
		length := strings.IndexAny(r.text[i:], marks)
		if length < 0 {
			length = len(r.text) - i
		}
		for j := range length {
			places = append(places, r.at(i+j))
		}
		out.WriteString(r.text[i : i+length])
		if i += length; i == len(r.text) {
			break
		}
		plain, length := next(r.text[i:])
		if length == 0 {
			plain, length = r.text[i:i+1], 1
		}
		for range len(plain) {
			places = append(places, r.at(i))
		}
		out.WriteString(plain)
		i += length
	}
	return reading{out.String(), lower(out.String()), append(places, r.at(len(r.text)))}
}

// percent decodes %2f.
func percent(text string) (string, int) {
	if len(text) < 3 || text[0] != '%' {
		return "", 0
	}
	c, err := strconv.ParseUint(text[1:3], 16, 8)
	if err != nil {
		return "", 0
	}
	return string([]byte{byte(c)}), 3
}

// shortEscapes are those of JSON with one letter.
var shortEscapes = map[byte]string{'"': `"`, '\\': `\`, '/': "/", 'b': "\b", 'f': "\f", 'n': "\n", 'r': "\r", 't': "\t"}

// backslash decodes what JSON escapes: \n, \u00e9, \ud83d\ude00.
func backslash(text string) (string, int) {
	if len(text) < 2 {
		return "", 0
	}
	if plain, ok := shortEscapes[text[1]]; ok {
		return plain, 2
	}
	first, ok := unicode(text)
	if !ok {
		return "", 0
	}
	if second, ok := unicode(text[6:]); ok {
		if both := utf16.DecodeRune(first, second); both != utf8.RuneError {
			return string(both), 12
		}
	}
	return string(first), 6
}

// unicode is the number in \u00e9.
func unicode(text string) (rune, bool) {
	if len(text) < 6 || text[:2] != `\u` {
		return 0, false
	}
	n, err := strconv.ParseUint(text[2:6], 16, 16)
	return rune(n), err == nil
}
