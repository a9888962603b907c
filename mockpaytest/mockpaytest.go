// Package mockpaytest runs mockpay inside a Go test.
//
//	func TestPayout(t *testing.T) {
//		m := mockpaytest.Start(t, mockpaytest.Scenario("failed-payment-refund"))
//		pay := payments.New(m.BaseURL("dinardragon"), m.Credential("dinardragon", "private_key"))
//		…
//		m.Advance(5 * time.Second)
//		…
//	}
//
// Each test has a server and a workspace of its own, so tests may run in
// parallel. The server logs through the test and is gone when the test ends. A
// failing test can be repeated with the seed that it logs.
package mockpaytest

import (
	"context"
	"log/slog"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/mockpay/mockpay/client"
	"github.com/mockpay/mockpay/mocks"
	"github.com/mockpay/mockpay/server"
)

// A Mockpay is a running server with a workspace for one test. Its client's
// methods call the control API for that workspace.
type Mockpay struct {
	*client.Client
	URL       string
	Workspace *client.Workspace

	t testing.TB
}

// An Option changes what Start starts.
type Option func(*options)

type options struct {
	server server.Options
	spec   client.WorkspaceSpec
}

// Scenario begins the workspace with a shipped scenario, or with YAML text.
func Scenario(nameOrYAML string) Option {
	return func(o *options) { o.spec.Scenario = nameOrYAML }
}

// Seed makes ids and chance those of a seed. Without it one is drawn and logged.
func Seed(seed int64) Option {
	return func(o *options) { o.spec.Seed = &seed }
}

// Default works in the default workspace, whose accounts have the credentials that
// providers document, instead of a new one.
func Default() Option {
	return func(o *options) { o.spec.ID = "default" }
}

// ControlToken makes the control API ask for a token.
func ControlToken(token string) Option {
	return func(o *options) { o.server.ControlToken = token }
}

// JournalSize is how many calls the journal keeps.
func JournalSize(n int) Option {
	return func(o *options) { o.server.JournalSize = n }
}

// Start runs a server until the test ends.
func Start(t testing.TB, opts ...Option) *Mockpay {
	t.Helper()
	o := options{
		server: server.Options{Addr: "127.0.0.1:0", Mocks: mocks.All(), Version: "test", Log: Logger(t)},
		spec:   client.WorkspaceSpec{ID: workspaceID(t.Name())},
	}
	for _, opt := range opts {
		opt(&o)
	}
	if o.spec.ID == "default" {
		o.server.Seed = o.spec.Seed
	}
	s, err := server.New(o.server)
	if err != nil {
		t.Fatalf("mockpaytest: %v", err)
	}
	if err := s.Start(); err != nil {
		t.Fatalf("mockpaytest: %v", err)
	}
	t.Cleanup(func() { stop(t, s) })

	w, err := enter(t.Context(), client.New(s.URL(), client.WithToken(o.server.ControlToken)), o.spec)
	if err != nil {
		t.Fatalf("mockpaytest: %v", err)
	}
	t.Logf("mockpay at %s, workspace %s, seed %d", s.URL(), w.ID, w.Seed)
	return &Mockpay{
		Client: client.New(s.URL(), client.WithToken(o.server.ControlToken), client.WithWorkspace(w.ID)),
		URL:    s.URL(), Workspace: w, t: t,
	}
}

// enter makes the workspace, or begins anew the one that is there.
func enter(ctx context.Context, c *client.Client, spec client.WorkspaceSpec) (*client.Workspace, error) {
	if spec.ID != "default" {
		return c.CreateWorkspace(ctx, spec)
	}
	load := c.UseScenario
	if strings.Contains(spec.Scenario, "\n") {
		load = c.LoadScenario
	}
	if spec.Scenario != "" {
		if _, err := load(ctx, spec.Scenario); err != nil {
			return nil, err
		}
	}
	return c.Workspace(ctx, spec.ID)
}

func stop(t testing.TB, s *server.Server) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := s.Stop(ctx); err != nil {
		t.Errorf("mockpaytest: %v", err)
	}
}

var notInID = regexp.MustCompile(`[^A-Za-z0-9._-]+`)

// workspaceID names a workspace after a test.
func workspaceID(test string) string {
	id := notInID.ReplaceAllString(test, "-")
	return id[:min(len(id), 64)]
}

// BaseURL is where a provider answers.
func (m *Mockpay) BaseURL(provider string) string {
	m.t.Helper()
	return m.account(provider).BaseURL
}

// Credential is what the workspace's account at a provider signs in with.
func (m *Mockpay) Credential(provider, name string) string {
	m.t.Helper()
	value, ok := m.account(provider).Credentials[name]
	if !ok {
		m.t.Fatalf("mockpaytest: %s has no credential %q", provider, name)
	}
	return value
}

func (m *Mockpay) account(provider string) client.Account {
	m.t.Helper()
	account, ok := m.Workspace.Providers[provider]
	if !ok {
		m.t.Fatalf("mockpaytest: there is no provider %q", provider)
	}
	return account
}

// Advance moves the workspace's clock, and fails the test if it cannot.
func (m *Mockpay) Advance(by time.Duration) *client.Clock {
	m.t.Helper()
	c, err := m.Client.Advance(m.t.Context(), by)
	if err != nil {
		m.t.Fatalf("mockpaytest: advance %s: %v", by, err)
	}
	return c
}

// Balance is a balance of a provider, as the server writes it.
func (m *Mockpay) Balance(provider, name string) string {
	m.t.Helper()
	all, err := m.Balances(m.t.Context())
	if err != nil {
		m.t.Fatalf("mockpaytest: %v", err)
	}
	return all[provider][name]
}

// Verify fails the test if what the scenario expects is not true, or, given some
// expect as YAML, what that does. It says what was expected and seen, and what
// came nearest.
func (m *Mockpay) Verify(expect ...string) {
	m.t.Helper()
	if len(expect) == 0 {
		m.verified(m.Client.Verify(m.t.Context()))
	}
	for _, text := range expect {
		m.verified(m.VerifyExpect(m.t.Context(), text))
	}
}

// verified looks at what a verification brought.
func (m *Mockpay) verified(v *client.Verification, err error) {
	m.t.Helper()
	switch {
	case err != nil:
		m.t.Fatalf("mockpaytest: verify: %v", err)
	case !v.OK:
		m.t.Errorf("mockpaytest: not as expected:\n%s", v.Table())
	case len(v.Checks) == 0:
		m.t.Logf("mockpaytest: %s", v.Table())
	}
}

// Logger writes log lines to a test.
func Logger(t testing.TB) *slog.Logger {
	return slog.New(slog.NewTextHandler(t.Output(), nil))
}
