package executions

import (
	"net/http"
	"strings"
)

var statusEndpoints = []endpoint{
	statusEndpoint("payout_status", payoutType),
}

// statusEndpoint is the call that tells what became of an execution of one
// operation.
func statusEndpoint(name, operation string) endpoint {
	return endpoint{
		name: name, method: http.MethodGet, path: "/status/" + strings.ToLower(operation) + "/{reference_id}",
		summary:  "Tell what became of a " + strings.ToLower(operation) + ".",
		function: "get_" + name,
		answers:  executionAnswer{}, schema: "ExecutionResponse",
		refuses: []string{transactionNotFound},
		handle:  func(c *call) (any, error) { return c.status(operation) },
	}
}

// status answers GET /status/{operation}/{reference_id}. The key is any text; one
// of another operation is unknown; our choice.
func (c *call) status(operation string) (any, error) {
	reference := c.Vars["reference_id"]
	x, ok := executions.Get(c.Tx, key(reference))
	switch {
	case !ok:
		return nil, c.Refuse(transactionNotFound, "no execution in workspace %q has the key %q; one that was refused leaves none", c.Workspace, reference)
	case x.Operation != operation:
		return nil, c.Refuse(transactionNotFound, "the key belongs to an execution of type %s", x.Operation)
	}
	return x.answer(), nil
}
