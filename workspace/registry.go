package workspace

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mockpay/mockpay/journal"
	"github.com/mockpay/mockpay/metrics"
	"github.com/mockpay/mockpay/provider"
	"github.com/mockpay/mockpay/scenarios"
	"github.com/mockpay/mockpay/state"
	"github.com/mockpay/mockpay/webhook"
)

// Default is the workspace that always exists.
const Default = "default"

// Errors of the registry.
var (
	ErrTaken   = errors.New("there is a workspace with this id")
	ErrUnknown = errors.New("unknown workspace")
	ErrFull    = errors.New("there are too many workspaces; delete some, or give them a ttl")
	ErrDefault = errors.New("the default workspace cannot be deleted")
	ErrID      = errors.New("a workspace id has 1 to 64 letters, digits, dots, dashes and underscores, and begins with a letter or digit")
)

// MostWorkspaces is how many a server has at most. An idle one takes some 30 KB.
const MostWorkspaces = 10_000

var validID = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

// Options are what a registry makes workspaces with.
type Options struct {
	Store       state.Store
	Mocks       []*provider.Mock
	Language    *scenarios.Language
	JournalSize int // entries
	JournalBody int // bytes kept of each body
	Most        int // workspaces; 0: MostWorkspaces
	Sender      *webhook.Sender
	WebhookURLs map[string]string // of the default workspace, by provider
	Log         *slog.Logger
	Metrics     *metrics.Set // of what the workspaces do; nil if nobody asks
}

// A Registry holds the workspaces of a server.
type Registry struct {
	Options
	counts   *counts
	journals *journal.Budget                 // of all of them
	secrets  *journal.Secrets                // by their names
	known    atomic.Pointer[journal.Secrets] // with those of all workspaces; nil if they are to be collected

	mu       sync.RWMutex
	all      map[string]*Workspace // guarded by mu, as is all below
	accounts map[account]*Workspace
	expiry   map[string]*time.Timer // of workspaces with a ttl
	seed     int64                  // that ids of workspaces are drawn from
	made     int64                  // ids drawn so far
	closed   bool
}

// An account is who signs in where.
type account struct{ provider, name string }

// NewRegistry returns a registry without workspaces.
func NewRegistry(o Options) *Registry {
	if o.Most == 0 {
		o.Most = MostWorkspaces
	}
	if o.Metrics == nil {
		o.Metrics = metrics.NewSet()
	}
	r := &Registry{
		Options: o, secrets: secretNames(o.Mocks), counts: newCounts(o.Metrics, o.Mocks), journals: journal.NewBudget(journal.DefaultBudget), seed: DrawSeed(),
		all: make(map[string]*Workspace), accounts: make(map[account]*Workspace), expiry: make(map[string]*time.Timer),
	}
	r.count(o.Metrics)
	return r
}

// DrawSeed draws a seed for when nobody gave one: small enough to type.
func DrawSeed() int64 {
	var b [4]byte
	_, _ = rand.Read(b[:]) // never fails
	return int64(binary.BigEndian.Uint32(b[:]) >> 1)
}

// A Spec says what workspace to make; its zero value is fine.
type Spec struct {
	ID       string // "": drawn
	Scenario *scenarios.Scenario
	Seed     *int64        // nil: the scenario's, or drawn
	TTL      time.Duration // 0: for ever
}

// CheckID refuses what is no id of a workspace.
func CheckID(id string) error {
	if !validID.MatchString(id) {
		return fmt.Errorf("%w: %q", ErrID, id)
	}
	return nil
}

// Create makes a workspace.
func (r *Registry) Create(s Spec) (*Workspace, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if s.ID == "" {
		s.ID = r.drawIDLocked()
	}
	if err := CheckID(s.ID); err != nil {
		return nil, err
	}
	if r.all[s.ID] != nil {
		return nil, fmt.Errorf("%w: %q", ErrTaken, s.ID)
	}
	if len(r.all) >= r.Most {
		return nil, fmt.Errorf("%w: %d", ErrFull, len(r.all))
	}
	docs, err := r.Store.Open(s.ID)
	if err != nil {
		return nil, fmt.Errorf("create workspace %q: %w", s.ID, err)
	}
	var urls map[string]string
	var strangers func() *journal.Secrets
	if s.ID == Default {
		urls, strangers = r.WebhookURLs, r.allSecrets
	}
	w, err := open(config{
		id: s.ID, seed: s.Seed, drawn: DrawSeed(), scenario: s.Scenario, docs: docs,
		mocks: r.Mocks, lang: r.Language, log: r.Log, counts: r.counts, secrets: r.secrets, strangers: strangers,
		sender: r.Sender, urls: urls, others: func() []string { return r.others(s.ID) }, journalSize: r.JournalSize, journalBody: r.JournalBody,
	})
	if err != nil {
		return nil, err
	}
	r.addLocked(w, s.TTL)
	return w, nil
}

