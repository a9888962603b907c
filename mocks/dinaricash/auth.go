package dinaricash

import (
	"errors"
	"mime"
	"strings"

	"github.com/mockpay/mockpay/provider"
)

// The two pairs of names that one pair of credentials goes by [S2 l.35-36, 232-233].
type credentialNames struct{ account, key string }

var (
	achNames   = credentialNames{"PUBLIC_KEY", "API_SECRET"}
	otherNames = credentialNames{"CORPORATE_ACCOUNT_ID", "GATEWAY_API_KEY"}
)

// errJSON is why a JSON body has no parameters, with accept_json off.
var errJSON = errors.New("the body is JSON; Dinari Cash documents forms only, send application/x-www-form-urlencoded or multipart/form-data, or set accept_json in the scenario")

func isJSON(r *provider.Request) bool {
	const media = "application/json"
	kind := r.Header.Get("Content-Type")
	if len(kind) < len(media) || !strings.Contains(strings.ToLower(kind), media) { // nearly all are forms
		return false
	}
	said, _, _ := mime.ParseMediaType(kind)
	return said == media
}

// decode reads both kinds of forms on every operation, of which the examples use
// one each [S2 l.70, 270], and JSON for workspaces that take it.
func decode(r *provider.Request) (map[string]any, error) {
	if isJSON(r) {
		return provider.DecodeObject(r.Body)
	}
	fields, err := provider.DecodeForm(r)
	if err != nil && len(fields) == 0 { // most likely it is a form that says it is something else
		fields = provider.DecodeURLEncoded(r.Body)
	}
	return fields, err
}

// identify takes the account from the pair of names of the path, or else from
// the other one.
func identify(r *provider.Request) string {
	names := []string{otherNames.account, achNames.account}
	if r.Path == "/" {
		names = []string{achNames.account, otherNames.account}
	}
	for _, name := range names {
		if account, ok := r.Fields[name].(string); ok && account != "" {
			return account
		}
	}
	return ""
}

// namesOf are the names of the credentials of a call: as documented for the
// operation, or with accept_credential_aliases whichever were sent.
func namesOf(c *provider.Call) credentialNames {
	names, other := otherNames, achNames
	if c.Op != nil && c.Op.Name == achSend.op {
		names, other = other, names
	}
	if knobs(c).AcceptCredentialAliases && text(c, names.account) == "" && text(c, other.account) != "" {
		return other
	}
	return names
}

// authenticate refuses calls without the account's credentials. The text is
// documented for the balance [S2 l.1266] and used for all.
func authenticate(c *provider.Call) error {
	if err := c.DecodeErr; err != nil || isJSON(c.Request) && !knobs(c).AcceptJSON {
		if err == nil {
			err = errJSON
		}
		return c.RefuseFor(missingParameter, namesOf(c).account, "%s", err)
	}
	names := namesOf(c)
	for _, name := range []string{names.account, names.key} {
		if text(c, name) == "" {
			return c.RefuseFor(missingParameter, name, "%s", missingCredential(c, name))
		}
	}
	return checkKey(c, text(c, names.account), text(c, names.key))
}

func missingCredential(c *provider.Call, name string) string {
	for pair, other := range map[credentialNames]credentialNames{achNames: otherNames, otherNames: achNames} {
		sent := map[string]string{pair.account: other.account, pair.key: other.key}[name]
		if sent != "" && text(c, sent) != "" {
			return "this operation calls it " + name + ", not " + sent + " (accept_credential_aliases takes both)"
		}
	}
	return name + " is required in the body"
}

func checkKey(c *provider.Call, account, key string) error {
	extra, ok := knobs(c).ExtraCredentials[account]
	switch {
	case account == c.Credentials[accountID] && key == c.Credentials[gatewayKey], ok && key == extra:
		return nil
	case account == c.Credentials[accountID] && key == c.Credentials[webhookKey]:
		return c.Refuse(invalidCredentials, "that is the webhook key of the account, not its gateway API key")
	case account == c.Credentials[accountID]:
		return c.Refuse(invalidCredentials, "the account is that of workspace %q, the key is not", c.Workspace)
	}
	return c.Refuse(invalidCredentials, "no workspace has this account; GET /_mockpay/workspaces lists those there are")
}
