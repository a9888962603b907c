package usdtpayout_test

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/client"
	"github.com/mockpay/mockpay/mockpaytest"
)

// A token lives up to but not including 900 seconds.
func TestTokenExpires(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		knobs   string
		after   time.Duration
		expired bool
		says    string // expires_in
	}{
		{"AtOnce", "", 0, false, "900"},
		{"JustInTime", "", 900*time.Second - time.Millisecond, false, "900"},
		{"Exactly", "", 900 * time.Second, true, "900"},
		{"JustAfter", "", 900*time.Second + time.Millisecond, true, "900"},
		{"LongAfter", "", 1000 * time.Hour, true, "900"},
		{"KnobJustInTime", "{token_ttl: 1m30s}", 90*time.Second - time.Millisecond, false, "90"},
		{"KnobExactly", "{token_ttl: 1m30s}", 90 * time.Second, true, "90"},
		{"KnobLonger", "{token_ttl: 24h}", 15 * time.Minute, false, "86400"},
	}
	for _, tt := range tests {
		for _, mode := range []string{"Sandbox", "Live"} {
			t.Run(tt.name+mode, func(t *testing.T) {
				t.Parallel()
				s := open(t, tt.knobs)
				if mode == "Live" {
					s = s.live()
				}
				login := s.call("login", s.owner())
				assert.Contains(t, login.body, `"expires_in":`+tt.says+`}`)
				s.token = login.data(t)["access_token"].(string)
				s.Advance(tt.after)
				a := s.create(s.order("1.00"))
				if !tt.expired {
					s.accepted(a, "pending")
					return
				}
				assert.Equal(t, "Token expired, log in again", s.refused(a, 401, "jwt_expired"))
				s.refused(s.call("payout_status", `{"transaction_id":"sb_1"}`), 401, "jwt_expired")
				s.accepted(s.login().create(s.order("1.00")), "pending")
			})
		}
	}
}

// A token issued between two seconds lives as long as any.
func TestTokenIssuedBetweenSeconds(t *testing.T) {
	t.Parallel()
	s := openScenario(t, scenarioAt("2026-06-04T10:09:59.500Z", "")).login()
	s.Advance(900*time.Second - time.Millisecond)
	s.accepted(s.create(s.order("1.00")), "pending")
}

func TestShortLivedTokens(t *testing.T) {
	t.Parallel()
	s := open(t, "{token_ttl: 500ms}").login()
	s.accepted(s.create(s.order("1.00")), "pending")
}

func TestExpiryReadsTheWorkspacesClock(t *testing.T) {
	t.Parallel()
	here := open(t, "")
	there := here.neighbor("there", "").login()
	here = here.login()

	here.Advance(899 * time.Second)
	_, err := there.Client.Advance(t.Context(), 900*time.Second)
	require.NoError(t, err)

	here.accepted(here.create(here.order("1.00")), "pending")
	there.refused(there.create(there.order("1.00")), 401, "jwt_expired")
}

// A token counts in the mode it was issued in.
func TestTokensAreBoundToTheirMode(t *testing.T) {
	t.Parallel()
	sandbox := sandboxed(t, "")
	live := sandbox.live().login()

	crossed := sandbox.live()
	crossed.token = sandbox.token
	a := crossed.create(crossed.order("1.00"))
	crossed.refused(a, 401, "unauthorized")
	assert.Contains(t, a.hint(), "the token was issued in sandbox mode and this is live mode; log in here")

	crossed = live.sandbox()
	crossed.token = live.token
	a = crossed.create(crossed.order("1.00"))
	crossed.refused(a, 401, "unauthorized")
	assert.Contains(t, a.hint(), "the token was issued in live mode and this is sandbox mode")

	sandbox.accepted(sandbox.create(sandbox.order("1.00")), "pending")
	live.accepted(live.create(live.order("1.00")), "pending")
}

// An expired token of the other mode is of the other mode before it is expired.
func TestExpiredTokensOfTheOtherMode(t *testing.T) {
	t.Parallel()
	sandbox := sandboxed(t, "")
	crossed := sandbox.live()
	crossed.token = sandbox.token
	sandbox.Advance(time.Hour)
	crossed.refused(crossed.create(crossed.order("1.00")), 401, "unauthorized")
}

func TestTokensOfAnotherAccount(t *testing.T) {
	t.Parallel()
	here := sandboxed(t, "")
	there := here.neighbor("there", "").login()
	here.token, there.token = there.token, here.token
	here.refused(here.create(here.order("1.00")), 401, "unauthorized")
	there.refused(there.create(there.order("1.00")), 401, "unauthorized")
}

