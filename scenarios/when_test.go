package scenarios_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/provider"
)

// matches tells whether a when holds of a request.
func matches(t *testing.T, when string, r *provider.Request) bool {
	t.Helper()
	s := parse(t, "rules: [{on: dinardragon.execute, when: "+when+", respond: server_error}]\n")
	return newCaller(t, 1).decide(s, "execute", r).Rule != nil
}

// payout is the body that most of these tests ask about.
const payout = `{
	"amount": 50,
	"fee": "50.00",
	"big": 123456789012345678901234567890.5,
	"country": "IRQ",
	"iban": "GB33BUKB20201555555555",
	"text": "ends with 1.50",
	"empty": "",
	"nothing": null,
	"express": true,
	"held": false,
	"flag": "true",
	"zip": "00123",
	"payer": {"name": "Zaynab", "address": {"city": "Basra", "zip": 61001}},
	"accounts": [
		{"acc": 987654321, "amount": 20.5, "country": "IRQ", "tags": ["new", 7]},
		{"acc": "1234", "amount": 29.5, "country": "SYR"}
	],
	"tags": ["urgent", 7, "8.0", true, null],
	"none": [],
	"a.b": "dotted",
	"header": {"X-Kind": "a parameter"}
}`

func TestWhen(t *testing.T) {
	tests := map[string]struct {
		when string
		want bool
	}{
		"PlainTextEqual":                  {`{country: IRQ}`, true},
		"PlainTextOther":                  {`{country: irq}`, false},
		"PlainTextPartOnly":               {`{country: IR}`, false},
		"NumberEqualsNumber":              {`{amount: 50}`, true},
		"NumberEqualsItsDecimals":         {`{amount: 50.00}`, true},
		"NumberEqualsQuotedNumber":        {`{amount: "50.00"}`, true},
		"NumberEqualsItsExponent":         {`{amount: 5e1}`, true},
		"QuotedNumberEqualsNumber":        {`{fee: 50}`, true},
		"NumberOther":                     {`{amount: 50.01}`, false},
		"NumberBeyondFloatsEqual":         {`{big: 123456789012345678901234567890.50}`, true},
		"NumberBeyondFloatsOther":         {`{big: 123456789012345678901234567890.51}`, false},
		"NumberIsNoText":                  {`{amount: fifty}`, false},
		"TextOfDigitsComparesAsNumber":    {`{zip: 123}`, true},
		"EmptyTextEqual":                  {`{empty: ""}`, true},
		"EmptyTextIsNotNull":              {`{empty: null}`, false},
		"NullEqual":                       {`{nothing: null}`, true},
		"NullIsNotEmptyText":              {`{nothing: ""}`, false},
		"NullIsNotTheTextNull":            {`{nothing: "null"}`, false},
		"MissingEqualsNull":               {`{missing: null}`, true},
		"MissingEqualsNothingElse":        {`{missing: ""}`, false},
		"TrueEqual":                       {`{express: true}`, true},
		"TrueAsYAMLMayWriteIt":            {`{express: True}`, true},
		"FalseAsYAMLMayWriteIt":           {`{held: FALSE}`, true},
		"TrueIsNotFalse":                  {`{express: false}`, false},
		"FalseEqual":                      {`{held: false}`, true},
		"FalseIsNotMissing":               {`{missing: false}`, false},
		"TrueEqualsItsText":               {`{flag: true}`, true},
		"ObjectEqualsNothing":             {`{payer: Zaynab}`, false},
		"ObjectIsNotNull":                 {`{payer: null}`, false},
		"ArrayEqualsNothing":              {`{tags: urgent}`, false},
		"AllKeysHold":                     {`{country: IRQ, amount: 50}`, true},
		"OneKeyDoesNotHold":               {`{country: IRQ, amount: 51}`, false},
		"AllPredicatesOfAKeyHold":         {`{amount: {gt: 49, lt: 51}}`, true},
		"OnePredicateOfAKeyDoesNotHold":   {`{amount: {gt: 49, lt: 50}}`, false},
		"EqHolds":                         {`{country: {eq: IRQ}}`, true},
		"EqDecimals":                      {`{amount: {eq: "50.0"}}`, true},
		"EqNullOfMissing":                 {`{missing: {eq: null}}`, true},
		"EqFails":                         {`{country: {eq: SYR}}`, false},
		"NeHolds":                         {`{country: {ne: SYR}}`, true},
		"NeDecimals":                      {`{amount: {ne: "50.0"}}`, false},
		"NeHoldsOfMissing":                {`{missing: {ne: IRQ}}`, true},
		"NeNullOfMissing":                 {`{missing: {ne: null}}`, false},
		"NeHoldsOfObjects":                {`{payer: {ne: IRQ}}`, true},
		"GtBelow":                         {`{amount: {gt: 49.99}}`, true},
		"GtEqual":                         {`{amount: {gt: 50}}`, false},
		"GtQuoted":                        {`{fee: {gt: "49.99"}}`, true},
		"GtNegative":                      {`{amount: {gt: -1}}`, true},
		"GtBeyondFloats":                  {`{big: {gt: 123456789012345678901234567890.49}}`, true},
		"GtBeyondFloatsEqual":             {`{big: {gt: 123456789012345678901234567890.50}}`, false},
		"GtOfText":                        {`{country: {gt: 0}}`, false},
		"GtOfMissing":                     {`{missing: {gt: -1}}`, false},
		"GtOfNull":                        {`{nothing: {gt: -1}}`, false},
		"GtOfTrue":                        {`{express: {gt: 0}}`, false},
		"GteEqual":                        {`{amount: {gte: 50}}`, true},
		"GteAbove":                        {`{amount: {gte: 50.001}}`, false},
		"LtAbove":                         {`{amount: {lt: 50.01}}`, true},
		"LtEqual":                         {`{amount: {lt: 50}}`, false},
		"LtOfMissing":                     {`{missing: {lt: 1}}`, false},
		"LteEqual":                        {`{amount: {lte: 50.00}}`, true},
		"LteBelow":                        {`{amount: {lte: 49}}`, false},
		"MatchesAnywhere":                 {`{iban: {matches: "BUKB"}}`, true},
		"MatchesWholeWhenAnchored":        {`{iban: {matches: "^GB[0-9]{2}[A-Z]{4}[0-9]+$"}}`, true},
		"MatchesFails":                    {`{iban: {matches: "^DE"}}`, false},
		"MatchesNumbersAsWritten":         {`{accounts.0.amount: {matches: '^20\.5$'}}`, true},
		"MatchesOfMissing":                {`{missing: {matches: ".*"}}`, false},
		"MatchesOfNull":                   {`{nothing: {matches: ".*"}}`, false},
		"MatchesOfObject":                 {`{payer: {matches: ".*"}}`, false},
		"StartsWith":                      {`{iban: {starts_with: GB33}}`, true},
		"StartsWithFails":                 {`{iban: {starts_with: gb}}`, false},
		"StartsWithOfNumber":              {`{accounts.0.acc: {starts_with: 987}}`, true},
		"StartsWithKeepsZeros":            {`{zip: {starts_with: "001"}}`, true},
		"StartsWithOfMissing":             {`{missing: {starts_with: ""}}`, false},
		"EndsWith":                        {`{text: {ends_with: "1.50"}}`, true},
		"EndsWithIsNoDecimal":             {`{text: {ends_with: "1.5"}}`, false},
		"EndsWithOfNumber":                {`{accounts.0.acc: {ends_with: "1"}}`, true},
		"ContainsPartOfText":              {`{text: {contains: with}}`, true},
		"ContainsPartOfNumber":            {`{accounts.0.acc: {contains: 765}}`, true},
		"ContainsFails":                   {`{text: {contains: With}}`, false},
		"ContainsElement":                 {`{tags: {contains: urgent}}`, true},
		"ContainsElementNotPart":          {`{tags: {contains: urg}}`, false},
		"ContainsNumberElementAsDecimal":  {`{tags: {contains: "7.0"}}`, true},
		"ContainsTextElementAsDecimal":    {`{tags: {contains: 8}}`, true},
		"ContainsBooleanElement":          {`{tags: {contains: true}}`, true},
		"ContainsNullElement":             {`{tags: {contains: null}}`, true},
		"ContainsNullInNoText":            {`{text: {contains: null}}`, false},
		"ContainsNothingInEmptyArray":     {`{none: {contains: a}}`, false},
		"ContainsOfMissing":               {`{missing: {contains: ""}}`, false},
		"ContainsOfObject":                {`{payer: {contains: name}}`, false},
		"InText":                          {`{country: {in: [SYR, IRQ]}}`, true},
		"InNumbersAndTexts":               {`{amount: {in: [IRQ, "50.00"]}}`, true},
		"InBooleans":                      {`{express: {in: [7, true]}}`, true},
		"InNullOfNull":                    {`{nothing: {in: [IRQ, null]}}`, true},
		"InNullOfMissing":                 {`{missing: {in: [IRQ, null]}}`, true},
		"InNone":                          {`{country: {in: [SYR, LBN]}}`, false},
		"InOfMissing":                     {`{missing: {in: [SYR, ""]}}`, false},
		"ExistsOfText":                    {`{country: {exists: true}}`, true},
		"ExistsOfNull":                    {`{nothing: {exists: true}}`, true},
		"ExistsOfEmptyText":               {`{empty: {exists: true}}`, true},
		"ExistsOfObject":                  {`{payer: {exists: true}}`, true},
		"ExistsOfMissing":                 {`{missing: {exists: true}}`, false},
		"ExistsNotOfMissing":              {`{missing: {exists: false}}`, true},
		"ExistsNotOfText":                 {`{country: {exists: false}}`, false},
		"NestedKey":                       {`{payer.address.city: Basra}`, true},
		"NestedKeyOther":                  {`{payer.address.city: Mosul}`, false},
		"NestedKeyMissing":                {`{payer.address.street: {exists: false}}`, true},
		"NestedBelowText":                 {`{country.code: {exists: true}}`, false},
		"NestedBelowMissing":              {`{missing.city: {exists: false}}`, true},
		"AnyElement":                      {`{accounts.*.country: SYR}`, true},
		"AnyElementNone":                  {`{accounts.*.country: LBN}`, false},
		"AnyElementDecimal":               {`{accounts.*.acc: "1234.0"}`, true},
		"AnyElementAllPredicatesOfOne":    {`{accounts.*.amount: {gt: 20, lt: 25}}`, true},
		"AnyElementPredicatesNotSpread":   {`{accounts.*.amount: {gt: 25, lt: 25}}`, false},
		"AnyElementOfTexts":               {`{tags.*: urgent}`, true},
		"AnyElementOfNested":              {`{accounts.*.tags.*: 7}`, true},
		"AnyElementOfNone":                {`{none.*: {exists: true}}`, false},
		"AnyElementOfMissing":             {`{missing.*.a: {exists: false}}`, true},
		"AnyValueOfObject":                {`{payer.*: Zaynab}`, true},
		"AnyValueOfObjectNone":            {`{payer.*: Amal}`, false},
		"AnyParameter":                    {`{"*": IRQ}`, true},
		"FirstElement":                    {`{accounts.0.country: IRQ}`, true},
		"SecondElement":                   {`{accounts.1.country: IRQ}`, false},
		"ElementBeyondTheEnd":             {`{accounts.2.country: {exists: true}}`, false},
		"ElementBeforeTheBeginning":       {`{accounts.-1.country: {exists: true}}`, false},
		"ParameterWithADotInItsName":      {`{a.b: dotted}`, true},
		"HeaderKeyIsNotAParameter":        {`{header.X-Kind: a parameter}`, false},
		"ParameterNamedHeader":            {`{header: {exists: true}}`, true},
		"WildcardReachesParameterOfAName": {`{"*.X-Kind": a parameter}`, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, tt.want, matches(t, tt.when, request(payout)), tt.when)
		})
	}
}

