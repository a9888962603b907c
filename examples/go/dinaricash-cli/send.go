package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/big"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"
)

// An order is what is to be sent, and to whom.
type order struct {
	Method  string `json:"method"`
	Amount  string `json:"amount"`
	Details Params `json:"details"`
}

// A send is kept in a file from before it is made until its end is known.
type send struct {
	Order order    `json:"order"`
	Since string   `json:"since"` // the provider's time before it
	Known []string `json:"known"` // the transactions of that second
	ID    string   `json:"transaction_id,omitempty"`
}

var decimal = regexp.MustCompile(`^(0|[1-9]\d*)(\.\d{1,2})?$`)

// send sends, unless an earlier run did, and waits for the end.
func (d *desk) send(ctx context.Context, args []string) error {
	if _, ok := Methods[args[0]]; !ok {
		return errUsage
	}
	if !decimal.MatchString(args[1]) {
		return stopf(wrongUsage, "%s is no amount like 300.00", args[1])
	}
	details, err := parameters(args[2:])
	if err != nil {
		return err
	}
	in, err := listen()
	if err != nil {
		return err
	}
	defer in.close()

	sent, err := d.recall(ctx, order{args[0], args[1], details})
	if err == nil && sent.Since == "" {
		sent, err = d.begin(ctx, order{args[0], args[1], details})
	}
	if err == nil && sent.ID == "" {
		sent.ID, err = d.make(ctx, sent)
	}
	if err == nil {
		err = d.keep(sent)
	}
	if err != nil {
		return err
	}
	return d.follow(ctx, sent.ID, in)
}

// recall is what an earlier run has left behind before it knew the end, if it was
// made.
func (d *desk) recall(ctx context.Context, wanted order) (left send, err error) {
	text, err := os.ReadFile(d.store)
	if errors.Is(err, fs.ErrNotExist) {
		return left, nil
	}
	if err != nil {
		return left, err
	}
	if err := json.Unmarshal(text, &left); err != nil {
		return left, fmt.Errorf("read %s: %w", d.store, err)
	}
	if o := left.Order; o.Method != wanted.Method || o.Amount != wanted.Amount || !maps.Equal(o.Details, wanted.Details) {
		return left, stopf(wrongUsage, "%s holds another send that has no end yet: finish that one, or set DINARICASH_STORE", d.store)
	}
	if left.ID == "" {
		left.ID, err = d.trace(ctx, left)
	}
	if err != nil || left.ID == "" {
		return send{}, err
	}
	fmt.Println(left.ID, "is from an earlier run")
	return left, nil
}

// begin is what is known before a send, stored before it is made: the provider's
// time, and the transactions of this second. No call has a key of the sender's, so
// that only the list can tell later whether it was made.
func (d *desk) begin(ctx context.Context, wanted order) (begun send, err error) {
	now, err := d.cash.Balance(ctx)
	if err != nil {
		return begun, err
	}
	begun = send{Order: wanted, Since: strings.Replace(now.At, " ", "T", 1)}
	rows, err := d.cash.ListTransactions(ctx, Params{"DATETIME_START": begun.Since})
	if err != nil {
		return begun, err
	}
	for _, row := range rows {
		begun.Known = append(begun.Known, row.ID)
	}
	return begun, d.keep(begun)
}

