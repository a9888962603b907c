package usdtpayout

import (
	"errors"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/mockpay/mockpay/provider"
	"github.com/mockpay/mockpay/state"
)

// Claims are what a token says. Clients take it for opaque: nothing of it is
// documented [3.4].
type claims struct {
	jwt.RegisteredClaims
	Mode    string `json:"mode"`
	Version int    `json:"ver"`  // of the account's credentials
	Ends    int64  `json:"ends"` // as exp, which has no fractions, in nanoseconds
}

// tokenKey signs the tokens of a workspace.
func tokenKey(tx *state.Tx) []byte {
	key := state.Derive(tx.Seed(), Name+".token", 0)
	return key[:]
}

// newToken issues a token for the account in the mode of the call.
func newToken(c *provider.Call) string {
	now := c.Tx.Now()
	ends := now.Add(time.Duration(knobs(c).TokenTTL))
	t := jwt.NewWithClaims(jwt.SigningMethodHS256, claims{
		RegisteredClaims: jwt.RegisteredClaims{
			Subject: c.Credentials[apiKey], IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(ends),
		},
		Mode: c.Mode, Version: version(c.Tx), Ends: ends.UnixNano(),
	})
	text, err := t.SignedString(tokenKey(c.Tx))
	if err != nil {
		panic("usdtpayout: claims can be signed: " + err.Error())
	}
	return text
}

// checkToken refuses calls without a token of the account and the mode. An
// expired one has a code of its own, all else is unauthorized [auth].
func checkToken(c *provider.Call) error {
	scheme, text, _ := strings.Cut(c.Header.Get("Authorization"), " ")
	text = strings.TrimSpace(text)
	if !strings.EqualFold(scheme, "Bearer") || text == "" {
		return c.Refuse(codeUnauthorized, "send the token that login returned as authorization: Bearer TOKEN")
	}
	var got claims
	_, err := jwt.NewParser(jwt.WithValidMethods([]string{"HS256"}), jwt.WithoutClaimsValidation()).
		ParseWithClaims(text, &got, func(*jwt.Token) (any, error) { return tokenKey(c.Tx), nil })
	switch {
	case errors.Is(err, jwt.ErrTokenSignatureInvalid):
		return c.Refuse(codeUnauthorized, "the token was not issued by this workspace, or its seed has changed since; log in again")
	case err != nil:
		return c.Refuse(codeUnauthorized, "the token is no token of ours: send what login returned as access_token, whole")
	case got.Subject != c.Credentials[apiKey]:
		return c.Refuse(codeUnauthorized, "the token is of another account than the API key")
	case got.Mode != c.Mode:
		return c.Refuse(codeUnauthorized, "the token was issued in %s mode and this is %s mode; log in here", got.Mode, c.Mode)
	case got.Version != version(c.Tx):
		return c.Refuse(codeUnauthorized, "the account's credentials were made anew since the token was issued; log in with the new ones")
	case c.Tx.Now().UnixNano() >= got.Ends:
		return c.Refuse(codeJWTExpired, "the token lived %s, until %s; log in again", time.Duration(knobs(c).TokenTTL), expiry(got))
	}
	return nil
}

func expiry(of claims) string {
	if of.ExpiresAt == nil {
		return "no time"
	}
	return of.ExpiresAt.UTC().Format(time.RFC3339)
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
