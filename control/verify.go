package control

import (
	"bytes"
	"net/http"
	"slices"

	"github.com/mockpay/mockpay/scenarios"
	"github.com/mockpay/mockpay/workspace"
)

// A verdict is what became of an expect. It is an answer with status 200, or 409
// if a check failed.
type verdict struct {
	OK     bool          `json:"ok"`
	Checks []findingBody `json:"checks"`
}

type findingBody struct {
	Name       string     `json:"name"`
	OK         bool       `json:"ok"`
	Incomplete bool       `json:"incomplete,omitempty"`
	Expected   string     `json:"expected"`
	Seen       string     `json:"seen"`
	Matched    []string   `json:"matched"`
	Misses     []missBody `json:"misses"`
}

type missBody struct {
	Request   string `json:"request"`
	Webhook   string `json:"webhook,omitempty"`
	Operation string `json:"operation"`
	At        stamp  `json:"at"`
	Why       string `json:"why"`
}

func showFinding(f workspace.Finding) findingBody {
	body := findingBody{
		Name: f.Name, OK: f.OK, Incomplete: f.Incomplete, Expected: f.Expected, Seen: f.Seen, Matched: f.Matched, Misses: []missBody{},
	}
	for _, m := range f.Misses {
		body.Misses = append(body.Misses, missBody{m.Request, m.Webhook, m.Operation, stamp(m.At), m.Why})
	}
	return body
}

func (a *api) verify(r *http.Request, w *workspace.Workspace) (any, error) {
	return a.verifyChecks(r, w, w.Scenario().Expect)
}

// verifyPosted verifies what the body expects; nothing is as good as the
// scenario's.
func (a *api) verifyPosted(r *http.Request, w *workspace.Workspace) (any, error) {
	body, err := readBody(r, bodyLimit)
	if err != nil {
		return nil, err
	}
	current := w.Scenario()
	if len(bytes.TrimSpace(body)) == 0 {
		return a.verifyChecks(r, w, current.Expect)
	}
	posted, err := a.Language.ParseExpect(body, current)
	if err != nil {
		return nil, err
	}
	return a.verifyChecks(r, w, posted.Checks)
}

// verifyChecks waits for webhooks as long as the request lets it.
func (a *api) verifyChecks(r *http.Request, w *workspace.Workspace, checks []*scenarios.Check) (any, error) {
	ctx, _, cancel, err := a.waiting(r)
	if err != nil {
		return nil, err
	}
	defer cancel()
	findings, err := w.Verify(ctx, checks)
	if err != nil {
		return nil, err
	}
	v := verdict{OK: !slices.ContainsFunc(findings, func(f workspace.Finding) bool { return !f.OK }), Checks: []findingBody{}}
	for _, f := range findings {
		v.Checks = append(v.Checks, showFinding(f))
	}
	if !v.OK {
		return conflicting{v}, nil
	}
	return v, nil
}