func (d *desk) keep(s send) error {
	text, err := json.Marshal(s)
	if err != nil {
		return err
	}
	file, err := os.OpenFile(d.store, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(text)
	return errors.Join(err, file.Sync(), file.Close())
}

// make makes a send, once. It returns its id.
func (d *desk) make(ctx context.Context, s send) (id string, err error) {
	o := s.Order
	made, err := d.cash.Send(ctx, o.Method, o.Amount, o.Details)
	switch r := refusal(err); {
	case r != nil && r.Debited:
		return "", errors.Join(stopf(notDone, "%s, and yet the payout balance fell: ask Dinari Cash", err), os.Remove(d.store))
	case r != nil:
		return "", errors.Join(err, os.Remove(d.store))
	case err != nil:
		return d.unclear(ctx, s, err)
	}
	fmt.Printf("%s %s USD, fee %s USD, payout balance %s -> %s\n", o.Method, made.Amount, made.Fee, made.PayoutBefore, made.PayoutAfter)
	if made.CardID != "" {
		fmt.Println("card", made.CardID, made.CardNumber, made.CardExpires)
	}
	return made.TransactionID, nil
}

// unclear is the id of a send that had no clear answer.
func (d *desk) unclear(ctx context.Context, s send, why error) (id string, err error) {
	fmt.Println("the send has no clear answer:", why)
	id, err = d.trace(ctx, s)
	if err != nil || id != "" {
		return id, err
	}
	return "", errors.Join(stopf(notDone, "the send was not made, as Dinari Cash does not list it: run this again to send"), os.Remove(d.store))
}

// trace is the id of a send that may or may not have been made, "" if it is not
// listed.
func (d *desk) trace(ctx context.Context, s send) (string, error) {
	for asked := 1; ; asked++ {
		rows, err := d.cash.ListTransactions(ctx, Params{"DATETIME_START": s.Since, "TRANSACTION_DIRECTION": "OUTGOING"})
		if err != nil {
			return "", stopf(notKnown, "nobody can say whether the send was made: %s; run this again, which asks before it sends", explain(err))
		}
		rows = slices.DeleteFunc(rows, func(row Transaction) bool {
			return slices.Contains(s.Known, row.ID) || !equal(row.Amount.String(), s.Order.Amount)
		})
		switch {
		case len(rows) == 1:
			return rows[0].ID, nil
		case len(rows) > 1:
			return "", stopf(notKnown, "%d sends of %s USD are listed since %s: see in the dashboard which is yours, and remove %s",
				len(rows), s.Order.Amount, s.Since, d.store)
		case asked == 3:
			return "", nil
		}
		time.Sleep(d.interval) // it may still be on its way
	}
}

// equal tells whether two decimals are the same number.
func equal(a, b string) bool {
	x, ok := new(big.Rat).SetString(a)
	y, also := new(big.Rat).SetString(b)
	return ok && also && x.Cmp(y) == 0
}

// follow waits for the end of a transaction. The list tells it; a webhook says when
// to ask.
func (d *desk) follow(ctx context.Context, id string, in *inbox) error {
	deadline := time.Now().Add(d.patience)
	var last Transaction
	for wait := d.interval; ; wait = min(wait*5/4, d.interval*5/2) {
		now, err := d.ask(ctx, id)
		if err != nil {
			return err
		}
		if now.ID != "" && now.Status != last.Status {
			fmt.Println(id, now.Status)
			last = now
		}
		if last.ID != "" && last.Status != "Initiated" {
			return d.end(ctx, last)
		}
		left := time.Until(deadline)
		if left <= 0 {
			return stopf(notKnown, "%s has no end after %s: run this again to go on waiting", id, d.patience)
		}
		select {
		case <-time.After(min(wait, left)):
		case <-in.told:
		}
	}
}

// end forgets a send whose end is known, and says why it is none to be glad of.
func (d *desk) end(ctx context.Context, last Transaction) error {
	if err := os.Remove(d.store); err != nil || last.Status == "Completed" {
		return err
	}
	now, err := d.cash.Balance(ctx)
	if err != nil {
		return err
	}
	return stopf(notDone, "the send is %s: %s; the payout balance is %s USD now, see what came back before you send again",
		last.Status, last.Message, now.Payout)
}

// ask is a transaction as it is listed. It has no ID while nobody answers.
func (d *desk) ask(ctx context.Context, id string) (now Transaction, err error) {
	rows, err := d.cash.ListTransactions(ctx, Params{"TRANSACTION_ID": id})
	switch r := refusal(err); {
	case err != nil && (r == nil || r.Status == http.StatusTooManyRequests):
		return now, nil
	case err != nil:
		return now, stopf(notKnown, "nobody says what became of %s: %s", id, explain(err))
	case len(rows) > 0:
		now = rows[0]
	}
	return now, nil
}