func TestWhenAsksTheRequest(t *testing.T) {
	r := request(payout)
	r.Header = http.Header{
		"User-Agent": {"sdk-php/2.1"}, "X-Amount": {"50.00"}, "X-Empty": {""}, "X-Many": {"one", "two"}, "X.dotted": {"yes"},
	}
	r.Query = url.Values{"dry": {"1"}, "empty": {""}, "page.size": {"20"}}
	r.Path = "/execute"
	tests := map[string]struct {
		when string
		want bool
	}{
		"HeaderEqual":              {`{header.User-Agent: sdk-php/2.1}`, true},
		"HeaderInAnyCase":          {`{header.user-agent: {contains: php}}`, true},
		"HeaderOther":              {`{header.User-Agent: {contains: PHP}}`, false},
		"HeaderAsDecimal":          {`{header.X-Amount: 50}`, true},
		"HeaderAbove":              {`{header.X-Amount: {gt: 49}}`, true},
		"HeaderEmptyExists":        {`{header.X-Empty: {exists: true}}`, true},
		"HeaderMissing":            {`{header.X-Missing: {exists: false}}`, true},
		"HeaderMissingEqualsNull":  {`{header.X-Missing: null}`, true},
		"HeaderMissingIsNotEmpty":  {`{header.X-Missing: ""}`, false},
		"HeaderGivenTwiceIsFirst":  {`{header.X-Many: one}`, true},
		"HeaderGivenTwiceIsNoList": {`{header.X-Many: two}`, false},
		"HeaderWithADot":           {`{header.X.Dotted: yes}`, true},
		"QueryEqual":               {`{query.dry: 1}`, true},
		"QueryEmptyExists":         {`{query.empty: {exists: true}}`, true},
		"QueryEmptyIsEmpty":        {`{query.empty: ""}`, true},
		"QueryWithADot":            {`{query.page.size: {gte: 20}}`, true},
		"QueryMissing":             {`{query.page: {exists: false}}`, true},
		"QueryMissingIsNotEmpty":   {`{query.page: ""}`, false},
		"QueryMissingEqualsNull":   {`{query.page: null}`, true},
		"Method":                   {`{request.method: POST}`, true},
		"MethodOther":              {`{request.method: {ne: POST}}`, false},
		"Path":                     {`{request.path: /execute}`, true},
		"PathPart":                 {`{request.path: {ends_with: cute}}`, true},
		"BesideParameters":         {`{request.method: POST, amount: 50, header.X-Amount: 50}`, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, tt.want, matches(t, tt.when, r), tt.when)
		})
	}
}

