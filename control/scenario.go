package control

import (
	"errors"
	"net/http"
	"strings"

	"github.com/gorilla/mux"

	"github.com/mockpay/mockpay/provider"
	"github.com/mockpay/mockpay/scenarios"
	"github.com/mockpay/mockpay/workspace"
)

// A scenarioBody is a scenario on the wire, its text whole.
type scenarioBody struct {
	Name        string `json:"name"`
	Description string `json:"description"`
	YAML        string `json:"yaml"`

	ReloadError *reloadError `json:"reload_error,omitempty"`
}

// A reloadError is why the file of a workspace's scenario, as it is now, is not
// in force.
type reloadError struct {
	Message string              `json:"message"`
	Errors  []scenarios.Mistake `json:"errors,omitempty"`
}

// reloadErrorOf is that of a workspace, nil if there is none.
func reloadErrorOf(w *workspace.Workspace) *reloadError {
	err := w.ReloadError()
	if err == nil {
		return nil
	}
	var mistakes scenarios.Mistakes
	errors.As(err, &mistakes)
	return &reloadError{err.Error(), mistakes}
}

const yamlType = "application/yaml"

// shown is a scenario as the caller wants it: as JSON, or as its bare text.
func shown(r *http.Request, name, description, yaml string) any {
	if strings.Contains(r.Header.Get("Accept"), "yaml") {
		return text{yamlType, yaml}
	}
	return scenarioBody{Name: name, Description: description, YAML: yaml}
}

func (a *api) getScenario(r *http.Request, w *workspace.Workspace) (any, error) {
	s := w.Scenario()
	v := shown(r, s.Name, s.Description, s.Text)
	if body, ok := v.(scenarioBody); ok {
		body.ReloadError = reloadErrorOf(w)
		return body, nil
	}
	return v, nil
}

// putScenario takes YAML, or JSON that names a shipped scenario.
func (a *api) putScenario(r *http.Request, w *workspace.Workspace) (any, error) {
	s, err := a.readScenario(r)
	if err != nil {
		return nil, err
	}
	if err := w.Load(s); err != nil {
		return nil, err
	}
	return shown(r, s.Name, s.Description, s.Text), nil
}

func (a *api) patchScenario(r *http.Request, w *workspace.Workspace) (any, error) {
	s, err := a.readScenario(r)
	if err != nil {
		return nil, err
	}
	if err := w.ReplaceRules(s); err != nil {
		return nil, err
	}
	return a.getScenario(r, w)
}

func (a *api) readScenario(r *http.Request) (*scenarios.Scenario, error) {
	if !strings.Contains(r.Header.Get("Content-Type"), "json") {
		body, err := readBody(r, bodyLimit)
		if err != nil {
			return nil, err
		}
		return a.Language.Parse(body)
	}
	var body struct {
		Name string `json:"name"`
	}
	if err := decode(r, &body, bodyLimit); err != nil {
		return nil, err
	}
	if body.Name == "" {
		return nil, NewProblem(http.StatusUnprocessableEntity, `send {"name": "a shipped scenario"}, or YAML as %s`, yamlType)
	}
	return a.shipped(body.Name)
}

// shipped returns a scenario of the library, checked.
func (a *api) shipped(name string) (*scenarios.Scenario, error) {
	if _, err := a.library(name, http.StatusUnprocessableEntity); err != nil {
		return nil, err
	}
	return a.Language.Shipped(name)
}

// library finds a scenario of the library. If there is none of that name, the
// problem has the given status and lists those there are.
func (a *api) library(name string, status int) (scenarios.Shipped, error) {
	var names []string
	for _, s := range a.Language.Library() {
		if s.Name == name {
			return s, nil
		}
		names = append(names, s.Name)
	}
	p := NewProblem(status, "%s", provider.NoSuch("shipped scenario", name, names))
	p.Valid = names
	return scenarios.Shipped{}, p
}

// scenarioSchema is the language as editors understand it.
func (a *api) scenarioSchema(*http.Request) (any, error) {
	return text{"application/schema+json", string(a.Language.Schema())}, nil
}

func (a *api) listScenarios(*http.Request) (any, error) {
	return map[string]any{"scenarios": a.Language.Library()}, nil
}

func (a *api) getShipped(r *http.Request) (any, error) {
	s, err := a.library(mux.Vars(r)["name"], http.StatusNotFound)
	if err != nil {
		return nil, err
	}
	return shown(r, s.Name, s.Description, s.Text), nil
}
