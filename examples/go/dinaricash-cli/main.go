// Command dinaricash-cli sends money through Dinari Cash and waits until it is there
// or has failed; lists and cancels transactions; manages cards. See README.md.
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Exit codes of ends that are not what was asked for.
const (
	notDone    = 1
	wrongUsage = 2
	notKnown   = 3
)

// A stop is such an end.
type stop struct {
	code    int
	message string
}

func (s *stop) Error() string { return s.message }

func stopf(code int, format string, args ...any) error {
	return &stop{code, fmt.Sprintf(format, args...)}
}

var errUsage = &stop{wrongUsage, `usage: dinaricash-cli send ACH|CARD_VIRTUAL|SWIFT|ZELLE AMOUNT NAME=VALUE…
       dinaricash-cli balance
       dinaricash-cli list [NAME=VALUE…]
       dinaricash-cli cancel TRANSACTION_ID
       dinaricash-cli cards
       dinaricash-cli card show|pause|unpause|cancel CARD_ACCOUNT_ID`}

func main() {
	err := run(context.Background(), os.Args[1:])
	if err == nil {
		return
	}
	fmt.Fprintln(os.Stderr, "dinaricash-cli:", explain(err))
	if s := (*stop)(nil); errors.As(err, &s) {
		os.Exit(s.code)
	}
	os.Exit(notDone)
}

// env is a variable, or what it is otherwise.
func env(name, otherwise string) string { return cmp.Or(os.Getenv(name), otherwise) }

// seconds is a variable that holds some.
func seconds(name, otherwise string) (time.Duration, error) {
	n, err := strconv.ParseFloat(env(name, otherwise), 64)
	if err != nil {
		return 0, stopf(wrongUsage, "%s: %s", name, err)
	}
	return time.Duration(n * float64(time.Second)), nil
}

// A desk does what the command line says.
type desk struct {
	cash     *DinariCash
	store    string        // the file that keeps a send
	patience time.Duration // how long it waits for the end of a send
	interval time.Duration // between two questions
}

// newDesk takes a desk from the environment.
func newDesk() (*desk, error) {
	d := &desk{
		cash:  &DinariCash{BaseURL: env("DINARICASH_BASE_URL", "https://sandbox.dinaricash.com")},
		store: env("DINARICASH_STORE", "dinaricash-send.json"),
	}
	for _, need := range []struct {
		name string
		into *string
	}{{"DINARICASH_ACCOUNT_ID", &d.cash.AccountID}, {"DINARICASH_API_KEY", &d.cash.APIKey}} {
		if *need.into = os.Getenv(need.name); *need.into == "" {
			return nil, stopf(wrongUsage, "%s is not set", need.name)
		}
	}
	for _, need := range []struct {
		name, otherwise string
		into            *time.Duration
	}{
		{"DINARICASH_TIMEOUT", "300", &d.patience},
		{"DINARICASH_POLL", "2", &d.interval},
		{"DINARICASH_ANSWER", "30", &d.cash.AnswerWithin},
	} {
		var err error
		if *need.into, err = seconds(need.name, need.otherwise); err != nil {
			return nil, err
		}
	}
	d.cash.RetryAfter = d.interval
	return d, nil
}

func run(ctx context.Context, args []string) error {
	if len(args) == 0 {
		return errUsage
	}
	var act func(*desk, context.Context, []string) error
	switch n := len(args) - 1; {
	case args[0] == "send" && n >= 2:
		act = (*desk).send
	case args[0] == "balance" && n == 0:
		act = (*desk).balance
	case args[0] == "list":
		act = (*desk).list
	case args[0] == "cancel" && n == 1:
		act = (*desk).cancel
	case args[0] == "cards" && n == 0:
		act = (*desk).cards
	case args[0] == "card" && n == 2:
		act = (*desk).card
	default:
		return errUsage
	}
	d, err := newDesk()
	if err != nil {
		return err
	}
	return act(d, ctx, args[1:])
}

var parameter = regexp.MustCompile(`(?s)^([A-Z0-9_]+)=(.*)$`)

