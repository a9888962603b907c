package main

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// A choice is a flag that takes one of some words.
type choice struct {
	value string
	words []string
}

func (c *choice) String() string { return c.value }

func (c *choice) Type() string { return strings.Join(c.words, "|") }

func (c *choice) Set(s string) error {
	if !slices.Contains(c.words, s) {
		return fmt.Errorf("must be one of %s", strings.Join(c.words, ", "))
	}
	c.value = s
	return nil
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
