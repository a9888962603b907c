package client

import "context"

// A Provider is one of the payment providers that the server impersonates.
type Provider struct {
	Name          string      `json:"name"`
	Title         string      `json:"title"`
	BaseURL       string      `json:"base_url"`
	BaseURLs      []string    `json:"base_urls"` // of all its modes
	Hosts         []string    `json:"hosts"`
	Operations    []Operation `json:"operations"`
	Actions       []Action    `json:"actions"`
	WebhookEvents []string    `json:"webhook_events"`
	StateMachines []Machine   `json:"state_machines"`
}

// An Operation is one documented call of a provider.
type Operation struct {
	Name     string   `json:"name"`      // "execute"
	FullName string   `json:"operation"` // "dinardragon.execute"
	Method   string   `json:"method"`
	Path     string   `json:"path"`
	Outcomes []string `json:"outcomes"`
}

// A Machine is the life cycle of a kind of record.
type Machine struct {
	Name        string       `json:"name"`
	Description string       `json:"description"`
	States      []string     `json:"states"` // the first is the initial one
	Transitions []Transition `json:"transitions"`
}

// A Transition is an allowed move of a machine.
type Transition struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// Providers lists the providers, in the server's order.
func (c *Client) Providers(ctx context.Context) ([]Provider, error) {
	type list struct {
		Providers []Provider `json:"providers"`
	}
	answer, err := fetch[list](ctx, c, call{method: "GET", path: "providers", global: true})
	return answer.Providers, err
}
