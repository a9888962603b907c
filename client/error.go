package client

import (
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
)

// maxErrorBody bounds what is read of an answer that is an error.
const maxErrorBody = 1 << 20

// An Error is a refusal by the server, its application/problem+json.
type Error struct {
	Status int       `json:"status"`
	Title  string    `json:"title"`
	Detail string    `json:"detail"`
	Errors []Mistake `json:"errors"` // of a scenario that is not valid
}

// A Mistake is one thing wrong in a scenario, and where.
type Mistake struct {
	Line    int    `json:"line"`
	Column  int    `json:"column"`
	Path    string `json:"path"` // "rules.0.on"
	Message string `json:"message"`
	File    string `json:"file"` // "scenario" where it came as text
}

// String returns the mistake as "line:column: message".
func (m Mistake) String() string {
	return fmt.Sprintf("%d:%d: %s", m.Line, m.Column, m.Message)
}

// Error says in one line why the server refused.
func (e *Error) Error() string {
	var b strings.Builder
	if e.Detail == "" {
		fmt.Fprintf(&b, "the server answered %d %s", e.Status, e.Title)
	} else {
		fmt.Fprintf(&b, "%s (%d %s)", e.Detail, e.Status, e.Title)
	}
	for _, m := range e.Errors {
		fmt.Fprintf(&b, "; %s", m)
	}
	return b.String()
}

// readError makes an Error of an answer. One that is no problem document is
// taken by its text.
func readError(res *http.Response) error {
	text, err := io.ReadAll(io.LimitReader(res.Body, maxErrorBody))
	if err != nil {
		return fmt.Errorf("read the answer %s: %w", res.Status, err)
	}
	e := &Error{}
	media, _, _ := mime.ParseMediaType(res.Header.Get("Content-Type"))
	if media != "application/problem+json" || json.Unmarshal(text, e) != nil {
		e = &Error{Detail: strings.Join(strings.Fields(string(text)), " ")}
	}
	e.Status = res.StatusCode
	if e.Title == "" {
		e.Title = http.StatusText(e.Status)
	}
	return e
}
