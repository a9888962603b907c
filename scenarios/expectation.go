package scenarios

import (
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/mockpay/mockpay/provider"
	"github.com/mockpay/mockpay/state"
	"github.com/mockpay/mockpay/webhook"
)

// An Expectation is an expect that comes by itself.
type Expectation struct {
	Checks []*Check
	Text   string // whole: what it extends is in it
}

// ParseExpect checks an expect that comes as text: a list of checks, a map with
// one under expect, or a whole scenario. It is about a workspace that runs a
// scenario, whose balances it may name.
func (l *Language) ParseExpect(text []byte, of *Scenario) (*Expectation, error) {
	return l.parseExpect(source{file: "expect", text: text}, of)
}

// LoadExpect checks a file of which the expect is wanted, as [Language.ParseExpect]
// does a text. It is not known what it will be about: the names of balances are
// checked in whole scenarios only.
func (l *Language) LoadExpect(path string) (*Expectation, error) {
	text, err := readFile(path)
	if err != nil {
		return nil, fmt.Errorf("load expect: %w", err)
	}
	return l.parseExpect(source{file: path, text: text, dir: filepath.Dir(path), read: readFile}, nil)
}

func (l *Language) parseExpect(src source, of *Scenario) (*Expectation, error) {
	if json.Valid(src.text) {
		src.text = jsonEscapes.ReplaceAllFunc(src.text, unescape)
	}
	d := &document{lang: l, files: make(map[*yaml.Node]string)}
	root := d.parsed(src, "there is nothing; expect is a list of checks")
	switch {
	case root == nil:
		return nil, d.mistakes()
	case child(root, "version") != nil:
		s, err := l.parse(src)
		if err != nil {
			return nil, err
		}
		return &Expectation{s.Expect, s.Text}, nil
	}
	var balances map[string][]string
	if of != nil {
		balances = d.balances(of.Settings)
	}
	e := &Expectation{Text: string(src.text)}
	expect := func(n *yaml.Node, path string) { e.Checks = d.expect(n, path, balances) }
	if root.Kind == yaml.MappingNode {
		given := d.mapping(root, "", key{"expect", expect})
		if len(given) == 0 {
			d.complain(root, "", "there is no expect; it is a list of checks")
		}
	} else {
		expect(root, "expect")
	}
	if len(d.wrong) > 0 {
		return nil, d.mistakes()
	}
	return e, nil
}

// jsonEscapes are those that JSON may have, pairs of surrogates as one.
var jsonEscapes = regexp.MustCompile(`\\u[dD][89abAB]..\\u[dD][c-fC-F]..|\\.`)

// unescape writes out what the YAML library cannot read of JSON: solidus, which
// PHP escapes, and characters of two escapes.
func unescape(escape []byte) []byte {
	var text string
	if string(escape) != `\/` && len(escape) == 2 {
		return escape
	}
	if err := json.Unmarshal(slices.Concat([]byte{'"'}, escape, []byte{'"'}), &text); err != nil {
		return escape
	}
	return []byte(text)
}

// balances are the names of the balances that a scenario with some settings
// opens, by provider, and those that come to be later. It is what the providers
// do in a world that is thrown away: no list can differ from that. Nil if the
// settings have mistakes.
func (d *document) balances(settings map[string]any) map[string][]string {
	if len(d.wrong) > 0 {
		return nil
	}
	all := make(map[string][]string)
	err := scratch(d.lang.mocks, func(tx *state.Tx) error {
		for _, m := range d.lang.mocks {
			if m.Open != nil {
				m.Open(&provider.Call{Mock: m, Tx: tx, Settings: settings[m.Name], Credentials: credentials(m)})
			}
			all[m.Name] = slices.Clone(m.LaterBalances)
		}
		for of, balances := range tx.Balances() {
			all[of] = append(all[of], slices.Sorted(maps.Keys(balances))...)
		}
		return nil
	})
	if err != nil {
		panic(fmt.Sprintf("scenarios: a world in memory cannot be opened: %v", err))
	}
	return all
}

// scratch runs fn in a world that nobody sees.
func scratch(mocks []*provider.Mock, fn func(*state.Tx) error) error {
	docs, err := state.Memory().Open("")
	if err != nil {
		return err
	}
	schemas := []state.Schema{webhook.Table}
	for _, m := range mocks {
		schemas = append(schemas, m.Tables...)
	}
	db, err := state.Open(docs, state.Options{Now: func() time.Time { return time.Unix(0, 0) }, Schemas: schemas})
	if err != nil {
		return err
	}
	return db.Reset(0, state.Cause{Operation: state.Opening}, fn)
}

// credentials are those of an account that nobody has.
func credentials(m *provider.Mock) map[string]string {
	all := make(map[string]string)
	for _, c := range m.Credentials("") {
		all[c.Name] = c.Value
	}
	return all
}
