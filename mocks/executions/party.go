package executions

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/mockpay/mockpay/state"
)

// A party is a person or firm that the merchant deals with.
type party struct {
	ID        int64     `json:"id"`
	Fullname  string    `json:"fullname"`
	Phone     string    `json:"phone"`
	Email     *string   `json:"email,omitempty"`
	Country   *string   `json:"country_code,omitempty"`
	CreatedAt time.Time `json:"created_at"`
}

var parties = state.NewTable(Name+".parties", func(p party) string { return strconv.FormatInt(p.ID, 10) })

var partyEndpoints = []endpoint{
	{
		name: "create_party", method: http.MethodPost, path: "/parties/create",
		summary: "Add a person or firm to deal with.",
		payload: "CreatePartyPayload",
		body: []field{
			{name: "fullname", doc: "its name"},
			{name: "phone", doc: "8 to 15 digits without +, the first not 0", pattern: phone, odd: badPhone},
			{name: "email", doc: "its e-mail", optional: true},
			{name: "country_code", doc: "its country, ISO 3166-1 alpha-2", optional: true},
		},
		answers: partyAnswer{}, schema: "PartyResponse",
		refuses: []string{invalidPhone},
		handle:  createParty,
	},
	{
		name: "list_parties", method: http.MethodGet, path: "/parties/list",
		summary: "List the parties, newest first.",
		query:   []field{{name: "fullname", doc: "a part of the name", optional: true}},
		answers: []partyAnswer{}, schema: "PartyResponse",
		handle: listParties,
	},
	{
		name: "get_party", method: http.MethodGet, path: "/parties/retrieve/{id}",
		summary:  "Tell about a party.",
		function: "retrieve_party",
		answers:  partyAnswer{}, schema: "PartyResponse",
		refuses: []string{partyNotFound},
		handle:  getParty,
	},
}

// A partyAnswer is the documented shape [AR-party].
type partyAnswer struct {
	ID        int64   `json:"id"`
	Fullname  string  `json:"fullname"`
	Phone     *string `json:"phone"`
	Email     *string `json:"email"`
	Country   *string `json:"country_code"`
	CreatedAt stamp   `json:"created_at"`
	UpdatedAt stamp   `json:"updated_at"`
}

func (p party) answer() partyAnswer {
	return partyAnswer{p.ID, p.Fullname, &p.Phone, p.Email, p.Country, stamp(p.CreatedAt), stamp(p.CreatedAt)}
}

// createParty answers POST /parties/create. The same phone makes another party;
// our choice.
func createParty(c *call) (any, error) {
	p := party{
		ID: c.next("party", c.FirstIDs.Party), Fullname: c.body.text("fullname"), Phone: c.body.text("phone"),
		Email: c.body.maybe("email"), Country: c.body.maybe("country_code"), CreatedAt: c.Tx.Now(),
	}
	parties.Put(c.Tx, p)
	return p.answer(), nil
}

// listParties answers GET /parties/list with an array, newest first; the filter
// is documented [OLD-parties], shape and order are our choice.
func listParties(c *call) (any, error) {
	all := []partyAnswer{}
	for p := range parties.Newest(c.Tx) {
		if contains(p.Fullname, c.query.text("fullname")) {
			all = append(all, p.answer())
		}
	}
	return all, nil
}

// contains tells whether a name has a part, in small letters or capitals.
func contains(name, part string) bool {
	return strings.Contains(strings.ToLower(name), strings.ToLower(part))
}

// getParty answers GET /parties/retrieve/{id}.
func getParty(c *call) (any, error) {
	p, ok := parties.Get(c.Tx, c.Vars["id"])
	if !ok {
		return nil, c.Refuse(partyNotFound, "workspace %q has no party %q; use the id that /parties/create returned", c.Workspace, c.Vars["id"])
	}
	return p.answer(), nil
}

// partyOf is the party that a body refers to.
func (c *call) partyOf(id int64) (party, error) {
	p, ok := parties.Get(c.Tx, strconv.FormatInt(id, 10))
	if !ok {
		return p, c.Refuse(partyUnknown, "workspace %q has no party %d; use the id that /parties/create returned", c.Workspace, id)
	}
	return p, nil
}
