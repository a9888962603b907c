// Command bench measures the release binary from outside: how fast it starts,
// how much memory it takes, and what it costs to let it idle.
//
//	make bench                         builds it and measures it
//	go run ./bench -binary bin/mockpay measures it only
//
// It prints a table and judges nothing. Memory and CPU are read from /proc, so
// those rows need Linux.
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/mockpay/mockpay/client"
)

const (
	starts      = 20 // of which the median counts
	payouts     = 10 // of so many payments each
	payments    = 1000
	idleSeconds = 5
)

// waiting keeps payments pending for longer than the measuring takes.
const waiting = `version: 1
name: waiting
providers:
  dinardragon: {balance: "1000000", settle_after: 24h}
`

func main() {
	binary := flag.String("binary", "bin/mockpay", "the binary to measure")
	flag.Parse()
	if err := measure(context.Background(), *binary, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func measure(ctx context.Context, binary string, out io.Writer) error {
	info, err := os.Stat(binary)
	if err != nil {
		return fmt.Errorf("find the binary (make build makes it): %w", err)
	}
	took, err := startTimes(ctx, binary)
	if err != nil {
		return err
	}
	t := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
	fmt.Fprintf(t, "size of the binary\t%s\n", mega(info.Size()))
	fmt.Fprintf(t, "exec to ready, median of %d\t%.1f ms\n", starts, millis(took[starts/2]))
	fmt.Fprintf(t, "exec to ready, slowest\t%.1f ms\n", millis(took[starts-1]))
	if err := measureRunning(ctx, binary, t); err != nil {
		return err
	}
	return t.Flush()
}

// startTimes starts and stops the binary again and again, and returns how long
// it took to be ready, fastest first.
func startTimes(ctx context.Context, binary string) (took []time.Duration, err error) {
	for range starts {
		p, err := start(ctx, binary)
		if err != nil {
			return nil, err
		}
		took = append(took, p.took)
		if err := p.stop(); err != nil {
			return nil, err
		}
	}
	slices.Sort(took)
	return took, nil
}

// measureRunning measures one process, idle at first and then with work ahead.
func measureRunning(ctx context.Context, binary string, out io.Writer) (err error) {
	p, err := start(ctx, binary)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.stop()) }()
	if _, err := os.Stat("/proc/self/status"); err != nil {
		fmt.Fprintf(out, "memory and CPU\tnot measured: there is no /proc here\n")
		return nil
	}
	if err := p.report(out, "idle"); err != nil {
		return err
	}
	if err := p.fill(ctx); err != nil {
		return err
	}
	return p.report(out, fmt.Sprintf("%d jobs pending", payouts*payments))
}

// A process is a running mockpay.
type process struct {
	cmd  *exec.Cmd
	url  string
	took time.Duration // from exec to ready
}

// start runs the binary on a free port until it is ready.
func start(ctx context.Context, binary string) (*process, error) {
	p := &process{cmd: exec.CommandContext(ctx, binary, "serve", "--addr", "127.0.0.1:0")}
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	began := time.Now()
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		if url, ok := strings.CutPrefix(lines.Text(), "mockpay ready on "); ok {
			p.url, p.took = url, time.Since(began)
			return p, nil
		}
	}
	return nil, errors.Join(fmt.Errorf("%s never said that it is ready", binary), p.cmd.Wait())
}

func (p *process) stop() error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	return p.cmd.Wait()
}

// fill executes payouts whose payments stay pending.
func (p *process) fill(ctx context.Context) error {
	control := client.New(p.url)
	if _, err := control.LoadScenario(ctx, waiting); err != nil {
		return err
	}
	w, err := control.Workspace(ctx, "default")
	if err != nil {
		return err
	}
	account := w.Providers["dinardragon"]
	for range payouts {
		if err := pay(ctx, account.BaseURL, account.Credentials["private_key"]); err != nil {
			return err
		}
	}
	now, err := control.Clock(ctx)
	if err == nil && len(now.Pending) != payouts*payments {
		err = fmt.Errorf("%d jobs are pending, want %d", len(now.Pending), payouts*payments)
	}
	return err
}

// pay quotes and executes one payout.
func pay(ctx context.Context, baseURL, key string) error {
	type account struct {
		Acc       int    `json:"acc"`
		Amount    int    `json:"amount"`
		Bank      string `json:"bank"`
		Country   string `json:"country"`
		Recipient string `json:"recipientname"`
	}
	order := struct {
		Amount   int       `json:"amount"`
		Accounts []account `json:"accounts"`
	}{Amount: payments}
	for i := range payments {
		order.Accounts = append(order.Accounts, account{100000000 + i, 1, "somebank", "US", "somename"})
	}
	var quote struct {
		Authcode string `json:"authcode"`
	}
	if err := post(ctx, baseURL+"/get-authcode", key, order, &quote); err != nil {
		return err
	}
	var receipt struct{}
	return post(ctx, baseURL+"/execute", key, quote, &receipt)
}

func post(ctx context.Context, url, key string, body, into any) error {
	doc, err := json.Marshal(body)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(doc))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", key)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("POST %s: %s: %s", url, res.Status, res.Header.Get("X-Mockpay-Hint"))
	}
	return json.NewDecoder(res.Body).Decode(into)
}

// report lets the process idle, and prints what it takes meanwhile.
func (p *process) report(out io.Writer, state string) error {
	time.Sleep(time.Second) // let it come to rest
	before, err := p.cpu()
	if err != nil {
		return err
	}
	time.Sleep(idleSeconds * time.Second)
	after, err := p.cpu()
	if err != nil {
		return err
	}
	resident, err := p.resident()
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "resident memory, %s\t%s\n", state, mega(resident))
	fmt.Fprintf(out, "CPU in %d s, %s\t%.2f ms\n", idleSeconds, state, millis(after-before))
	return nil
}

// resident is the memory of the process that is in RAM, in bytes.
func (p *process) resident() (int64, error) {
	status, err := os.ReadFile(p.proc("status"))
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(status), "VmRSS:")
	kilobytes, _, _ := strings.Cut(strings.TrimSpace(rest), " ")
	n, err := strconv.ParseInt(kilobytes, 10, 64)
	return n << 10, err
}

// cpu is how long the threads of the process have run.
func (p *process) cpu() (sum time.Duration, err error) {
	threads, err := filepath.Glob(p.proc("task/*/schedstat"))
	if err != nil || len(threads) == 0 {
		return 0, errors.Join(errors.New("there is no schedstat"), err)
	}
	for _, thread := range threads {
		text, err := os.ReadFile(thread)
		if err != nil {
			return 0, err
		}
		onCPU, _, _ := strings.Cut(string(text), " ")
		n, err := strconv.ParseInt(onCPU, 10, 64)
		if err != nil {
			return 0, err
		}
		sum += time.Duration(n)
	}
	return sum, nil
}

func (p *process) proc(name string) string {
	return filepath.Join("/proc", strconv.Itoa(p.cmd.Process.Pid), name)
}

func mega(bytes int64) string { return fmt.Sprintf("%.1f MB", float64(bytes)/1e6) }

func millis(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
