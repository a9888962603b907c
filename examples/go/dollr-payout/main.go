// Command dollr-payout pays somebody by mobile money, and waits until it is there
// or has failed. See README.md.
package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"strconv"
	"time"
)

// Exit codes of ends that are not COMPLETED.
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
	fmt.Fprintln(os.Stderr, "dollr-payout:", explain(err))
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

// An order is what is to be paid, and to whom.
type order struct {
	Name     string      `json:"name"`
	Phone    string      `json:"phone"`
	Amount   json.Number `json:"amount"`
	Currency string      `json:"currency"`
}

// A payout is kept in a file from before it is executed until its end is known.
type payout struct {
	Order       order  `json:"order"`
	AccountID   int64  `json:"payout_account_id"`
	SessionID   int64  `json:"session_id"`
	ReferenceID string `json:"reference_id"`
}

// A payer makes one payout.
type payer struct {
	dollr    *Dollr
	passcode Token
	order    order
	store    string        // the file that keeps the payout
	patience time.Duration // how long it waits for the end
	interval time.Duration // between two questions for the status
}

// newPayer takes a payer from the command line and the environment.
func newPayer(args []string) (*payer, error) {
	if len(args) < 3 || len(args) > 4 {
		return nil, stopf(wrongUsage, "usage: dollr-payout NAME PHONE AMOUNT [CURRENCY]")
	}
	p := &payer{
		dollr: &Dollr{BaseURL: env("DOLLR_BASE_URL", "https://api.heydollr.app")},
		order: order{args[0], args[1], json.Number(args[2]), "USD"},
		store: env("DOLLR_STORE", "dollr-payout.json"),
	}
	if len(args) == 4 {
		p.order.Currency = args[3]
	}
	for _, need := range []struct {
		name string
		into *string
	}{
		{"DOLLR_CLIENT_ID", &p.dollr.ClientID},
		{"DOLLR_CLIENT_SECRET", &p.dollr.ClientSecret},
		{"DOLLR_PASSCODE_PHONE", &p.passcode.Phone},
		{"DOLLR_PASSCODE", &p.passcode.Code},
	} {
		if *need.into = os.Getenv(need.name); *need.into == "" {
			return nil, stopf(wrongUsage, "%s is not set", need.name)
		}
	}
	var err error
	if p.patience, err = seconds("DOLLR_TIMEOUT", "300"); err != nil {
		return nil, err
	}
	p.interval, err = seconds("DOLLR_POLL", "2")
	return p, err
}

// run pays, unless an earlier run did.
func run(ctx context.Context, args []string) error {
	p, err := newPayer(args)
	if err != nil {
		return err
	}
	made, err := p.recall()
	if err != nil {
		return err
	}
	var now Status
	if made.ReferenceID != "" {
		fmt.Println(made.ReferenceID, "is from an earlier run")
		now, err = p.trace(ctx, made.ReferenceID)
	} else {
		made.AccountID, err = p.register(ctx)
	}
	if err != nil {
		return err
	}
	for tries := 1; now.Status == ""; tries++ {
		if tries > 3 {
			return stopf(notPaid, "Dollr gave no clear answer three times, and paid nothing")
		}
		if made, err = p.begin(ctx, made.AccountID); err != nil {
			return err
		}
		if now, err = p.execute(ctx, made); err != nil {
			return err
		}
	}
	return p.follow(ctx, made.ReferenceID, now)
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
	if left.Order != p.order {
		return left, stopf(wrongUsage, "%s holds a payout to %s that has no end yet: finish that one, or set DOLLR_STORE", p.store, left.Order.Name)
	}
	return left, nil
}

// register tells Dollr who is paid and where, and returns the id of the payment
// account.
func (p *payer) register(ctx context.Context) (account int64, err error) {
	operator, err := p.dollr.PredictOperator(ctx, p.order.Phone)
	if err != nil {
		return 0, err
	}
	cost, err := p.dollr.PredictPayout(ctx, operator, p.order.Amount.String(), p.order.Currency)
	if err != nil {
		return 0, err
	}
	fmt.Printf("%s: %s %s for %s %s\n", operator.Method, cost.PayeeAmount, cost.PayeeCurrency, cost.PayerAmount, cost.PayerCurrency)

	party, err := p.dollr.CreateParty(ctx, Party{p.order.Name, p.order.Phone, operator.Country})
	if err != nil {
		return 0, err
	}
	if _, err := p.dollr.CreateCounterparty(ctx, party, "BENEFICIARY"); err != nil {
		return 0, err
	}
	return p.dollr.CreatePayoutAccount(ctx, Account{
		Name: p.order.Name + ", mobile", Provider: operator.Provider, Method: operator.Method,
		PartyID: party, CountryCode: operator.Country, Number: p.order.Phone,
	})
}

