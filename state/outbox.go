package state

import (
	"encoding/json"
	"time"
)

// An Event is a webhook on its way out. It is written in the transaction that
// caused it and delivered after, so that neither exists without the other.
type Event struct {
	ID       string          `json:"id"`
	Provider string          `json:"provider"`
	Event    string          `json:"event"` // "transaction_status"
	At       time.Time       `json:"at"`
	Cause    string          `json:"cause"`   // the operation, action or job
	Payload  json.RawMessage `json:"payload"` // what the provider says, in its order
}

// Emit puts an event into the outbox and returns it.
func (tx *Tx) Emit(provider, event string, payload any) Event {
	e := Event{
		ID: tx.UUID(provider + ".event"), Provider: provider, Event: event,
		At: tx.now, Cause: tx.cause.Operation, Payload: encode(payload),
	}
	tx.putEvent(e)
	return e
}

func (tx *Tx) putEvent(e Event) {
	tx.w.Put(spaceOutbox, number(tx.Count("event")), encode(e))
}

// Events returns the outbox, oldest first.
func (tx *Tx) Events() []Event {
	events := []Event{}
	for _, doc := range tx.Scan(spaceOutbox, "", "", false) {
		var e Event
		decode(doc, &e)
		events = append(events, e)
	}
	return events
}