// drawIDLocked draws an id that is free.
func (r *Registry) drawIDLocked() string {
	for {
		r.made++
		d := state.Derive(r.seed, "workspace", r.made)
		if id := "ws-" + hex.EncodeToString(d[:4]); r.all[id] == nil {
			return id
		}
	}
}

func (r *Registry) addLocked(w *Workspace, ttl time.Duration) {
	r.all[w.ID] = w
	r.known.Store(nil)
	r.journals.Share(w.journal)
	for _, m := range r.Mocks {
		r.accounts[account{m.Name, m.Credentials(w.ID)[0].Value}] = w
	}
	if ttl > 0 {
		w.used.Store(time.Now().UnixNano())
		r.expiry[w.ID] = time.AfterFunc(ttl, func() { r.expire(w, ttl) })
	}
}

// expire ends a workspace that was not used for its ttl.
func (r *Registry) expire(w *Workspace, ttl time.Duration) {
	removed, err := r.removeIdle(w, ttl)
	if !removed {
		return
	}
	w.close(ended)
	r.Log.Info("an unused workspace is removed", "workspace", w.ID, "ttl", ttl, "error", err)
}

// removeIdle takes out a workspace if it was not used for its ttl, and
// otherwise sets the time to look again.
func (r *Registry) removeIdle(w *Workspace, ttl time.Duration) (removed bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed || r.all[w.ID] != w {
		return false, nil
	}
	if left := ttl - w.idle(time.Now()); left > 0 {
		r.expiry[w.ID] = time.AfterFunc(left, func() { r.expire(w, ttl) })
		return false, nil
	}
	return true, r.removeLocked(w)
}

// Get returns a workspace and counts as its use.
func (r *Registry) Get(id string) (*Workspace, error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	w := r.all[id]
	if w == nil {
		return nil, r.unknownLocked(id)
	}
	w.used.Store(time.Now().UnixNano())
	return w, nil
}

// For returns the workspace of an account, or the default one for an account
// that nobody has.
func (r *Registry) For(m *provider.Mock, name string) *Workspace {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if w := r.accounts[account{m.Name, name}]; w != nil {
		return w
	}
	return r.all[Default]
}

// unknown is [ErrUnknown] in words.
type unknown string

func (u unknown) Error() string   { return string(u) }
func (unknown) Is(err error) bool { return err == ErrUnknown }

func (r *Registry) unknownLocked(id string) error {
	return unknown(provider.NoSuch("workspace", id, r.idsLocked()))
}

// List returns the workspaces, the default first, then by id.
func (r *Registry) List() []*Workspace {
	r.mu.RLock()
	defer r.mu.RUnlock()
	var all []*Workspace
	for _, id := range r.idsLocked() {
		all = append(all, r.all[id])
	}
	return all
}

// IDs are the ids of the workspaces, the default first, then by name.
func (r *Registry) IDs() []string {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.idsLocked()
}

// others are the ids of all workspaces but one.
func (r *Registry) others(but string) []string {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return slices.DeleteFunc(r.idsLocked(), func(id string) bool { return id == but })
}

func (r *Registry) idsLocked() []string {
	var ids []string
	for id := range r.all {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b string) int {
		switch Default {
		case a:
			return -1
		case b:
			return 1
		}
		return strings.Compare(a, b)
	})
	return ids
}

// Delete removes a workspace with all it knows.
func (r *Registry) Delete(id string) error {
	w, err := r.remove(id)
	if w != nil {
		w.close(ended) // may wait for its work, and lets the other workspaces go on
	}
	return err
}

func (r *Registry) remove(id string) (*Workspace, error) {
	if id == Default {
		return nil, ErrDefault
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	w := r.all[id]
	if w == nil {
		return nil, r.unknownLocked(id)
	}
	return w, r.removeLocked(w)
}

// removeLocked takes a workspace out of the registry. The caller closes it.
func (r *Registry) removeLocked(w *Workspace) error {
	delete(r.all, w.ID)
	r.known.Store(nil)
	for _, m := range r.Mocks {
		delete(r.accounts, account{m.Name, m.Credentials(w.ID)[0].Value})
	}
	if timer := r.expiry[w.ID]; timer != nil {
		timer.Stop()
		delete(r.expiry, w.ID)
	}
	return r.Store.Remove(w.ID)
}

// ended is the context of what is not waited for.
var ended = func() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}()

// Close ends all workspaces' timers and the store. Webhooks that are queued are
// sent until ctx ends.
func (r *Registry) Close(ctx context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	for _, timer := range r.expiry {
		timer.Stop()
	}
	var all sync.WaitGroup
	for _, w := range r.all {
		all.Go(func() { w.close(ctx) })
	}
	all.Wait()
	return r.Store.Close()
}
