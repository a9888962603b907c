package workspace

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"

	"github.com/mockpay/mockpay/provider"
)

// Headers that every answer of a provider carries.
const (
	headerRequestID = "X-Mockpay-Request-Id"
	headerOperation = "X-Mockpay-Operation"
	headerRule      = "X-Mockpay-Rule"
	headerHint      = "X-Mockpay-Hint"
)

// HeaderOutcome is the request header that asks for an outcome.
const HeaderOutcome = "X-Mockpay-Outcome"

// refuse writes a refusal in the provider's shape. An outcome whose message
// names a field names the operation's first one if the refusal does not say.
func (x *exchange) refuse(r *provider.Refusal) *provider.Response {
	if r.Detail == "" && x.Op != nil && len(x.Op.Params) > 0 {
		r.Detail = x.Op.Params[0]
	}
	response := x.Mock.Refuse(x.call, r)
	response.Outcome, response.Hint = r.Outcome, r.Hint
	return response
}

// failed answers a handler's error. What is no refusal is nobody's fault but
// ours: a server error outside, and loud inside.
func (x *exchange) failed(err error, log *slog.Logger) *provider.Response {
	var r *provider.Refusal
	if !errors.As(err, &r) {
		log.Error("an operation failed inside mockpay", "operation", x.name(), "error", err)
		r = provider.Broken()
	}
	return x.refuse(r)
}

// panicked is a panic as an error, with where it happened.
func panicked(p any) error { return fmt.Errorf("panic: %v\n%s", p, debug.Stack()) }

// outgoing adds what every answer carries. Even the Date is the workspace's.
func (w *Workspace) outgoing(x *exchange) *Outgoing {
	r := x.response
	h := r.Header
	if h == nil {
		h = make(http.Header)
	}
	date := x.at.UTC().AppendFormat(make([]byte, 0, len(http.TimeFormat)), http.TimeFormat)
	h["Date"] = []string{string(date)}
	h[headerRequestID] = []string{x.id}
	if name := x.name(); name != "" {
		h[headerOperation] = []string{name}
	}
	if rule := x.rule(); rule != "" {
		h.Set(headerRule, oneLine(rule))
	}
	if r.Hint != "" {
		h.Set(headerHint, oneLine(r.Hint))
	}
	return &Outgoing{Status: r.Status, Header: h, Body: r.Body, Delay: x.decision.Delay, Fault: x.decision.Fault, release: x.release}
}

// rule names what decided the call: a rule of the scenario, or the header that
// acts as one.
func (x *exchange) rule() string {
	switch {
	case x.decision.Rule != nil:
		return x.decision.Rule.ID()
	case x.forced:
		return HeaderOutcome
	}
	return ""
}

// longestLine bounds what a header says.
const longestLine = 500

// oneLine makes a text fit for a header: one line of visible ASCII.
func oneLine(text string) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t' || r == '\r':
			return ' '
		case r < ' ' || r > '~':
			return '?'
		}
		return r
	}, text)
	if len(text) > longestLine {
		text = text[:longestLine-3] + "..."
	}
	return text
}
