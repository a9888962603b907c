package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"
)

// show prints the server's last answer: as it came with --output json, else as
// text writes it.
func (c *cli) show(text func(w io.Writer)) error {
	return c.print(c.answer.body, text)
}

// showLocal is show for what no server answered.
func (c *cli) showLocal(v any, text func(w io.Writer)) error {
	doc, err := encode(v)
	if err != nil {
		return err
	}
	return c.print(doc, text)
}

// encode writes JSON on a line, nothing escaped.
func encode(v any) ([]byte, error) {
	var doc bytes.Buffer
	enc := json.NewEncoder(&doc)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, fmt.Errorf("encode the output: %w", err)
	}
	return doc.Bytes(), nil
}

func (c *cli) print(doc []byte, text func(w io.Writer)) error {
	var out bytes.Buffer
	if c.output.value == "json" {
		writeJSON(&out, doc)
	} else {
		text(&out)
	}
	_, err := c.stdout.Write(out.Bytes())
	return err
}

// warn says what is wrong although it was done.
func (c *cli) warn(format string, args ...any) {
	fmt.Fprintln(c.stderr, "mockpay: warning:", strings.ReplaceAll(fmt.Sprintf(format, args...), "\n", "; "))
}

// writeJSON writes a document indented, and one that is no JSON as it is.
func writeJSON(out *bytes.Buffer, doc []byte) {
	doc = bytes.TrimSpace(doc)
	if len(doc) == 0 {
		return // a 204 says nothing
	}
	if json.Indent(out, doc, "", "  ") != nil {
		out.Write(doc)
	}
	out.WriteByte('\n')
}

// A table writes lines of aligned cells.
type table struct{ *tabwriter.Writer }

func newTable(w io.Writer, header ...any) table {
	t := table{tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)}
	t.row(header...)
	return t
}

func (t table) row(cells ...any) {
	texts := make([]string, len(cells))
	for i, cell := range cells {
		texts[i] = cellText(cell)
	}
	fmt.Fprintln(t, strings.Join(texts, "\t"))
}

// cellText keeps a cell on its line and in its column, whatever a request put
// into it.
func cellText(cell any) string {
	if at, ok := cell.(time.Time); ok {
		return at.UTC().Format("2006-01-02T15:04:05.000Z")
	}
	s := strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, fmt.Sprint(cell))
	if s == "" {
		return "-"
	}
	return s
}

// A recorder is a transport that keeps the body of the last answer.
type recorder struct{ body []byte }

// RoundTrip implements [http.RoundTripper].
func (r *recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	if r.body, err = io.ReadAll(res.Body); err != nil {
		return nil, err
	}
	res.Body = io.NopCloser(bytes.NewReader(r.body))
	return res, nil
}
