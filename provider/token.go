package provider

import (
	"errors"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/mockpay/mockpay/state"
)

// Claims are what a bearer token of a workspace says. Clients take tokens for
// opaque.
type Claims struct {
	jwt.RegisteredClaims
	Mode    string `json:"mode,omitempty"` // of the mount it is for
	Version int    `json:"ver,omitempty"`  // of the account's credentials
	Ends    int64  `json:"ends"`           // as exp, which has no fractions, in nanoseconds
}

// Expired tells whether a token is dead; it is at exactly the end of its life.
func (c *Claims) Expired(now time.Time) bool { return now.UnixNano() >= c.Ends }

// Expiry is the end of a token's life, for hints.
func (c *Claims) Expiry() string { return time.Unix(0, c.Ends).UTC().Format(time.RFC3339) }

// Reasons why a text is no token of a workspace.
var (
	ErrForeignToken = errors.New("the token was not issued by this workspace, or its seed has changed since")
	ErrNoToken      = errors.New("the token is no token of ours")
)

// NewToken issues a JWT, signed with HS256, that lives from now on. Its key
// follows from the workspace's seed.
func NewToken(c *Call, subject string, life Duration, claims Claims) string {
	now := c.Tx.Now()
	ends := now.Add(time.Duration(life))
	claims.RegisteredClaims = jwt.RegisteredClaims{
		Subject: subject, IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(ends),
	}
	claims.Ends = ends.UnixNano()
	text, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString(tokenKey(c))
	if err != nil {
		panic("provider: claims can be signed: " + err.Error())
	}
	return text
}

// ReadToken returns the claims of a token that [NewToken] issued in the call's
// workspace, be it expired or not.
func ReadToken(c *Call, text string) (*Claims, error) {
	var claims Claims
	_, err := jwt.NewParser(jwt.WithValidMethods([]string{"HS256"}), jwt.WithoutClaimsValidation()).
		ParseWithClaims(text, &claims, func(*jwt.Token) (any, error) { return tokenKey(c), nil })
	switch {
	case errors.Is(err, jwt.ErrTokenSignatureInvalid):
		return nil, ErrForeignToken
	case err != nil:
		return nil, ErrNoToken
	}
	return &claims, nil
}

// TokenSubject is whose token a text claims to be, "" if it is none. It trusts
// the text: it is for finding the workspace that can check it.
func TokenSubject(text string) string {
	var claims Claims
	if _, _, err := jwt.NewParser().ParseUnverified(text, &claims); err != nil {
		return ""
	}
	return claims.Subject
}

// tokenKey signs the tokens of a mock in a workspace.
func tokenKey(c *Call) []byte {
	key := state.Derive(c.Tx.Seed(), c.Mock.Name+".token", 0)
	return key[:]
}
