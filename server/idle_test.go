//go:build unix

package server_test

import (
	"io"
	"net"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/server"
)

// manyIdle is how many idle connections a server must bear.
var manyIdle = 10_000

func init() {
	if raced { // that takes ten times as long, and shows no more
		manyIdle = 1000
	}
}

// openFiles raises the limit of open files as far as it may be, and returns how many
// connections with both ends in this process that is enough for.
func openFiles(t *testing.T) int {
	t.Helper()
	var limit syscall.Rlimit
	require.NoError(t, syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit))
	const each, others = 2, 200
	if want := uint64(manyIdle*each + others); limit.Cur < want {
		before := limit
		limit.Cur = min(want, limit.Max)
		require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit))
		t.Cleanup(func() { assert.NoError(t, syscall.Setrlimit(syscall.RLIMIT_NOFILE, &before)) })
	}
	return min(manyIdle, int(limit.Cur-others)/each)
}

// Ten thousand connections on which nothing happens, half of them since they were
// made, cost some memory and nobody's time, and end with the server.
func TestIdleConnections(t *testing.T) {
	s, _ := besieged(t, 0, 0, 0)
	n := openFiles(t)
	if n < manyIdle {
		t.Logf("the limit of open files allows %d connections only", n)
	}
	answer := healthz(t, s)
	before := memory()
	idle := make([]net.Conn, n)
	for i := range idle {
		conn, err := net.Dial("tcp", strings.TrimPrefix(s.URL(), "http://"))
		require.NoError(t, err)
		defer conn.Close()
		idle[i] = conn
		if i%2 == 0 {
			continue
		}
		_, err = io.WriteString(conn, head("GET", "/healthz"))
		require.NoError(t, err)
		_, err = io.ReadFull(conn, answer)
		require.NoError(t, err)
		require.Contains(t, string(answer), "200 OK")
	}
	serves(t, s)
	each := (memory() - before) / int64(n)
	t.Logf("%d idle connections, %d bytes each, with their clients", n, each)
	assert.Less(t, each, int64(64<<10))

	require.NoError(t, s.Stop(t.Context()))
	for _, conn := range idle {
		require.NoError(t, conn.SetReadDeadline(time.Now().Add(patience)))
		_, err := conn.Read(make([]byte, 1))
		require.ErrorIs(t, err, io.EOF)
	}
}

// healthz is room for an answer of /healthz.
func healthz(t *testing.T, s *server.Server) []byte {
	t.Helper()
	w := dial(t, s)
	w.send(head("GET", "/healthz", "Connection: close"))
	text, err := w.rest()
	require.NoError(t, err)
	return make([]byte, len(text)-len("Connection: close\r\n"))
}

// memory is what the heap and the stacks take.
func memory() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapInuse + m.StackInuse)
}
