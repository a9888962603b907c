package mockpay_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/mockpaytest"
	"github.com/mockpay/mockpay/mocks"
)

// hostPrograms are examples that ask a provider by the name of its host.
var hostPrograms = []struct {
	name, provider, host string
	command              []exampleIn
	args                 []string
	code                 int
	prefix               string            // of its variables
	env                  map[string]string // variables, and the credential that each has
}{
	{"DinarDragon", "dinardragon", "dinardragon.com", bankPayers, []string{payroll}, 0, "DINARDRAGON_", map[string]string{
		"PRIVATE_KEY": "private_key",
	}},
	{"DinariCash", "dinaricash", "sandbox.dinaricash.com", senders, byZelle, 0, "DINARICASH_", map[string]string{
		"ACCOUNT_ID": "corporate_account_id", "API_KEY": "gateway_api_key",
	}},
	{"Dollr", "executions", "api.heydollr.app", mobilePayers, []string{"Musu Flomo", paidPhone, "25.00"}, 0, "DOLLR_", map[string]string{
		"CLIENT_ID": "client_id", "CLIENT_SECRET": "client_secret", "PASSCODE": "passcode", "PASSCODE_PHONE": "phone",
	}},
	{"PontisGlobe", "usdtpayout", "api.pontisglobe.com", payers, nil, 1, "PONTIS_", map[string]string{ // no callback comes
		"API_KEY": "api_key", "ENCRYPTION_SECRET": "encryption_secret", "HMAC_SECRET": "hmac_secret", "EMAIL": "email", "PASSWORD": "password",
	}},
}

// Programs reach mockpay that know nothing but the provider's own host: those in Go
// through it as a proxy, those in Node by connections that go elsewhere.
func TestExamplesByHostName(t *testing.T) {
	t.Parallel()
	for _, tt := range hostPrograms {
		for _, p := range tt.command {
			t.Run(tt.name+p.language, func(t *testing.T) {
				t.Parallel()
				m := mockpaytest.Start(t, mockpaytest.Scenario("instant"))
				env := []string{
					tt.prefix + "BASE_URL=http://" + tt.host, tt.prefix + "STORE=" + filepath.Join(t.TempDir(), "store.json"), tt.prefix + "POLL=0.02",
					"PONTIS_TIMEOUT=0", "CALLBACK_PORT=0",
				}
				for name, credential := range tt.env {
					env = append(env, tt.prefix+name+"="+m.Credential(tt.provider, credential))
				}
				command := p.command(t)
				if p.language == "Node" {
					command = slices.Insert(command, 1, "--import", "./examples/node/to-mockpay.mjs")
					env = append(env, "MOCKPAY_AT="+strings.TrimPrefix(m.URL, "http://"))
				} else {
					env = append(env, "HTTP_PROXY="+m.URL)
				}
				launch(t, append(command, tt.args...), env).ends(tt.code)

				calls := callsOf(t, m, "")
				require.NotEmpty(t, calls)
				for _, call := range calls {
					assert.Equal(t, tt.provider, call.Provider)
					assert.Equal(t, tt.host, call.Request.Headers["Host"])
					assert.Less(t, call.Status, 300, call.Hint)
				}
			})
		}
	}
}

// What Node's connections are led away from is all hosts there are.
func TestHostsOfExamples(t *testing.T) {
	t.Parallel()
	text := document(t, "examples/node/to-mockpay.mjs")
	for _, m := range mocks.All() {
		for _, mount := range m.Mounts {
			for _, host := range mount.Hosts {
				assert.Contains(t, text, "'"+host+"'")
			}
		}
	}
}
