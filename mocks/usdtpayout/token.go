package usdtpayout

import (
	"errors"
	"strings"
	"time"

	"github.com/mockpay/mockpay/provider"
)

// newToken issues a token for the account in the mode of the call. Clients take
// it for opaque: nothing of it is documented [3.4].
func newToken(c *provider.Call) string {
	return provider.NewToken(c, c.Credentials[apiKey], knobs(c).TokenTTL, provider.Claims{Mode: c.Mode, Version: version(c.Tx)})
}

// checkToken refuses calls without a token of the account and the mode. An
// expired one has a code of its own, all else is unauthorized [auth].
func checkToken(c *provider.Call) error {
	scheme, text, _ := strings.Cut(c.Header.Get("Authorization"), " ")
	text = strings.TrimSpace(text)
	if !strings.EqualFold(scheme, "Bearer") || text == "" {
		return c.Refuse(codeUnauthorized, "send the token that login returned as authorization: Bearer TOKEN")
	}
	got, err := provider.ReadToken(c, text)
	switch {
	case errors.Is(err, provider.ErrForeignToken):
		return c.Refuse(codeUnauthorized, "%s; log in again", err)
	case err != nil:
		return c.Refuse(codeUnauthorized, "%s: send what login returned as access_token, whole", err)
	case got.Subject != c.Credentials[apiKey]:
		return c.Refuse(codeUnauthorized, "the token is of another account than the API key")
	case got.Mode != c.Mode:
		return c.Refuse(codeUnauthorized, "the token was issued in %s mode and this is %s mode; log in here", got.Mode, c.Mode)
	case got.Version != version(c.Tx):
		return c.Refuse(codeUnauthorized, "the account's credentials were made anew since the token was issued; log in with the new ones")
	case got.Expired(c.Tx.Now()):
		return c.Refuse(codeJWTExpired, "the token lived %s, until %s; log in again", time.Duration(knobs(c).TokenTTL), got.Expiry())
	}
	return nil
}

// A grant is the documented answer of login.
type grant struct {
	AccessToken string `json:"access_token"`
	TokenType   string `json:"token_type"`
	ExpiresIn   int64  `json:"expires_in"` // seconds
}

// login answers POST /api/v1/user/login. A suspended account is as good as a
// wrong password [login].
func login(c *provider.Call) (*provider.Response, error) {
	f := &fieldReader{c: c, fields: c.Fields}
	email, password := f.text("email"), f.text("password")
	switch {
	case knobs(c).Suspended:
		return nil, c.Refuse(codeUnauthorized, "the account is suspended (suspended in the scenario)")
	case f.err != nil:
		return nil, f.err
	case email != c.Credentials[ownerEmail]:
		return nil, c.Refuse(codeUnauthorized, "the owner of the account with this API key has another e-mail address")
	case password != c.Credentials[ownerPassword]:
		return nil, c.Refuse(codeUnauthorized, "the password is wrong")
	}
	return success(200, grant{newToken(c), "Bearer", int64(time.Duration(knobs(c).TokenTTL) / time.Second)}), nil
}