// parameters are NAME=VALUE arguments.
func parameters(args []string) (Params, error) {
	params := Params{}
	for _, arg := range args {
		m := parameter.FindStringSubmatch(arg)
		if m == nil {
			return nil, stopf(wrongUsage, "%s is not like RECIPIENT_FULL_NAME=Ann\n%s", arg, errUsage)
		}
		params[m[1]] = m[2]
	}
	return params, nil
}

func (d *desk) balance(ctx context.Context, _ []string) error {
	now, err := d.cash.Balance(ctx)
	if err == nil {
		fmt.Printf("payout %s %[2]s, float %[3]s %[2]s, reserve %[4]s %[2]s\n", now.Payout, now.Currency, now.Float, now.Reserve)
	}
	return err
}

func (d *desk) list(ctx context.Context, args []string) error {
	filters, err := parameters(args)
	if err != nil {
		return err
	}
	rows, err := d.cash.ListTransactions(ctx, filters)
	for _, row := range rows {
		fmt.Println(row.ID, row.Created, row.Status, row.Amount, row.Currency, row.Message)
	}
	return err
}

func (d *desk) cancel(ctx context.Context, args []string) error {
	id := args[0]
	done, err := d.cash.Cancel(ctx, id)
	if err == nil {
		fmt.Printf("%s %s, fee %s USD, payout balance %s -> %s\n", id, done.Status, done.Fee, done.PayoutBefore, done.PayoutAfter)
		return nil
	}
	now, failed := d.ask(ctx, id) // it may be canceled all the same, now or before
	switch {
	case failed != nil:
		return failed
	case now.ID == "" && refusal(err) == nil:
		return stopf(notKnown, "nobody can say whether %s is canceled: %s; run this again", id, err)
	case now.Status != "Canceled":
		return err
	}
	fmt.Println(id, "Canceled")
	return nil
}

func (d *desk) cards(ctx context.Context, _ []string) error {
	all, err := d.cash.ManageCards(ctx, "GET_CARD_LIST", "")
	for _, id := range all.All {
		fmt.Println(id)
	}
	return err
}

// cardActions are what can be done with a card, and how the documents call it.
var cardActions = map[string]string{
	"show": "GET_CARD_DETAILS", "pause": "PAUSE_CARD", "unpause": "UNPAUSE_CARD", "cancel": "CANCEL_CARD",
}

func (d *desk) card(ctx context.Context, args []string) error {
	action, id := args[0], args[1]
	if cardActions[action] == "" {
		return errUsage
	}
	now, err := d.cash.ManageCards(ctx, cardActions[action], id)
	if r := refusal(err); action == "cancel" && r != nil && strings.Contains(r.Reason, "canceled") {
		now, err = d.cash.ManageCards(ctx, "GET_CARD_DETAILS", id) // the first of two tries may have canceled it
	}
	if err != nil {
		return err
	}
	fmt.Println(id, now.Status, now.Balance, now.Currency)
	for _, bought := range now.Bought {
		fmt.Println(bought.ID, bought.Created, bought.Amount, bought.Status)
	}
	return nil
}

var malformed = regexp.MustCompile(`^(Missing|Invalid) [A-Z]`)

// explain puts an error so that a user can act upon it.
func explain(err error) string {
	r := refusal(err)
	if r == nil {
		return err.Error()
	}
	reason := cmp.Or(r.Reason, r.Message)
	switch {
	case r.Status == http.StatusTooManyRequests:
		return err.Error() + ": these are too many calls, wait a while before you run this again"
	case r.Status == http.StatusUnauthorized || strings.HasPrefix(reason, "Invalid Corporate Account ID or Gateway API Key"):
		return err.Error() + ": compare DINARICASH_ACCOUNT_ID and DINARICASH_API_KEY with the dashboard"
	case malformed.MatchString(reason):
		return "Dinari Cash does not take these values: " + err.Error()
	case strings.Contains(strings.ToLower(err.Error()), "insufficient"):
		return err.Error() + ": top up the payout balance, or send less"
	}
	return err.Error()
}
