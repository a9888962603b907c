package journal

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
)

// A reading is a text, or what it says when its escapes are decoded, with the
// places in the text that its bytes come from.
type reading struct {
	text   string
	places []int // of each byte and of the end; nil if it is the text itself
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
	all := []reading{{text: text}}
	for from, round := 0, 0; round < 2; round++ {
		end := len(all)
		for _, r := range all[from:end] {
			for _, d := range decodings {
				if !strings.ContainsAny(r.text, d.marks) {
					continue
				}
				if next := r.decoded(d.next); !slices.ContainsFunc(all, func(r reading) bool { return r.text == next.text }) {
					all = append(all, next)
				}
			}
		}
		from = end
	}
	return all
}

// decoded is a reading of a reading. next decodes what a text begins with; it
// returns a length of 0 if that is no escape.
func (r reading) decoded(next func(string) (string, int)) reading {
	var out strings.Builder
	places := make([]int, 0, len(r.text)+1)
	for i := 0; i < len(r.text); {
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
	return reading{out.String(), append(places, r.at(len(r.text)))}
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

// backslash decodes what JSON escapes: \n, \u00e9, \ud83d\ude00.
func backslash(text string) (string, int) {
	if len(text) < 2 || text[0] != '\\' {
		return "", 0
	}
	for _, length := range []int{12, 6, 2} {
		if (length == 2) == (text[1] == 'u') || len(text) < length || length == 12 && text[6:8] != `\u` {
			continue
		}
		var plain string
		if json.Unmarshal([]byte(`"`+text[:length]+`"`), &plain) == nil && (length < 12 || plain > "\uffff") {
			return plain, length
		}
	}
	return "", 0
}
