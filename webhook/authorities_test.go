package webhook

import (
	"crypto/x509"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/x509roots/fallback/bundle"
)

// TestBundled: whoever is in the bundle vouches for others where the machine
// trusts nobody by itself.
func TestBundled(t *testing.T) {
	pool, err := bundled()
	require.NoError(t, err)
	var names []string
	for root := range bundle.Roots() {
		c, err := x509.ParseCertificate(root.Certificate)
		require.NoError(t, err)
		names = append(names, c.Subject.CommonName)
		_, err = c.Verify(x509.VerifyOptions{Roots: pool, CurrentTime: c.NotBefore.AddDate(0, 0, 1), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}})
		assert.NoError(t, err, "%s", c.Subject)
	}
	assert.Contains(t, names, "ISRG Root X1", "Let's Encrypt")
	assert.Greater(t, len(names), 100)
}

// TestNobodyVouches: a receiver that nobody known vouches for gets nothing.
func TestNobodyVouches(t *testing.T) {
	receiver := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		t.Error("the receiver got a webhook")
	}))
	defer receiver.Close()
	a := newSender(t).Send(t.Context(), Endpoint{URL: receiver.URL, Encoding: JSON, Timeout: patient}, anEvent)
	assert.Contains(t, a.Error, "x509: certificate signed by unknown authority")
	assert.Zero(t, a.Status)
}
