// Command dinardragon-payout pays to bank accounts through Dinar Dragon, and waits
// until each payment is there or has failed. See README.md.
package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Exit codes of ends that are not payouts which were paid.
const (
	notPaid    = 1
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

func main() {
	err := run(context.Background(), os.Args[1:])
	if err == nil {
		return
	}
	fmt.Fprintln(os.Stderr, "dinardragon-payout:", explain(err))
	if s := (*stop)(nil); errors.As(err, &s) {
		os.Exit(s.code)
	}
	os.Exit(notPaid)
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

// A payout is kept in a file from before it is executed until its end is known.
type payout struct {
	Payments  []Payment   `json:"payments"`
	Charge    json.Number `json:"charge_in_usd"`
	Authcode  string      `json:"authcode"`
	PaymentID string      `json:"payment_id,omitempty"` // once it is executed
	UniqueIDs []string    `json:"uniqueids,omitempty"`  // of the payments, in their order

	unclear bool // it may have been executed
}

// A payer makes one payout.
type payer struct {
	dragon   *DinarDragon
	payments []Payment
	ask      bool          // before it pays
	store    string        // the file that keeps the payout
	patience time.Duration // how long it waits for the end
	interval time.Duration // between two questions
}

// newPayer takes a payer from the command line and the environment.
func newPayer(args []string) (*payer, error) {
	ask := len(args) == 2 && args[1] == "--ask"
	if len(args) != 1 && !ask {
		return nil, stopf(wrongUsage, "usage: dinardragon-payout PAYMENTS.json [--ask]")
	}
	d := &DinarDragon{
		BaseURL:    env("DINARDRAGON_BASE_URL", "https://dinardragon.com"),
		PrivateKey: os.Getenv("DINARDRAGON_PRIVATE_KEY"),
	}
	if d.PrivateKey == "" {
		return nil, stopf(wrongUsage, "DINARDRAGON_PRIVATE_KEY is not set")
	}
	p := &payer{dragon: d, ask: ask, store: env("DINARDRAGON_STORE", "dinardragon-payout.json")}
	for _, need := range []struct {
		name, otherwise string
		into            *time.Duration
	}{
		{"DINARDRAGON_TIMEOUT", "900", &p.patience},
		{"DINARDRAGON_POLL", "2", &p.interval},
		{"DINARDRAGON_ANSWER", "30", &d.AnswerWithin},
	} {
		var err error
		if *need.into, err = seconds(need.name, need.otherwise); err != nil {
			return nil, err
		}
	}
	d.RetryAfter = p.interval
	var err error
	p.payments, err = readPayments(args[0])
	return p, err
}

var (
	wholeNumber = regexp.MustCompile(`^[1-9]\d*$`)
	decimal     = regexp.MustCompile(`^(0|[1-9]\d*)(\.\d+)?$`)
)

// readPayments is whom to pay, out of a file. Numbers in it are texts.
func readPayments(file string) ([]Payment, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, stopf(wrongUsage, "%s", err)
	}
	var listed []struct{ Acc, Amount, Bank, Country, RecipientName string }
	if err := json.Unmarshal(text, &listed); err != nil {
		return nil, stopf(wrongUsage, "%s: %s", file, err)
	}
	if len(listed) == 0 {
		return nil, stopf(wrongUsage, "%s is no list of payments", file)
	}
	var payments []Payment
	for i, to := range listed {
		wrong := ""
		switch {
		case !wholeNumber.MatchString(to.Acc):
			wrong = "acc must be a text of digits, the first of them no 0"
		case !decimal.MatchString(to.Amount):
			wrong = `amount must be a text like "50.00"`
		case to.Bank == "":
			wrong = "bank is missing"
		case to.Country == "":
			wrong = "country is missing"
		case to.RecipientName == "":
			wrong = "recipientname is missing"
		}
		if wrong != "" {
			return nil, stopf(wrongUsage, "%s: payment %d: %s", file, i+1, wrong)
		}
		payments = append(payments, Payment{json.Number(to.Acc), json.Number(to.Amount), to.Bank, to.Country, to.RecipientName})
	}
	return payments, nil
}

// run pays, unless an earlier run did.
func run(ctx context.Context, args []string) error {
	p, err := newPayer(args)
	if err != nil {
		return err
	}
	made, err := p.recall()
	if err == nil && made.Authcode == "" {
		made, err = p.quote(ctx, p.ask)
	}
	if err == nil && made.PaymentID == "" {
		made, err = p.execute(ctx, made)
	}
	if err != nil {
		return err
	}
	return p.follow(ctx, made)
}

// recall is what an earlier run has left behind before it knew the end.
func (p *payer) recall() (left payout, err error) {
	text, err := os.ReadFile(p.store)
	if errors.Is(err, fs.ErrNotExist) {
		return left, nil
	}
	if err != nil {
		return left, err
	}
	if err := json.Unmarshal(text, &left); err != nil {
		return left, fmt.Errorf("read %s: %w", p.store, err)
	}
	if !slices.Equal(left.Payments, p.payments) {
		return left, stopf(wrongUsage, "%s holds another payout that has no end yet: finish that one, or set DINARDRAGON_STORE", p.store)
	}
	fmt.Println(cmp.Or(left.PaymentID, left.Authcode), "is from an earlier run")
	left.unclear = true
	return left, nil
}

func (p *payer) keep(made payout) error {
	text, err := json.Marshal(made)
	if err != nil {
		return err
	}
	file, err := os.OpenFile(p.store, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(text)
	return errors.Join(err, file.Sync(), file.Close())
}

// quote is step 1: what the payout costs, and a code, which is stored before it is
// executed.
func (p *payer) quote(ctx context.Context, ask bool) (made payout, err error) {
	q, err := p.dragon.GetAuthcode(ctx, p.payments)
	if err != nil {
		return made, err
	}
	count := "1 payment"
	if n := len(p.payments); n > 1 {
		count = fmt.Sprint(n, " payments")
	}
	fmt.Printf("%s of %s USD, charge %s USD\n", count, Sum(p.payments), q.Charge)
	if ask && !agreed() {
		return made, stopf(notPaid, "nothing was paid")
	}
	made = payout{Payments: p.payments, Charge: q.Charge, Authcode: q.Authcode}
	return made, p.keep(made)
}

func agreed() bool {
	fmt.Println("pay? yes or no")
	terminal := bufio.NewScanner(os.Stdin)
	return terminal.Scan() && terminal.Text() == "yes"
}

// execute is step 2. A code is executed once, so that it may be tried again when an
// answer was lost. What is refused then may have been done the first time.
func (p *payer) execute(ctx context.Context, made payout) (payout, error) {
	wait := p.interval
	for tries := 1; ; tries++ {
		receipt, err := p.dragon.Execute(ctx, made.Authcode)
		r := refusal(err)
		switch {
		case err == nil:
			made.PaymentID = receipt.PaymentID
			for _, to := range receipt.Accounts {
				made.UniqueIDs = append(made.UniqueIDs, to.UniqueID)
			}
			fmt.Println("payout", made.PaymentID)
			return made, p.keep(made)
		case r != nil && r.Code != http.StatusTooManyRequests:
			if made, err = p.afterRefusal(ctx, made, r, tries); err != nil {
				return made, err
			}
		case tries > 3:
			return made, p.giveUp(made, err)
		default:
			fmt.Println("the execution has no clear answer:", err)
			made.unclear = made.unclear || r == nil
			time.Sleep(wait)
			wait *= 2
		}
	}
}

// afterRefusal is what to execute after a refusal: another code if this one has
// expired unused.
func (p *payer) afterRefusal(ctx context.Context, made payout, r *Error, tries int) (payout, error) {
	reason := strings.ToLower(r.Reason)
	switch {
	case strings.Contains(reason, "already used"):
		return made, stopf(notKnown, "the payout was executed, and the answer with its ids was lost: see on the dashboard what becomes of it, do not pay it again, and remove %s", p.store)
	case made.unclear:
		return made, stopf(notKnown, "nobody can say whether the payout was executed: %s; look for it on the dashboard, then remove %s, and run this again only if it is not there", r, p.store)
	}
	if err := os.Remove(p.store); err != nil { // a refusal leaves nothing behind
		return made, err
	}
	if !strings.Contains(reason, "expired") || tries > 3 {
		return made, r
	}
	fmt.Println("the code has expired, here is another")
	next, err := p.quote(ctx, false)
	if err != nil || next.Charge == made.Charge {
		return next, err
	}
	return next, errors.Join(os.Remove(p.store), stopf(notPaid,
		"the charge was %s USD and is %s USD now: run this again if that is right. Nothing was paid", made.Charge, next.Charge))
}

func (p *payer) giveUp(made payout, err error) error {
	if made.unclear || refusal(err) == nil {
		return stopf(notKnown, "nobody can say whether the payout was executed: %s; run this again within 15 minutes, which does not pay twice", explain(err))
	}
	return errors.Join(err, os.Remove(p.store))
}

// follow is step 3: it waits for the end of each payment.
func (p *payer) follow(ctx context.Context, made payout) error {
	deadline := time.Now().Add(p.patience)
	last := make([]Status, len(made.Payments))
	for i := range last {
		last[i] = -1
	}
	for wait := p.interval; ; wait = min(wait*5/4, p.interval*5/2) {
		now, err := p.statuses(ctx, made)
		if err != nil {
			return err
		}
		for i, status := range now {
			if status != last[i] {
				to := made.Payments[i]
				fmt.Println(made.UniqueIDs[i], to.RecipientName, to.Amount, "USD", status)
			}
			last[i] = status
		}
		if !slices.Contains(last, Processing) && !slices.Contains(last, -1) {
			return errors.Join(os.Remove(p.store), failure(made.Payments, last))
		}
		if time.Now().After(deadline) {
			return stopf(notKnown, "payout %s has no end after %s: run this again to go on waiting", made.PaymentID, p.patience)
		}
		time.Sleep(wait)
	}
}

// statuses are those of the payments, in their order, none while nobody answers.
func (p *payer) statuses(ctx context.Context, made payout) (now []Status, err error) {
	all, err := p.dragon.Status(ctx, made.PaymentID)
	switch r := refusal(err); {
	case err != nil && (r == nil || r.Code == http.StatusTooManyRequests):
		return nil, nil
	case err != nil:
		return nil, stopf(notKnown, "payout %s was executed, and nobody says what became of it: %s", made.PaymentID, explain(err))
	}
	for _, id := range made.UniqueIDs {
		now = append(now, all[id]) // one that is not told of is processing
	}
	return now, nil
}

// failure is what became of the payments that have failed, nil if all were paid.
func failure(payments []Payment, end []Status) error {
	var failed []Payment
	for i, status := range end {
		if status == Failed {
			failed = append(failed, payments[i])
		}
	}
	if len(failed) == 0 {
		return nil
	}
	return stopf(notPaid, "%d of %d payments failed, %s USD are back on the dashboard balance: ask who is paid for another account, and pay only those again",
		len(failed), len(payments), Sum(failed))
}

// explain puts an error so that a user can act upon it.
func explain(err error) string {
	r := refusal(err)
	switch {
	case r == nil:
		return err.Error()
	case r.Code == http.StatusTooManyRequests:
		return err.Error() + ": these are too many calls, wait a while before you run this again"
	case strings.Contains(strings.ToLower(r.Reason), "balance"):
		return err.Error() + " Top it up, or pay less"
	case strings.Contains(strings.ToLower(r.Reason), "key") || r.Code == http.StatusUnauthorized:
		return err.Error() + " Compare DINARDRAGON_PRIVATE_KEY with the dashboard"
	}
	return "Dinar Dragon does not take this: " + err.Error()
}
