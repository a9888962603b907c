package control

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/mockpay/mockpay/clock"
	"github.com/mockpay/mockpay/provider"
	"github.com/mockpay/mockpay/scenarios"
	"github.com/mockpay/mockpay/webhook"
	"github.com/mockpay/mockpay/workspace"
)

// ProblemType is the media type of problems.
const ProblemType = "application/problem+json"

// A Problem is an RFC 9457 problem: an error of the API.
type Problem struct {
	Type   string              `json:"type"`
	Title  string              `json:"title"`
	Status int                 `json:"status"`
	Detail string              `json:"detail"`
	Valid  []string            `json:"valid,omitempty"` // the names there are
	Errors []scenarios.Mistake `json:"errors,omitempty"`
}

func (p *Problem) Error() string { return p.Detail }

// NewProblem returns a problem with the title of its status.
func NewProblem(status int, format string, args ...any) *Problem {
	return &Problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Detail: fmt.Sprintf(format, args...)}
}

// WriteProblem answers with a problem; valid are the names there are, if a
// name was wrong.
func WriteProblem(w http.ResponseWriter, status int, valid []string, format string, args ...any) {
	p := NewProblem(status, format, args...)
	p.Valid = valid
	writeProblem(w, p)
}

func writeProblem(w http.ResponseWriter, p *Problem) {
	w.Header().Set("Content-Type", ProblemType)
	if p.Status == http.StatusRequestEntityTooLarge {
		w.Header().Set("Connection", "close") // the rest of the body is not read
	}
	text := marshal(p)
	w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	w.WriteHeader(p.Status)
	_, _ = w.Write(text) // a client that is gone needs no answer
}

// writeError finds the problem that an error is. What nobody classified is a
// failure of ours.
func (a *api) writeError(w http.ResponseWriter, r *http.Request, err error) {
	p := asProblem(err)
	if p == nil && r.Context().Err() != nil {
		return // nobody is there to be told
	}
	if p == nil {
		a.Log.Error("a control call failed inside mockpay", "method", r.Method, "path", r.URL.Path, "error", err)
		p = NewProblem(http.StatusInternalServerError, "mockpay itself failed, its log says how")
	}
	writeProblem(w, p)
}

// faultStatus is what the faults of actions are in HTTP.
var faultStatus = map[provider.FaultKind]int{
	provider.Unknown:  http.StatusNotFound,
	provider.Conflict: http.StatusConflict,
	provider.Invalid:  http.StatusUnprocessableEntity,
}

func asProblem(err error) *Problem {
	var (
		p        *Problem
		fault    *provider.Fault
		mistakes scenarios.Mistakes
	)
	switch {
	case errors.As(err, &p):
		return p
	case errors.As(err, &fault):
		return NewProblem(faultStatus[fault.Kind], "%s", fault.Message)
	case errors.Is(err, workspace.ErrSnapshot): // also if it is for its scenario
		return NewProblem(http.StatusUnprocessableEntity, "%s", err)
	case errors.As(err, &mistakes):
		p = NewProblem(http.StatusUnprocessableEntity, "mistakes in the scenario: %d; the first, in line %d: %s", len(mistakes), mistakes[0].Line, mistakes[0].Message)
		p.Errors = mistakes
		return p
	case errors.Is(err, webhook.ErrRefused), errors.Is(err, webhook.ErrURL):
		return NewProblem(http.StatusUnprocessableEntity, "%s", err)
	case errors.Is(err, webhook.ErrStopped):
		return NewProblem(http.StatusServiceUnavailable, "%s", err)
	case errors.Is(err, workspace.ErrUnknown):
		return NewProblem(http.StatusNotFound, "%s", err)
	case errors.Is(err, webhook.ErrReset), errors.Is(err, workspace.ErrNoEndpoint):
		return NewProblem(http.StatusConflict, "%s", err)
	case errors.Is(err, workspace.ErrTaken), errors.Is(err, workspace.ErrDefault), errors.Is(err, workspace.ErrFull):
		return NewProblem(http.StatusConflict, "%s", err)
	case errors.Is(err, workspace.ErrID),
		errors.Is(err, clock.ErrBackwards), errors.Is(err, clock.ErrTooFar), errors.Is(err, clock.ErrSpeed), errors.Is(err, clock.ErrFraction):
		return NewProblem(http.StatusUnprocessableEntity, "%s", err)
	}
	return nil
}

