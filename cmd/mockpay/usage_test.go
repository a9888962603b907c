package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// TestWrongUsage: wrong usage is one line, says what would be right, and exits 2.
func TestWrongUsage(t *testing.T) {
	tests := []struct {
		name string
		args []string
		want string
	}{
		{"Command", []string{"clok"}, `no command "clok", did you mean "clock"?`},
		{"CommandStart", []string{"req"}, `no command "req", did you mean "requests"?`},
		{"CommandWithFlags", []string{"request", "--status", "5"}, `no command "request", did you mean "requests"?`},
		{"CommandAfterFlag", []string{"--workspace", "a", "rest"}, `no command "rest", did you mean "reset"?`},
		{"Subcommand", []string{"clock", "advnce", "5m"}, `no command "advnce", did you mean "advance"?`},
		{"NoSubcommand", []string{"state"}, `"mockpay state" needs a command: export, import`},
		{"Completion", []string{"completion", "bsh"}, `no command "bsh", did you mean "bash"?`},
		{"HelpTopic", []string{"help", "clock", "frees"}, `no command "frees", did you mean "freeze"?`},
		{"Flag", []string{"requests", "--statis", "5"}, `unknown flag: --statis, did you mean --status?`},
		{"OneDash", []string{"reset", "-workspace", "a"}, `unknown shorthand flag: 'w' in -workspace, did you mean --workspace?`},
		{"Negative", []string{"clock", "advance", "-1s"}, `-1s is negative; no value of "mockpay clock advance" is`},
		{"TwoIDs", []string{"workspace", "create", "a", "--id", "b"}, `--id says "b" and the argument "a"`},
		{"FlagValue", []string{"reset", "--output", "xml"}, `invalid argument "xml" for "--output" flag: must be one of text, json`},
		{"URL", []string{"reset", "--url", "localhost"}, `invalid argument "localhost" for "--url" flag: must be a URL like http://127.0.0.1:4402`},
		{"Argument", []string{"clock", "show", "5m"}, `"mockpay clock show" takes no arguments, got "5m"`},
		{"NoArgument", []string{"workspace", "delete"}, `wrong number of arguments; use: mockpay workspace delete ID [flags]`},
		{"Duration", []string{"clock", "advance", "soon"}, `"soon" is no duration like 90s, 15m or 24h`},
		{"Time", []string{"clock", "set", "noon"}, `"noon" is no time like 2026-01-15T09:00:00Z`},
		{"Speed", []string{"clock", "speed", "0"}, `"0" is no number above 0`},
		{"SpeedNaN", []string{"clock", "speed", "NaN"}, `"NaN" is no number above 0`},
		{"Balance", []string{"balances", "set", "USD=5"}, `"USD=5" must be PROVIDER.BALANCE=AMOUNT, like dinardragon.USD=2300.00`},
		{"BalanceAmount", []string{"balances", "set", "executions.USD=lots"}, `"executions.USD=lots" must be PROVIDER.BALANCE=AMOUNT, like dinardragon.USD=2300.00`},
		{"BalanceTwice", []string{"balances", "set", "executions.USD=1", "executions.USD=2"}, `executions.USD is set twice`},
		{"SimulateArgument", []string{"simulate", "dinardragon.settle", "last"}, `"last" must be KEY=VALUE`},
		{"SimulateTwice", []string{"simulate", "dinardragon.settle", "as=a", "as=b"}, `as is given twice`},
		{"RequestsID", []string{"requests", "--id", "a", "--limit", "3"}, `--limit does not go with --id`},
		{"RequestsWait", []string{"requests", "--wait", "1", "--status", "200"}, `--status does not go with --wait`},
		{"RequestsTimeout", []string{"requests", "--timeout", "1s"}, `--timeout goes with --wait only`},
		{"WebhooksCommand", []string{"webhooks", "redelivr", "last"}, `no command "redelivr", did you mean "redeliver"?`},
		{"WebhooksID", []string{"webhooks", "--id", "a", "--event", "e"}, `--event does not go with --id`},
		{"WebhooksWait", []string{"webhooks", "--wait", "1", "--status", "failed"}, `--status does not go with --wait`},
		{"WebhooksTimeout", []string{"webhooks", "--timeout", "1s"}, `--timeout goes with --wait only`},
		{"WebhooksStatus", []string{"webhooks", "--status", "deliverd"}, `invalid argument "deliverd" for "--status" flag: must be one of pending, delivered, failed, dropped, unsent; did you mean "delivered"?`},
		{"Redeliver", []string{"webhooks", "redeliver"}, `wrong number of arguments; use: mockpay webhooks redeliver ID... [flags]`},
		{"Endpoint", []string{"webhooks", "endpoint"}, `wrong number of arguments; use: mockpay webhooks endpoint PROVIDER [URL] [flags]`},
		{"EndpointURL", []string{"webhooks", "endpoint", "p", "localhost:9000"}, `"localhost:9000" must be a URL like http://127.0.0.1:9000/`},
		{"EndpointNoURL", []string{"webhooks", "endpoint", "p", "--backoff", "1s"}, `--backoff goes with a URL only`},
		{"EndpointRemoveNoURL", []string{"webhooks", "endpoint", "p", "--remove", "--attempts", "3"}, `--attempts goes with a URL only`},
		{"EndpointRemove", []string{"webhooks", "endpoint", "p", "http://h/", "--remove"}, `--remove takes no URL`},
		{"EndpointEncoding", []string{"webhooks", "endpoint", "p", "http://h/", "--encoding", "jsn"}, `invalid argument "jsn" for "--encoding" flag: must be one of form, json; did you mean "json"?`},
		{"EndpointAttempts", []string{"webhooks", "endpoint", "p", "http://h/", "--attempts", "0"}, `--attempts must be 1 or more, it is 0`},
		{"EndpointBackoff", []string{"webhooks", "endpoint", "p", "http://h/", "--backoff", "1s,soon"}, `invalid argument "1s,soon" for "--backoff" flag: time: invalid duration "soon"`},
		{"EndpointTimeout", []string{"webhooks", "endpoint", "p", "http://h/", "--request-timeout", "0"}, `--request-timeout must be above 0, it is 0s`},
		{"ListenPort", []string{"webhooks", "listen", "--port", "99999"}, `invalid argument "99999" for "--port" flag: `},
		{"ListenForward", []string{"webhooks", "listen", "--forward", "127.0.0.1:80"}, `invalid argument "127.0.0.1:80" for "--forward" flag: must be a URL like `},
		{"ListenStatus", []string{"webhooks", "listen", "--status", "99"}, `--status must be from 200 to 599, it is 99`},
		{"ListenStatusForward", []string{"webhooks", "listen", "--status", "200", "--forward", "http://h/"}, `--status does not go with --forward`},
		{"ServeWebhookURL", []string{"serve", "--webhook-url", "dinaricash"}, `invalid argument "dinaricash" for "--webhook-url" flag: dinaricash must be formatted as key=value`},
		{"ServeWebhookAllow", []string{"serve", "--webhook-allow", "http://h"}, `invalid argument "http://h" for "--webhook-allow" flag: must be a host like example.com, `},
		{"NoFile", []string{"scenario", "load", "nowhere.yaml"}, `open nowhere.yaml: no such file or directory`},
		{"RulesOfName", []string{"scenario", "load", "instant", "--rules-only"}, `--rules-only takes a file, and there is none named "instant"`},
		{"NoPath", []string{"scenario", "validate", "nowhere"}, `stat nowhere: no such file or directory`},
		{"NoScenarios", []string{"scenario", "validate", t.TempDir()}, `no .yaml files in `},
		{"NoState", []string{"state", "import", "nowhere.json"}, `open nowhere.json: no such file or directory`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			code, stdout, stderr := runCLI(t, noEnv, tt.args...)
			assert.Equal(t, 2, code)
			assert.Empty(t, stdout)
			assert.Regexp(t, `^mockpay: .*\n$`, stderr)
			assert.Contains(t, stderr, "mockpay: "+tt.want)
		})
	}
}

func TestHelp(t *testing.T) {
	for _, args := range [][]string{{"--help"}, {"help"}, {"serve", "-h"}, {"help", "clock", "advance"}, {"clock", "--help"}} {
		code, stdout, stderr := runCLI(t, noEnv, args...)
		assert.Equal(t, 0, code, args)
		assert.Contains(t, stdout, "Usage:", args)
		assert.Empty(t, stderr, args)
	}
}
