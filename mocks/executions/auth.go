package executions

import (
	"net/http"
	"strings"
	"time"

	"github.com/mockpay/mockpay/provider"
)

const tokenPath = "/jwt/client/obtain/token"

var tokenEndpoints = []endpoint{{
	name: "token", method: http.MethodPost, path: tokenPath, open: true,
	summary:  "Exchange the client's credentials for a token; it lives 60 minutes.",
	function: "client_obtain_token",
	payload:  "ClientCredentialObtainTokenPayload",
	body: []field{
		{name: clientID, doc: "from the portal"},
		{name: clientSecret, doc: "shown once, in the portal"},
	},
	answers: grant{}, schema: "ObtainTokenResponse",
	handle: obtainToken,
}}

// A grant is the documented answer to the token call [AR-jwt].
type grant struct {
	AccessToken string `json:"access_token"`
	ExpiresIn   int64  `json:"expires_in"` // minutes
}

// obtainToken answers POST /jwt/client/obtain/token. A new token leaves older
// ones alone; our choice.
func obtainToken(c *call) (any, error) {
	token := provider.NewToken(c.Call, c.Credentials[clientID], c.TokenTTL, provider.Claims{})
	return grant{token, int64(time.Duration(c.TokenTTL) / time.Minute)}, nil
}

// bearer takes the token out of the Authorization header.
func bearer(h http.Header) (token string, ok bool) {
	scheme, token, _ := strings.Cut(strings.TrimSpace(h.Get("Authorization")), " ")
	token = strings.TrimSpace(token)
	return token, strings.EqualFold(scheme, "Bearer") && token != ""
}

// identify finds the account by its token, and where a token is asked for by its
// client_id.
func identify(r *provider.Request) string {
	if strings.HasSuffix(r.Path, tokenPath) {
		id, _ := r.Fields[clientID].(string)
		return id
	}
	token, _ := bearer(r.Header)
	return provider.TokenSubject(token)
}

// authenticate refuses calls without a live token of the account [AUTH]. The
// bodies are documented [R-err]; that a call for a token with wrong credentials
// is answered like one with a wrong token is our choice.
func authenticate(c *provider.Call) error {
	if endpointOf(c.Op).open {
		return checkClient(c)
	}
	text, ok := bearer(c.Header)
	if !ok {
		if c.Header.Get("X-Api-Key") != "" {
			return c.Refuse(notAuthenticated, "there is no API key in this API: get a token with POST /v1/jwt/client/obtain/token and send it as Authorization: Bearer TOKEN")
		}
		return c.Refuse(notAuthenticated, "send the access_token that POST /v1/jwt/client/obtain/token returned as Authorization: Bearer TOKEN")
	}
	token, err := provider.ReadToken(c, text)
	switch {
	case err != nil:
		return c.Refuse(provider.Unauthorized, "%s; get one with POST /v1/jwt/client/obtain/token", err)
	case token.Subject != c.Credentials[clientID]:
		return c.Refuse(provider.Unauthorized, "the token is of a client that no workspace has; GET /_mockpay/workspaces lists those there are")
	case token.Expired(c.Tx.Now()):
		return c.Refuse(tokenExpired, "the token lived %s, until %s; get a new one", time.Duration(knobs(c).TokenTTL), token.Expiry())
	}
	return nil
}

// checkClient looks at the credentials in a call for a token, if they are whole;
// if not the schema will say so.
func checkClient(c *provider.Call) error {
	id, ok := c.Fields[clientID].(string)
	secret, whole := c.Fields[clientSecret].(string)
	switch {
	case !ok || !whole || c.DecodeErr != nil:
		return nil
	case id != c.Credentials[clientID]:
		return c.Refuse(provider.Unauthorized, "no workspace has this client_id; GET /_mockpay/workspaces lists those there are")
	case secret != c.Credentials[clientSecret]:
		return c.Refuse(provider.Unauthorized, "the client_secret is not that of this client_id")
	}
	return nil
}
