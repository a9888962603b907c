package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// A process is a running server.
type process struct {
	cmd  *exec.Cmd
	url  string
	took time.Duration // from exec to ready
}

// startMockpay runs the release binary on a free port until it is ready.
func (o *options) startMockpay(ctx context.Context, args ...string) (*process, error) {
	return start(ctx, o.binary, append([]string{"serve", "--addr", "127.0.0.1:0"}, args...)...)
}

// startBaseline runs the baseline.
func (o *options) startBaseline(ctx context.Context) (*process, error) {
	return start(ctx, o.baseline, "-stored", strconv.Itoa(o.stored))
}

// start runs a binary until it says where it is ready.
func start(ctx context.Context, binary string, args ...string) (*process, error) {
	p := &process{cmd: exec.CommandContext(ctx, binary, args...)}
	p.cmd.Stderr = os.Stderr
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
		if _, url, ok := strings.Cut(lines.Text(), " ready on "); ok {
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

// addr is where it listens.
func (p *process) addr() string { return strings.TrimPrefix(p.url, "http://") }

// measurable tells whether processes can be looked into here.
func measurable() bool {
	_, err := os.Stat("/proc/self/status")
	return err == nil
}

// resident is the memory of the process that is in RAM, in bytes, 0 where that
// cannot be told.
func (p *process) resident() (int64, error) {
	if !measurable() {
		return 0, nil
	}
	status, err := os.ReadFile(p.proc("status"))
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(status), "VmRSS:")
	kilobytes, _, _ := strings.Cut(strings.TrimSpace(rest), " ")
	n, err := strconv.ParseInt(kilobytes, 10, 64)
	return n << 10, err
}

// settled is the resident memory once it has come to rest.
func (p *process) settled(look time.Duration) (int64, error) {
	const (
		steady = 4 // looks in a row
		most   = 40
	)
	before, same := int64(0), 0
	for range most {
		time.Sleep(look)
		now, err := p.resident()
		if err != nil {
			return 0, err
		}
		if same++; now*100 < before*99 || now*100 > before*101 {
			before, same = now, 0
		}
		if same == steady {
			return now, nil
		}
	}
	return before, nil
}

// idleCPU is how long the process ran while it had nothing to do.
func (p *process) idleCPU(during time.Duration) (time.Duration, error) {
	before, err := p.cpu()
	if err != nil {
		return 0, err
	}
	time.Sleep(during)
	after, err := p.cpu()
	return after - before, err
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
