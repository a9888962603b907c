package workspace

import (
	"context"
	"log/slog"

	"github.com/mockpay/mockpay/journal"
)

// tell writes a line of the log about a call, for who asked to be told of each.
// It says what the journal says, with the same secrets masked.
func (w *Workspace) tell(e *journal.Entry) {
	ctx := context.Background()
	if !w.log.Enabled(ctx, slog.LevelDebug) {
		return
	}
	m := e.Masked()
	attrs := []slog.Attr{
		slog.String("id", m.ID), slog.String("method", m.Method), slog.String("path", m.Path),
		slog.String("provider", m.Provider), slog.String("operation", m.Operation),
		slog.Int("status", m.Status), slog.Int64("duration_us", m.Micros),
	}
	for _, a := range []slog.Attr{
		slog.String("outcome", m.Outcome), slog.String("rule", m.Rule), slog.String("fault", m.Fault), slog.String("hint", m.Hint),
	} {
		if a.Value.String() != "" {
			attrs = append(attrs, a)
		}
	}
	w.log.LogAttrs(ctx, slog.LevelDebug, "request", attrs...)
}
