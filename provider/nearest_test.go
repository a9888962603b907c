package provider_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/mockpay/mockpay/provider"
)

func TestNearest(t *testing.T) {
	operations := []string{"dinardragon.get_authcode", "dinardragon.execute", "dinardragon.status", "dinaricash.swift"}
	outcomes := []string{"insufficient_balance", "authcode_expired", "authcode_used", "server_error"}
	tests := []struct {
		name  string
		valid []string
		want  string
	}{
		{"dinardragon.exec", operations, "dinardragon.execute"},
		{"dinardragon.excute", operations, "dinardragon.execute"},
		{"Dinardragon.Execute", operations, "dinardragon.execute"},
		{"dinardragon.get-authcode", operations, "dinardragon.get_authcode"},
		{"execute", operations, "dinardragon.execute"},
		{"swift", operations, "dinaricash.swift"},
		{"insufficient_balanc", outcomes, "insufficient_balance"},
		{"insufficient", outcomes, "insufficient_balance"},
		{"authcode_use", outcomes, "authcode_used"},
		{"SERVER_ERROR", outcomes, "server_error"},
		{"server_eror", outcomes, "server_error"},
		{"server_error", outcomes, "server_error"},
		{"completely different", outcomes, ""},
		{"zzz", operations, ""},
		{"anything", nil, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			assert.Equal(t, tt.want, provider.Nearest(tt.name, tt.valid))
		})
	}
}

// Of names that are equally near the first is meant, whatever runs first.
func TestNearestIsStable(t *testing.T) {
	for range 10 {
		assert.Equal(t, "ba", provider.Nearest("b", []string{"ba", "bc", "bd"}))
	}
}

func TestNoSuch(t *testing.T) {
	assert.Equal(t, `no operation "dinardragon.exec", did you mean "dinardragon.execute"?`,
		provider.NoSuch("operation", "dinardragon.exec", []string{"dinardragon.status", "dinardragon.execute"}))
	assert.Equal(t, `no outcome "zzz"; there are: one, two`, provider.NoSuch("outcome", "zzz", []string{"one", "two"}))
	assert.Equal(t, `no key "a\nb"; there are: one`, provider.NoSuch("key", "a\nb", []string{"one"}))
}
