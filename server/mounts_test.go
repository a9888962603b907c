package server_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/mockpay/mockpay/provider"
	"github.com/mockpay/mockpay/server"
)

// twoModes is a provider with a sandbox and a live mode, each at its own path
// and host, and an operation with a variable in its path.
func twoModes() *provider.Mock {
	answer := func(c *provider.Call) (*provider.Response, error) {
		return provider.OK(map[string]string{"mode": c.Mode, "path": c.Path, "id": c.Vars["id"]})
	}
	return &provider.Mock{
		Name: "two", Title: "Two Modes",
		Mounts: []provider.Mount{
			{Mode: "sandbox", Hosts: []string{"sandbox.two.example"}},
			{Mode: "live", Prefix: "/live", Hosts: []string{"api.two.example"}},
		},
		Operations: []provider.Operation{
			{Name: "root", Method: http.MethodPost, Path: "/", Handle: answer},
			{Name: "pay", Method: http.MethodPost, Path: "/v1/payouts", Handle: answer},
			{Name: "get", Method: http.MethodGet, Path: "/v1/payouts/{id}", Handle: answer},
			{Name: "drop", Method: http.MethodDelete, Path: "/v1/payouts/{id}", Handle: answer},
		},
		Outcomes: []provider.Outcome{
			{Name: provider.NotFound, Status: 404}, {Name: provider.MethodNotAllowed, Status: 405},
			{Name: provider.ServerError, Status: 500}, {Name: provider.TooLarge, Status: 413}, {Name: provider.Incomplete, Status: 400},
		},
		BodyLimit:    10,
		Settings:     func() any { return &struct{}{} },
		Credentials:  func(string) []provider.Credential { return []provider.Credential{{Name: "key", Value: "k"}} },
		Identify:     func(*provider.Request) string { return "k" },
		Authenticate: func(*provider.Call) error { return nil },
		Refuse: func(c *provider.Call, r *provider.Refusal) *provider.Response {
			return provider.JSON(c.Mock.Outcome(r.Outcome).Status, r.Outcome)
		},
	}
}

func TestMounts(t *testing.T) {
	h := newServer(t, server.Options{Mocks: []*provider.Mock{twoModes()}}).Handler()
	for _, c := range []struct{ method, url, want string }{
		{"POST", "http://localhost/two", `{"id":"","mode":"sandbox","path":"/"}`},
		{"POST", "http://localhost/two/", `{"id":"","mode":"sandbox","path":"/"}`},
		{"POST", "http://localhost/two/v1/payouts", `{"id":"","mode":"sandbox","path":"/v1/payouts"}`},
		{"POST", "http://localhost/two/live", `{"id":"","mode":"live","path":"/"}`},
		{"POST", "http://localhost/two/live/v1/payouts", `{"id":"","mode":"live","path":"/v1/payouts"}`},
		{"GET", "http://localhost/two/live/v1/payouts/a%20b", `{"id":"a b","mode":"live","path":"/v1/payouts/a b"}`},
		{"POST", "http://sandbox.two.example/v1/payouts", `{"id":"","mode":"sandbox","path":"/v1/payouts"}`},
		{"DELETE", "http://API.two.example:8080/v1/payouts/7", `{"id":"7","mode":"live","path":"/v1/payouts/7"}`},
		{"POST", "http://two.localhost/v1/payouts", `{"id":"","mode":"sandbox","path":"/v1/payouts"}`},
		{"POST", "http://api.two.example/live/v1/payouts", `"not_found"`},
		{"POST", "http://localhost/two/lively", `"not_found"`},
		{"PATCH", "http://localhost/two/v1/payouts/7", `"method_not_allowed"`},
	} {
		assert.Equal(t, c.want, do(h, c.method, c.url, "").Body.String(), "%s %s", c.method, c.url)
	}
	assert.Equal(t, `"too_large"`, do(h, "POST", "/two", "01234567890").Body.String())

	w := do(h, "GET", "http://10.0.0.1:4402/_mockpay/workspaces/default", "")
	assert.Contains(t, w.Body.String(), `"base_url":"http://10.0.0.1:4402/two","credentials":{"key":"k"},"live_base_url":"http://10.0.0.1:4402/two/live"`)
}

func TestMethodNotAllowedNamesAllMethods(t *testing.T) {
	h := newServer(t, server.Options{Mocks: []*provider.Mock{twoModes()}}).Handler()
	w := do(h, "PATCH", "http://localhost/two/v1/payouts/7", "")
	assert.Equal(t, "GET, DELETE", w.Header().Get("Allow"))
	assert.Contains(t, w.Header().Get("X-Mockpay-Hint"), "/v1/payouts/7 takes GET, DELETE, not PATCH")
}
