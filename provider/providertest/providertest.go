// Package providertest is the suite that every provider passes.
//
//	func TestConformance(t *testing.T) {
//		providertest.Run(t, providertest.Suite{
//			Provider: "dinardragon",
//			Calls:    map[string]providertest.Call{"execute": execute, …},
//			…
//		})
//	}
//
// It ranges over what the provider's [provider.Mock] and the catalogue say, and
// asks of a running server what holds for all of them: each outcome can be had,
// every place answers alike, workspaces do not see each other, the same inputs
// give the same bytes, money adds up, and no body makes a provider stumble.
//
// How a provider is called is in the [Suite]. Its functions build every request,
// so that a provider may take forms, encrypt what it takes, or want a token
// first. What it does differently on purpose is a field with the reason.
package providertest

import (
	"net/http"
	"testing"

	"github.com/mockpay/mockpay/mocks"
	"github.com/mockpay/mockpay/provider"
)

// A Suite is what is particular to a provider.
type Suite struct {
	// Provider is the mock's name.
	Provider string

	// Calls make a request for each operation that the provider accepts. They
	// are the samples that the tests vary.
	Calls map[string]Call

	// Raw makes a request for an operation that is authentic, signature and all,
	// and whose parameters are these bytes instead of any that make sense.
	Raw func(c *Caller, operation string, body []byte) *http.Request

	// Malformed are more parameters for Raw, by operation, that are wrong in a
	// way only this provider's can be. All of them are refused, by lenient
	// operations too.
	Malformed map[string][]string

	// Anonymous takes the credentials out of a request.
	Anonymous func(r *http.Request)

	// Refusal checks that an answer has the shape of the provider's refusals.
	Refusal func(t testing.TB, a *Answer)

	// Move makes a few random calls that move money, some of which are refused.
	Move func(c *Caller, d *Dice)

	// Action is a random thing to simulate, for which there may be no reason.
	Action func(c *Caller, d *Dice) (name string, args map[string]string)

	// Statuses are the HTTP statuses of outcomes that depend on the operation,
	// by "operation/outcome". All others have the one of the outcome.
	Statuses map[string]int

	// Leaves are the refusals that leave something behind, by
	// "operation/outcome", and why. All others leave nothing.
	Leaves map[string]string

	// Lenient are the operations that take a call without any parameter that
	// makes sense, and why.
	Lenient map[string]string

	// Answered is told of every answer, nil if nobody wants to know. It may check
	// what the suite does not know: a document of the wire.
	Answered func(t testing.TB, r *http.Request, a *Answer)

	// Nameless are the operations whose calls say only in their parameters whose
	// they are, and why. Without them they are journaled in default.
	Nameless map[string]string

	// Begin are the states besides the first that records can begin in, by
	// machine.
	Begin map[string][]string
}

// A Call makes the valid request of an operation, and first the calls that it
// depends on. It does not send the request.
type Call func(c *Caller) *http.Request

// Run puts a provider through the suite.
func Run(t *testing.T, s Suite) {
	tests := []struct {
		name string
		run  func(*testing.T, *subject)
	}{
		{"CatalogueIsComplete", catalogueIsComplete},
		{"FidelityIsTold", fidelityIsTold},
		{"DefaultsCanBeWritten", defaultsCanBeWritten},
		{"CallsSucceed", callsSucceed},
		{"MovesAreCounted", movesAreCounted},
		{"OutcomesAreReachable", outcomesAreReachable},
		{"RawAnswersAreVerbatim", rawAnswersAreVerbatim},
		{"UnknownOutcomeIsRefused", unknownOutcomeIsRefused},
		{"UnknownPathIsNotFound", unknownPathIsNotFound},
		{"WrongMethodIsNotAllowed", wrongMethodIsNotAllowed},
		{"PlacesAnswerAlike", placesAnswerAlike},
		{"WorkspacesAreIsolated", workspacesAreIsolated},
		{"StrangersAreJournaledInDefault", strangersAreJournaledInDefault},
		{"SnapshotGoesOnElsewhere", snapshotGoesOnElsewhere},
		{"SameSeedSameAnswers", sameSeedSameAnswers},
		{"OtherSeedOtherIDs", otherSeedOtherIDs},
		{"ResetBeginsAgain", resetBeginsAgain},
		{"MoneyAddsUp", moneyAddsUp},
		{"MalformedBodiesAreRefused", malformedBodiesAreRefused},
		{"SecretsStayHidden", secretsStayHidden},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			test.run(t, s.subject(t))
		})
	}
}

// A subject is a suite with the mock it is about.
type subject struct {
	Suite
	mock *provider.Mock
}

func (s Suite) subject(t testing.TB) *subject {
	for _, m := range mocks.All() {
		if m.Name == s.Provider {
			return &subject{s, m}
		}
	}
	t.Fatalf("providertest: mocks.All has no %q", s.Provider)
	return nil
}

// full is the name of an operation in rules, headers and the journal.
func (s *subject) full(op *provider.Operation) string { return s.mock.Name + "." + op.Name }

// operations ranges over the mock's operations, a subtest each.
func (s *subject) operations(t *testing.T, test func(*testing.T, *provider.Operation)) {
	for i := range s.mock.Operations {
		op := &s.mock.Operations[i]
		t.Run(op.Name, func(t *testing.T) { test(t, op) })
	}
}
