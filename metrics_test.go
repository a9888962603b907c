package mockpay_test

import (
	"context"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/mocks"
	"github.com/mockpay/mockpay/server"
)

// TestPrometheus scrapes a server as docs/ci.md has Prometheus do it, with its
// comment taken for what it stands for too.
func TestPrometheus(t *testing.T) {
	shown := yamlBlocks(t, "docs/ci.md")["prometheus.yml"]
	for _, token := range []string{"", "sesame"} {
		text := shown
		if token != "" {
			text = strings.Replace(shown, "# authorization:", "authorization:", 1)
			require.NotEqual(t, shown, text)
		}
		var f struct {
			Jobs []struct {
				Name          string `yaml:"job_name"`
				Path          string `yaml:"metrics_path"`
				Authorization struct {
					File string `yaml:"credentials_file"`
				}
				Static []struct{ Targets []string } `yaml:"static_configs"`
			} `yaml:"scrape_configs"`
		}
		decode(t, text, &f)
		require.Len(t, f.Jobs, 1)
		assert.Equal(t, []string{"mockpay:4402"}, f.Jobs[0].Static[0].Targets)
		assert.Equal(t, token != "", f.Jobs[0].Authorization.File != "")

		s, err := server.New(server.Options{Addr: "127.0.0.1:0", Mocks: mocks.All(), ControlToken: token})
		require.NoError(t, err)
		require.NoError(t, s.Start())
		defer func() { assert.NoError(t, s.Stop(context.Background())) }()
		status, body := scrape(t, s.URL()+f.Jobs[0].Path, token)
		assert.Equal(t, http.StatusOK, status)
		assert.Contains(t, body, "\nmockpay_workspaces 1\n")
		if token != "" {
			status, _ = scrape(t, s.URL()+f.Jobs[0].Path, "")
			assert.Equal(t, http.StatusUnauthorized, status)
		}
	}
}

func scrape(t *testing.T, url, token string) (status int, body string) {
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	require.NoError(t, err)
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return res.StatusCode, string(text)
}

// TestMetricsAreDocumented compares the families that there are with those that
// docs/control-api.md lists, and their labels.
func TestMetricsAreDocumented(t *testing.T) {
	_, text := scrape(t, serve(t, mocks.All()...)+"/_mockpay/metrics", "")
	var families []string
	for _, m := range regexp.MustCompile(`(?m)^# TYPE (mockpay_\w+) `).FindAllStringSubmatch(text, -1) {
		families = append(families, m[1])
	}
	var listed []string
	for _, m := range regexp.MustCompile("(?m)^\\| `(mockpay_\\w+)` \\| ?([^|]*?) ?\\|").FindAllStringSubmatch(document(t, "docs/control-api.md"), -1) {
		listed = append(listed, m[1])
		sample := regexp.MustCompile(`(?m)^` + m[1] + `\{(.*)\} `).FindStringSubmatch(text)
		if sample == nil {
			continue // it has no labels, or nothing to tell yet
		}
		var labels []string
		for _, l := range regexp.MustCompile(`(\w+)="`).FindAllStringSubmatch(sample[1], -1) {
			labels = append(labels, "`"+l[1]+"`")
		}
		assert.Equal(t, strings.Join(labels, " "), m[2], m[1])
	}
	assert.ElementsMatch(t, families, listed)
}
