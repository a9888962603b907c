package scenarios

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/mockpay/mockpay/provider"
)

// A source is a scenario text and where it comes from.
type source struct {
	file string
	text []byte
	dir  string // of the file, "" when it is none: then it cannot extend files
	read func(path string) ([]byte, error)
}

// A document is a text read into nodes, with what it extends merged in.
type document struct {
	lang  *Language
	root  *yaml.Node
	files map[*yaml.Node]string // where each node stands
	stack []string              // files being extended, against circles
	wrong Mistakes
	nodes int
	huge  bool       // beyond the limits below, not to be looked at
	alias *yaml.Node // the outermost one that is being followed

	aliases bool // the text has some; rules could not be taken out of it
}

// Limits of a file, against aliases that hold each other or themselves.
const (
	maxNodes = 200_000
	maxDepth = 100
)

// complain notes a mistake at a node.
func (d *document) complain(n *yaml.Node, path, format string, args ...any) {
	d.wrong = append(d.wrong, Mistake{
		File: d.files[n], Line: max(n.Line, 1), Column: max(n.Column, 1), Path: path, Message: fmt.Sprintf(format, args...),
	})
}

// parse reads a text, and checks it.
func (l *Language) parse(src source) (*Scenario, error) {
	d := &document{lang: l, files: make(map[*yaml.Node]string)}
	root, extends := d.load(src)
	if root == nil {
		return nil, d.mistakes()
	}
	d.root = root
	s := d.scenario()
	if len(d.wrong) > 0 {
		return nil, d.mistakes()
	}
	if s.Name == "" {
		s.Name = strings.TrimSuffix(filepath.Base(src.file), filepath.Ext(src.file))
	}
	s.Text = string(src.text)
	if extends || d.aliases {
		s.Text = render(root)
	}
	if len(s.Text) > maxBytes { // could not be read again
		d.complain(root, "", "the scenario is larger than %d bytes, with what it extends and its aliases written out", maxBytes)
		return nil, d.mistakes()
	}
	return s, nil
}

// WithRules returns a scenario with the rules of another. Its text says so too.
func (l *Language) WithRules(s, of *Scenario) (*Scenario, error) {
	var text, rules yaml.Node
	for node, from := range map[*yaml.Node]string{&text: s.Text, &rules: of.Text} {
		if err := yaml.Unmarshal([]byte(from), node); err != nil {
			return nil, fmt.Errorf("replace rules: %w", err)
		}
	}
	root, other := text.Content[0], rules.Content[0]
	if i := indexOf(root, "rules"); i >= 0 {
		root.Content = slices.Delete(root.Content, i, i+2)
	}
	if i := indexOf(other, "rules"); i >= 0 {
		root.Content = append(root.Content, other.Content[i], other.Content[i+1])
	}
	return l.parse(source{file: s.Name + ".yaml", text: []byte(render(root))})
}

// mistakes returns what was found, in the order of the files' lines.
func (d *document) mistakes() error {
	slices.SortStableFunc(d.wrong, func(a, b Mistake) int {
		return cmp.Or(strings.Compare(a.File, b.File), a.Line-b.Line, a.Column-b.Column)
	})
	return slices.Compact(d.wrong)
}

// load reads a source and merges it over what it extends.
func (d *document) load(src source) (root *yaml.Node, extends bool) {
	root = d.read(src)
	if root == nil {
		return nil, false
	}
	if indexOf(root, "version") < 0 {
		d.complain(root, "version", "version is missing; write version: 1")
	}
	i := indexOf(root, "extends")
	if i < 0 {
		return root, false
	}
	ref := root.Content[i+1]
	root.Content = slices.Delete(root.Content, i, i+2)
	base := d.base(src, ref)
	if base == nil {
		return root, true // its own mistakes are worth knowing, too
	}
	for _, own := range []string{"name", "description"} { // not the extended file's
		if i := indexOf(base, own); i >= 0 {
			base.Content = slices.Delete(base.Content, i, i+2)
		}
	}
	return merge(base, root), true
}

// base loads what a source extends.
func (d *document) base(src source, ref *yaml.Node) *yaml.Node {
	if ref.Kind != yaml.ScalarNode || ref.Value == "" || ref.ShortTag() == "!!null" {
		d.complain(ref, "extends", "extends must name a shipped scenario or a file")
		return nil
	}
	from, err := d.find(src, ref.Value)
	if err != nil {
		d.complain(ref, "extends", "%s", err)
		return nil
	}
	if slices.Contains(append(d.stack, src.file), from.file) {
		d.complain(ref, "extends", "%s extends itself: %s", ref.Value, strings.Join(append(d.stack, src.file, from.file), " → "))
		return nil
	}
	d.stack = append(d.stack, src.file)
	defer func() { d.stack = d.stack[:len(d.stack)-1] }()
	root, _ := d.load(from)
	return root
}

func (d *document) find(src source, ref string) (source, error) {
	if text, ok := shippedText(ref); ok {
		return shippedSource(ref, text), nil
	}
	if src.dir == "" {
		return source{}, errors.New(provider.NoSuch("shipped scenario", ref, d.lang.shippedNames()))
	}
	path := filepath.Join(src.dir, ref)
	if filepath.IsAbs(ref) {
		path = ref
	}
	text, err := src.read(path)
	if err != nil {
		return source{}, d.notFound(ref, path, err)
	}
	return source{file: path, text: text, dir: filepath.Dir(path), read: src.read}, nil
}

