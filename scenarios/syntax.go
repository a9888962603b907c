package scenarios

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	yamlv4 "go.yaml.in/yaml/v4"
)

// This file finds where a text is no YAML at all.

// unreadable finds the first character that no YAML text has.
func unreadable(text []byte) (line, column int, problem string) {
	line, column = 1, 1
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRune(text[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			return line, column, "not YAML: the text is not UTF-8"
		case r == '\n':
			line, column = line+1, 0
		case r != '\t' && r != '\r' && r != '\u0085' && unicode.IsControl(r):
			return line, column, fmt.Sprintf("not YAML: a control character, %U", r)
		}
		column++
		i += size
	}
	return 0, 0, ""
}

// secondDocument is the line in which the second document of a text begins.
func secondDocument(text []byte) int {
	begun, ended := false, false
	for i, line := range strings.Split(string(text), "\n") {
		blank := strings.TrimSpace(line) == "" || strings.HasPrefix(line, "#")
		switch {
		case begun && strings.HasPrefix(line, "---"), ended && !blank:
			return i + 1
		case strings.HasPrefix(line, "..."):
			ended = true
		case !blank && !strings.HasPrefix(line, "---"):
			begun = true
		}
	}
	return 1
}

// syntaxError tells where a text stops being YAML. The parser of the nodes does
// not say it exactly, its successor does: the place, or for what is not closed
// the place where it begins.
func syntaxError(text []byte, err error) (line, column int, message string) {
	var n yamlv4.Node
	var located *yamlv4.LoadError
	if !errors.As(yamlv4.Unmarshal(text, &n), &located) {
		return 1, 1, "not " + err.Error() // "yaml: …"
	}
	at, message := located.Mark, "not YAML: "+located.Message
	if strings.Contains(message, "alphabetic or numeric") {
		message += `; a text that begins with * or & needs quotes, as in on: "*"`
	}
	if unclosed(located) {
		if located.ContextMark.Line != at.Line {
			message = fmt.Sprintf("%s, noticed in line %d", message, at.Line)
		}
		at = located.ContextMark
	}
	line, column = lastPlace(text)
	if at.Line > line {
		return line, column, message // what is missing is missed at the end
	}
	return at.Line, at.Column, message
}

// lastPlace is behind the last character of a text that is no space.
func lastPlace(text []byte) (line, column int) {
	text = bytes.TrimRightFunc(text, unicode.IsSpace)
	last := text[bytes.LastIndexByte(text, '\n')+1:]
	return bytes.Count(text, []byte("\n")) + 1, utf8.RuneCount(last) + 1
}

// unclosed tells whether an error is better shown where the thing begins that
// it is about: a bracket, a quote, a key without its colon.
func unclosed(e *yamlv4.LoadError) bool {
	return e.ContextMark.Line > 0 && !strings.Contains(e.ContextMsg, "block") && !strings.Contains(e.Message, "tab character")
}
