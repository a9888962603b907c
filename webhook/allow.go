package webhook

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"unicode"
)

// ErrRefused is that of targets that webhooks may not go to.
var ErrRefused = errors.New("webhooks may not go there")

// ErrURL is that of texts that are no URL a webhook could go to.
var ErrURL = errors.New("not an http URL")

// Allow is the list of hosts that webhooks may go to besides those they always
// may: loopback and private addresses, *.internal, *.local, *.localhost and
// names without a dot. An entry is a host name, *.NAME for all below a name, an
// address, a network like 203.0.113.0/24, or * for any.
//
// Link-local and cloud metadata addresses are refused whatever the list says.
type Allow []string

// Metadata services by name and by addresses that are not link-local.
var (
	metadataNames     = []string{"metadata", "metadata.google.internal", "metadata.goog", "instance-data", "instance-data.ec2.internal"}
	metadataAddresses = []netip.Addr{netip.MustParseAddr("fd00:ec2::254"), netip.MustParseAddr("100.100.100.200"), netip.MustParseAddr("168.63.129.16")}
)

// CheckURL refuses a URL that is none of http, or whose host webhooks may not
// go to. The error says what to do.
func (a Allow) CheckURL(text string) error {
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return fmt.Errorf("%w: %q: %s; it should be like http://127.0.0.1:9000/hooks", ErrURL, text, errors.Unwrap(err))
	case u.Scheme != "http" && u.Scheme != "https":
		return fmt.Errorf("%w: %q does not begin with http:// or https://", ErrURL, text)
	case !validPort(u.Port()):
		return fmt.Errorf("%w: %q has no port from 1 to 65535", ErrURL, text)
	case strings.Trim(u.Hostname(), ".") == "":
		return fmt.Errorf("%w: %q names no host", ErrURL, text)
	case strings.ContainsFunc(u.Hostname(), func(r rune) bool { return r > unicode.MaxASCII }): // some of it means other characters
		return fmt.Errorf("%w: %q has a host that is not ASCII; write it as xn--", ErrURL, text)
	}
	return a.checkHost(u.Hostname())
}

// validPort tells whether a URL's port is one; it may have none.
func validPort(port string) bool {
	n, err := strconv.Atoi(port)
	return port == "" || err == nil && n >= 1 && n <= 65535
}

func (a Allow) checkHost(host string) error {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if addr, err := netip.ParseAddr(host); err == nil {
		return a.checkAddress(addr.WithZone("").Unmap())
	}
	switch {
	case numeric(host):
		return fmt.Errorf("%w: %s; write an address as four decimal numbers", ErrRefused, host)
	case slices.Contains(metadataNames, host):
		return fmt.Errorf("%w: %s is a cloud metadata service", ErrRefused, host)
	case !strings.Contains(host, "."), a.names(host),
		strings.HasSuffix(host, ".internal"), strings.HasSuffix(host, ".local"), strings.HasSuffix(host, ".localhost"):
		return nil
	}
	return refused(host)
}

func (a Allow) checkAddress(addr netip.Addr) error {
	switch {
	case unsafe(addr):
		return fmt.Errorf("%w: %s is a link-local or metadata address", ErrRefused, addr)
	case addr.IsLoopback(), addr.IsPrivate(), addr.IsUnspecified(), a.holds(addr):
		return nil
	}
	return refused(addr.String())
}

// numeric tells whether a host is an address as only some write it: 2852039166,
// 0xa9.0xfe.0xa9.0xfe.
func numeric(host string) bool {
	last := host[strings.LastIndexByte(host, '.')+1:]
	digits, hex := strings.CutPrefix(last, "0x")
	if hex {
		return strings.Trim(digits, "0123456789abcdef") == ""
	}
	return last != "" && strings.Trim(last, "0123456789") == ""
}

func refused(host string) error {
	return fmt.Errorf("%w: %s is neither of this machine nor of a private network; start mockpay with --webhook-allow %s to allow it", ErrRefused, host, host)
}

// unsafe tells whether an address is one that no webhook goes to.
func unsafe(addr netip.Addr) bool {
	return addr.IsLinkLocalUnicast() || addr.IsLinkLocalMulticast() || slices.Contains(metadataAddresses, addr)
}

// names tells whether the list has a host name.
func (a Allow) names(host string) bool {
	return slices.ContainsFunc(a, func(entry string) bool {
		entry = strings.ToLower(strings.TrimSuffix(entry, "."))
		below, wild := strings.CutPrefix(entry, "*")
		return entry == host || wild && (below == "" || strings.HasPrefix(below, ".") && strings.HasSuffix(host, below))
	})
}

// holds tells whether the list has an address.
func (a Allow) holds(addr netip.Addr) bool {
	return slices.ContainsFunc(a, func(entry string) bool {
		if network, err := netip.ParsePrefix(entry); err == nil {
			return network.Contains(addr)
		}
		one, err := netip.ParseAddr(entry)
		return entry == "*" || err == nil && one.Unmap() == addr
	})
}

// guardDial refuses connections to addresses that no webhook goes to, whatever
// name they were found by.
func guardDial(_, address string, _ syscall.RawConn) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return err
	}
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return err
	}
	if addr = addr.WithZone("").Unmap(); unsafe(addr) {
		return fmt.Errorf("%w: %s is a link-local or metadata address", ErrRefused, addr)
	}
	return nil
}
