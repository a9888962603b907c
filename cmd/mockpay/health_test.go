package main

import (
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// TestHealthAsksTheServerBeside: a container's health check has the server's
// environment and nothing else.
func TestHealthAsksTheServerBeside(t *testing.T) {
	type env = map[string]string
	for _, tt := range []struct {
		name string
		env  env
		want baseURL
	}{
		{"Nothing", env{}, "http://127.0.0.1:4402"},
		{"Image", env{"MOCKPAY_ADDR": "0.0.0.0:"}, "http://127.0.0.1:4402"},
		{"ImageWithPort", env{"MOCKPAY_ADDR": "0.0.0.0:", "PORT": "8080"}, "http://127.0.0.1:8080"},
		{"Port", env{"PORT": "8080"}, "http://127.0.0.1:8080"},
		{"AllInterfacesOfIPv6", env{"MOCKPAY_ADDR": "[::]:9"}, "http://127.0.0.1:9"},
		{"OneInterface", env{"MOCKPAY_ADDR": "10.1.2.3:9", "PORT": "8080"}, "http://10.1.2.3:9"},
		{"IPv6", env{"MOCKPAY_ADDR": "[::1]:9"}, "http://[::1]:9"},
		{"Nonsense", env{"MOCKPAY_ADDR": "nonsense"}, "http://127.0.0.1:4402"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newCLI(func(name string) string { return tt.env[name] }, strings.NewReader(""), io.Discard, io.Discard)
			assert.Equal(t, tt.want, c.beside())
		})
	}
}
