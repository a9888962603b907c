package scenarios

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mockpay/mockpay/provider"
	"github.com/mockpay/mockpay/webhook"
	"gopkg.in/yaml.v3"
)

// dropped is the effect that is written as a word.
const dropped = "drop"

// webhooks reads how the webhooks that a call causes misbehave.
func (d *document) webhooks(r *Rule, n *yaml.Node, path string) *webhook.Order {
	senders := d.lang.senders(r.operations)
	if len(r.operations) > 0 && len(senders) == 0 {
		d.complain(n, path, "%s causes no webhooks; providers that send some: %s", r.On, strings.Join(titles(d.lang.mocks), ", "))
		return nil
	}
	o := &webhook.Order{Misbehaviour: webhook.Misbehaviour{Rule: r.ID()}}
	if n.Kind == yaml.MappingNode {
		d.misbehaviour(o, senders, n, path)
		return o
	}
	text, ok := d.scalar(n, path, "drop, or a map of delay, duplicate and so on")
	if ok && text != dropped {
		d.complain(n, path, "%s", provider.NoSuch("way to misbehave", text, []string{dropped}))
	}
	o.Drop = true
	return o
}

// misbehaviour reads the map of what goes wrong with webhooks.
func (d *document) misbehaviour(o *webhook.Order, senders []*provider.Mock, n *yaml.Node, path string) {
	proven := func(into *bool, has func(webhook.Proof) bool, lack string) func(*yaml.Node, string) {
		return func(n *yaml.Node, path string) {
			d.boolean(into)(n, path)
			if *into && len(senders) > 0 && !slices.ContainsFunc(senders, func(m *provider.Mock) bool { return has(m.Proof) }) {
				d.complain(n, path, "webhooks of %s %s", strings.Join(titles(senders), ", "), lack)
			}
		}
	}
	given := d.mapping(n, path,
		key{dropped, d.boolean(&o.Drop)},
		key{"delay", func(n *yaml.Node, path string) {
			if delay := d.delay(n, path); delay != nil {
				o.Delay, o.Spread = delay.Min, max(0, delay.Max-delay.Min)
			}
		}},
		key{"duplicate", func(n *yaml.Node, path string) {
			d.integer(&o.Duplicate, 1)(n, path)
			if o.Duplicate > webhook.MostDuplicates {
				d.complain(n, path, "duplicate must be at most %d, it is %d", webhook.MostDuplicates, o.Duplicate)
			}
		}},
		key{"reorder", d.boolean(&o.Reorder)},
		key{"bad_signature", proven(&o.BadSignature, webhook.Proof.Genuine, "have neither a signature nor a key that could be wrong")},
		key{"stale_timestamp", proven(&o.StaleTimestamp, webhook.Proof.Timed, "do not tell when they were sent")},
		key{"corrupt", d.boolean(&o.Corrupt)},
		key{"event", func(n *yaml.Node, path string) { d.event(o, senders, n, path) }},
	)
	delete(given, "event")
	switch {
	case len(given) == 0:
		d.complain(n, path, "it does not say what goes wrong; give it at least one of: drop, delay, duplicate, reorder, bad_signature, stale_timestamp, corrupt")
	case o.Drop && len(given) > 1:
		d.complain(n, path, "a webhook that is dropped is never sent; leave out drop, or all but drop and event")
	}
}

// event reads the only event that misbehaves.
func (d *document) event(o *webhook.Order, senders []*provider.Mock, n *yaml.Node, path string) {
	text, ok := d.scalar(n, path, "an event")
	if !ok {
		return
	}
	var events []string
	for _, m := range senders {
		events = append(events, m.Events...)
	}
	o.Event = text
	if len(senders) > 0 && !slices.Contains(events, text) {
		d.complain(n, path, "%s", provider.NoSuch("event of "+strings.Join(titles(senders), ", "), text, events))
	}
}

// senders are the providers of some operations that send webhooks.
func (l *Language) senders(operations []string) (all []*provider.Mock) {
	for _, full := range operations {
		if m, _ := l.lookup(full); len(m.Events) > 0 && !slices.Contains(all, m) {
			all = append(all, m)
		}
	}
	return all
}

// titles are the names of those among some providers that send webhooks.
func titles(mocks []*provider.Mock) (names []string) {
	for _, m := range mocks {
		if len(m.Events) > 0 {
			names = append(names, m.Name)
		}
	}
	return names
}

// webhookWords are what happens to the webhooks of a call.
func (l *Language) webhookWords(r *Rule) string {
	o := r.hooks
	if o == nil {
		return ""
	}
	whose := "its webhooks"
	if o.Event != "" {
		whose = "its webhooks " + o.Event
	}
	if o.Drop {
		return "has " + whose + " never sent"
	}
	var how []string
	add := func(is bool, words string) {
		if is {
			how = append(how, words)
		}
	}
	least, most := durationWords(o.Delay), durationWords(o.Delay+o.Spread)
	add(o.Delay+o.Spread > 0 && o.Spread == 0, least+" late")
	add(o.Spread > 0 && o.Delay == 0, "up to "+most+" late")
	add(o.Spread > 0 && o.Delay > 0, least+" to "+most+" late")
	add(o.Duplicate == 1, "once more")
	add(o.Duplicate > 1, fmt.Sprintf("%d times more", o.Duplicate))
	add(o.Reorder, "after the next one")
	add(o.BadSignature, "with a wrong signature")
	add(o.StaleTimestamp, "as if they were old")
	add(o.Corrupt, "with a damaged body")
	if len(how) == 0 {
		return "has " + whose + " sent as ever" // reorder: false, say
	}
	return "has " + whose + " sent " + strings.Join(how, ", ")
}
