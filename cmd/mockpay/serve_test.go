package main

import (
	"context"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/server"
)

// serveWith runs the command line up to where the server would start.
func serveWith(t *testing.T, env map[string]string, args ...string) (opts server.Options, code int, stderr string) {
	t.Helper()
	var out strings.Builder
	c := newCLI(func(name string) string { return env[name] }, nil, io.Discard, &out)
	c.serve = func(_ context.Context, o server.Options) error {
		opts = o
		return nil
	}
	code = c.run(t.Context(), args)
	return opts, code, out.String()
}

// TestAddr: the flag beats MOCKPAY_ADDR beats PORT beats the default.
func TestAddr(t *testing.T) {
	type env = map[string]string
	tests := []struct {
		name string
		env  env
		args string
		want string
	}{
		{"Default", nil, "", "127.0.0.1:4402"},
		{"ServeVerb", nil, "serve", "127.0.0.1:4402"},
		{"Port", env{"PORT": "8080"}, "serve", "127.0.0.1:8080"},
		{"Env", env{"MOCKPAY_ADDR": "0.0.0.0:1"}, "", "0.0.0.0:1"},
		{"EnvBeatsPort", env{"MOCKPAY_ADDR": "0.0.0.0:1", "PORT": "8080"}, "serve", "0.0.0.0:1"},
		{"FlagBeatsPort", env{"PORT": "8080"}, "serve --addr :2", ":2"},
		{"FlagBeatsAll", env{"MOCKPAY_ADDR": "0.0.0.0:1", "PORT": "8080"}, "--addr [::1]:2", "[::1]:2"},
		{"FlagLikeDefaultBeatsAll", env{"MOCKPAY_ADDR": "0.0.0.0:1", "PORT": "8080"}, "--addr 127.0.0.1:4402", "127.0.0.1:4402"},
		{"EmptyPortTakesPort", env{"MOCKPAY_ADDR": "0.0.0.0:", "PORT": "8080"}, "", "0.0.0.0:8080"},
		{"EmptyPortTakesDefault", env{"MOCKPAY_ADDR": "0.0.0.0:"}, "", "0.0.0.0:4402"},
		{"EmptyVariableIsNone", env{"MOCKPAY_ADDR": "", "PORT": ""}, "", "127.0.0.1:4402"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			opts, code, stderr := serveWith(t, tt.env, strings.Fields(tt.args)...)
			require.Equal(t, 0, code, stderr)
			assert.Equal(t, tt.want, opts.Addr)
		})
	}
}

func TestServeOptions(t *testing.T) {
	t.Run("Defaults", func(t *testing.T) {
		opts, code, stderr := serveWith(t, nil)
		require.Equal(t, 0, code, stderr)
		assert.Nil(t, opts.Seed)
		assert.Equal(t, "default", opts.Scenario)
		assert.Equal(t, 1000, opts.JournalSize)
		assert.Equal(t, 65536, opts.JournalBody)
		assert.Empty(t, opts.ControlToken)
		assert.Empty(t, opts.ProviderAddrs)
		assert.Empty(t, opts.WebhookURLs)
		assert.Empty(t, opts.WebhookAllow)
		assert.NotNil(t, opts.Log)
	})
	t.Run("Flags", func(t *testing.T) {
		opts, code, stderr := serveWith(t, map[string]string{
			"MOCKPAY_SEED": "1", "MOCKPAY_SCENARIO": "instant", "MOCKPAY_JOURNAL_SIZE": "2",
			"MOCKPAY_CONTROL_TOKEN": "a", "MOCKPAY_PROVIDER_ADDR": "dinaricash=:3",
			"MOCKPAY_WEBHOOK_URL": "dinaricash=http://h/", "MOCKPAY_WEBHOOK_ALLOW": "h",
		}, "serve", "--seed", "0", "--scenario", "my.yaml", "--journal-size", "5", "--journal-body", "0",
			"--control-token", "b", "--provider-addr", "dinardragon=:1", "--provider-addr", "executions=:2",
			"--webhook-url", "dinaricash=http://a/?x=1", "--webhook-url", "usdtpayout=http://b/",
			"--webhook-allow", "example.com,*.example.org", "--webhook-allow", "203.0.113.0/24")
		require.Equal(t, 0, code, stderr)
		assert.Equal(t, new(int64), opts.Seed)
		assert.Equal(t, "my.yaml", opts.Scenario)
		assert.Equal(t, 5, opts.JournalSize)
		assert.Negative(t, opts.JournalBody, "none, and not the default")
		assert.Equal(t, "b", opts.ControlToken)
		assert.Equal(t, map[string]string{"dinardragon": ":1", "executions": ":2"}, opts.ProviderAddrs)
		assert.Equal(t, map[string]string{"dinaricash": "http://a/?x=1", "usdtpayout": "http://b/"}, opts.WebhookURLs)
		assert.Equal(t, []string{"example.com", "*.example.org", "203.0.113.0/24"}, opts.WebhookAllow)
	})
	t.Run("Env", func(t *testing.T) {
		opts, code, stderr := serveWith(t, map[string]string{
			"MOCKPAY_SEED": "-7", "MOCKPAY_SCENARIO": "instant", "MOCKPAY_JOURNAL_SIZE": "2",
			"MOCKPAY_CONTROL_TOKEN": "a", "MOCKPAY_PROVIDER_ADDR": "dinardragon=:1,executions=:2",
			"MOCKPAY_WEBHOOK_URL": "dinaricash=http://a/,usdtpayout=http://b/", "MOCKPAY_WEBHOOK_ALLOW": "example.com, 2001:db8::1,*",
		})
		require.Equal(t, 0, code, stderr)
		assert.Equal(t, int64(-7), *opts.Seed)
		assert.Equal(t, "instant", opts.Scenario)
		assert.Equal(t, 2, opts.JournalSize)
		assert.Equal(t, "a", opts.ControlToken)
		assert.Equal(t, map[string]string{"dinardragon": ":1", "executions": ":2"}, opts.ProviderAddrs)
		assert.Equal(t, map[string]string{"dinaricash": "http://a/", "usdtpayout": "http://b/"}, opts.WebhookURLs)
		assert.Equal(t, []string{"example.com", "2001:db8::1", "*"}, opts.WebhookAllow)
	})
}

