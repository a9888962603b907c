package webhook

import (
	"context"
	"encoding/json"
	"errors"
	"slices"

	"github.com/mockpay/mockpay/state"
)

// ErrReset is that of what was on its way when the workspace began anew.
var ErrReset = errors.New("the workspace began anew meanwhile")

// Cases of an audit, in their order.
const (
	CaseGenuine      = "genuine"
	CaseBadSignature = badSignature
	CaseStale        = staleTimestamp
	CaseCorrupt      = corrupt
	CaseDuplicate    = "duplicate"
)

// Cases are those that can be tried on events with a proof: each an event of its
// own, but the duplicate, which is the genuine one once more.
func Cases(p Proof) []string {
	all := []string{CaseGenuine, CaseBadSignature, CaseStale, CaseCorrupt, CaseDuplicate}
	return slices.DeleteFunc(all, func(name string) bool {
		return name == CaseBadSignature && !p.Genuine() || name == CaseStale && !p.Timed()
	})
}

// ForAudit returns an event for a case of an audit. It is nothing that happened:
// it waits in no queue, and is for [Delivery.Try].
func ForAudit(tx *state.Tx, provider, event, of string, payload json.RawMessage) Event {
	e := Event{
		ID: tx.UUID(provider + ".audit"), Provider: provider, Event: event, At: tx.Now(), Status: Failed,
		Cause: "audit", Audit: of, Payload: payload, Attempts: []Attempt{},
	}
	switch of {
	case CaseBadSignature:
		e.Misbehaviour = &Misbehaviour{BadSignature: true}
	case CaseStale:
		e.Misbehaviour = &Misbehaviour{StaleTimestamp: true}
	case CaseCorrupt:
		e.Misbehaviour = &Misbehaviour{Corrupt: true}
	}
	return e
}

// Try sends an event of an audit once, beside all others, and keeps it with what
// it was answered. One that was tried before is a duplicate.
func (d *Delivery) Try(ctx context.Context, to Endpoint, e Event) (Event, error) {
	d.mu.Lock()
	r := d.run
	d.mu.Unlock()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(r.ctx, cancel)()
	to.At = d.Now()
	a := d.send(ctx, to, e)
	a.At, a.Spoiled, a.Copy = to.At, e.spoils(), len(e.Attempts)
	if r.ctx.Err() != nil {
		return e, ErrReset
	}
	if ctx.Err() != nil {
		return e, ctx.Err()
	}
	d.tell(e, to, a)
	e.URL = to.URL
	e.Attempts = append(slices.Clone(e.Attempts), a)
	if a.Copy == 0 {
		e.Hint = a.Error
	}
	if a.Error == "" {
		e.Status = Delivered
	}
	err := d.Update(func(tx *state.Tx) error {
		if !d.current(r) {
			return ErrReset
		}
		if a.Copy == 0 {
			tx.Count(written)
			e.put(tx, Pending)
		} else {
			e.put(tx, e.Status)
		}
		makeRoom(tx)
		return nil
	})
	return e, err
}
