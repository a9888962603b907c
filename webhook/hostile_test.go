package webhook

import (
	"fmt"
	"io"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A receiver may do what it likes: an attempt ends, says why, keeps little, and
// leaves nothing behind.
func TestHostileReceivers(t *testing.T) {
	const ok = "HTTP/1.1 200 OK\r\n"
	const soon = 100 * time.Millisecond
	endless := func(c net.Conn, text string) {
		for {
			if _, err := io.WriteString(c, text); err != nil {
				return
			}
		}
	}
	for name, tt := range map[string]struct {
		answer func(c net.Conn)
		status int
		says   string
	}{
		"NeverAnswers":   {func(c net.Conn) { _, _ = io.Copy(io.Discard, c) }, 0, "no answer within 100ms"},
		"HalfTheHeaders": {func(c net.Conn) { _, _ = io.WriteString(c, ok+"X: "); _, _ = io.Copy(io.Discard, c) }, 0, "no answer within 100ms"},
		"HalfTheBody": {func(c net.Conn) {
			_, _ = io.WriteString(c, ok+"Content-Length: 10\r\n\r\n{}")
			_, _ = io.Copy(io.Discard, c)
		}, 200, "the answer broke off: no answer within 100ms"},
		"EndlessBody": {func(c net.Conn) { _, _ = io.WriteString(c, ok+"\r\n"); endless(c, strings.Repeat("x", 10_000)) }, 200, ""},
		"EndlessChunks": {func(c net.Conn) {
			_, _ = io.WriteString(c, ok+"Transfer-Encoding: chunked\r\n\r\n")
			endless(c, "400\r\n"+strings.Repeat("x", 1024)+"\r\n")
		}, 200, ""},
		"EndlessHeaders": {func(c net.Conn) { _, _ = io.WriteString(c, ok); endless(c, "X-A: "+strings.Repeat("x", 1000)+"\r\n") }, 0, "exceeded"},
		"EndlessHeader":  {func(c net.Conn) { _, _ = io.WriteString(c, ok+"X: "); endless(c, strings.Repeat("x", 10_000)) }, 0, "exceeded"},
		"EndlessHints":   {func(c net.Conn) { endless(c, "HTTP/1.1 103 Early Hints\r\nX: y\r\n\r\n") }, 0, "exceeded"},
		"NoHTTP":         {func(c net.Conn) { _, _ = io.WriteString(c, "220 mail ESMTP\r\n") }, 0, "malformed HTTP"},
		"Closes":         {func(c net.Conn) {}, 0, "EOF"},
		"DeepBody":       {func(c net.Conn) { _, _ = io.WriteString(c, ok+"\r\n"+strings.Repeat("[", 60_000)) }, 200, ""},
		"NotUTF8":        {func(c net.Conn) { _, _ = io.WriteString(c, ok+"X: \xff\r\n\r\n\xff\x00") }, 200, ""},
	} {
		t.Run(name, func(t *testing.T) {
			before := runtime.NumGoroutine()
			url := listen(t, func(c net.Conn) {
				readRequest(c)
				tt.answer(c)
			})
			s := newSender(t)
			a := s.Send(t.Context(), Endpoint{URL: url, Encoding: JSON, Timeout: soon}, anEvent)
			assert.Equal(t, tt.status, a.Status)
			if tt.says == "" {
				assert.Empty(t, a.Error)
			}
			assert.Contains(t, a.Error, tt.says)
			assert.LessOrEqual(t, len(a.Response.Body), keptLimit)
			assert.Less(t, len(fmt.Sprint(a.Response.Headers)), headerLimit)
			// Eventually has a goroutine of its own, and the listener has one.
			require.Eventually(t, func() bool { return runtime.NumGoroutine() <= before+2 }, patient, 5*time.Millisecond)
		})
	}
}