// begin makes a session and a key of its own, and stores them before anything is
// executed with them.
func (p *payer) begin(ctx context.Context, account int64) (payout, error) {
	made := payout{Order: p.order, AccountID: account, ReferenceID: newKey()}
	var err error
	made.SessionID, err = p.dollr.CreatePayoutSession(ctx, Session{account, p.order.Amount, p.order.Currency})
	if err != nil {
		return made, err
	}
	text, err := json.Marshal(made)
	if err != nil {
		return made, err
	}
	file, err := os.OpenFile(p.store, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return made, err
	}
	_, err = file.Write(text)
	return made, errors.Join(err, file.Sync(), file.Close())
}

// newKey draws a UUID of version 4.
func newKey() string {
	var b [16]byte
	rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// execute executes a payout. The answer has no Status if Dollr does not know of it.
func (p *payer) execute(ctx context.Context, made payout) (Status, error) {
	host, _ := os.Hostname()
	now, err := p.dollr.Payout(ctx, Execution{
		SessionID: strconv.FormatInt(made.SessionID, 10), AccountID: strconv.FormatInt(made.AccountID, 10), ReferenceID: made.ReferenceID,
		Passcode: Passcode{p.passcode, Device{
			Name: cmp.Or(host, "unnamed"), Type: "SERVER", Platform: "GO", UserAgent: "dollr-payout/1.0", ClientIP: env("DOLLR_CLIENT_IP", "127.0.0.1"),
		}},
	})
	if err == nil {
		return now, nil
	}
	switch refusal(err) {
	case 0:
		fmt.Printf("%s has no clear answer: %s\n", made.ReferenceID, err)
		return p.trace(ctx, made.ReferenceID)
	case http.StatusForbidden:
		err = stopf(notPaid, "%s: the passcode is wrong, or the merchant may not pay out; compare DOLLR_PASSCODE and DOLLR_PASSCODE_PHONE with the portal. Nothing was paid", err)
	}
	return now, errors.Join(err, os.Remove(p.store)) // a refusal leaves nothing behind
}

// trace tells what became of a payout that may or may not have been made. There is
// no Status if Dollr does not know of it, or it has FAILED: then, and only then,
// another is safe.
func (p *payer) trace(ctx context.Context, key string) (Status, error) {
	for asked := 1; ; asked++ {
		now, err := p.ask(ctx, key)
		if now.Status == "FAILED" {
			return Status{}, err
		}
		if err != nil || now.Status != "" || asked == 3 {
			return now, err
		}
		time.Sleep(p.interval) // it may still be on its way
	}
}

func (p *payer) ask(ctx context.Context, key string) (Status, error) {
	now, err := p.dollr.PayoutStatus(ctx, key)
	if err != nil {
		return now, stopf(notKnown, "nobody can say what became of %s: %s; run this again to ask once more", key, explain(err))
	}
	return now, nil
}

// follow waits for the end of a payout.
func (p *payer) follow(ctx context.Context, key string, now Status) error {
	deadline := time.Now().Add(p.patience)
	fmt.Println(key, now.Status)
	for wait := p.interval; now.Status != "COMPLETED" && now.Status != "FAILED"; wait = min(wait*5/4, p.interval*5/2) {
		if time.Now().After(deadline) {
			return stopf(notKnown, "%s is still %s after %s and may yet be paid: do not pay otherwise, run this again to go on waiting", key, now.Status, p.patience)
		}
		time.Sleep(wait)
		then, err := p.ask(ctx, key)
		if err != nil {
			return err
		}
		if then.Status != "" && then.Status != now.Status {
			fmt.Println(key, then.Status)
			now = then
		}
	}
	return errors.Join(failure(now), os.Remove(p.store))
}

// failure is why a payout has failed, nil if it has not.
func failure(end Status) error {
	if end.Status != "FAILED" {
		return nil
	}
	advice := "ask who is paid, or their operator"
	if end.WalletMessage != "" {
		advice = "top up the wallet"
	}
	reason := cmp.Or(end.WalletMessage, end.GatewayMessage, "no reason given")
	return stopf(notPaid, "the payout has FAILED: %s; %s before you run this again", reason, advice)
}

// explain puts an error so that a user can act upon it.
func explain(err error) string {
	if s := (*stop)(nil); errors.As(err, &s) {
		return err.Error()
	}
	switch refusal(err) {
	case http.StatusUnauthorized:
		return err.Error() + ": compare DOLLR_CLIENT_ID and DOLLR_CLIENT_SECRET with the portal"
	case http.StatusForbidden:
		return err.Error() + ": the merchant is not verified for payouts yet, see to it in the portal"
	case http.StatusUnprocessableEntity:
		return "Dollr does not take these values: " + err.Error()
	case http.StatusTooManyRequests:
		return err.Error() + ": these are too many calls, wait a while before you run this again"
	}
	return err.Error()
}
