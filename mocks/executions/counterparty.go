package executions

import (
	"net/http"
	"strconv"
	"time"

	"github.com/mockpay/mockpay/state"
)

// A counterparty is what a party is to the merchant.
type counterparty struct {
	ID           int64     `json:"id"`
	Relationship string    `json:"relationship_type"`
	Party        *int64    `json:"party_id,omitempty"`
	CreatedAt    time.Time `json:"created_at"`
	UpdatedAt    time.Time `json:"updated_at"`
}

var counterparties = state.NewTable(Name+".counterparties", func(p counterparty) string { return strconv.FormatInt(p.ID, 10) })

// relationships are the documented ones [API-cp].
var relationships = []string{
	"CUSTOMER", "SUPPLIER", "EMPLOYEE", "BENEFICIARY", "FRIEND", "FAMILY", "DONOR", "DONEE", "CONTACT", "SERVICE_PROVIDER", "PARTNER", "SELF",
}

var (
	relationshipField = field{name: "relationship_type", doc: "what the party is to the merchant", oneOf: relationships}
	partyField        = field{name: "party_id", doc: "the party", kind: integer, optional: true}
)

var counterpartyEndpoints = []endpoint{
	{
		name: "create_counterparty", method: http.MethodPost, path: "/counterparties/create",
		summary: "Say what a party is to the merchant.",
		payload: "CreateCounterPartyPayload",
		body:    []field{relationshipField, partyField},
		answers: counterpartyAnswer{}, schema: "CounterPartyWithPartyResponse",
		refuses: []string{partyUnknown},
		handle:  createCounterparty,
	},
	{
		name: "list_counterparties", method: http.MethodGet, path: "/counterparties/list",
		summary: "List the counterparties, newest first.",
		query:   []field{{name: "fullname", doc: "a part of the party's name", optional: true}, optional(relationshipField)},
		answers: []counterpartyAnswer{}, schema: "CounterPartyWithPartyResponse",
		handle: listCounterparties,
	},
	{
		name: "get_counterparty", method: http.MethodGet, path: "/counterparties/retrieve/{id}",
		summary:  "Tell about a counterparty.",
		function: "retrieve_counterparty",
		answers:  counterpartyAnswer{}, schema: "CounterPartyWithPartyResponse",
		refuses: []string{counterpartyNotFound},
		handle:  getCounterparty,
	},
	{
		name: "update_counterparty", method: http.MethodPut, path: "/counterparties/update/{id}",
		summary: "Change what a counterparty is, or who.",
		payload: "UpdateCounterPartyPayload",
		body:    []field{optional(relationshipField), partyField},
		answers: counterpartyAnswer{}, schema: "CounterPartyWithPartyResponse",
		refuses: []string{counterpartyNotFound, partyUnknown},
		handle:  updateCounterparty,
	},
}

func optional(f field) field {
	f.optional = true
	return f
}

// A counterpartyAnswer is both documented shapes in one, that of the endpoint
// [OLD-cp] and that inside invoices [AR-inv-get]; our choice.
type counterpartyAnswer struct {
	ID           int64        `json:"id"`
	OwnerType    string       `json:"owner_party_type"`
	OwnerID      int64        `json:"owner_party_id"`
	Relationship string       `json:"relationship_type"`
	PartyID      *int64       `json:"party_id"`
	CreatedAt    stamp        `json:"created_at"`
	UpdatedAt    stamp        `json:"updated_at"`
	Party        *partyAnswer `json:"party"`
}

func (c *call) counterparty(p counterparty) counterpartyAnswer {
	answer := counterpartyAnswer{p.ID, merchantType, merchantID, p.Relationship, p.Party, stamp(p.CreatedAt), stamp(p.UpdatedAt), nil}
	if p.Party != nil {
		if of, ok := parties.Get(c.Tx, strconv.FormatInt(*p.Party, 10)); ok {
			embedded := of.answer()
			answer.Party = &embedded
		}
	}
	return answer
}

// createCounterparty answers POST /counterparties/create.
func createCounterparty(c *call) (any, error) {
	now := c.Tx.Now()
	p := counterparty{Relationship: c.body.text("relationship_type"), CreatedAt: now, UpdatedAt: now}
	if err := c.link(&p); err != nil {
		return nil, err
	}
	p.ID = c.next("counterparty", c.FirstIDs.Counterparty)
	counterparties.Put(c.Tx, p)
	return c.counterparty(p), nil
}

// link gives a counterparty the party that the body names, if it names one.
func (c *call) link(p *counterparty) error {
	if !c.body.has("party_id") {
		return nil
	}
	of, err := c.partyOf(c.body.id("party_id"))
	p.Party = &of.ID
	return err
}

// listCounterparties answers GET /counterparties/list with an array, newest
// first; the filters are documented [API-cp].
func listCounterparties(c *call) (any, error) {
	all := []counterpartyAnswer{}
	kind, part := c.query.text("relationship_type"), c.query.text("fullname")
	for p := range counterparties.Newest(c.Tx) {
		answer := c.counterparty(p)
		named := part == "" || answer.Party != nil && contains(answer.Party.Fullname, part)
		if named && (kind == "" || kind == p.Relationship) {
			all = append(all, answer)
		}
	}
	return all, nil
}

// getCounterparty answers GET /counterparties/retrieve/{id}.
func getCounterparty(c *call) (any, error) {
	p, err := c.pathCounterparty()
	if err != nil {
		return nil, err
	}
	return c.counterparty(p), nil
}

// updateCounterparty answers PUT /counterparties/update/{id}.
func updateCounterparty(c *call) (any, error) {
	p, err := c.pathCounterparty()
	if err != nil {
		return nil, err
	}
	if err := c.link(&p); err != nil {
		return nil, err
	}
	if c.body.has("relationship_type") {
		p.Relationship = c.body.text("relationship_type")
	}
	p.UpdatedAt = c.Tx.Now()
	counterparties.Put(c.Tx, p)
	return c.counterparty(p), nil
}

// pathCounterparty is the counterparty that the path names.
func (c *call) pathCounterparty() (counterparty, error) {
	p, ok := counterparties.Get(c.Tx, c.Vars["id"])
	if !ok {
		return p, c.Refuse(counterpartyNotFound, "workspace %q has no counterparty %q; use the id that /counterparties/create returned", c.Workspace, c.Vars["id"])
	}
	return p, nil
}
