package executions_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/mocks/executions"
	"github.com/mockpay/mockpay/provider"
)

// paper is the OpenAPI document, read once.
var paper = sync.OnceValue(func() *openapi3.T {
	doc, err := openapi3.NewLoader().LoadFromData(executions.New().OpenAPI())
	if err != nil {
		panic(err)
	}
	return doc
})

// routes finds the operation of a request in the document, at any server.
var routes = sync.OnceValue(func() routers.Router {
	doc := *paper()
	doc.Servers = nil
	router, err := gorillamux.NewRouter(&doc)
	if err != nil {
		panic(err)
	}
	return router
})

// route is the operation that the document has for a request.
func route(r *http.Request) (*routers.Route, map[string]string, error) {
	bare := r.Clone(r.Context())
	bare.URL.Path = strings.TrimPrefix(bare.URL.Path, "/executions")
	bare.URL.RawPath = ""
	return routes().FindRoute(bare)
}

// options make the check strict.
var options = &openapi3filter.Options{
	IncludeResponseStatus: true, MultiError: true, AuthenticationFunc: openapi3filter.NoopAuthenticationFunc,
	SchemaValidationOptions: []openapi3.SchemaValidationOption{openapi3.EnableFormatValidation()},
}

// fitted are answers that were found to fit, without the values in them that are
// others each time: there are few that differ otherwise.
var (
	fitted  sync.Map
	varying = regexp.MustCompile(`eyJ[A-Za-z0-9_.-]+|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|[0-9]+`)
)

// fits holds an answer against the document. What is not Dollr's is left out:
// answers that a rule gives itself, mockpay's own problems, and bodies that are
// too large, which no framework documents.
func fits(r *http.Request, status int, header http.Header, body []byte) error {
	verbatim := []string{"text", "mapping"} // the names of such rules in the conformance suite
	if slices.Contains(verbatim, header.Get("X-Mockpay-Rule")) || status == http.StatusRequestEntityTooLarge || header.Get("Content-Type") == "application/problem+json" {
		return nil
	}
	if r.Method == http.MethodHead {
		return nil // it has no body
	}
	if header.Get("X-Mockpay-Operation") == "" {
		return fitsSchema("Error", body)
	}
	found, vars, err := route(r)
	if err != nil {
		return fmt.Errorf("the document has no such call: %w", err)
	}
	seen := fmt.Sprint(found.Operation.OperationID, status, header["Content-Type"], varying.ReplaceAllString(string(body), "0"))
	if _, ok := fitted.Load(seen); ok {
		return nil
	}
	err = openapi3filter.ValidateResponse(r.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: r, PathParams: vars, Route: found, Options: options},
		Status:                 status, Header: header, Body: io.NopCloser(bytes.NewReader(body)), Options: options,
	})
	if err == nil {
		fitted.Store(seen, true)
	}
	return err
}

// fitsSchema holds a body against a schema by its name.
func fitsSchema(name string, body []byte) error {
	var v any
	if err := json.Unmarshal(body, &v); err != nil {
		return err
	}
	return paper().Components.Schemas[name].Value.VisitJSON(v, openapi3.EnableJSONSchema2020())
}

// TestDocumentIsValid holds the document against the rules of OpenAPI 3.1, and
// its operations against the provider's.
func TestDocumentIsValid(t *testing.T) {
	t.Parallel()
	doc, mock := paper(), executions.New()
	require.NoError(t, doc.Validate(t.Context()))
	assert.Equal(t, "3.1.0", doc.OpenAPI)
	assert.Equal(t, "Dollr Open API 1.0.0", doc.Info.Title+" "+doc.Info.Version)
	assert.Equal(t, string(mock.OpenAPI()), string(executions.New().OpenAPI()), "it is the same each time")

	ids := make(map[string]bool)
	count := 0
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			count++
			assert.False(t, ids[op.OperationID], op.OperationID)
			ids[op.OperationID] = true
			assert.True(t, slices.ContainsFunc(mock.Operations, func(o provider.Operation) bool {
				return o.Method == method && o.Matches == path && o.Summary == op.Summary
			}), "%s %s", method, path)
		}
	}
	assert.Equal(t, len(mock.Operations), count)
	for _, id := range []string{ // the published ones
		"payout__version__executions_payout_post", "client_obtain_token__version__jwt_client_obtain_token_post",
		"predict_amount_and_fee__version__predictions_amount_and_fees_get", "get_platform_fees__version__fees_platform_get",
		"get_merchant_fee_tier__version__fees_merchant_tier_get",
	} {
		assert.True(t, ids[id], id)
	}
}

