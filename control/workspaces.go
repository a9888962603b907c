package control

import (
	"net/http"
	"strings"
	"time"

	"github.com/gorilla/mux"

	"github.com/mockpay/mockpay/provider"
	"github.com/mockpay/mockpay/scenarios"
	"github.com/mockpay/mockpay/workspace"
)

// A world is a workspace on the wire: where its providers are, and what its
// accounts sign in with.
type world struct {
	ID        string                    `json:"id"`
	Seed      int64                     `json:"seed"`
	Providers map[string]map[string]any `json:"providers"`
}

func (a *api) world(r *http.Request, w *workspace.Workspace) (world, error) {
	seed, err := w.Seed()
	if err != nil {
		return world{}, err
	}
	v := world{ID: w.ID, Seed: seed, Providers: make(map[string]map[string]any)}
	for _, m := range a.Mocks {
		credentials, err := w.Credentials(m)
		if err != nil {
			return world{}, err
		}
		of := map[string]any{"credentials": credentials}
		for _, mount := range m.Mounts {
			of[urlName(mount)] = baseURL(r, m, mount)
		}
		v.Providers[m.Name] = of
	}
	return v, nil
}

// urlName is the key of a mount's URL: base_url, or live_base_url for /live.
func urlName(mount provider.Mount) string {
	if mount.Prefix == "" {
		return "base_url"
	}
	return strings.TrimPrefix(mount.Prefix, "/") + "_base_url"
}

// baseURL is a mount as the caller of r reaches it.
func baseURL(r *http.Request, m *provider.Mock, mount provider.Mount) string {
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	return scheme + "://" + r.Host + "/" + m.Name + mount.Prefix
}

func (a *api) createWorkspace(r *http.Request) (any, error) {
	var body struct {
		ID       string `json:"id"`
		Scenario string `json:"scenario"`
		Seed     *int64 `json:"seed"`
		TTL      string `json:"ttl"`
	}
	if err := decode(r, &body, bodyLimit); err != nil {
		return nil, err
	}
	spec := workspace.Spec{ID: body.ID, Seed: body.Seed}
	if body.TTL != "" {
		ttl, err := provider.ParseDuration(body.TTL)
		if err != nil || ttl == 0 {
			return nil, NewProblem(http.StatusUnprocessableEntity, `ttl must be a duration like "15m", it is %q`, body.TTL)
		}
		spec.TTL = time.Duration(ttl)
	}
	var err error
	if spec.Scenario, err = a.scenarioOf(body.Scenario); err != nil {
		return nil, err
	}
	w, err := a.Registry.Create(spec)
	if err != nil {
		return nil, err
	}
	v, err := a.world(r, w)
	return created{v}, err
}

// scenarioOf reads a scenario given as a shipped name or as text.
func (a *api) scenarioOf(nameOrText string) (*scenarios.Scenario, error) {
	switch {
	case nameOrText == "":
		return a.shipped(scenarios.Default)
	case strings.ContainsAny(nameOrText, ":\n"):
		return a.Language.Parse([]byte(nameOrText))
	}
	return a.shipped(nameOrText)
}

func (a *api) listWorkspaces(r *http.Request) (any, error) {
	all := struct {
		Workspaces []world `json:"workspaces"`
	}{}
	for _, w := range a.Registry.List() {
		v, err := a.world(r, w)
		if err != nil {
			return nil, err
		}
		all.Workspaces = append(all.Workspaces, v)
	}
	return all, nil
}

func (a *api) getWorkspace(r *http.Request) (any, error) {
	w, err := a.Registry.Get(mux.Vars(r)["id"])
	if err != nil {
		return nil, err
	}
	return a.world(r, w)
}

func (a *api) deleteWorkspace(r *http.Request) (any, error) {
	return nothing{}, a.Registry.Delete(mux.Vars(r)["id"])
}

func (a *api) reset(r *http.Request, w *workspace.Workspace) (any, error) {
	if err := w.Reset(); err != nil {
		return nil, err
	}
	return a.world(r, w)
}

func (a *api) getState(_ *http.Request, w *workspace.Workspace) (any, error) {
	return w.Snapshot()
}

func (a *api) putState(r *http.Request, w *workspace.Workspace) (any, error) {
	var s workspace.Snapshot
	if err := decode(r, &s, snapshotLimit); err != nil {
		return nil, err
	}
	if err := w.Restore(s); err != nil {
		return nil, err
	}
	return a.world(r, w)
}
