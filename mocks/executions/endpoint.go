package executions

import (
	"maps"
	"net/http"
	"strings"

	"github.com/mockpay/mockpay/provider"
)

// An endpoint is an operation as this package declares it: what it takes and
// answers with as data, so that one place checks all calls and one describes all.
type endpoint struct {
	name, method, path string // path below the version, gorilla/mux style
	summary            string
	function           string // in its operationId, if it is not name

	query, body []field
	payload     string // what the body's schema is called
	answers     any    // a value of the type it answers with
	schema      string // what that type's schema is called

	open    bool   // it needs no token
	gated   bool   // it is for verified merchants
	settles string // the machine whose records it begins
	refuses []string
	handle  func(*call) (any, error)
}

// A call is an endpoint at work, with its checked parameters.
type call struct {
	*provider.Call
	*settings
	query, body values
}

// version is the one there is.
const version = "v1"

// operation is the endpoint as the rest of mockpay knows it. The path has the
// version, and other versions reach it too, to be refused for what they are.
func (e *endpoint) operation() provider.Operation {
	return provider.Operation{
		Name: e.name, Method: e.method, Summary: e.summary,
		Path: "/" + version + e.path, Matches: "/{version}" + e.path,
		Params: e.params(), Settles: e.settles, Refuses: e.outcomes(),
		Handle: func(c *provider.Call) (*provider.Response, error) {
			in, err := e.read(c)
			if err != nil {
				return nil, err
			}
			answer, err := e.handle(in)
			if err != nil {
				return nil, err
			}
			response := provider.JSON(http.StatusOK, answer)
			if told, ok := answer.(interface{ hint() string }); ok {
				response.Hint = told.hint()
			}
			return response, nil
		},
	}
}

// outcomes are those besides the generic ones.
func (e *endpoint) outcomes() []string {
	all := []string{validationError}
	if !e.open {
		all = append(all, notAuthenticated, tokenExpired)
	}
	if e.gated {
		all = append(all, unverifiedMerchant)
	}
	return append(all, e.refuses...)
}

// params are the names of what it takes.
func (e *endpoint) params() []string {
	all := append(names(e.query, ""), names(e.body, "")...)
	for _, part := range strings.Split(e.path, "/") {
		if name, ok := strings.CutPrefix(part, "{"); ok {
			all = append(all, strings.TrimSuffix(name, "}"))
		}
	}
	return all
}

func names(schema []field, prefix string) (all []string) {
	for i := range schema {
		if f := &schema[i]; f.kind == object {
			all = append(all, names(f.fields, prefix+f.name+".")...)
		} else {
			all = append(all, prefix+f.name)
		}
	}
	return all
}

// read checks the version, the query and the body of a call, all at once, and
// then whether the merchant may make it.
func (e *endpoint) read(c *provider.Call) (*call, error) {
	in := &call{Call: c, settings: knobs(c)}
	ck := &checker{knobs: in.settings}
	if v := c.Vars["version"]; v != version {
		ck.add(otherVersion, []any{"path", "version"}, v, "the version in the path is %q, the only one is %s", v, version)
	}
	in.query = ck.query(e.query, c.Query)
	in.body = ck.body(e.body, c.Request)
	if err := ck.refusal(c); err != nil {
		return nil, err
	}
	if e.gated && !in.Verified {
		return nil, c.Refuse(unverifiedMerchant, "the merchant is not verified (verified in the scenario)")
	}
	return in, nil
}

// decode gathers the parameters of a call for rules and the journal: those of
// the body, of the query and of the path. Bodies of GET are not looked at.
func decode(r *provider.Request) (map[string]any, error) {
	fields := make(map[string]any)
	var err error
	if r.Method != http.MethodGet {
		r.Payload, err = provider.DecodeValue(r.Body)
		if payload, ok := r.Payload.(map[string]any); ok {
			maps.Copy(fields, payload)
		}
	}
	for name, all := range r.Query {
		if _, taken := fields[name]; !taken {
			fields[name] = all[len(all)-1]
		}
	}
	for name, value := range r.Vars {
		if _, taken := fields[name]; !taken && name != "version" {
			fields[name] = value
		}
	}
	return fields, err
}
