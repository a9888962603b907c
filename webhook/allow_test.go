package webhook

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What a check says, besides nothing.
const (
	public     = "neither of this machine nor of a private network"
	linkLocal  = "is a link-local or metadata address"
	metadata   = "is a cloud metadata service"
	notNumeric = "write an address as four decimal numbers"
	notASCII   = "xn--"
	noHost     = "names no host"
	noScheme   = "does not begin with http:// or https://"
	noURL      = "not an http URL: "
)

func TestCheckURL(t *testing.T) {
	listed := Allow{"hooks.example.com", "*.example.org", "203.0.113.7", "198.51.100.0/24", "2001:db8::/32", "Upper.Example.NET.", "169.254.0.0/16", "169.254.169.254", "metadata.google.internal", "fe80::/10", "*nodot.example"}
	any := Allow{"*"}
	for _, tt := range []struct {
		url   string
		allow Allow
		want  string // "": it may go there
	}{
		// This machine.
		{"http://127.0.0.1/", nil, ""},
		{"http://127.0.0.1:9000/hooks?x=1#f", nil, ""},
		{"https://127.255.255.254", nil, ""},
		{"http://[::1]:9000/", nil, ""},
		{"http://localhost:9000", nil, ""},
		{"HTTP://LocalHost/", nil, ""},
		{"http://localhost./", nil, ""},
		{"http://shop.localhost/", nil, ""},
		{"http://0.0.0.0:9000/", nil, ""},
		{"http://[::]:9000/", nil, ""},
		{"http://[::ffff:127.0.0.1]/", nil, ""},
		{"http://[0:0:0:0:0:0:0:1]/", nil, ""},
		{"http://user:pass@localhost/", nil, ""},
		{"http://169.254.169.254@localhost/", nil, ""},
		{"http://localhost:/", nil, ""},

		// Private networks.
		{"http://10.0.0.1/", nil, ""},
		{"http://10.255.255.255/", nil, ""},
		{"http://172.16.0.1/", nil, ""},
		{"http://172.31.255.255/", nil, ""},
		{"http://192.168.1.1/", nil, ""},
		{"http://[fd12:3456::1]/", nil, ""},
		{"http://[fc00::1]/", nil, ""},
		{"http://[::ffff:192.168.1.1]/", nil, ""},
		{"http://receiver/", nil, ""},
		{"http://my-receiver_1:8080/", nil, ""},
		{"http://host.docker.internal:8080/", nil, ""},
		{"http://HOST.Docker.Internal./", nil, ""},
		{"http://receiver.local/", nil, ""},
		{"http://a.b.c.local/", nil, ""},

		// Not quite private.
		{"http://172.15.255.255/", nil, public},
		{"http://172.32.0.1/", nil, public},
		{"http://192.169.0.1/", nil, public},
		{"http://11.0.0.1/", nil, public},
		{"http://100.64.0.1/", nil, public},
		{"http://[fe00::1]/", nil, public},
		{"http://[fec0::1]/", nil, public},
		{"http://0.0.0.1/", nil, public},
		{"http://[::127.0.0.1]/", nil, public},
		{"http://internal.example.com/", nil, public},
		{"http://internal./", nil, ""},
		{"http://a.internalx/", nil, public},
		{"http://localhost.example.com/", nil, public},
		{"http://127.0.0.1.example.com/", nil, public},

		// Public.
		{"http://8.8.8.8/", nil, public},
		{"https://example.com/hooks", nil, "start mockpay with --webhook-allow example.com to allow it"},
		{"https://EXAMPLE.com.:443/hooks", nil, "--webhook-allow example.com "},
		{"http://[2001:db8::1]/", nil, "--webhook-allow 2001:db8::1 "},
		{"http://[::ffff:8.8.8.8]/", nil, "8.8.8.8 is neither"},
		{"http://[2001:db8::1%25eth0]/", nil, public},
		{"http://127.0.0.1@example.com/", nil, public},
		{"http://localhost@8.8.8.8/", nil, public},
		{"http://example.com\\@localhost/", nil, noURL},
		{"http://255.255.255.255/", nil, public},
		{"http://240.0.0.1/", nil, public},

		// Link-local and metadata, in any spelling.
		{"http://169.254.169.254/latest/meta-data", nil, linkLocal},
		{"http://169.254.169.254:80/", nil, linkLocal},
		{"http://169.254.169.254./", nil, linkLocal},
		{"http://169.254.0.1/", nil, linkLocal},
		{"http://169.254.255.255/", nil, linkLocal},
		{"http://[::ffff:169.254.169.254]/", nil, linkLocal},
		{"http://[::ffff:a9fe:a9fe]/", nil, linkLocal},
		{"http://[0:0:0:0:0:ffff:a9fe:a9fe]/", nil, linkLocal},
		{"http://user@169.254.169.254/", nil, linkLocal},
		{"http://localhost:80@169.254.169.254/", nil, linkLocal},
		{"http://2852039166/", nil, notNumeric},
		{"http://0xa9fea9fe/", nil, notNumeric},
		{"http://0XA9FEA9FE/", nil, notNumeric},
		{"http://025177524776/", nil, notNumeric},
		{"http://0251.0376.0251.0376/", nil, notNumeric},
		{"http://0xa9.0xfe.0xa9.0xfe/", nil, notNumeric},
		{"http://169.254.43518/", nil, notNumeric},
		{"http://169.16689662/", nil, notNumeric},
		{"http://169.254.0xa9fe./", nil, notNumeric},
		{"http://[fe80::1]/", nil, linkLocal},
		{"http://[fe80::1%25eth0]:80/", nil, linkLocal},
		{"http://[FEBF::1]/", nil, linkLocal},
		{"http://[fd00:ec2::254]/", nil, linkLocal},
		{"http://[fd00:0ec2:0:0:0:0:0:254]/", nil, linkLocal},
		{"http://100.100.100.200/", nil, linkLocal},
		{"http://168.63.129.16/", nil, linkLocal},
		{"http://224.0.0.1/", nil, linkLocal},
		{"http://[ff02::1]/", nil, linkLocal},
		{"http://metadata.google.internal/", nil, metadata},
		{"http://METADATA.Google.Internal./", nil, metadata},
		{"http://metadata/", nil, metadata},
		{"http://metadata.goog/", nil, metadata},
		{"http://instance-data/", nil, metadata},
		{"http://instance-data.ec2.internal/", nil, metadata},

		// What looks like a short name and is none.
		{"http://example\u3002com/", nil, notASCII},
		{"http://example\uff0ecom/", nil, notASCII},
		{"http://metadata\uff0egoogle\uff0einternal/", nil, notASCII},
		{"http://\uff11\uff16\uff19.254.169.254/", nil, notASCII},
		{"http://b\u00fccher/", nil, notASCII},
		{"http://example%E3%80%82com/", nil, notASCII},
		{"http://xn--bcher-kva/", nil, ""},

		// Listed.
		{"http://hooks.example.com/", listed, ""},
		{"http://HOOKS.example.com.:8443/", listed, ""},
		{"http://other.example.com/", listed, public},
		{"http://a.hooks.example.com/", listed, public},
		{"http://a.example.org/", listed, ""},
		{"http://a.b.example.org/", listed, ""},
		{"http://example.org/", listed, public},
		{"http://badexample.org/", listed, public},
		{"http://203.0.113.7/", listed, ""},
		{"http://[::ffff:203.0.113.7]/", listed, ""},
		{"http://203.0.113.8/", listed, public},
		{"http://198.51.100.255/", listed, ""},
		{"http://198.51.101.0/", listed, public},
		{"http://[2001:db8:1::1]/", listed, ""},
		{"http://[2001:db9::1]/", listed, public},
		{"http://upper.example.net/", listed, ""},
		{"http://nodot.example/", listed, public},
		{"http://169.254.169.254/", listed, linkLocal},
		{"http://169.254.1.1/", listed, linkLocal},
		{"http://[fe80::1]/", listed, linkLocal},
		{"http://metadata.google.internal/", listed, metadata},

		// All listed.
		{"http://example.com/", any, ""},
		{"http://8.8.8.8/", any, ""},
		{"http://[2001:db8::1]/", any, ""},
		{"http://169.254.169.254/", any, linkLocal},
		{"http://[::ffff:169.254.169.254]/", any, linkLocal},
		{"http://[fe80::1]/", any, linkLocal},
		{"http://2852039166/", any, notNumeric},
		{"http://0251.0376.0251.0376/", any, notNumeric},
		{"http://metadata.goog/", any, metadata},
		{"ftp://example.com/", any, noScheme},

		// No URLs.
		{"", nil, noScheme},
		{"receiver", nil, noScheme},
		{"receiver:9000", nil, noScheme},
		{"localhost:9000/hooks", nil, noScheme},
		{"127.0.0.1:9000", nil, noURL},
		{"//localhost/", nil, noScheme},
		{"/hooks", nil, noScheme},
		{"ftp://localhost/", nil, noScheme},
		{"file:///etc/passwd", nil, noScheme},
		{"javascript:alert(1)", nil, noScheme},
		{"ws://localhost/", nil, noScheme},
		{"unix:///run/x.sock", nil, noScheme},
		{"http://", nil, noHost},
		{"http:", nil, noHost},
		{"http:///hooks", nil, noHost},
		{"http://:9000/", nil, noHost},
		{"http://user@/", nil, noHost},
		{"http:localhost", nil, noHost},
		{"http://./", nil, noHost},
		{"http://[]/", nil, noURL},
		{" http://localhost/", nil, noURL},
		{"http://local host/", nil, noURL},
		{"http://localhost:port/", nil, noURL},
		{"http://localhost\n/", nil, noURL},
		{"http://[::1/", nil, noURL},
		{"http://%31%32%37.0.0.1/", nil, noURL},
		{"http://%zz/", nil, noURL},
	} {
		name := tt.url
		if tt.allow != nil {
			name += " of " + strings.Join(tt.allow[:1], "")
		}
		t.Run(name, func(t *testing.T) {
			err := tt.allow.CheckURL(tt.url)
			if tt.want == "" {
				assert.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, tt.want)
			assert.True(t, errors.Is(err, ErrRefused) != errors.Is(err, ErrURL), "one of both")
		})
	}
}

