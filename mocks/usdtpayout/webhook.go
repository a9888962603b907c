package usdtpayout

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/mockpay/mockpay/provider"
	"github.com/mockpay/mockpay/webhook"
)

// eventStatus is the one callback: a live payout has come to an end [callbacks].
const eventStatus = "payout_status"

// tell emits the callback about a payout.
func tell(c *provider.Call, p *payout) { c.Emit(eventStatus, p.report()) }

// signCallback are the headers of an attempt to deliver a callback: the time and
// the signature are fresh each time, the event id stays. That the signed text is
// the time, a dot and the body is not in the part of the page that is known; it
// is how requests are signed, and what a client of the provider does [8.4].
func signCallback(credentials map[string]string, e webhook.Event, at time.Time, body []byte) http.Header {
	key, err := decode64(credentials[hmacSecret])
	if err != nil {
		panic("usdtpayout: secrets are base64url: " + err.Error())
	}
	timestamp := strconv.FormatInt(at.Unix(), 10)
	return http.Header{
		"User-Agent":         {"Pontis-Callback/1"},
		"X-Pontis-Timestamp": {timestamp},
		"X-Pontis-Signature": {"sha256=" + sign(key, timestamp, string(body))},
		"X-Pontis-Event-Id":  {e.ID},
	}
}

// errStrict is that of callback URLs that the provider would refuse.
var errStrict = errors.New("strict_callback_url")

// checkCallbackURL refuses, with strict_callback_url, what the provider does:
// URLs that are not https, or whose host is not public [callbacks].
func checkCallbackURL(s any, target string) error {
	if !s.(*settings).StrictCallbackURL {
		return nil
	}
	u, err := url.Parse(target)
	if err != nil || u.Scheme != "https" {
		return fmt.Errorf("%w: a callback URL must begin with https://, it is %q", errStrict, target)
	}
	host := strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))
	addr, err := netip.ParseAddr(host)
	private := err == nil && (addr.IsLoopback() || addr.IsPrivate() || addr.IsLinkLocalUnicast() || addr.IsUnspecified())
	if private || err != nil && !public(host) {
		return fmt.Errorf("%w: a callback URL must lead to a public address, %s does not", errStrict, u.Hostname())
	}
	return nil
}

// public tells whether a host name can be one of the internet's.
func public(host string) bool {
	for _, end := range []string{"localhost", ".localhost", ".local", ".internal"} {
		if host == end || len(host) > len(end) && host[len(host)-len(end):] == end {
			return false
		}
	}
	for _, r := range host {
		if r == '.' {
			return true
		}
	}
	return false
}
