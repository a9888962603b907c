package main

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/mockpay/mockpay/provider"
)

// A choice is a flag that takes one of some words.
type choice struct {
	value string
	words []string
}

func (c *choice) String() string { return c.value }

func (c *choice) Type() string { return strings.Join(c.words, "|") }

func (c *choice) Set(s string) error {
	if slices.Contains(c.words, s) {
		c.value = s
		return nil
	}
	if near := provider.Nearest(s, c.words); near != "" {
		return fmt.Errorf("must be one of %s; did you mean %q?", strings.Join(c.words, ", "), near)
	}
	return fmt.Errorf("must be one of %s", strings.Join(c.words, ", "))
}

// A baseURL is a flag that takes the URL of a server.
type baseURL string

func (u *baseURL) String() string { return string(*u) }

func (u *baseURL) Type() string { return "URL" }

func (u *baseURL) Set(s string) error {
	parsed, err := url.Parse(s)
	if err != nil || parsed.Host == "" || parsed.Scheme != "http" && parsed.Scheme != "https" {
		return errors.New("must be a URL like http://127.0.0.1:4402")
	}
	*u = baseURL(s)
	return nil
}

// An address is a flag that takes where to listen. With an empty port, as in
// "0.0.0.0:", it leaves the port to [address.withPort].
type address string

func (a *address) String() string { return string(*a) }

func (a *address) Type() string { return "HOST:PORT" }

func (a *address) Set(s string) error {
	_, port, err := net.SplitHostPort(s)
	if err != nil || port != "" && !isPort(port) {
		return errors.New("must be an address like 127.0.0.1:4402")
	}
	*a = address(s)
	return nil
}

// withPort returns the address with another port.
func (a address) withPort(port string) address {
	host, _, _ := net.SplitHostPort(string(a)) // Set has seen it
	return address(net.JoinHostPort(host, port))
}

func (a address) port() string {
	_, port, _ := net.SplitHostPort(string(a))
	return port
}

func isPort(s string) bool {
	_, err := strconv.ParseUint(s, 10, 16)
	return err == nil
}

// A hostList is a flag that takes hosts, several with commas or by repetition:
// names, *.NAME, addresses, networks, or * for any.
type hostList []string

func (l *hostList) String() string { return strings.Join(*l, ",") }

func (l *hostList) Type() string { return "HOST" }

var hostName = regexp.MustCompile(`^(\*\.)?[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*\.?$`)

func (l *hostList) Set(s string) error {
	for host := range strings.SplitSeq(s, ",") {
		host = strings.TrimSpace(host)
		_, noAddr := netip.ParseAddr(host)
		_, noNetwork := netip.ParsePrefix(host)
		if host != "*" && noAddr != nil && noNetwork != nil && !hostName.MatchString(host) {
			return errors.New("must be a host like example.com, *.example.com, 203.0.113.7 or 203.0.113.0/24, without scheme and port")
		}
		*l = append(*l, host)
	}
	return nil
}
