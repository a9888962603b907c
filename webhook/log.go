package webhook

import (
	"context"
	"log/slog"
	"net/url"
	"strings"
)

// tell writes a line of the log about an attempt, for who asked to be told of
// each. Of failures of a provider's webhooks it tells the first, and those that
// differ from the one before: the others say nothing new.
func (d *Delivery) tell(e Event, to Endpoint, a Attempt) {
	ctx := context.Background()
	if to.URL == "" || !d.Log.Enabled(ctx, slog.LevelDebug) || e.Audit == "" && !d.news(e.Provider, a.Error) {
		return
	}
	shown := Shown(to.URL)
	attrs := []slog.Attr{
		slog.String("id", e.ID), slog.String("provider", e.Provider), slog.String("event", e.Event), slog.String("url", shown),
		slog.Int("attempt", len(e.Attempts)+1), slog.Int("status", a.Status), slog.Int64("duration_us", a.Micros),
	}
	message := "webhook delivered"
	if a.Error != "" {
		message = "webhook not delivered"
		attrs = append(attrs, slog.String("error", strings.ReplaceAll(a.Error, to.URL, shown)))
	}
	if e.Audit != "" {
		attrs = append(attrs, slog.String("audit", e.Audit))
	}
	d.Log.LogAttrs(ctx, slog.LevelDebug, message, attrs...)
}

// news tells whether what an attempt came to is to be told: "" for a delivery,
// else the failure.
func (d *Delivery) news(provider, failure string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if failure == "" {
		delete(d.failing, provider)
		return true
	}
	before := d.failing[provider]
	d.failing[provider] = failure
	return failure != before
}

// Shown is a URL as the log may show it: without user and query, where secrets
// are.
func Shown(target string) string {
	u, err := url.Parse(target)
	if err != nil {
		return "(no URL)" // its text may be anything
	}
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path, RawPath: u.RawPath}).String()
}