// TestDocumentNamesWhatIsPublished looks for the names of schemas and for the
// security scheme that the documents show.
func TestDocumentNamesWhatIsPublished(t *testing.T) {
	t.Parallel()
	doc := paper()
	for _, name := range []string{
		"ClientCredentialObtainTokenPayload", "ObtainTokenResponse", "CreatePaymentAccountPayload", "PaymentAccountResponse",
		"CreatePayoutSessionPayload", "PayoutSessionResponse", "PayoutExecutionPayload", "ExecutionResponse", "PartyResponse",
		"CounterPartyWithPartyResponse", "AmountAndFeePredictionResponse", "PredictPhonePaymentInfoResponse",
		"FeeWithProviderResponse", "FeeTierRateResponse", "MerchantFeeResponse", "HTTPValidationError", "ValidationError",
	} {
		assert.Contains(t, doc.Components.Schemas, name)
	}
	bearer := doc.Components.SecuritySchemes["HTTPBearer"]
	require.NotNil(t, bearer)
	assert.Equal(t, "http bearer", bearer.Value.Type+" "+bearer.Value.Scheme)
	for path, item := range doc.Paths.Map() {
		for _, op := range item.Operations() {
			assert.Equal(t, !strings.HasSuffix(path, tokenPath[len("/v1"):]), op.Security != nil, path)
		}
	}
}

// spoilt is an answer with a part of its body replaced.
type spoilt struct{ operation, from, to string }

// TestSpoiltAnswersAreNoticed changes an answer of each kind: the check can fail.
func TestSpoiltAnswersAreNoticed(t *testing.T) {
	t.Parallel()
	s := open(t, "")
	s.pay(s.ordered().with("reference_id", "10000000-0000-4000-8000-000000000001"))
	tests := []spoilt{
		{"payout_status", `"PENDING"`, `"SETTLED"`},
		{"payout_status", `:100.0`, `:"100.0"`},
		{"payout_status", `"wallet_message":null,`, ``},
		{"payout_status", `"wallet_message":null`, `"wallet_message":7`},
		{"payout_status", `"PAYOUT"`, `"PAYOFF"`},
		{"payout_status", `{"reference_id"`, `{"id":1,"reference_id"`},
		{"get_party", `"id":1`, `"id":"1"`},
		{"get_party", `"id":1`, `"id":1.5`},
		{"get_party", `"created_at":"2026-06-23T10:00:00Z"`, `"created_at":"2026-06-23 10:00:00"`},
		{"get_party", `"email":null,`, ``},
		{"list_parties", `[`, `{"items":[`},
		{"list_parties", `"phone":"231880000001"`, `"phone":231880000001`},
		{"token", `"expires_in":60`, `"expires_in":"60"`},
		{"get_platform_fees", `"percentage":"0.00"`, `"percentage":0`},
		{"get_gateway_fees", `"percentage":0`, `"percentage":"0"`},
		{"predict_amount_and_fees", `"100.00"`, `100`},
		{"list_fee_tiers", `"is_default":true`, `"is_default":"yes"`},
	}
	for _, test := range tests {
		c := s.sampleOf(test.operation)
		c.path = strings.Replace(c.path, statusPath+"1", statusPath+"10000000-0000-4000-8000-000000000001", 1)
		a := c.sent(s)
		require.Equal(t, 200, a.status, a.body)
		body := strings.ReplaceAll(a.body, test.from, test.to)
		require.NotEqual(t, a.body, body, "%s has no %s", test.operation, test.from)
		assert.NoError(t, fits(c.request(t, s), a.status, a.header, []byte(a.body)))
		assert.Error(t, fits(c.request(t, s), a.status, a.header, []byte(body)), "%s with %s", test.operation, test.to)
		assert.Error(t, fits(c.request(t, s), 201, a.header, []byte(a.body)), "another status")
		assert.Error(t, fits(c.request(t, s), a.status, http.Header{"X-Mockpay-Operation": {"x"}, "Content-Type": {"text/html"}}, []byte(a.body)), "another type")
	}
	refusals := []spoilt{
		{"", `"loc":["body","fullname"]`, `"loc":"body.fullname"`},
		{"", `"type":"value_error.missing"`, `"kind":"missing"`},
		{"", `{"detail":[`, `{"errors":[`},
	}
	c := s.sampleOf("create_party")
	c.body = c.body.without("fullname")
	a := c.sent(s)
	for _, test := range refusals {
		body := strings.ReplaceAll(a.body, test.from, test.to)
		require.NotEqual(t, a.body, body)
		assert.Error(t, fits(c.request(t, s), a.status, a.header, []byte(body)), test.to)
	}
	assert.Error(t, fits(c.request(t, s), 422, a.header, []byte(says("Forbidden"))), "422 has a list")
	assert.Error(t, fits(c.request(t, s), 401, a.header, []byte(a.body)), "401 has a text")
	assert.Error(t, fitsSchema("Error", []byte(`{"detail":"x","code":1}`)))
}

