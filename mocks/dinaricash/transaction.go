package dinaricash

import (
	"encoding/json"
	"strconv"
	"time"

	"github.com/mockpay/mockpay/provider"
	"github.com/mockpay/mockpay/state"
	"github.com/shopspring/decimal"
)

// A status is the state of a transaction. Webhooks call it so, lists and
// cancels in title case [S2 l.132-142, 1093, 1187].
type status string

const (
	initiated status = "INITIATED"
	completed status = "COMPLETED"
	declined  status = "DECLINED"
	failed    status = "FAILED"
	canceled  status = "CANCELED"
)

// Values are all there are.
func (status) Values() []string { return texts(initiated, completed, declined, failed, canceled) }

// UnmarshalText reads a status.
func (s *status) UnmarshalText(text []byte) error {
	return choose(s, string(text))
}

// title is a status as lists write it.
func (s status) title() string { return string(s[:1]) + string(lower(s[1:])) }

func lower(s status) []byte {
	b := []byte(s)
	for i := range b {
		b[i] += 'a' - 'A'
	}
	return b
}

var transactionMachine = provider.Machine{
	Name:   "transaction",
	Doc:    "a send: accepted, then done, declined, failed or canceled. Which statuses can be canceled depends on the method (cancel_allowed_from)",
	States: []string{string(initiated), string(completed), string(declined), string(failed), string(canceled)},
	Moves: []provider.Transition{
		{From: string(initiated), To: string(completed)},
		{From: string(initiated), To: string(declined)},
		{From: string(initiated), To: string(failed)},
		{From: string(initiated), To: string(canceled)},
		{From: string(completed), To: string(canceled)},
	},
}

// Directions of transactions.
const (
	outgoing = "OUTGOING"
	incoming = "INCOMING"
)

// A transaction is a send or what came in. The documents use one id for more
// than one transaction, so records have a key of their own; under an id the
// newest is meant.
type transaction struct {
	Key       string          `json:"key"`
	ID        string          `json:"id"`
	Method    string          `json:"method"` // of the four to send, "" for what came in
	Direction string          `json:"direction"`
	Status    status          `json:"status"`
	Currency  string          `json:"currency"`
	Amount    decimal.Decimal `json:"amount"`
	Fee       charge          `json:"fee"`
	Created   time.Time       `json:"created"`
	Updated   time.Time       `json:"updated"`
	Message   string          `json:"message"` // GATEWAY_MESSAGE
	Customer  string          `json:"customer"`
	Card      string          `json:"card"` // that it loads
	Job       string          `json:"job"`  // that will end it

	// How it moved the balances: when it was sent, when it ended badly, when it
	// was canceled.
	Sent     funds `json:"sent"`
	Returned funds `json:"returned"`
	Canceled funds `json:"canceled"`
}

var transactions = state.NewTable(Name+".transactions", func(t transaction) string { return t.Key },
	state.Index[transaction]{Name: "id", Key: func(t transaction) string { return t.ID }},
	state.Index[transaction]{Name: "card", Key: func(t transaction) string { return t.Card }},
	state.Index[transaction]{Name: "created", Key: func(t transaction) string { return sortable(t.Created) }})

// sortable writes a time so that texts sort as the times do.
func sortable(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000") }

// newest is the last of the transactions with an id.
func newest(tx *state.Tx, id string) (t transaction, ok bool) {
	for t = range transactions.By(tx, "id", id) {
		ok = true
	}
	return t, ok
}

// add stores a new transaction.
func (t *transaction) add(tx *state.Tx) {
	t.number(tx)
	transactions.Put(tx, *t)
}

// number gives a new transaction its key.
func (t *transaction) number(tx *state.Tx) {
	t.Key = strconv.FormatInt(tx.Count(Name+".transactions"), 10)
}

const settleJob = "settle"

type settleArgs struct {
	Key     string `json:"key"` // of the transaction, whose id the job's ref is
	As      status `json:"as"`
	Message string `json:"message"`
}

// runSettle ends a transaction when its time has come.
func runSettle(c *provider.Call, job state.Job) error {
	var args settleArgs
	if err := json.Unmarshal(job.Args, &args); err != nil {
		return err
	}
	if t, ok := transactions.Get(c.Tx, args.Key); ok && t.allows(knobs(c), args.As) {
		action(c).end(&t, args.As, args.Message)
	}
	return nil
}

// allows tells whether a transaction may move to a status.
func (t *transaction) allows(s *settings, to status) bool {
	if t.Direction == incoming || !transactionMachine.Allows(string(t.Status), string(to)) {
		return false
	}
	return to != canceled || t.cancelable(s) || t.Status == initiated
}

// cancelable tells whether a call may cancel a transaction.
func (t *transaction) cancelable(s *settings) bool {
	if t.Direction == incoming {
		return false
	}
	for _, from := range s.CancelAllowedFrom.of(t.Method) {
		if from == t.Status && transactionMachine.Allows(string(from), string(canceled)) {
			return true
		}
	}
	return false
}

// begin stores an accepted send and decides how it ends: as a rule says, else as
// the settings do. What ends at once ends in the same transaction.
func (k *call) begin(t *transaction) {
	t.number(k.Tx)
	o := k.outlook(t.Method)
	end := k.Settlement(k.Fields, string(o.As), o.After)
	as := status(end.As)
	switch {
	case as == t.Status && end.Message != "":
		t.Message = end.Message
	case !t.allows(k.settings, as):
	case *end.After == 0:
		k.end(t, as, end.Message) // which stores it
		return
	default:
		t.Job = k.Tx.Schedule(k.Tx.Now().Add(*end.After), Name+"."+settleJob, t.ID, settleArgs{t.Key, as, end.Message})
	}
	transactions.Put(k.Tx, *t)
}

// endMessages are the GATEWAY_MESSAGEs of transactions that ended, where the
// send's own does not say it any more. Only that of a cancel is documented.
var endMessages = map[status]string{
	completed: "Success! The transaction has been completed.",
	declined:  "The transaction was declined.",
	failed:    "The transaction failed.",
	canceled:  "Success! The transaction has been canceled.",
}

// end moves a transaction on: the card is loaded when it is completed, money
// goes back when it ends badly.
func (k *call) end(t *transaction, to status, message string) {
	k.Tx.Cancel(t.Job)
	loaded := t.Card != "" && t.Status == completed
	k.Moved(transactionMachine.Name, string(t.Status), string(to))
	t.Status, t.Updated, t.Job = to, k.now(), ""
	switch to {
	case completed:
		k.load(t)
	case canceled:
		if loaded {
			k.unload(t)
		}
		t.Canceled = k.cancelMove(t, k.cancelCharge(t.Amount))
		if k.example != nil {
			t.Canceled = k.example.deltas(t.Canceled)
		}
		move(k.Tx, t.Canceled, t.ID)
	case declined, failed:
		t.Returned = k.giveBack(t)
		move(k.Tx, t.Returned, t.ID)
	}
	if message == "" && (to != completed || methodNamed(t.Method).accepted == string(initiated)) {
		message = endMessages[to]
	}
	if message != "" {
		t.Message = message
	}
	transactions.Put(k.Tx, *t)
	k.tell(t)
}
