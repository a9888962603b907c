package providertest

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/client"
	"github.com/mockpay/mockpay/mocks"
	"github.com/mockpay/mockpay/provider"
	"github.com/mockpay/mockpay/server"
)

// A misplacement puts a secret into a request where it does not belong.
type misplacement struct {
	name  string
	named bool // it stands under its name; else only those that are known are hidden
	do    func(r *http.Request, name, secret string)
}

var misplacements = []misplacement{
	{"Query", true, func(r *http.Request, name, secret string) { addQuery(r, name+"="+url.QueryEscape(secret)) }},
	{"QueryInOtherCase", true, func(r *http.Request, name, secret string) {
		addQuery(r, strings.ToLower(name)+"="+url.PathEscape(secret))
	}},
	{"QueryByAnotherName", false, func(r *http.Request, _, secret string) { addQuery(r, "a="+url.QueryEscape(secret)) }},
	{"QueryAllEscaped", false, func(r *http.Request, _, secret string) { addQuery(r, "a="+escaped("%%%02x", secret)) }},
	{"QueryInCapitals", false, func(r *http.Request, _, secret string) { addQuery(r, "a="+strings.ToUpper(secret)) }},
	{"Path", false, func(r *http.Request, _, secret string) { r.URL.Path += "/" + secret }},
	{"Header", true, func(r *http.Request, name, secret string) { r.Header.Set(strings.ReplaceAll(name, "_", "-"), secret) }},
	{"HeaderByAnotherName", false, func(r *http.Request, _, secret string) { r.Header.Set("X-Other", "a "+secret) }},
	{"BasicHeader", true, func(r *http.Request, _, secret string) {
		r.Header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte("x:"+secret)))
	}},
	{"Cookie", true, func(r *http.Request, _, secret string) { r.Header.Set("Cookie", "session="+secret) }},
	{"Nested", true, func(r *http.Request, name, secret string) {
		setBody(r, "application/json", fmt.Sprintf(`{"a":[{"b":{%q:%q}}]}`, name, secret))
	}},
	{"NestedByAnotherName", false, func(r *http.Request, _, secret string) {
		setBody(r, "application/json", fmt.Sprintf(`{"a":[{"b":"x %s y"}]}`, secret))
	}},
	{"AsKey", false, func(r *http.Request, _, secret string) {
		setBody(r, "application/json", fmt.Sprintf(`{"a":{%q:1}}`, secret))
	}},
	{"EscapedJSON", false, func(r *http.Request, _, secret string) {
		setBody(r, "application/json", `{"a":"`+escaped(`\u%04X`, secret)+`"}`)
	}},
	{"BrokenJSON", true, func(r *http.Request, name, secret string) {
		setBody(r, "application/json", fmt.Sprintf(`{"a":1,%q : %q,`, strings.ToUpper(name), secret))
	}},
	{"CutJSON", false, func(r *http.Request, _, secret string) { setBody(r, "application/json", `{"a":"`+secret) }},
	{"Form", true, func(r *http.Request, name, secret string) {
		setBody(r, "application/x-www-form-urlencoded", "x=y&"+url.QueryEscape(name)+"="+url.QueryEscape(secret))
	}},
	{"Multipart", true, func(r *http.Request, name, secret string) {
		setBody(r, "multipart/form-data; boundary=b", part(name, secret)+"--b--\r\n")
	}},
	{"CutMultipart", true, func(r *http.Request, name, secret string) {
		setBody(r, "multipart/form-data; boundary=b", part(name, secret))
	}},
	{"Text", true, func(r *http.Request, name, secret string) {
		setBody(r, "text/plain", "here you are: "+name+": "+secret+"\n")
	}},
	{"XML", true, func(r *http.Request, name, secret string) {
		setBody(r, "text/xml", "<a><"+name+">"+secret+"</"+name+"></a>")
	}},
	{"NotUTF8", false, func(r *http.Request, _, secret string) { setBody(r, "application/json", "\xff"+secret+"\xfe") }},
	{"TooLarge", true, func(r *http.Request, name, secret string) {
		setBody(r, "application/json", fmt.Sprintf(`{%q:%q,"a":"%s"}`, name, secret, strings.Repeat("x", provider.BodyLimit)))
	}},
	{"AtTheCut", false, func(r *http.Request, _, secret string) {
		setBody(r, "application/json", strings.Repeat("x", secretsBody-len(secret)+1)+secret)
	}},
}

// secretsBody is how much of a body the journal of these tests keeps.
const secretsBody = 500

func addQuery(r *http.Request, pair string) {
	r.URL.RawQuery = strings.TrimPrefix(r.URL.RawQuery+"&"+pair, "&")
}

func setBody(r *http.Request, kind, text string) {
	r.Header.Set("Content-Type", kind)
	r.Body, r.ContentLength = io.NopCloser(strings.NewReader(text)), int64(len(text))
	r.GetBody = nil
}

