package main

import (
	"encoding/xml"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A report is a JUnit report as its readers see it.
type report struct {
	XMLName  xml.Name `xml:"testsuite"`
	Name     string   `xml:"name,attr"`
	Tests    int      `xml:"tests,attr"`
	Failures int      `xml:"failures,attr"`
	Errors   int      `xml:"errors,attr"`
	Skipped  int      `xml:"skipped,attr"`
	Cases    []struct {
		Class   string   `xml:"classname,attr"`
		Name    string   `xml:"name,attr"`
		Failure *outcome `xml:"failure"`
		Skipped *outcome `xml:"skipped"`
	} `xml:"testcase"`
}

type outcome struct {
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

// reported runs a verb against a server that always answers the same, and reads
// the report that it wrote.
func reported(t *testing.T, status int, answer, args string) (r report, code int) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "report.xml")
	code, _, _, _ = asking(t, status, answer, append(strings.Fields(args), "--junit", file)...)
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.True(t, strings.HasPrefix(string(text), "<?xml "))
	require.NoError(t, xml.Unmarshal(text, &r), "%s", text)
	return r, code
}

func TestVerifyReport(t *testing.T) {
	r, code := reported(t, 200, `{"ok":false,"checks":[
		{"name":"<paid> & \"told\"","ok":true,"expected":"at least 1 call of a.pay","seen":"1 call","matched":["req-1"],"misses":[]},
		{"name":"once","ok":false,"expected":"exactly 1 call of a.pay where n is ]]>","seen":"no call","matched":[],"misses":[
			{"request":"req-1","operation":"a.pay","at":"2026-01-15T09:00:00.000Z","why":"n is \u0000<5>, expected 6"}]}]}`, "verify")
	assert.Equal(t, 1, code)
	assert.Equal(t, []any{"mockpay verify", 2, 1, 0, 0}, []any{r.Name, r.Tests, r.Failures, r.Errors, r.Skipped})
	require.Len(t, r.Cases, 2)
	assert.Equal(t, `<paid> & "told"`, r.Cases[0].Name)
	assert.Nil(t, r.Cases[0].Failure)
	assert.Equal(t, "mockpay.verify", r.Cases[1].Class)
	require.NotNil(t, r.Cases[1].Failure)
	assert.Equal(t, "expected exactly 1 call of a.pay where n is ]]>, seen: no call", r.Cases[1].Failure.Message)
	assert.Equal(t, lines("expected: exactly 1 call of a.pay where n is ]]>", "seen: no call",
		"NEAREST  AT                        OPERATION  WHY", "req-1    2026-01-15T09:00:00.000Z  a.pay      n is  <5>, expected 6"), r.Cases[1].Failure.Text)

	r, code = reported(t, 200, `{"ok":true,"checks":[]}`, "verify")
	assert.Equal(t, 0, code)
	assert.Zero(t, r.Tests)
}

func TestCoverageReport(t *testing.T) {
	const answer = `{"covered":2,"total":4,"percent":"50.0","providers":[{"name":"a","covered":2,"total":4,"percent":"50.0",
		"operations":[{"operation":"a.pay","calls":1,"outcomes":[{"name":"success","count":1},{"name":"refused","count":0}]}],
		"machines":[{"name":"payment","states":[{"name":"new","count":0}],"transitions":[]}]}]}`
	for args, want := range map[string]string{
		"coverage":                         "ok ok skipped skipped 0",
		"coverage --min 50":                "ok ok skipped skipped 0",
		"coverage --min 50.1":              "ok ok failed failed 1",
		"coverage --require a.pay":         "ok ok skipped skipped 0",
		"coverage --require a.pay/refused": "ok ok failed skipped 1",
	} {
		r, code := reported(t, 200, answer, args)
		var got []string
		failures, skipped := 0, 0
		for _, c := range r.Cases {
			switch {
			case c.Failure != nil:
				got, failures = append(got, "failed"), failures+1
				assert.Equal(t, "not exercised", c.Failure.Message)
			case c.Skipped != nil:
				got, skipped = append(got, "skipped"), skipped+1
			default:
				got = append(got, "ok")
			}
			assert.Equal(t, "a", c.Class)
		}
		assert.Equal(t, want, strings.Join(got, " ")+" "+string(rune('0'+code)), args)
		assert.Equal(t, []int{4, failures, 0, skipped}, []int{r.Tests, r.Failures, r.Errors, r.Skipped})
		assert.Equal(t, "a.pay/refused", r.Cases[2].Name)
		assert.Equal(t, "a.payment:new", r.Cases[3].Name)
	}
}