// Accounts whose workspaces have the same seed do not share tokens either.
func TestTokensOfAnotherAccountWithTheSameSeed(t *testing.T) {
	t.Parallel()
	here := sandboxed(t, "")
	seed := int64(1)
	ws, err := here.CreateWorkspace(t.Context(), client.WorkspaceSpec{ID: "twin", Scenario: scenario(""), Seed: &seed})
	require.NoError(t, err)
	twin := *here.Mockpay
	twin.Workspace, twin.Client = ws, client.New(here.URL, client.WithWorkspace("twin"))
	there := (&shop{Mockpay: &twin, t: t, http: here.http}).enter(ws)
	there.token = here.token
	a := there.create(there.order("1.00"))
	there.refused(a, 401, "unauthorized")
	assert.Contains(t, a.hint(), "the token is of another account than the API key")
}

// A new login leaves the tokens before it as they are.
func TestTokensLiveSideBySide(t *testing.T) {
	t.Parallel()
	s := sandboxed(t, "")
	s.Advance(10 * time.Minute)
	later := s.login()
	assert.NotEqual(t, s.token, later.token)
	s.accepted(s.create(s.order("1.00")), "pending")
	s.Advance(5 * time.Minute)
	s.refused(s.create(s.order("1.00")), 401, "jwt_expired")
	later.accepted(later.create(later.order("1.00")), "pending")
}

// segment is a part of a token that says something.
func segment(v any) string { return base64.RawURLEncoding.EncodeToString(must(json.Marshal(v))) }

// What was not issued here is nobody's.
func TestForgedTokens(t *testing.T) {
	t.Parallel()
	s := sandboxed(t, "")
	parts := strings.Split(s.token, ".")
	require.Len(t, parts, 3)
	var claims map[string]any
	require.NoError(t, json.Unmarshal(bytesOf(parts[1]), &claims))
	changed := func(name string, value any) map[string]any {
		all := make(map[string]any)
		for k, v := range claims {
			all[k] = v
		}
		all[name] = value
		return all
	}
	signed := func(header, payload any, key string) string {
		text := segment(header) + "." + segment(payload)
		return text + "." + base64.RawURLEncoding.EncodeToString(must(hex.DecodeString(signUnder([]byte(key), text))))
	}
	hs256 := map[string]any{"alg": "HS256", "typ": "JWT"}
	none := map[string]any{"alg": "none", "typ": "JWT"}
	turned := []byte(parts[2])
	turned[0] ^= 1
	tests := []struct{ name, authorization string }{
		{"None", ""},
		{"Empty", "Bearer "},
		{"NoScheme", s.token},
		{"OtherScheme", "Basic " + s.token},
		{"Twice", "Bearer Bearer " + s.token},
		{"Nonsense", "Bearer nonsense"},
		{"Dots", "Bearer .."},
		{"Cut", "Bearer " + s.token[:len(s.token)-1]},
		{"NoSignature", "Bearer " + parts[0] + "." + parts[1] + "."},
		{"TwoParts", "Bearer " + parts[0] + "." + parts[1]},
		{"FourParts", "Bearer " + s.token + ".x"},
		{"BitTurned", "Bearer " + parts[0] + "." + parts[1] + "." + string(turned)},
		{"AlgNone", "Bearer " + segment(none) + "." + parts[1] + "."},
		{"AlgNoneSigned", "Bearer " + segment(none) + "." + parts[1] + "." + parts[2]},
		{"AlgNoneSpelled", "Bearer " + segment(map[string]any{"alg": "nOnE"}) + "." + parts[1] + "."},
		{"AlgHS512", "Bearer " + segment(map[string]any{"alg": "HS512"}) + "." + parts[1] + "." + parts[2]},
		{"OtherKey", "Bearer " + signed(hs256, claims, "secret")},
		{"HMACSecret", "Bearer " + signed(hs256, claims, s.credentials["hmac_secret"])},
		{"APIKey", "Bearer " + signed(hs256, claims, s.credentials["api_key"])},
		{"EmptyKey", "Bearer " + signed(hs256, claims, "")},
		{"LongerLife", "Bearer " + parts[0] + "." + segment(changed("exp", start+10_000)) + "." + parts[2]},
		{"OtherMode", "Bearer " + parts[0] + "." + segment(changed("mode", "live")) + "." + parts[2]},
		{"OtherAccount", "Bearer " + parts[0] + "." + segment(changed("sub", "pg-default-api-key")) + "." + parts[2]},
		{"OtherVersion", "Bearer " + parts[0] + "." + segment(changed("ver", 2)) + "." + parts[2]},
		{"NoClaims", "Bearer " + signed(hs256, map[string]any{}, "secret")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := s.in(t)
			for _, op := range operations[1:] {
				l := s.letter(op, s.order("1.00").String())
				l.token = tt.authorization
				a := s.send(l)
				assert.Equal(t, "Unauthorized", s.refused(a, 401, "unauthorized"))
				assert.NotContains(t, a.hint(), s.token)
			}
		})
	}
	t.Run("SchemeOfAnyCase", func(t *testing.T) {
		l := s.letter("send_payout", s.order("1.00").String())
		l.token = "bearer  " + s.token
		s.in(t).accepted(s.in(t).send(l), "pending")
	})
}

