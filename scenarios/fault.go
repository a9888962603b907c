package scenarios

import (
	"slices"
	"strings"

	"github.com/mockpay/mockpay/provider"
	"gopkg.in/yaml.v3"
)

// A Fault is what goes wrong with a call on the wire; "" is nothing.
type Fault string

// The faults there are.
const (
	Reset     Fault = "reset"      // the connection is reset
	Drop      Fault = "drop"       // the connection is closed without an answer
	Hang      Fault = "hang"       // no answer comes, and the connection stays
	Truncate  Fault = "truncate"   // half of the answer's body comes
	Garbage   Fault = "garbage"    // what comes is no HTTP
	Slow      Fault = "slow"       // the answer's body comes in small pieces
	LostReply Fault = "lost_reply" // all is done, and the answer does not come
)

// Faults are all faults, in the order they are documented: first those that
// commit nothing.
var Faults = []Fault{Reset, Drop, Hang, Truncate, Garbage, Slow, LostReply}

// Commits tells whether the call is done all the same, once. Of one that is not,
// nothing is left but its entry in the journal.
func (f Fault) Commits() bool { return !slices.Contains([]Fault{Reset, Drop, Hang}, f) }

// fault reads what goes wrong with a call.
func (d *document) fault(into *Fault) func(*yaml.Node, string) {
	return func(n *yaml.Node, path string) {
		text, ok := d.scalar(n, path, "one of "+strings.Join(faultNames(), ", "))
		if !ok {
			return
		}
		if !slices.Contains(Faults, Fault(text)) {
			d.complain(n, path, "%s", provider.NoSuch("fault", text, faultNames()))
		}
		*into = Fault(text)
	}
}

func faultNames() []string {
	var names []string
	for _, f := range Faults {
		names = append(names, string(f))
	}
	return names
}

// faults in words, for what a call meets with.
var faultsInWords = map[Fault]string{
	Reset:     "meets with a connection reset and does nothing",
	Drop:      "meets with a connection closed without an answer and does nothing",
	Hang:      "waits for an answer that never comes and does nothing",
	Truncate:  "gets half of its answer's body",
	Garbage:   "gets an answer that is no HTTP",
	Slow:      "gets its answer's body in small pieces",
	LostReply: "does all it does, and its answer is lost",
}

func (l *Language) faultWords(r *Rule) string { return faultsInWords[r.fault] }