func TestGuardDial(t *testing.T) {
	for address, refused := range map[string]bool{
		"127.0.0.1:80": false, "[::1]:80": false, "10.0.0.1:443": false, "8.8.8.8:80": false, "[2001:db8::1]:80": false, "0.0.0.0:80": false,
		"169.254.169.254:80": true, "[fe80::1]:80": true, "[fe80::1%eth0]:80": true, "[::ffff:169.254.169.254]:80": true, "100.100.100.200:80": true,
		"168.63.129.16:80": true, "[fd00:ec2::254]:80": true, "224.0.0.1:80": true, "[ff02::1]:80": true,
	} {
		err := guardDial("tcp", address, nil)
		assert.Equal(t, refused, errors.Is(err, ErrRefused), "%s: %v", address, err)
	}
	for _, address := range []string{"", "localhost:80", "127.0.0.1", "[::1:80"} {
		assert.Error(t, guardDial("tcp", address, nil), address)
	}
}

// resolveTo makes a sender find one address for every name.
func resolveTo(t *testing.T, s *Sender, address string) {
	t.Helper()
	ip := netip.MustParseAddr(address)
	s.dialer.Resolver = &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		client, server := net.Pipe()
		go answerDNS(server, ip)
		return client, nil
	}}
}

// answerDNS answers questions that come over a stream with one address.
func answerDNS(conn net.Conn, ip netip.Addr) {
	defer conn.Close()
	for {
		var head [2]byte
		if _, err := readFull(conn, head[:]); err != nil {
			return
		}
		question := make([]byte, int(head[0])<<8|int(head[1]))
		if _, err := readFull(conn, question); err != nil {
			return
		}
		end := 12 // behind the name, the type and the class
		for question[end] != 0 {
			end += int(question[end]) + 1
		}
		kind := question[end+2]
		end += 5
		answer := append([]byte{question[0], question[1], 0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0}, question[12:end]...)
		raw, want := ip.AsSlice(), byte(28)
		if ip.Is4() {
			want = 1
		}
		if kind == want {
			answer[7] = 1
			answer = append(answer, 0xc0, 12, 0, kind, 0, 1, 0, 0, 0, 60, 0, byte(len(raw)))
			answer = append(answer, raw...)
		}
		if _, err := conn.Write(append([]byte{byte(len(answer) >> 8), byte(len(answer))}, answer...)); err != nil {
			return
		}
	}
}

