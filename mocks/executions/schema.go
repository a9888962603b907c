package executions

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/mockpay/mockpay/provider"
	"github.com/shopspring/decimal"
)

// A field is a parameter of a call: of its query or of its body. A list of them
// is a schema; it checks what comes in and describes it in the OpenAPI document.
type field struct {
	name     string
	doc      string
	kind     kind
	optional bool // it may be missing or null

	oneOf   []string       // of a text
	length  int            // of a text, in characters; 0: any
	filled  bool           // a text must not be empty
	pattern *regexp.Regexp // of a text
	odd     wording        // of a text that does not match; unlike, if not given
	lower   bool           // capitals are optional with lowercase_currency
	id      bool           // an integer is taken for the text too, with lenient_ids
	fields  []field        // of an object
}

// A kind is the JSON type of a field. Like Pydantic, integers and numbers are
// also taken from texts that hold them, and no other type from another.
type kind int

const (
	text    kind = iota
	integer      // int64
	amount       // a number of at least 0.01, rounded to two decimals
	object
)

var kinds = map[kind]string{text: "a string", integer: "an integer", amount: "a number of at least 0.01", object: "an object"}

var (
	uuidV4    = regexp.MustCompile(`(?i)^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	phone     = regexp.MustCompile(`^[1-9]\d{7,14}$`)
	currency  = regexp.MustCompile(`^[A-Z]{3}$`)
	wholePart = regexp.MustCompile(`^-?\d+(\.0*)?$`)
)

// Fields that several schemas have.
var (
	referenceField = field{name: "reference_id", doc: "a UUID of version 4 that the client made and stored; the idempotency key", pattern: uuidV4, odd: badUUID}
	currencyField  = field{name: "currency", doc: "three capital letters", length: 3, pattern: currency, lower: true}
	operationField = field{name: "operation_type", doc: "what the money operation is", oneOf: operationTypes}
)

// Least is the smallest amount [CONV].
var least = decimal.New(1, -2)

// Values are checked parameters: string, int64, decimal.Decimal or values. What
// is missing or null is not in it.
type values map[string]any

func (v values) text(name string) string { s, _ := v[name].(string); return s }

func (v values) id(name string) int64 { n, _ := v[name].(int64); return n }

func (v values) amount(name string) decimal.Decimal { d, _ := v[name].(decimal.Decimal); return d }

func (v values) object(name string) values { o, _ := v[name].(values); return o }

// maybe is a text, or nil if there is none.
func (v values) maybe(name string) *string {
	if s, ok := v[name].(string); ok {
		return &s
	}
	return nil
}

func (v values) has(name string) bool { _, ok := v[name]; return ok }

// A checker holds parameters against schemas and collects all that is wrong.
type checker struct {
	knobs  *settings
	faults []fault
}

// query checks the query of a call. Of a parameter that is given more than once
// the last counts.
func (ck *checker) query(schema []field, query url.Values) values {
	given := make(map[string]any, len(query))
	for name, all := range query {
		given[name] = all[len(all)-1]
	}
	return ck.object(schema, given, []any{"query"})
}

// body checks the body of a call.
func (ck *checker) body(schema []field, r *provider.Request) values {
	loc := []any{"body"}
	var broken *provider.NotJSON
	switch {
	case len(schema) == 0:
		return nil
	case len(r.Body) == 0 && r.DecodeErr != nil:
		ck.add(missing, loc, nil, "the body is empty, it must be a JSON object")
		return nil
	case errors.As(r.DecodeErr, &broken):
		ck.add(notJSON(broken), []any{"body", broken.At}, map[string]any{}, "%s", broken)
		return nil
	case r.DecodeErr != nil: // it did not come whole
		ck.add(notJSON(r.DecodeErr), []any{"body", len(r.Body)}, map[string]any{}, "%s", r.DecodeErr)
		return nil
	}
	given, ok := r.Payload.(map[string]any)
	if !ok || ck.knobs.StrictContentType && !isJSON(r.Header.Get("Content-Type")) {
		why := "the body is " + provider.Describe(r.Payload, true) + ", it must be an object"
		if ok {
			why = "Content-Type must be application/json (strict_content_type in the scenario)"
		}
		ck.add(notObject, loc, r.Payload, "%s", why)
		return nil
	}
	return ck.object(schema, given, loc)
}

func isJSON(contentType string) bool {
	media, _, _ := strings.Cut(contentType, ";")
	media = strings.ToLower(strings.TrimSpace(media))
	return media == "application/json" || strings.HasPrefix(media, "application/") && strings.HasSuffix(media, "+json")
}

// object checks the members of an object. Unknown ones are ignored.
func (ck *checker) object(schema []field, given map[string]any, loc []any) values {
	checked := make(values, len(schema))
	for i := range schema {
		f := &schema[i]
		v, present := given[f.name]
		at := append(slices.Clip(loc), f.name)
		switch {
		case !present && !f.optional:
			ck.add(missing, at, given, "%s is missing", dotted(at))
		case !present, v == nil && f.optional:
		default:
			if got := ck.value(f, v, at); got != nil {
				checked[f.name] = got
			}
		}
	}
	return checked
}

// value checks one value, and returns it in its Go type; nil if it is wrong.
func (ck *checker) value(f *field, v any, at []any) any {
	switch f.kind {
	case integer:
		return ck.integer(v, at)
	case amount:
		return ck.amount(v, at)
	case object:
		if given, ok := v.(map[string]any); ok {
			return ck.object(f.fields, given, at)
		}
		ck.wrongType(notObject, f, v, at)
		return nil
	}
	return ck.text(f, v, at)
}

func (ck *checker) text(f *field, v any, at []any) any {
	s, ok := v.(string)
	if n, number := v.(json.Number); number && f.id && ck.knobs.LenientIDs && wholePart.MatchString(n.String()) {
		s, ok = n.String(), true
	}
	if f.lower && ck.knobs.LowercaseCurrency {
		s = strings.ToUpper(s)
	}
	switch {
	case !ok:
		ck.wrongType(notText, f, v, at)
	case len(f.oneOf) > 0 && !slices.Contains(f.oneOf, s):
		hint := fmt.Sprintf("%s is %q, must be one of %s", dotted(at), s, strings.Join(f.oneOf, ", "))
		if near := provider.Nearest(s, f.oneOf); near != "" {
			hint += fmt.Sprintf("; did you mean %s?", near)
		}
		ck.add(notOneOf(f.oneOf), at, v, "%s", hint)
	case f.filled && s == "":
		ck.add(tooShort(1), at, v, "%s is empty", dotted(at))
	case f.length > 0 && utf8.RuneCountInString(s) < f.length:
		ck.add(tooShort(f.length), at, v, "%s is %q, must have %d characters", dotted(at), s, f.length)
	case f.length > 0 && utf8.RuneCountInString(s) > f.length:
		ck.add(tooLong(f.length), at, v, "%s is %q, must have %d characters", dotted(at), s, f.length)
	case f.pattern != nil && !f.pattern.MatchString(s):
		odd := f.odd
		if odd.outcome == "" {
			odd = unlike(f.pattern)
		}
		ck.add(odd, at, v, "%s is %q, must be %s", dotted(at), s, f.doc)
	default:
		return s
	}
	return nil
}

func (ck *checker) integer(v any, at []any) any {
	written, isText := v.(string)
	if n, ok := v.(json.Number); ok {
		written = n.String()
	} else if !isText {
		ck.add(notInteger, at, v, "%s is %s, must be an integer", dotted(at), provider.Describe(v, true))
		return nil
	}
	if !wholePart.MatchString(written) {
		w := fractional
		if isText {
			w = noIntegerText
		}
		ck.add(w, at, v, "%s is %q, must be an integer", dotted(at), written)
		return nil
	}
	whole, _, _ := strings.Cut(written, ".")
	n, err := strconv.ParseInt(whole, 10, 64)
	if err != nil {
		ck.add(hugeInteger, at, v, "%s has more digits than any id", dotted(at))
		return nil
	}
	return n
}

func (ck *checker) amount(v any, at []any) any {
	written, isText := v.(string)
	if n, ok := v.(json.Number); ok {
		written = n.String()
	} else if !isText {
		ck.add(notNumber, at, v, "%s is %s, must be a number", dotted(at), provider.Describe(v, true))
		return nil
	}
	d, err := provider.ParseDecimal(written)
	switch {
	case err != nil && isText:
		ck.add(noNumberText, at, v, "%s: %s", dotted(at), err)
	case err != nil:
		ck.add(notNumber, at, v, "%s: %s", dotted(at), err)
	case d.LessThan(least):
		ck.add(tooSmall, at, v, "%s is %s, must be at least %s", dotted(at), d, least)
	default:
		return rounded(d)
	}
	return nil
}

func (ck *checker) wrongType(w wording, f *field, v any, at []any) {
	ck.add(w, at, v, "%s is %s, must be %s", dotted(at), provider.Describe(v, true), kinds[f.kind])
}

// add notes what is wrong with a value.
func (ck *checker) add(w wording, loc []any, input any, hint string, args ...any) {
	ck.faults = append(ck.faults, fault{wording: w, loc: loc, input: input, hint: fmt.Sprintf(hint, args...)})
}

// refusal is the refusal for all that is wrong, nil if nothing is. Its outcome is
// that of the first fault.
func (ck *checker) refusal(c *provider.Call) error {
	if len(ck.faults) == 0 {
		return nil
	}
	hint := ck.faults[0].hint
	if more := len(ck.faults) - 1; more > 0 {
		hint += fmt.Sprintf("; and %d more of the fields in detail", more)
	}
	return &provider.Refusal{Outcome: ck.faults[0].outcome, Hint: hint, Data: ck.faults}
}

// dotted is a place as people write it: body.passcode.token.
func dotted(loc []any) string {
	parts := make([]string, len(loc))
	for i, part := range loc {
		parts[i] = fmt.Sprint(part)
	}
	return strings.Join(parts, ".")
}
