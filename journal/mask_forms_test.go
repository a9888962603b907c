package journal_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/mockpay/mockpay/journal"
)

func TestMaskerFindsSecretsInEveryForm(t *testing.T) {
	m := journal.NewMasker([]string{"dd-default", "dd-default-private-key", `a "b"<c> d`})
	cut := journal.NewMessage(nil, []byte(`{"key":"dd-default-private-key"}`), nil, 20)
	for name, tt := range map[string]struct{ got, want string }{
		"TheLongerOneFirst": {m.Text("dd-default-private-key"), "******************-key"},
		"TheShorterOne":     {m.Text("dd-default!"), "******ault!"},
		"AsJSON":            {m.Text(`"a \"b\"\u003cc\u003e d"`), `"******c> d"`},
		"AsQuery":           {m.Text("k=a+%22b%22%3Cc%3E+d"), "k=******c> d"},
		"AsPath":            {m.Text("a%20%22b%22%3Cc%3E%20d"), "******c> d"},
		"CutInTheMiddle":    {m.Message(cut).Body, `{"key":"************`},
	} {
		t.Run(name, func(t *testing.T) { assert.Equal(t, tt.want, tt.got) })
	}
}