// request is the call as the document is asked about it.
func (c sample) request(t testing.TB, s *shop) *http.Request {
	t.Helper()
	var body io.Reader = http.NoBody
	if c.body != nil {
		body = strings.NewReader(c.body.String())
	}
	r, err := http.NewRequestWithContext(t.Context(), c.method, s.url+c.path+"?"+c.query.Encode(), body)
	require.NoError(t, err)
	if c.body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	r.Header.Set("Authorization", "Bearer "+s.token)
	return r
}

// asked holds a request against the document.
func asked(r *http.Request) error {
	found, vars, err := route(r)
	if err != nil {
		return err
	}
	return openapi3filter.ValidateRequest(r.Context(), &openapi3filter.RequestValidationInput{Request: r, PathParams: vars, Route: found, Options: options})
}

// TestDocumentTakesValidCalls, and none of those that the mock refuses for their
// parameters.
func TestDocumentTakesValidCalls(t *testing.T) {
	t.Parallel()
	s := within(t, newHandler(t), "a", "")
	for operation := range paths {
		c := s.sampleOf(operation)
		assert.NoError(t, asked(c.request(t, s)), operation)
		for _, p := range schemas[operation] {
			short, _ := c.without(p)
			err := asked(short.request(t, s))
			assert.Equal(t, p.optional, err == nil, "%s without %s: %v", operation, p.name, err)
			if p.optional && p.in == "body" {
				null, _ := c.with(p, "null")
				assert.NoError(t, asked(null.request(t, s)), "%s: %s is null", operation, p.name)
			}
			if p.kind == "uuid" {
				continue // TestDocumentTellsVersion4
			}
			for _, odd := range p.odd() {
				if spoilt, ok := c.with(p, odd.value); ok && !strings.Contains("1e400 int_parsing_size", odd.value) && odd.kind != "int_parsing_size" {
					assert.Error(t, asked(spoilt.request(t, s)), "%s: %s is %s", operation, p.name, odd.value)
				}
			}
		}
	}
	other := s.sampleOf("list_fee_tiers")
	other.path = "/v2/fees/tiers"
	assert.Error(t, asked(other.request(t, s)), "another version")
}

// TestDocumentTellsVersion4: keys that are no UUID of version 4 do not fit the
// document either.
func TestDocumentTellsVersion4(t *testing.T) {
	t.Parallel()
	s := within(t, newHandler(t), "a", "")
	for _, key := range uuids {
		c := s.sampleOf("payout")
		c.body = c.body.with("reference_id", json.RawMessage(key))
		assert.Error(t, asked(c.request(t, s)), key)
	}
}