// rotate makes the credentials anew, and returns the shop with them.
func (s *shop) rotate() *shop {
	s.t.Helper()
	_, err := s.Simulate(s.t.Context(), "usdtpayout.rotate_credentials", nil)
	require.NoError(s.t, err)
	w, err := s.Client.Workspace(s.t.Context(), s.Workspace.ID)
	require.NoError(s.t, err)
	there := *s
	m := *s.Mockpay
	m.Workspace, there.Mockpay = w, &m
	there.credentials, there.token = w.Providers["usdtpayout"].Credentials, ""
	return &there
}

// New credentials end all tokens, and are those that count from then on.
func TestRotatedCredentials(t *testing.T) {
	t.Parallel()
	for _, isDefault := range []bool{false, true} {
		t.Run(fmt.Sprint("Default=", isDefault), func(t *testing.T) {
			t.Parallel()
			var s *shop
			if isDefault {
				s = openDefault(t, "").login()
			} else {
				s = sandboxed(t, "")
			}
			id := s.pay("1.00")
			secrets := make(map[string]bool)
			for round := range 3 {
				old := s
				s = s.rotate()
				for _, name := range []string{"api_key", "email", "password"} {
					assert.Equal(t, old.credentials[name], s.credentials[name], name)
				}
				for _, name := range []string{"encryption_secret", "hmac_secret"} {
					assert.Len(t, bytesOf(s.credentials[name]), 32)
					assert.False(t, secrets[s.credentials[name]], "a secret never comes twice")
					secrets[s.credentials[name]], secrets[old.credentials[name]] = true, true
				}

				a := old.call("login", old.owner())
				s.refused(a, 401, "invalid_signature")
				assert.Contains(t, a.hint(), "it matches if the HMAC secret from before the credentials were made anew is used", "round %d", round)
				l := s.letter("login", s.owner()).sealed(encrypt(old.credentials["encryption_secret"], s.iv(), s.owner()))
				a = s.send(l)
				s.refused(a, 400, "bad_request")
				assert.Contains(t, a.hint(), "the encryption secret from before the credentials were made anew is the key")

				s.token = old.token
				a = s.create(s.order("1.00"))
				s.refused(a, 401, "unauthorized")
				assert.Contains(t, a.hint(), "made anew since the token was issued")
				s = s.login()
				assert.Equal(t, "pending", s.state(id), "payouts stay")
			}
			_, err := s.Reset(t.Context())
			require.NoError(t, err)
			w, err := s.Client.Workspace(t.Context(), s.Workspace.ID)
			require.NoError(t, err)
			assert.False(t, w.Providers["usdtpayout"].Credentials["hmac_secret"] == s.credentials["hmac_secret"], "a reset brings the first ones back")
			assert.Equal(t, 200, s.enter(w).call("login", s.owner()).status)
		})
	}
}

// What is shown of a workspace are the secrets in force; those of others stay.
func TestRotationIsOfOneAccount(t *testing.T) {
	t.Parallel()
	here := sandboxed(t, "")
	there := here.neighbor("there", "").login()
	changed, err := here.Simulate(t.Context(), "usdtpayout.rotate_credentials", nil)
	require.NoError(t, err)
	w, err := here.Client.Workspace(t.Context(), here.Workspace.ID)
	require.NoError(t, err)
	var said struct {
		Version     int
		Credentials map[string]string
	}
	require.NoError(t, json.Unmarshal(changed, &said))
	assert.Equal(t, 2, said.Version)
	assert.Equal(t, w.Providers["usdtpayout"].Credentials, said.Credentials)
	there.accepted(there.create(there.order("1.00")), "pending")
}

// A restored workspace knows the tokens and the secrets of the saved one.
func TestTokensSurviveASnapshot(t *testing.T) {
	t.Parallel()
	s := sandboxed(t, "").rotate().login()
	id := s.pay("10.01")
	saved, err := s.State(t.Context())
	require.NoError(t, err)
	_, err = s.Reset(t.Context())
	require.NoError(t, err)
	s.refused(s.call("payout_status", fields{"transaction_id": id}.String()), 401, "invalid_signature")

	require.NoError(t, s.RestoreState(t.Context(), saved))
	assert.Equal(t, "pending", s.state(id))
	s.Advance(time.Second)
	assert.Equal(t, "failed: Insufficient funds", s.state(id))

	m := mockpaytest.Start(t, mockpaytest.Scenario(scenario("")), mockpaytest.Seed(99))
	require.NoError(t, m.RestoreState(t.Context(), saved))
	elsewhere := *s
	elsewhere.Mockpay = m
	elsewhere.url = m.BaseURL("usdtpayout")
	assert.Equal(t, "pending", elsewhere.state(id), "on another server too")
	m.Advance(900 * time.Second)
	elsewhere.refused(elsewhere.create(elsewhere.order("1.00")), 401, "jwt_expired")
}