func TestWhenOfABodyThatIsNoJSON(t *testing.T) {
	r := request(`{"amount": `)
	require.Error(t, r.DecodeErr)

	assert.False(t, matches(t, `{amount: {exists: true}}`, r))
	assert.True(t, matches(t, `{amount: {exists: false}}`, r))
	assert.True(t, matches(t, `{request.method: POST}`, r))
}

func TestNoWhenHoldsOfAnyCall(t *testing.T) {
	s := parse(t, "rules: [{on: dinardragon.execute, respond: server_error}]\n")

	assert.NotNil(t, newCaller(t, 1).decide(s, "execute", request("")).Rule)
}

func TestWhenOverHTTP(t *testing.T) {
	s := openShop(t, `
rules:
  - {name: header, on: dinardragon.get_authcode, when: {header.X-Case: {starts_with: "sad "}}, respond: server_error}
  - {name: query, on: "*", when: {query.dry: "1", request.path: /status, request.method: POST}, respond: rate_limited}
  - {name: nested, on: dinardragon.get_authcode, when: {accounts.*.acc: {in: [7, "0042"]}, amount: "50.00"}, respond: insufficient_balance}
  - {name: absent, on: dinardragon.status, when: {uniqueid: {exists: false}, payment_id: {exists: false}}, respond: {status: 202}}
`)
	fifty := order("50", payee{"1", "8"}, payee{`"42"`, "42"})
	tests := []struct {
		path, body string
		headers    []string
		want       string
	}{
		{"/get-authcode", fifty, nil, "nested"},
		{"/get-authcode", fifty, []string{"x-case", "sad one"}, "header"},
		{"/get-authcode", order("51", payee{"7", "51"}), nil, ""},
		{"/get-authcode?dry=1", order("50", payee{"1", "50"}), nil, ""},
		{"/status?dry=1", `{}`, nil, "query"},
		{"/status?dry=2", `{}`, nil, "absent"},
		{"/status", `{"payment_id":null}`, nil, ""},
	}
	for _, tt := range tests {
		assert.Equal(t, tt.want, s.call(tt.path, tt.body, tt.headers...).rule(), "%s %s %v", tt.path, tt.body, tt.headers)
	}
}
