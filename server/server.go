// Package server puts mockpay on the network: it finds the provider and the
// operation of each request, hands it to the workspace whose account calls,
// and writes the answer; the control API and the health checks stand beside.
//
//	s, err := server.New(server.Options{Addr: "127.0.0.1:0", Mocks: mocks.All()})
//	err = s.Start()
//	fmt.Println(s.URL())
//	err = s.Stop(ctx)
//
// [New] checks everything and loads the scenario; [Server.Start] binds first and
// serves then, so that port 0 works, and has scenario files reloaded when they
// change; [Server.Stop] lets what is in flight finish. Without Start,
// [Server.Handler] works by itself.
package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/mockpay/mockpay/control"
	"github.com/mockpay/mockpay/journal"
	"github.com/mockpay/mockpay/metrics"
	"github.com/mockpay/mockpay/provider"
	"github.com/mockpay/mockpay/scenarios"
	"github.com/mockpay/mockpay/state"
	"github.com/mockpay/mockpay/webhook"
	"github.com/mockpay/mockpay/workspace"
)

// Options say how to run a server. The zero value of a field is its default.
type Options struct {
	Addr          string            // of the HTTP listener
	ProviderAddrs map[string]string // more listeners, each with one provider at its root
	Scenario      string            // shipped name, file or folder; "": default
	Seed          *int64            // of the default workspace; nil: the scenario's, or drawn
	ControlToken  string            // needed for the control API; "": none
	JournalSize   int               // entries a workspace; 0: journal.DefaultSize, below 0: none
	JournalBody   int               // bytes kept of each body; 0: journal.DefaultBody, below 0: none
	WebhookURLs   map[string]string // where webhooks of the default workspace go, by provider
	WebhookAllow  []string          // hosts they may go to besides those of [webhook.Allow]
	Version       string
	Log           *slog.Logger // nil: nowhere
	Mocks         []*provider.Mock
}

// DefaultAddr is where a server listens if it is not told.
const DefaultAddr = "127.0.0.1:4402"

// A Server is mockpay, running or ready to.
type Server struct {
	Options
	language *scenarios.Language
	registry *workspace.Registry
	sender   *webhook.Sender
	router   *router
	control  http.Handler
	files    *files // that scenarios come from; nil without any
	watcher  *watcher

	headerTimeout, bodyTimeout, writeTimeout time.Duration

	running   context.Context // ends when Stop is called
	stopping  context.CancelFunc
	broken    sync.WaitGroup // calls whose connections were taken from net/http
	mu        sync.Mutex
	listeners []*listener // guarded by mu
	stopOnce  sync.Once
	stopErr   error
	failed    chan error // a listener ended by itself
}

// New returns a server that has its workspaces and is ready to listen. Mistakes
// in a scenario file are [scenarios.Mistakes].
func New(o Options) (*Server, error) {
	o = o.withDefaults()
	if err := o.check(); err != nil {
		return nil, err
	}
	s := &Server{Options: o, language: scenarios.NewLanguage(o.Mocks), router: newRouter(o.Mocks), failed: make(chan error, 1)}
	counted := metrics.NewSet() // of this server alone: a test may run many in one process
	s.headerTimeout, s.bodyTimeout, s.writeTimeout = headerTimeout, bodyTimeout, writeTimeout
	s.sender = webhook.NewSender(o.WebhookAllow, o.Version)
	s.registry = workspace.NewRegistry(workspace.Options{
		Store: state.Memory(), Mocks: o.Mocks, Language: s.language, JournalSize: o.JournalSize, JournalBody: o.JournalBody,
		Sender: s.sender, WebhookURLs: o.WebhookURLs, Log: o.Log, Metrics: counted,
	})
	s.sender.Measure(counted, events(o.Mocks))
	s.running, s.stopping = context.WithCancel(context.Background())
	s.control = control.New(control.Options{
		Running: s.running, Registry: s.registry, Language: s.language, Mocks: o.Mocks, Token: o.ControlToken, Version: o.Version, Log: o.Log, Metrics: counted,
	})
	s.describe(counted)
	if err := s.loadScenarios(); err != nil {
		s.stopping()
		return nil, errors.Join(err, s.registry.Close(s.running))
	}
	return s, nil
}