// TestInvalidEnv: what is wrong in a variable names the variable.
func TestInvalidEnv(t *testing.T) {
	for name, value := range map[string]string{
		"MOCKPAY_ADDR":          "localhost",
		"MOCKPAY_SEED":          "seven",
		"MOCKPAY_JOURNAL_SIZE":  "1k",
		"MOCKPAY_LOG_LEVEL":     "loud",
		"MOCKPAY_LOG_FORMAT":    "xml",
		"MOCKPAY_PROVIDER_ADDR": "dinardragon",
		"MOCKPAY_WEBHOOK_URL":   "http://h/",
		"MOCKPAY_WEBHOOK_ALLOW": "h:80",
		"MOCKPAY_OUTPUT":        "xml",
		"MOCKPAY_URL":           "127.0.0.1:4402",
		"PORT":                  "http",
	} {
		t.Run(name, func(t *testing.T) {
			_, code, stderr := serveWith(t, map[string]string{name: value})
			assert.Equal(t, 2, code)
			assert.Contains(t, stderr, `mockpay: invalid value "`+value+`" in `+name+": ")
			assert.Equal(t, 1, strings.Count(stderr, "\n"))
		})
	}
}

// TestWebhookAllow: a host is a name, what is below one, an address, a network
// or any.
func TestWebhookAllow(t *testing.T) {
	for host, ok := range map[string]bool{
		"example.com": true, "example.com.": true, "a_b.example.com": true, "*.example.com": true, "*": true, "xn--bcher-kva.example": true,
		"203.0.113.7": true, "203.0.113.0/24": true, "2001:db8::1": true, "2001:db8::/32": true,
		"": false, ".": false, "http://h": false, "h/hooks": false, "h:80": false, "[::1]": false, "*example.com": false, "a.*.com": false, "a b": false, "bücher.example": false,
		"203.0.113.0/33": false, "a,,b": false,
	} {
		_, code, stderr := serveWith(t, nil, "--webhook-allow", host)
		if ok {
			assert.Equal(t, 0, code, stderr)
		} else {
			assert.Equal(t, 2, code, "%q", host)
		}
	}
}

// TestOtherFlagsVariables: a variable of another verb's flag does no harm.
func TestOtherFlagsVariables(t *testing.T) {
	_, code, stderr := serveWith(t, map[string]string{"MOCKPAY_STATUS": "many", "MOCKPAY_HELP": "true"})
	assert.Equal(t, 0, code, stderr)
}

func TestLog(t *testing.T) {
	var out strings.Builder
	c := newCLI(noEnv, nil, io.Discard, &out)
	c.serve = func(_ context.Context, o server.Options) error {
		o.Log.Info("quiet")
		o.Log.Warn("loud", "n", 1)
		return nil
	}

	require.Equal(t, 0, c.run(t.Context(), []string{"--log-level", "warn", "--log-format", "json"}))

	assert.Contains(t, out.String(), `"level":"WARN","msg":"loud","n":1}`)
	assert.NotContains(t, out.String(), "quiet")
}
