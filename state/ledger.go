package state

import (
	"encoding/binary"
	"fmt"
	"strings"
	"time"

	"github.com/shopspring/decimal"
)

// Operations of ledger entries that no call made.
const (
	Opening      = "opening"
	SetByControl = "set by control"
)

// An Entry is one movement of one balance.
type Entry struct {
	At        time.Time       `json:"at"`
	Provider  string          `json:"provider"`
	Balance   string          `json:"balance"`
	Delta     decimal.Decimal `json:"delta"`
	After     decimal.Decimal `json:"after"`
	Operation string          `json:"operation"`
	Request   string          `json:"request,omitempty"`
	Job       string          `json:"job,omitempty"`
	Reference string          `json:"reference,omitempty"` // what it was for, a payout's id
}

// A posting is an entry as it is stored: what most entries have in common, its
// kind, stands once for all of them.
type posting struct {
	Kind      int64           `json:"kind"`
	At        time.Time       `json:"at"`
	Delta     decimal.Decimal `json:"delta"`
	After     decimal.Decimal `json:"after"`
	Request   string          `json:"request,omitempty"`
	Job       string          `json:"job,omitempty"`
	Reference string          `json:"reference,omitempty"`
}

var (
	postings     = newCodec[posting]()
	postingKinds = newCodec[kind]()
	amounts      = newCodec[decimal.Decimal]()
)

// A kind of entries: which balance moved in which operation.
type kind struct {
	Provider  string `json:"provider"`
	Balance   string `json:"balance"`
	Operation string `json:"operation"`
}

const kindsCounter = "ledger/kinds"

// numberOf is the number of a kind, under which it is kept from now on.
func (tx *Tx) numberOf(k kind) int64 {
	name := kindsCounter + "/" + k.Provider + "/" + k.Balance + "\x00" + k.Operation
	n := tx.Number(name)
	if n == 0 {
		n = tx.Count(kindsCounter)
		tx.w.SetNumber(name, n)
		tx.w.Put(spaceKinds, number(n), postingKinds.document(tx, &k))
	}
	return n
}

// kinds are all kinds by their numbers.
func (tx *Tx) kinds() map[int64]kind {
	all := make(map[int64]kind)
	for n, doc := range tx.look(spaceKinds, "", "", false) {
		var k kind
		postingKinds.decode(doc, &k)
		all[int64(binary.BigEndian.Uint64(n))] = k
	}
	return all
}

// Move changes a balance by delta and returns it as it is after. Each move is
// an entry of the ledger; a delta of zero moves nothing and leaves none.
func (tx *Tx) Move(provider, balance string, delta decimal.Decimal, reference string) decimal.Decimal {
	after := tx.Balance(provider, balance).Add(delta)
	if !delta.IsZero() {
		tx.post(provider, balance, delta, after, reference)
	}
	return after
}

// OpenBalance makes a balance known with its first amount, its first entry.
func (tx *Tx) OpenBalance(provider, balance string, amount decimal.Decimal) {
	tx.post(provider, balance, amount, amount, "")
}

func (tx *Tx) post(provider, balance string, delta, after decimal.Decimal, reference string) {
	tx.putEntry(Entry{
		At: tx.now, Provider: provider, Balance: balance, Delta: delta, After: after,
		Operation: tx.cause.Operation, Request: tx.cause.Request, Job: tx.cause.Job, Reference: reference,
	})
}

func (tx *Tx) putEntry(e Entry) {
	p := &tx.posting
	*p = posting{tx.numberOf(kind{e.Provider, e.Balance, e.Operation}), e.At, e.Delta, e.After, e.Request, e.Job, e.Reference}
	tx.w.Put(spaceLedger, number(tx.Count("ledger")), postings.document(tx, p))
	tx.w.Put(spaceBalances, e.Provider+"/"+e.Balance, amounts.document(tx, &p.After))
}

// Balance is an amount as it stands; a balance never opened is zero.
func (tx *Tx) Balance(provider, balance string) decimal.Decimal {
	doc, ok := tx.peek(spaceBalances, provider+"/"+balance)
	if !ok {
		return decimal.Decimal{}
	}
	return readAmount(doc)
}

// readAmount reads what amounts wrote.
func readAmount(doc []byte) (amount decimal.Decimal) {
	if doc[0] == packedMark {
		return (&packed{string(doc[1:])}).decimal()
	}
	decode(doc, &amount)
	return amount
}

// Balances are all balances by provider and name.
func (tx *Tx) Balances() map[string]map[string]decimal.Decimal {
	all := make(map[string]map[string]decimal.Decimal)
	for key, doc := range tx.look(spaceBalances, "", "", false) {
		provider, balance, _ := strings.Cut(string(key), "/")
		if all[provider] == nil {
			all[provider] = make(map[string]decimal.Decimal)
		}
		all[provider][balance] = readAmount(doc)
	}
	return all
}

// Ledger returns the entries of a provider's balance, oldest first; an empty
// name means any.
func (tx *Tx) Ledger(provider, balance string) []Entry {
	entries, kinds := []Entry{}, tx.kinds()
	for _, doc := range tx.look(spaceLedger, "", "", false) {
		var p posting
		postings.decode(doc, &p)
		k := kinds[p.Kind]
		if (provider == "" || k.Provider == provider) && (balance == "" || k.Balance == balance) {
			entries = append(entries, Entry{p.At, k.Provider, k.Balance, p.Delta, p.After, k.Operation, p.Request, p.Job, p.Reference})
		}
	}
	return entries
}

// A Check is one thing that must hold of a workspace, and whether it does.
type Check struct {
	Name   string `json:"name"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail,omitempty"` // what was found
}

// Fail makes the check fail with what was found; the first finding stays.
func (c *Check) Fail(format string, args ...any) {
	if c.OK {
		c.OK, c.Detail = false, fmt.Sprintf(format, args...)
	}
}

// CheckLedger tells whether every balance is the sum of its entries, each of
// which goes on from the one before.
func (tx *Tx) CheckLedger() []Check {
	sums := make(map[string]decimal.Decimal)
	chain := Check{Name: "ledger entries follow from each other", OK: true}
	entries := tx.Ledger("", "")
	for i, e := range entries {
		key := e.Provider + "/" + e.Balance
		sums[key] = sums[key].Add(e.Delta)
		if !sums[key].Equal(e.After) {
			chain.Fail("entry %d of %s says %s after %s, the sum is %s", i+1, key, e.After, e.Delta, sums[key])
		}
	}
	if chain.OK {
		chain.Detail = fmt.Sprintf("entries: %d", len(entries))
	}
	return []Check{chain, tx.checkSums(sums)}
}

func (tx *Tx) checkSums(sums map[string]decimal.Decimal) Check {
	check := Check{Name: "balances are the sums of their entries", OK: true}
	n := 0
	for provider, balances := range tx.Balances() {
		for name, amount := range balances {
			n++
			if sum := sums[provider+"/"+name]; !sum.Equal(amount) {
				check.Fail("%s.%s is %s, its entries add up to %s", provider, name, amount, sum)
			}
		}
	}
	if check.OK {
		check.Detail = fmt.Sprintf("balances: %d", n)
	}
	return check
}
