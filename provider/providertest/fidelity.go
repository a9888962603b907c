package providertest

import (
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// leaning is how statements begin that say nothing without the one before.
var leaning = regexp.MustCompile(`^(It|Its|They|Their|So|That|These|Those|Such|Else) `)

// fidelityIsTold looks at what the mock says of itself: every statement can be
// read and understood by itself, and every knob is named by one.
func fidelityIsTold(t *testing.T, s *subject) {
	statements, err := s.mock.Statements()
	require.NoError(t, err)
	require.NotEmpty(t, statements, "Mock.Fidelity")
	var named []string
	for _, st := range statements {
		assert.NotRegexp(t, leaning, st.What, "a statement of %q leans on the one before", st.Topic)
		named = append(named, st.Switches...)
	}
	assert.Subset(t, named, s.mock.KnobNames(), "knobs that no statement names")
}
