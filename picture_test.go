package mockpay_test

import (
	"crypto/sha256"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var (
	drawnLabel = regexp.MustCompile(`\blabel="([^"]*)"`)
	drawnClass = regexp.MustCompile(`\bclass=([a-z]+)`)
)

// TestPicture checks that the picture of README.md was made of the sources that
// are there now, without drawing it: Graphviz draws a little otherwise in each
// version, and is not needed for the tests.
func TestPicture(t *testing.T) {
	source, style, picture := document(t, "docs/flow.dot"), document(t, "docs/flow.css"), document(t, "docs/flow.svg")

	digest := fmt.Sprintf("%x", sha256.Sum256([]byte(source+style)))
	assert.Contains(t, picture, "sha256: "+digest+" ", "docs/flow.svg is older than its sources: make picture")
	assert.Contains(t, picture, style)
	var want []string
	for _, m := range drawnLabel.FindAllStringSubmatch(source, -1) {
		want = append(want, strings.Split(m[1], `\n`)...)
	}
	assert.ElementsMatch(t, want, texts(t, picture), "what is written in the picture")
	assert.True(t, strings.Contains(document(t, "README.md"), "](docs/flow.svg)"), "README.md shows it")

	light, dark, found := strings.Cut(style, "@media (prefers-color-scheme: dark)")
	require.True(t, found)
	for _, m := range drawnClass.FindAllStringSubmatch(source, -1) {
		if m[1] != "mockpay" { // the cluster
			assert.Contains(t, light, "."+m[1]+" path { fill: ")
			assert.Contains(t, dark, "."+m[1]+" path { fill: ")
		}
	}
}

// texts are the lines that are written in an SVG.
func texts(t *testing.T, svg string) (all []string) {
	for d := xml.NewDecoder(strings.NewReader(svg)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return all
		}
		require.NoError(t, err)
		if element, ok := token.(xml.StartElement); ok && element.Name.Local == "text" {
			var line string
			require.NoError(t, d.DecodeElement(&line, &element))
			all = append(all, line)
		}
	}
}