func part(name, secret string) string {
	return "--b\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + secret + "\r\n"
}

// escaped is a text with each byte in a format.
func escaped(format, text string) string {
	var b strings.Builder
	for _, c := range []byte(text) {
		fmt.Fprintf(&b, format, c)
	}
	return b.String()
}

// A safeBuffer is written by a server while a test reads it.
type safeBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *safeBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// secretsStayHidden makes each call as it should be, and with secrets, right and
// wrong, where they do not belong: neither the journal nor the webhooks nor the
// log show one.
func secretsStayHidden(t *testing.T, s *subject) {
	log := new(safeBuffer)
	srv, err := server.New(server.Options{
		Addr: "127.0.0.1:0", Mocks: mocks.All(), JournalBody: secretsBody, JournalSize: 5000,
		Log: slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	require.NoError(t, err)
	require.NoError(t, srv.Start())
	t.Cleanup(func() { assert.NoError(t, srv.Stop(context.WithoutCancel(t.Context()))) })
	w := &world{subject: s, server: srv.URL()}
	w.workspace, err = client.New(w.server).CreateWorkspace(t.Context(), client.WorkspaceSpec{ID: "a-hidden-place", Scenario: scenario()})
	require.NoError(t, err)
	w.Caller = w.caller(t, w.workspace)

	secrets := s.secrets(w.Caller)
	for i := range s.mock.Operations {
		op := &s.mock.Operations[i]
		require.NotEqual(t, 500, w.call(w.Caller, op).Status)
		for j, c := range secrets {
			for k, m := range misplacements {
				if i > 0 && (i+j+k)%(3*len(secrets)) != 0 { // the first operation has them all
					continue
				}
				if m.named || !strings.HasPrefix(c.Value, wrongSecret) && len(c.Value) >= 8 {
					w.misplaced(op, m, c.Name, c.Value)
				}
			}
		}
	}

	for place, text := range w.shown(log) {
		for _, c := range secrets {
			w.hides(place, strings.ToLower(text), c)
		}
	}
}

// hides asserts that a text, in lower case, does not have a secret in any form.
func (w *world) hides(place, text string, c provider.Credential) {
	w.Helper()
	forms := []string{escaped("%%%02x", c.Value), escaped(`\u%04x`, c.Value), base64.StdEncoding.EncodeToString([]byte("x:" + c.Value))}
	if len(c.Value) >= 8 { // shorter ones may be anything
		forms = append(forms, c.Value, url.QueryEscape(c.Value))
	}
	for _, form := range forms {
		if at := strings.Index(text, strings.ToLower(form)); at >= 0 {
			assert.Fail(w, "a secret is shown", "%s shows %s: …%s…", place, c.Name, text[max(0, at-300):at+len(form)])
			return
		}
	}
}

// wrongSecret begins secrets that are nobody's.
const wrongSecret = "wr0ng "

// secrets are those of a caller, and wrong ones, with their names.
func (s *subject) secrets(c *Caller) (all []provider.Credential) {
	for _, cred := range s.mock.Credentials("x") {
		if !cred.Public {
			all = append(all, provider.Credential{Name: cred.Name, Value: c.Credentials[cred.Name]},
				provider.Credential{Name: strings.ToUpper(cred.Name), Value: wrongSecret + "s3cret+/" + cred.Name})
		}
	}
	for _, name := range slices.Concat(s.mock.Secret.Headers, s.mock.Secret.Fields) {
		if !strings.Contains(name, ".") {
			all = append(all, provider.Credential{Name: name, Value: wrongSecret + "k3y=&" + name})
		}
	}
	return all
}

// misplaced makes a call with a secret where it does not belong.
func (w *world) misplaced(op *provider.Operation, m misplacement, name, secret string) {
	w.Helper()
	r := w.Raw(w.Caller, op.Name, []byte("{}"))
	m.do(r, name, secret)
	res, err := w.http.Do(r)
	require.NoError(w, err, m.name)
	require.NoError(w, res.Body.Close())
	assert.Less(w, res.StatusCode, 500, "%s %s", op.Name, m.name)
}

// shown is all that a server shows of its calls, by where it does.
func (w *world) shown(log *safeBuffer) map[string]string {
	all := map[string]string{"the log": log.String()}
	for _, path := range []string{"requests", "webhooks"} {
		for _, id := range []string{"default", w.workspace.ID} {
			res, err := w.http.Get(w.server + "/_mockpay/" + path + "?workspace=" + id)
			require.NoError(w, err)
			text, err := io.ReadAll(res.Body)
			require.NoError(w, err)
			require.NoError(w, res.Body.Close())
			require.Equal(w, 200, res.StatusCode)
			all[path+" of "+id] = string(text)
		}
	}
	return all
}