// created is a value whose answer has status 201.
type created struct{ value any }

// conflicting is a value whose answer has status 409.
type conflicting struct{ value any }

// nothing is an answer without a body.
type nothing struct{}

// text is an answer that is not JSON.
type text struct{ kind, body string }

// write answers with what a handler returned.
func write(w http.ResponseWriter, v any) {
	switch v := v.(type) {
	case nothing:
		w.WriteHeader(http.StatusNoContent)
	case text:
		w.Header().Set("Content-Type", v.kind)
		_, _ = io.WriteString(w, v.body)
	case created:
		writeStatus(w, http.StatusCreated, v.value)
	case conflicting:
		writeStatus(w, http.StatusConflict, v.value)
	default:
		writeStatus(w, http.StatusOK, v)
	}
}

func writeStatus(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(marshal(v))
}

// marshal writes JSON for people and programs: nothing escaped, and a newline.
func marshal(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(fmt.Sprintf("control: %T cannot be written as JSON: %v", v, err))
	}
	return b.Bytes()
}

// Limits of request bodies, in bytes.
const (
	bodyLimit     = 4 << 20
	snapshotLimit = 256 << 20
)

// readBody returns the body of a request.
func readBody(r *http.Request, limit int64) ([]byte, error) {
	tooLarge := NewProblem(http.StatusRequestEntityTooLarge, "the body is larger than %d bytes", limit)
	if r.ContentLength > limit {
		return nil, tooLarge
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, limit+1))
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil, NewProblem(http.StatusRequestTimeout, "the body did not come whole in time: %d bytes came", len(body))
	case err != nil:
		return nil, NewProblem(http.StatusBadRequest, "the body cannot be read: %s", err)
	case int64(len(body)) > limit:
		return nil, tooLarge
	}
	return body, nil
}

// decode reads a JSON body strictly. An empty one leaves v as it is.
func decode(r *http.Request, v any, limit int64) error {
	body, err := readBody(r, limit)
	if err != nil || len(bytes.TrimSpace(body)) == 0 {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	d.UseNumber()
	if err := d.Decode(v); err != nil {
		return badJSON(err, v)
	}
	if d.More() {
		return NewProblem(http.StatusBadRequest, "the body goes on after its JSON value")
	}
	return nil
}

// badJSON says what is wrong with a body, and how a wrong key is spelled.
func badJSON(err error, v any) error {
	var wrong *json.UnmarshalTypeError
	if name, ok := strings.CutPrefix(err.Error(), `json: unknown field "`); ok {
		return NewProblem(http.StatusUnprocessableEntity, "%s", provider.NoSuch("key", strings.TrimSuffix(name, `"`), jsonKeys(v)))
	}
	if errors.As(err, &wrong) {
		what := "the body"
		if wrong.Field != "" {
			what = strconv.Quote(wrong.Field)
		}
		return NewProblem(http.StatusUnprocessableEntity, "%s must be %s, it is %s", what, jsonType(wrong.Type), wrong.Value)
	}
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) || errors.Is(err, io.ErrUnexpectedEOF) {
		return NewProblem(http.StatusBadRequest, "the body is not JSON: %s", err)
	}
	return NewProblem(http.StatusUnprocessableEntity, "a value in the body makes no sense: %s", err) // a time, an amount
}

// jsonType is what a Go type is in JSON.
func jsonType(t reflect.Type) string {
	switch t.Kind() {
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Int64:
		return "a whole number"
	case reflect.Float64:
		return "a number"
	case reflect.Slice:
		return "an array"
	}
	return "an object"
}

func jsonKeys(v any) []string {
	t := reflect.TypeOf(v).Elem()
	if t.Kind() != reflect.Struct {
		return nil
	}
	var keys []string
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		keys = append(keys, name)
	}
	return keys
}

// stamp writes an instant with milliseconds.
type stamp time.Time

// MarshalText writes RFC 3339 with three decimals.
func (s stamp) MarshalText() ([]byte, error) {
	return time.Time(s).UTC().AppendFormat(nil, "2006-01-02T15:04:05.000Z07:00"), nil
}
