package control

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"github.com/gorilla/mux"

	"github.com/mockpay/mockpay/provider"
	"github.com/mockpay/mockpay/workspace"
)

// A providerBody is a provider in the catalogue.
type providerBody struct {
	Name       string             `json:"name"`
	Title      string             `json:"title"`
	BaseURL    string             `json:"base_url"`
	BaseURLs   []string           `json:"base_urls"`
	Hosts      []string           `json:"hosts"`
	Operations []operationBody    `json:"operations"`
	Outcomes   []outcomeBody      `json:"outcomes"`
	Actions    []actionBody       `json:"actions"`
	Events     []string           `json:"webhook_events"`
	Machines   []provider.Machine `json:"state_machines"`
	Knobs      []provider.Knob    `json:"knobs"`
}

type operationBody struct {
	Name     string   `json:"name"`
	FullName string   `json:"operation"` // as rules and the journal have it
	Method   string   `json:"method"`
	Path     string   `json:"path"`
	Summary  string   `json:"summary"`
	Params   []string `json:"parameters"`
	Settles  string   `json:"settles,omitempty"` // a state machine
	Outcomes []string `json:"outcomes"`
}

type outcomeBody struct {
	Name    string `json:"name"`
	Status  int    `json:"status"`
	Message string `json:"message"`
	Doc     string `json:"description"`
}

type actionBody struct {
	Name string         `json:"name"`
	Doc  string         `json:"description"`
	Args []provider.Arg `json:"args"`
}

func (a *api) providers(r *http.Request) (any, error) {
	all := []providerBody{}
	for _, m := range a.Mocks {
		all = append(all, catalogue(r, m))
	}
	return map[string]any{"providers": all}, nil
}

// openAPI is the document that describes a provider's wire.
func (a *api) openAPI(r *http.Request) (any, error) {
	name := mux.Vars(r)["provider"]
	var described []string
	for _, m := range a.Mocks {
		switch {
		case m.Name == name && m.OpenAPI != nil:
			return text{yamlType, string(m.OpenAPI())}, nil
		case m.OpenAPI != nil:
			described = append(described, m.Name)
		}
	}
	p := NewProblem(http.StatusNotFound, "%s", provider.NoSuch("OpenAPI document of", name, described))
	p.Valid = described
	return nil, p
}

func catalogue(r *http.Request, m *provider.Mock) providerBody {
	p := providerBody{
		Name: m.Name, Title: m.Title, Machines: m.Machines, Knobs: m.Knobs(),
		Events: append([]string{}, m.Events...), Actions: actionsOf(m, ""),
	}
	for _, mount := range m.Mounts {
		p.BaseURLs = append(p.BaseURLs, baseURL(r, m, mount))
		p.Hosts = append(p.Hosts, mount.Hosts...)
	}
	p.BaseURL = p.BaseURLs[0]
	for _, op := range m.Operations {
		p.Operations = append(p.Operations, operationBody{
			Name: op.Name, FullName: m.Name + "." + op.Name, Method: op.Method, Path: op.Path,
			Summary: op.Summary, Params: op.Params, Settles: op.Settles, Outcomes: op.Outcomes(),
		})
	}
	for _, o := range m.Outcomes {
		p.Outcomes = append(p.Outcomes, outcomeBody(o))
	}
	return p
}

func actionsOf(m *provider.Mock, prefix string) []actionBody {
	all := []actionBody{}
	for _, action := range m.Actions {
		all = append(all, actionBody{prefix + action.Name, action.Doc, append([]provider.Arg{}, action.Args...)})
	}
	return all
}

func (a *api) allActions() []actionBody {
	all := []actionBody{}
	for _, m := range a.Mocks {
		all = append(all, actionsOf(m, m.Name+".")...)
	}
	return all
}

func (a *api) listActions(*http.Request, *workspace.Workspace) (any, error) {
	return map[string]any{"actions": a.allActions()}, nil
}

// simulate does an action with the arguments in the body.
func (a *api) simulate(r *http.Request, w *workspace.Workspace) (any, error) {
	full := mux.Vars(r)["action"]
	m, action := a.findAction(full)
	if action == nil {
		var names []string
		for _, known := range a.allActions() {
			names = append(names, known.Name)
		}
		p := NewProblem(http.StatusNotFound, "%s", provider.NoSuch("action", full, names))
		p.Valid = names
		return nil, p
	}
	var body map[string]any
	if err := decode(r, &body, bodyLimit); err != nil {
		return nil, err
	}
	args := make(map[string]string)
	for name, v := range body {
		text, ok := argText(v)
		if !ok {
			return nil, NewProblem(http.StatusUnprocessableEntity, "argument %q must be a text, a number or a boolean, it is %s", name, provider.Describe(v, true))
		}
		args[name] = text
	}
	return w.Simulate(m, action, args)
}

func (a *api) findAction(full string) (*provider.Mock, *provider.Action) {
	of, name, _ := strings.Cut(full, ".")
	m := a.mock(of)
	if m == nil {
		return nil, nil
	}
	return m, m.Action(name)
}

func argText(v any) (text string, ok bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case json.Number:
		return v.String(), true
	case bool:
		return strconv.FormatBool(v), true
	}
	return "", false
}