// notFound says why there is nothing to extend: no file of that name, or one
// that cannot be read.
func (d *document) notFound(ref, path string, err error) error {
	if !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s cannot be read: %w", ref, err)
	}
	names := d.lang.shippedNames()
	if !IsFile(ref) {
		return fmt.Errorf("%s, and there is no file %s", provider.NoSuch("shipped scenario", ref, names), path)
	}
	beside, _ := FilesIn(filepath.Dir(path)) // a folder that is not there has none
	for _, file := range beside {
		names = append(names, filepath.Join(filepath.Dir(ref), filepath.Base(file)))
	}
	if near := provider.Nearest(ref, names); near != "" {
		return fmt.Errorf("there is no file %s, did you mean %q?", path, near)
	}
	return fmt.Errorf("there is no file %s", path)
}

// read parses the YAML of one file into the nodes of its mapping.
func (d *document) read(src source) *yaml.Node {
	at := func(line, column int) *yaml.Node {
		n := &yaml.Node{Line: line, Column: column}
		d.files[n] = src.file
		return n
	}
	if len(src.text) > maxBytes {
		d.complain(at(1, 1), "", "the scenario is larger than %d bytes", maxBytes)
		return nil
	}
	if line, column, problem := unreadable(src.text); problem != "" {
		d.complain(at(line, column), "", "%s", problem)
		return nil
	}
	decoder := yaml.NewDecoder(bytes.NewReader(src.text))
	var doc yaml.Node
	err := decoder.Decode(&doc)
	switch {
	case errors.Is(err, io.EOF):
		d.complain(at(1, 1), "", "the scenario is empty; it begins with version: 1")
		return nil
	case err != nil:
		line, column, message := syntaxError(src.text, err)
		d.complain(at(line, column), "", "%s", message)
		return nil
	}
	root := d.own(doc.Content[0], src.file, nil)
	if d.huge {
		return nil
	}
	if root.Kind != yaml.MappingNode {
		d.complain(root, "", "a scenario is a map of keys and values that begins with version: 1")
		return nil
	}
	d.rename(root)
	var more yaml.Node
	if err := decoder.Decode(&more); !errors.Is(err, io.EOF) {
		line, column := more.Line, more.Column
		if err != nil {
			line, column = secondDocument(src.text), 1
		}
		d.complain(at(line, column), "", "a file holds one scenario, this one has a second document")
		return nil
	}
	return root
}

// own notes the file of nodes and puts copies in the place of aliases. path
// leads to the node.
func (d *document) own(n *yaml.Node, file string, path []string) *yaml.Node {
	d.nodes++
	if n.Kind == yaml.AliasNode {
		d.aliases = true
		target := *n.Alias
		target.Line, target.Column, target.Anchor = n.Line, n.Column, ""
		target.Content = slices.Clone(target.Content)
		n = &target
		if d.alias == nil {
			d.alias = n
			defer func() { d.alias = nil }()
		}
	}
	d.files[n] = file
	switch {
	case d.huge:
	case d.nodes > maxNodes:
		d.huge = true
		d.complain(cmp.Or(d.alias, n), "", "the aliases of this file blow it up to more than %d values", maxNodes)
	case len(path) > maxDepth:
		d.huge = true
		d.complain(cmp.Or(d.alias, n), "", "values are nested in each other more than %d deep", maxDepth)
	}
	if d.huge {
		return n
	}
	owned := make([]*yaml.Node, len(n.Content))
	for i, child := range n.Content {
		owned[i] = d.own(child, file, append(path, step(n, i)))
	}
	n.Content = owned
	if n.Kind == yaml.MappingNode {
		d.checkKeys(n, path)
	}
	return n
}

// step is how a path goes on to the i-th child of a node.
func step(n *yaml.Node, i int) string {
	if n.Kind == yaml.SequenceNode {
		return fmt.Sprintf("[%d]", i)
	}
	return "." + n.Content[i&^1].Value
}

// checkKeys refuses keys that stand twice, and merge keys: what a file says
// should stand where it is read.
func (d *document) checkKeys(n *yaml.Node, path []string) {
	seen := make(map[string]bool)
	for i := 0; i+1 < len(n.Content); i += 2 {
		k := n.Content[i]
		at := strings.TrimPrefix(strings.Join(path, "")+"."+k.Value, ".")
		switch {
		case k.ShortTag() == "!!merge":
			d.complain(k, at, `the merge key "<<" is not taken here; write the keys out, or extend a file`)
		case k.Kind != yaml.ScalarNode:
			d.complain(k, at, "a key must be a plain text")
		case seen[k.Value]:
			d.complain(k, at, "key %q is given twice", k.Value)
		}
		seen[k.Value] = true
	}
}

// indexOf is the place of a key in a mapping, -1 if it has none.
func indexOf(mapping *yaml.Node, key string) int {
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value == key {
			return i
		}
	}
	return -1
}

// merge lays a mapping over another: maps key by key, rules before the other's
// rules, all else instead of the other's.
func merge(base, over *yaml.Node) *yaml.Node {
	for i := 0; i+1 < len(over.Content); i += 2 {
		key, value := over.Content[i], over.Content[i+1]
		j := indexOf(base, key.Value)
		switch {
		case j < 0:
			base.Content = append(base.Content, key, value)
		case value.Kind == yaml.MappingNode && base.Content[j+1].Kind == yaml.MappingNode:
			merge(base.Content[j+1], value)
		case key.Value == "rules" && value.Kind == yaml.SequenceNode && base.Content[j+1].Kind == yaml.SequenceNode:
			base.Content[j+1].Content = slices.Concat(value.Content, base.Content[j+1].Content)
		default:
			base.Content[j], base.Content[j+1] = key, value
		}
	}
	base.Line, base.Column = over.Line, over.Column
	return base
}

// render writes a merged document as a scenario of its own.
func render(root *yaml.Node) string {
	var b bytes.Buffer
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	if err := e.Encode(root); err != nil {
		panic(fmt.Sprintf("scenarios: a checked document cannot be written: %v", err))
	}
	return b.String()
}