func readFull(conn net.Conn, into []byte) (n int, err error) {
	for n < len(into) {
		m, err := conn.Read(into[n:])
		if n += m; err != nil {
			return n, err
		}
	}
	return n, nil
}

// A name that may be gone to is not gone to if its address is a bad one.
func TestNamesOfBadAddresses(t *testing.T) {
	for _, address := range []string{"169.254.169.254", "fe80::1", "100.100.100.200", "168.63.129.16", "fd00:ec2::254"} {
		t.Run(address, func(t *testing.T) {
			s := NewSender(Allow{"*"}, "test")
			resolveTo(t, s, address)
			const target = "http://rebound.internal:9/hook"
			require.NoError(t, s.Check(target))
			a := s.Send(t.Context(), Endpoint{URL: target, Timeout: 10 * time.Second}, Event{ID: "e", Payload: []byte(`{}`)})
			assert.True(t, a.refused, "%+v", a)
			assert.Contains(t, a.Error, linkLocal)
			assert.ErrorIs(t, s.Reach(t.Context(), target), ErrRefused)
		})
	}
	t.Run("GoodAddress", func(t *testing.T) {
		server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
		defer server.Close()
		s := NewSender(nil, "test")
		resolveTo(t, s, "127.0.0.1")
		_, port, err := net.SplitHostPort(server.Listener.Addr().String())
		require.NoError(t, err)
		a := s.Send(t.Context(), Endpoint{URL: "http://found.internal:" + port, Timeout: 10 * time.Second}, Event{ID: "e", Payload: []byte(`{}`)})
		assert.Equal(t, 200, a.Status, a.Error)
	})
}
