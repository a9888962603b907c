package webhook

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"sync"

	"golang.org/x/crypto/x509roots/fallback/bundle"
)

// dialTLS connects to a receiver by HTTPS.
func (s *Sender) dialTLS(ctx context.Context, network, addr string) (net.Conn, error) {
	roots, err := authorities()
	if err != nil {
		return nil, err
	}
	d := tls.Dialer{NetDialer: s.dialer, Config: &tls.Config{RootCAs: roots}}
	return d.DialContext(ctx, network, addr)
}

// authorities are those whose certificates the machine trusts. They are read when
// the first webhook goes by HTTPS: most servers never send one.
var authorities = sync.OnceValues(func() (*x509.CertPool, error) {
	system, err := x509.SystemCertPool()
	if err == nil && !system.Equal(x509.NewCertPool()) {
		return system, nil
	}
	return bundled()
})

// bundled are Mozilla's authorities, for machines that know none of their own:
// an image that holds nothing but the program.
func bundled() (*x509.CertPool, error) {
	pool := x509.NewCertPool()
	for root := range bundle.Roots() {
		c, err := x509.ParseCertificate(root.Certificate)
		if err != nil {
			return nil, fmt.Errorf("read a bundled certificate: %w", err)
		}
		if root.Constraint == nil {
			pool.AddCert(c)
		} else {
			pool.AddCertWithConstraint(c, root.Constraint)
		}
	}
	return pool, nil
}
