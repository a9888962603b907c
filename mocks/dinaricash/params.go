package dinaricash

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/mockpay/mockpay/provider"
)

// A param is a parameter of an operation besides its credentials.
type param struct {
	name     string
	required bool
	format   string // in words, for hints
	ok       func(value string) bool
}

// An operation's parameters are in the order of the document's table: what is
// missing is looked for first, in that order, then what is malformed; our choice.
func checkParams(c *provider.Call, params []param) error {
	for _, p := range params {
		if p.required && text(c, p.name) == "" {
			return c.RefuseFor(missingParameter, p.name, "%s is required: %s", p.name, p.format)
		}
	}
	for _, p := range params {
		if v := text(c, p.name); v != "" && !p.ok(v) {
			return c.RefuseFor(invalidParameter, p.name, "%s must be %s, it is %q", p.name, p.format, clip(v))
		}
	}
	return nil
}

// clip shortens a value for a hint.
func clip(v string) string {
	if runes := []rune(v); len(runes) > 60 {
		return string(runes[:60]) + "…"
	}
	return v
}

// text is a parameter's value, "" if it was not sent. An empty one is as good
// as absent.
func text(c *provider.Call, name string) string {
	if c.Request == nil {
		return ""
	}
	return scalar(c.Fields[name])
}

// scalar is a decoded text or number as it was sent.
func scalar(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	}
	return ""
}

func required(name, format string, ok func(string) bool) param { return param{name, true, format, ok} }
func optionally(name, format string, ok func(string) bool) param {
	return param{name, false, format, ok}
}

// chars is a text of at most so many characters.
func chars(most int) func(string) bool {
	return func(v string) bool { return utf8.RuneCountInString(v) <= most }
}

// word is one of some words.
func word(words ...string) func(string) bool {
	return func(v string) bool { return slices.Contains(words, v) }
}

func matching(pattern string) func(string) bool {
	return regexp.MustCompile(`^(?:` + pattern + `)$`).MatchString
}

func money(v string) bool {
	_, ok := parseAmount(v)
	return ok
}

// email is e-mail-shaped: the documents ask for no more [S2 l.238].
func email(v string) bool {
	at := strings.LastIndexByte(v, '@')
	return at > 0 && at < len(v)-1 && !strings.ContainsAny(v, " \t\r\n") && chars(100)(v)
}

var tenDigits = matching(`\d{10}`)

func zelleAddress(v string) bool { return email(v) || tenDigits(v) }

// listTime is the form of the list's bounds [S2 l.1019-1020].
const listTime = "2006-01-02T15:04:05"

func isListTime(v string) bool {
	t, err := time.Parse(listTime, v)
	return err == nil && t.Format(listTime) == v
}

const (
	upTo100 = "1 to 100 characters"
	upTo200 = "1 to 200 characters"
	iso3    = "a country code of 3 letters"
)

var (
	text100 = chars(100)
	text200 = chars(200)
	letters = matching(`[A-Za-z]{3}`)
)

// sendParams are what every send begins and ends with, around what is its own.
func sendParams(method string, own ...param) []param {
	head := []param{
		required("SEND_METHOD", "the text "+method, word(method)),
		required("SEND_CURRENCY_ISO3", "the text USD", word("USD")),
		required("SEND_AMOUNT", "an amount above 0 with at most two decimals, like 300 or 300.00", money),
	}
	tail := []param{
		optionally("PUBLIC_TRANSACTION_DESCRIPTION", upTo200, text200),
		optionally("CORPORATE_ADMINISTRATIVE_MESSAGE", "1 to 250 characters", chars(250)),
	}
	return slices.Concat(head, own, tail)
}

var (
	// ABA check digits are not looked at: the documented examples fail them.
	achParams = sendParams(ach,
		required("RECIPIENT_FULL_NAME", upTo100, text100),
		required("RECIPIENT_BANK_ACCOUNT", upTo100, text100),
		required("RECIPIENT_BANK_ROUTING", "9 digits", matching(`\d{9}`)),
	)
	cardParams = sendParams(cardVirtual,
		required("RECIPIENT_FULL_NAME", upTo100, text100),
		required("RECIPIENT_EMAILADDRESS", "an e-mail address of at most 100 characters", email),
		optionally("RECIPIENT_ACCOUNT_ID", "the RECIPIENT_ACCOUNT_ID that an earlier load of this recipient returned", text100),
	)
	swiftParams = sendParams(swift,
		required("RECIPIENT_FULL_NAME", upTo100, text100),
		required("RECIPIENT_STREET_1", upTo200, text200),
		optionally("RECIPIENT_STREET_2", upTo200, text200),
		required("RECIPIENT_CITY", upTo100, text100),
		required("RECIPIENT_REGION", upTo100, text100),
		optionally("RECIPIENT_POSTAL_CODE", upTo100, text100),
		required("RECIPIENT_COUNTRY_ISO3", iso3, letters),
		required("RECIPIENT_BANK_ACCOUNT", upTo100, text100),
		required("RECIPIENT_BANK_ROUTING", "a SWIFT code of 8 to 11 characters", matching(`[A-Za-z0-9]{8,11}`)),
		required("RECIPIENT_BANK_NAME", upTo100, text100),
		required("RECIPIENT_BANK_STREET_1", upTo200, text200),
		optionally("RECIPIENT_BANK_STREET_2", upTo200, text200),
		required("RECIPIENT_BANK_CITY", upTo100, text100),
		required("RECIPIENT_BANK_REGION", upTo100, text100),
		required("RECIPIENT_BANK_COUNTRY_ISO3", iso3, letters),
	)
	zelleParams = sendParams(zelle,
		required("RECIPIENT_ZELLE_ADDRESS", "an e-mail address or a US phone number of 10 digits", zelleAddress),
	)
	manageParams = []param{
		optionally("CARD_ACCOUNT_ID", "the CARD_ACCOUNT_ID that a card load returned", text100),
		required("SERVICE_ACTION", "one of "+strings.Join(serviceActions, ", "), word(serviceActions...)),
	}
	listParams = []param{
		optionally("CUSTOMER_ID", upTo100, text100),
		optionally("TRANSACTION_ID", upTo100, text100),
		optionally("TRANSACTION_DIRECTION", "OUTGOING, INCOMING or empty", word(outgoing, incoming)),
		optionally("LIST_ORDER", "ASCENDING or DESCENDING", word(ascending, descending)),
		optionally("DATETIME_START", "a time like 2020-01-01T00:00:00", isListTime),
		optionally("DATETIME_END", "a time like 2023-02-02T23:59:59", isListTime),
	}
	cancelParams = []param{
		required("TRANSACTION_ID", "the TRANSACTION_ID that a send returned", text100),
	}
)
