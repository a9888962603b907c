package workspace

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/mockpay/mockpay/journal"
	"github.com/mockpay/mockpay/provider"
)

// secretHeaders are secret whatever provider is called.
var secretHeaders = []string{"Authorization", "Proxy-Authorization", "Cookie"}

// secretNames are the names that some mock has for secrets: callers mix them up.
func secretNames(mocks []*provider.Mock) *journal.Secrets {
	names := slices.Clone(secretHeaders)
	for _, m := range mocks {
		names = slices.Concat(names, m.Secret.Headers, m.Secret.Events, m.Secret.Answer)
		for _, field := range m.Secret.Fields {
			if !strings.Contains(field, ".") { // the last part alone says little
				names = append(names, field)
			}
		}
		for _, c := range m.Credentials(Default) {
			if !c.Public {
				names = append(names, c.Name)
			}
		}
	}
	slices.Sort(names)
	return journal.NewSecrets(slices.Compact(names)...)
}

// secretsOf are what a workspace's accounts sign in with at first.
func secretsOf(mocks []*provider.Mock, workspace string) (values []string) {
	for _, m := range mocks {
		for _, c := range m.Credentials(workspace) {
			if !c.Public {
				values = append(values, c.Value)
			}
		}
	}
	return values
}

// allSecrets are those of all workspaces: the default one's journal has the calls of
// strangers too, which may well be somebody's who put a key in the wrong place.
func (r *Registry) allSecrets() *journal.Secrets {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if known := r.known.Load(); known != nil {
		return known
	}
	var values []string
	for id := range r.all {
		values = append(values, secretsOf(r.Mocks, id)...)
	}
	slices.Sort(values)
	known := r.secrets.With(slices.Compact(values)...)
	r.known.Store(known) // until a workspace comes or goes, for which nobody may read
	return known
}

// Hide is a text without the secrets of the workspace's accounts.
func (w *Workspace) Hide(text string) string { return w.secrets().Masker(nil).Text(text) }

// secrets are the values of a call that must not be shown, besides those that the
// workspace's accounts had from the first.
func (x *exchange) secrets(out *Outgoing) (all []string) {
	m, r := x.Mock, x.Request
	if len(m.Secret.Answer) > 0 && out.Status < http.StatusBadRequest {
		all = valuesIn(out.Body, m.Secret.Answer)
	}
	for _, name := range m.Secret.Headers {
		if value := r.Header.Get(name); value != "" {
			if _, key, two := strings.Cut(value, " "); two {
				value = strings.TrimSpace(key)
			}
			all = append(all, value)
		}
	}
	for _, name := range m.Secret.Fields {
		switch v := lookup(r.Fields, name).(type) {
		case string:
			all = append(all, v)
		case json.Number:
			all = append(all, v.String())
		}
	}
	if m.Account != nil && x.call != nil {
		for _, c := range m.Credentials(x.call.Workspace) {
			if now := x.call.Credentials[c.Name]; !c.Public && now != c.Value {
				all = append(all, now)
			}
		}
	}
	return slices.DeleteFunc(all, func(s string) bool { return s == "" })
}

// lookup follows a dotted name into decoded parameters.
func lookup(fields map[string]any, name string) any {
	var v any = fields
	for part := range strings.SplitSeq(name, ".") {
		object, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = object[part]
	}
	return v
}
