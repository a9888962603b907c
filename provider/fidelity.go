package provider

import (
	"errors"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
)

// A Basis says where what a mock does comes from.
type Basis string

// The bases of statements.
const (
	Documented Basis = "documented" // the provider's documents say so
	Inferred   Basis = "inferred"   // it follows from what they show, without being stated
	OurChoice  Basis = "our choice" // they are silent, or contradict themselves
)

// Bases are all there are.
var Bases = []string{string(Documented), string(Inferred), string(OurChoice)}

// A Statement is one thing that a mock does, with where it comes from and what
// changes it. Its texts are plain: backticks mark what is meant to the letter.
type Statement struct {
	Topic    string   `json:"topic"`
	What     string   `json:"what"`
	Is       Basis    `json:"is"`
	Note     string   `json:"note"`     // why, or where it is documented; "" if there is nothing to say
	Switches []string `json:"switches"` // the knobs that change it, each by its full name
	Switch   string   `json:"switch"`   // the same for people, with the values; "" if nothing changes it
}

// Statements reads the mock's [Mock.Fidelity]. Errors name the lines that
// cannot be read.
func (m *Mock) Statements() ([]Statement, error) {
	return ParseFidelity("mocks/"+m.Name+"/fidelity.md", m.Fidelity, m)
}

// Headings of every table of statements.
const (
	tableHead = "| what | is | switch |"
	tableRule = "| --- | --- | --- |"
)

// ParseFidelity reads the statements about a mock from a document of this form:
//
//	# Acme Pay
//
//	Some words on its documents.
//
//	## Payments
//
//	| what | is | switch |
//	| --- | --- | --- |
//	| A payment is paid after a second | our choice: they say "soon" | `settle_after` |
//	| Amounts are in euros | documented | |
//
// Each row is one statement, with one [Basis] and maybe a note after a colon.
// The switch names knobs of the mock in backticks, and explains their values in
// plain words. Names are whole, as in `fee.rate`; `fees.*.rate` is the rate in
// all fees. Words may stand around tables. As statements are also read one by
// one, each says all of what it means. Errors begin with name:line.
func ParseFidelity(name, text string, m *Mock) ([]Statement, error) {
	p := &fidelityParser{name: name, title: m.Title, knobs: knobNames(m.Knobs(), "")}
	for line := range strings.Lines(text) {
		p.line++
		p.read(strings.TrimRight(line, "\r\n"))
	}
	if p.line == 0 {
		p.line = 1
		p.refuse("it begins with %q", "# "+p.title)
	}
	p.endTopic()
	return p.statements, errors.Join(p.mistakes...)
}

type fidelityParser struct {
	name  string
	title string
	knobs []string // names of all

	line       int
	topic      string
	topics     []string
	rows       int // lines of the table that have been read, its head included
	said       int // statements of the topic
	statements []Statement
	mistakes   []error
}

func (p *fidelityParser) refuse(format string, args ...any) {
	p.mistakes = append(p.mistakes, fmt.Errorf("%s:%d: %s", p.name, p.line, fmt.Sprintf(format, args...)))
}

func (p *fidelityParser) read(line string) {
	table := strings.HasPrefix(line, "|")
	topic, isTopic := strings.CutPrefix(line, "## ")
	switch {
	case p.line == 1:
		if line != "# "+p.title {
			p.refuse("it begins with %q", "# "+p.title)
		}
	case table:
		p.row(line)
	case isTopic:
		p.endTopic()
		p.beginTopic(topic)
	case strings.HasPrefix(line, "#"):
		p.refuse("only topics have headings, after ##")
	}
	if !table {
		p.rows = 0
	}
}

func (p *fidelityParser) beginTopic(topic string) {
	if slices.Contains(p.topics, topic) {
		p.refuse("the topic %q was there before", topic)
	}
	p.topic, p.said = topic, 0
	p.topics = append(p.topics, topic)
}

func (p *fidelityParser) endTopic() {
	if p.topic != "" && p.said == 0 {
		p.refuse("the topic %q ends without a statement", p.topic)
	}
}

// row reads a line of a table.
func (p *fidelityParser) row(line string) {
	p.rows++
	switch {
	case p.topic == "":
		p.refuse("a table stands before the first topic")
	case p.rows == 1 && line != tableHead:
		p.refuse("a table begins with %s", tableHead)
	case p.rows == 2 && line != tableRule:
		p.refuse("the second line of a table is %s", tableRule)
	case p.rows > 2:
		p.statement(line)
	}
}

// columns are what the bars of a row are between, but for those of `a \| b`.
var columns = regexp.MustCompile(`(?:\\.|[^|\\])*`)

func (p *fidelityParser) statement(line string) {
	inner, closed := strings.CutSuffix(strings.TrimPrefix(line, "|"), "|")
	cells := columns.FindAllString(inner, -1)
	if !closed || len(cells) != 3 {
		p.refuse("a statement has three cells: what, is, switch")
		return
	}
	is, note, noted := strings.Cut(strings.TrimSpace(cells[1]), ":")
	s := Statement{
		Topic: p.topic, What: plainText(cells[0]), Is: Basis(is), Note: plainText(note),
		Switch: plainText(cells[2]), Switches: []string{},
	}
	switch {
	case s.What == "":
		p.refuse("it states nothing")
	case slices.ContainsFunc(p.statements, func(o Statement) bool { return o.Topic == s.Topic && o.What == s.What }):
		p.refuse("this was stated before")
	case !slices.Contains(Bases, is):
		p.refuse("it is %q; a statement is one of: %s; a note may follow after a colon", is, strings.Join(Bases, ", "))
	case noted && s.Note == "":
		p.refuse("no note follows the colon")
	}
	s.Switches = p.switches(cells[2])
	p.statements = append(p.statements, s)
	p.said++
}

var inBackticks = regexp.MustCompile("`([^`]*)`")

// switches are the knobs that a cell names.
func (p *fidelityParser) switches(cell string) []string {
	named, words := []string{}, inBackticks.FindAllStringSubmatch(cell, -1)
	if len(words) == 0 && strings.TrimSpace(cell) != "" {
		p.refuse("the switch names no knob")
	}
	for _, m := range words {
		found := matching(m[1], p.knobs)
		if len(found) == 0 {
			p.refuse("%s", NoSuch("knob", m[1], p.knobs))
		}
		named = append(named, found...)
	}
	return named
}

// matching are the names that a pattern like fees.*.rate stands for.
func matching(pattern string, names []string) (found []string) {
	asPath := strings.NewReplacer(".", "/")
	for _, name := range names {
		if ok, err := path.Match(asPath.Replace(pattern), asPath.Replace(name)); ok && err == nil {
			found = append(found, name)
		}
	}
	return found
}

// knobNames are the full names of knobs, but not of the objects they are in.
func knobNames(knobs []Knob, prefix string) (names []string) {
	for _, k := range knobs {
		if k.Type != "object" {
			names = append(names, prefix+k.Name)
		}
		names = append(names, knobNames(k.Knobs, prefix+k.Name+".")...)
	}
	return names
}

// KnobNames are the full names of all the mock's knobs, as "fee.rate".
func (m *Mock) KnobNames() []string { return knobNames(m.Knobs(), "") }

var markdownLink = regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`)

// plainText is a cell without its Markdown, but for backticks.
func plainText(cell string) string {
	text := markdownLink.ReplaceAllString(strings.TrimSpace(cell), "$1")
	return strings.ReplaceAll(text, `\|`, "|")
}
