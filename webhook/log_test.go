package webhook

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// linesOf has a world's deliveries log into what it returns, without times.
func linesOf(w *world, level slog.Level) *bytes.Buffer {
	var b bytes.Buffer
	w.d.Log = slog.New(slog.NewTextHandler(&b, &slog.HandlerOptions{Level: level, ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey || a.Key == "id" {
			return slog.Attr{}
		}
		return a
	}}))
	return &b
}

// TestLogOfAttempts has the receiver fail, fail again, fail otherwise, take
// both events, and fail as it did first.
func TestLogOfAttempts(t *testing.T) {
	const target = "http://sam:hush@cash.internal/hook?token=hush"
	answers := []Attempt{down, down, {Error: "nobody at " + target + " is in"}, taken, taken, down}
	r := newReceiver(func(context.Context, Event, int) Attempt {
		a := answers[0]
		answers = answers[1:]
		a.Micros = 7
		return a
	})
	inBubble(t, "Debug", func(t *testing.T) {
		w := newWorld(t, r.send)
		w.change("cash", func(e *Endpoint) { e.URL = target })
		log := linesOf(w, slog.LevelDebug)
		w.emit("cash", 1)
		w.advance(time.Second)
		w.emit("cash", 2)
		w.advance(backoffA - time.Second) // the first again
		w.advance(time.Second)            // the second
		w.advance(backoffB)
		w.emit("cash", 3)
		w.advance(time.Second)
		assert.Empty(t, answers)
		const url = " url=http://cash.internal/hook"
		assert.Equal(t, []string{
			`level=DEBUG msg="webhook not delivered" provider=cash event=e1` + url + ` attempt=1 status=503 duration_us=7 error="the receiver answered 503"`,
			`level=DEBUG msg="webhook not delivered" provider=cash event=e1` + url + ` attempt=2 status=0 duration_us=7 error="nobody at http://cash.internal/hook is in"`,
			`level=DEBUG msg="webhook delivered" provider=cash event=e2` + url + ` attempt=2 status=200 duration_us=7`,
			`level=DEBUG msg="webhook delivered" provider=cash event=e1` + url + ` attempt=3 status=200 duration_us=7`,
			`level=DEBUG msg="webhook not delivered" provider=cash event=e3` + url + ` attempt=1 status=503 duration_us=7 error="the receiver answered 503"`,
		}, strings.Split(strings.TrimSpace(log.String()), "\n"))
	})
	inBubble(t, "Info", func(t *testing.T) {
		w := newWorld(t, newReceiver(failing(1)).send)
		log := linesOf(w, slog.LevelInfo)
		w.emit("cash", 1)
		w.advance(backoffA)
		assert.Len(t, w.events()[0].Attempts, 2)
		assert.Empty(t, log.String())
	})
}

func TestShown(t *testing.T) {
	for url, want := range map[string]string{
		"http://127.0.0.1:9000/hooks":               "http://127.0.0.1:9000/hooks",
		"https://sam:hush@host.internal/a?b=hush#c": "https://host.internal/a",
		"http://[::1]:80/a%2Fb":                     "http://[::1]:80/a%2Fb",
		"http://host:hush":                          "(no URL)",
		"":                                          "",
	} {
		assert.Equal(t, want, Shown(url), url)
	}
}