func (o Options) withDefaults() Options {
	if o.Addr == "" {
		o.Addr = DefaultAddr
	}
	if o.Scenario == "" {
		o.Scenario = scenarios.Default
	}
	o.JournalSize = orDefault(o.JournalSize, journal.DefaultSize)
	o.JournalBody = orDefault(o.JournalBody, journal.DefaultBody)
	if o.Version == "" {
		o.Version = "dev"
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}

// orDefault reads a number of which 0 means the default and less means none.
func orDefault(n, unset int) int {
	if n == 0 {
		return unset
	}
	return max(n, 0)
}

// ErrOption is that of options that make no sense.
var ErrOption = errors.New("invalid option")

func (o Options) check() error {
	var names []string
	for _, m := range o.Mocks {
		names = append(names, m.Name)
	}
	for name := range o.ProviderAddrs {
		if !slices.Contains(names, name) {
			return fmt.Errorf("%w: %s", ErrOption, provider.NoSuch("provider", name, names))
		}
	}
	return o.checkWebhooks()
}

// checkWebhooks refuses URLs of providers that send no webhooks, and those that
// webhooks may not go to.
func (o Options) checkWebhooks() error {
	var senders []string
	for _, m := range o.Mocks {
		if m.Webhook != nil {
			senders = append(senders, m.Name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(o.WebhookURLs)) {
		if !slices.Contains(senders, name) {
			return fmt.Errorf("%w: webhook URL: %s", ErrOption, provider.NoSuch("provider with webhooks", name, senders))
		}
		if err := webhook.Allow(o.WebhookAllow).CheckURL(o.WebhookURLs[name]); err != nil {
			return fmt.Errorf("%w: webhook URL of %s: %w", ErrOption, name, err)
		}
	}
	return nil
}

// Limits of what a connection may take, in real time and bytes.
const (
	headerTimeout = 10 * time.Second
	idleTimeout   = 2 * time.Minute
	headerLimit   = 64 << 10
	writeTimeout  = 30 * time.Second // for each piece of an answer
	writePiece    = 64 << 10
)

// Start binds all listeners, then serves them. If one cannot be bound, none is.
func (s *Server) Start() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.bind(s.Addr, "", s.Handler()); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(s.ProviderAddrs)) {
		if err := s.bind(s.ProviderAddrs[name], name, s.providerHandler(name)); err != nil {
			for _, l := range s.listeners {
				_ = l.Close() // the first error says more
			}
			return err
		}
	}
	for _, l := range s.listeners {
		go s.serve(l)
	}
	s.watch()
	return nil
}

func (s *Server) bind(addr, provider string, h http.Handler) error {
	bound, err := net.Listen("tcp", addr)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	l := &listener{Listener: bound, provider: provider, writeTimeout: s.writeTimeout}
	l.server = &http.Server{
		Handler: h, ReadHeaderTimeout: s.headerTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: headerLimit,
		ErrorLog: slog.NewLogLogger(s.Log.Handler(), slog.LevelDebug), ConnState: l.note,
	}
	s.listeners = append(s.listeners, l)
	return nil
}

// serve ends when its http.Server is shut down; Stop does that.
func (s *Server) serve(l *listener) {
	if err := l.server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		select {
		case s.failed <- fmt.Errorf("serve %s: %w", l.Addr(), err):
		default:
		}
	}
}

// Done yields an error if a listener ends by itself.
func (s *Server) Done() <-chan error { return s.failed }

// Stop accepts no more, lets what is in flight and webhooks that are queued
// finish until ctx ends, and stops the clocks. What rules hold up goes on at
// once: an answer that is delayed or slow is sent, and a call that hangs ends. It
// may be called more than once.
func (s *Server) Stop(ctx context.Context) error {
	s.stopOnce.Do(func() {
		s.stopping()
		s.mu.Lock()
		defer s.mu.Unlock()
		s.watcher.stop()
		errs := make([]error, len(s.listeners))
		var all sync.WaitGroup
		for i, l := range s.listeners {
			all.Go(func() {
				l.closeSilent()
				if err := l.server.Shutdown(ctx); err != nil {
					errs[i] = errors.Join(fmt.Errorf("stop %s: %w", l.Addr(), err), l.server.Close())
				}
			})
		}
		all.Wait()
		s.broken.Wait() // they end with running
		s.stopErr = errors.Join(append(errs, s.registry.Close(ctx))...)
	})
	return s.stopErr
}

// URL is where the server answers, once it is started.
func (s *Server) URL() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.listeners) == 0 {
		return "http://" + s.Addr
	}
	return urlOf(s.listeners[0].Addr())
}

// ProviderURL is where a provider answers at the root of a listener of its own,
// "" if it has none.
func (s *Server) ProviderURL(name string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range s.listeners {
		if l.provider == name && name != "" {
			return urlOf(l.Addr())
		}
	}
	return ""
}

// urlOf is an address as one can call it: of all interfaces, this machine's.
func urlOf(addr net.Addr) string {
	tcp, ok := addr.(*net.TCPAddr)
	if !ok {
		return "http://" + addr.String()
	}
	if tcp.IP.IsUnspecified() {
		tcp = &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: tcp.Port}
	}
	return "http://" + tcp.String()
}

// Banner writes the startup lines: the seed, each provider with its base URL
// and credentials, and last that the server is ready.
func (s *Server) Banner(to io.Writer) error {
	w, err := s.registry.Get(workspace.Default)
	if err != nil {
		return err
	}
	seed, err := w.Seed()
	if err != nil {
		return err
	}
	url := s.URL()
	var b strings.Builder
	fmt.Fprintf(&b, "mockpay %s seed %d scenario %s\n", s.Version, seed, w.Scenario().Name)
	if s.files != nil && s.files.folder != "" {
		fmt.Fprintf(&b, "workspaces %s\n", strings.Join(s.registry.IDs(), " "))
	}
	for _, m := range s.Mocks {
		fmt.Fprintf(&b, "%s %s/%s", m.Name, url, m.Name)
		for _, mount := range m.Mounts[1:] {
			fmt.Fprintf(&b, " %s_base_url=%s/%s%s", strings.TrimPrefix(mount.Prefix, "/"), url, m.Name, mount.Prefix)
		}
		for _, c := range m.Credentials(w.ID) {
			fmt.Fprintf(&b, " %s=%s", c.Name, c.Value)
		}
		if own := s.ProviderURL(m.Name); own != "" {
			fmt.Fprintf(&b, " own_url=%s", own)
		}
		b.WriteByte('\n')
	}
	fmt.Fprintf(&b, "mockpay ready on %s\n", url)
	_, err = io.WriteString(to, b.String())
	return err
}
