package dinardragon

import (
	"net/http"
	"strings"

	"github.com/mockpay/mockpay/provider"
)

// privateKey takes the key out of the Authorization header: bare as the prose
// has it [S0 l.29], or after the word Bearer as the sample has it [S0 l.52].
func privateKey(h http.Header) string {
	value := strings.TrimSpace(h.Get("Authorization"))
	scheme, key, _ := strings.Cut(value, " ")
	if strings.EqualFold(scheme, "Bearer") {
		return strings.TrimSpace(key)
	}
	return value
}

// authenticate refuses calls without the account's key. The text for a missing
// key is documented for /status [S1 l.141] and used for all three.
func authenticate(c *provider.Call) error {
	switch key := privateKey(c.Header); {
	case key == "":
		return c.Refuse(missingKey, "send the private key in the Authorization header, bare or as Bearer KEY")
	case strings.Contains(key, "${"):
		return c.Refuse(invalidKey, "the Authorization header holds a placeholder, not a key: a JavaScript template needs backquotes")
	case key != c.Credentials["private_key"]:
		return c.Refuse(invalidKey, "no workspace has this private key; GET /_mockpay/workspaces lists the keys that work")
	}
	return nil
}
