package provider

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/url"
	"strings"
	"unicode/utf8"
)

// Media types of forms.
const (
	formURLEncoded = "application/x-www-form-urlencoded"
	formMultipart  = "multipart/form-data"
)

// ErrNoForm is that of bodies that are no form.
var ErrNoForm = errors.New("the body is no form")

// DecodeForm reads a body that is a form: application/x-www-form-urlencoded or
// multipart/form-data. As PHP does, a parameter given twice has its last value,
// and a percent sign that begins no escape stands for itself. What is not UTF-8
// is replaced. An empty body without a type is an empty form. Of a multipart body
// that breaks off, what came before is returned with the error: it tells whose
// it is.
func DecodeForm(r *Request) (map[string]any, error) {
	kind := r.Header.Get("Content-Type")
	if kind == "" && len(r.Body) == 0 {
		return map[string]any{}, nil
	}
	if kind == formURLEncoded { // as most say
		return DecodeURLEncoded(r.Body), nil
	}
	media, params, err := mime.ParseMediaType(kind)
	switch {
	case err != nil && !errors.Is(err, mime.ErrInvalidMediaParameter):
		return nil, fmt.Errorf("%w: its Content-Type %q says nothing; send it as %s or %s", ErrNoForm, kind, formURLEncoded, formMultipart)
	case media == formURLEncoded:
		return DecodeURLEncoded(r.Body), nil
	case media == formMultipart:
		fields := make(map[string]any)
		return fields, decodeMultipart(r.Body, params["boundary"], fields)
	}
	return nil, fmt.Errorf("%w: it is %s; send it as %s or %s", ErrNoForm, media, formURLEncoded, formMultipart)
}

// DecodeURLEncoded reads a body as application/x-www-form-urlencoded, whatever it
// says it is.
func DecodeURLEncoded(body []byte) map[string]any {
	into := make(map[string]any)
	for pair := range strings.SplitSeq(string(body), "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		into[unescape(name)] = unescape(value)
	}
	return into
}

// valid is a text with a character for each byte that is not UTF-8.
func valid(text string) string {
	if utf8.ValidString(text) {
		return text
	}
	return string([]rune(text))
}

// unescape decodes a name or value, each escape that is one.
func unescape(text string) string {
	if plain, err := url.QueryUnescape(text); err == nil {
		return valid(plain)
	}
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if i+2 < len(text) && text[i] == '%' {
			if c, err := url.QueryUnescape(text[i : i+3]); err == nil {
				b.WriteString(c)
				i += 2
				continue
			}
		}
		if c := text[i]; c == '+' {
			b.WriteByte(' ')
		} else {
			b.WriteByte(c)
		}
	}
	return valid(b.String())
}

func decodeMultipart(body []byte, boundary string, into map[string]any) error {
	if boundary == "" {
		return fmt.Errorf("%w: its Content-Type names no boundary", ErrNoForm)
	}
	parts := multipart.NewReader(bytes.NewReader(body), boundary)
	for {
		part, err := parts.NextRawPart()
		if errors.Is(err, io.EOF) && bytes.Contains(body, []byte("--"+boundary+"--")) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%w: it breaks off: %w", ErrNoForm, err)
		}
		value, err := io.ReadAll(part)
		if name := part.FormName(); name != "" && (err == nil || len(value) > 0) {
			into[valid(name)] = valid(string(value))
		}
		if err != nil {
			return fmt.Errorf("%w: it breaks off: %w", ErrNoForm, err)
		}
	}
}
