package scenarios

import (
	"embed"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/mockpay/mockpay/provider"
	"gopkg.in/yaml.v3"
)

//go:embed library/*.yaml
var library embed.FS

// Default is the name of the scenario that changes nothing.
const Default = "default"

// A Shipped scenario is part of mockpay.
type Shipped struct {
	Name        string `json:"name"`
	Description string `json:"description"`
	Text        string `json:"-"`
}

// A Language knows the names that scenarios may use: those of the providers,
// and the shipped scenarios.
type Language struct {
	mocks      []*provider.Mock
	operations []string // full names
}

// NewLanguage returns the language of scenarios about these providers.
func NewLanguage(mocks []*provider.Mock) *Language {
	l := &Language{mocks: mocks}
	for _, m := range mocks {
		for _, op := range m.Operations {
			l.operations = append(l.operations, m.Name+"."+op.Name)
		}
	}
	return l
}

// Library returns the shipped scenarios, the default first, then by name.
func (l *Language) Library() []Shipped {
	files, err := library.ReadDir("library")
	if err != nil {
		panic(err) // it is part of the program
	}
	var all []Shipped
	for _, f := range files {
		name := strings.TrimSuffix(f.Name(), ".yaml")
		text, _ := shippedText(name)
		all = append(all, Shipped{Name: name, Description: describe(text), Text: text})
	}
	slices.SortStableFunc(all, func(a, b Shipped) int {
		switch Default {
		case a.Name:
			return -1
		case b.Name:
			return 1
		}
		return strings.Compare(a.Name, b.Name)
	})
	return all
}

func describe(text string) string {
	var head struct{ Description string }
	if err := yaml.Unmarshal([]byte(text), &head); err != nil {
		panic(err)
	}
	return head.Description
}

func shippedText(name string) (string, bool) {
	if strings.ContainsAny(name, `/\.`) {
		return "", false
	}
	text, err := library.ReadFile("library/" + name + ".yaml")
	return string(text), err == nil
}

// shippedSource is a text of the library. Its file is called as no file is.
func shippedSource(name, text string) source {
	return source{file: "shipped scenario " + name, text: []byte(text)}
}

func (l *Language) shippedNames() []string {
	var names []string
	for _, s := range l.Library() {
		names = append(names, s.Name)
	}
	return names
}

// IsShipped tells whether a scenario of the library is called so.
func IsShipped(name string) bool {
	_, ok := shippedText(name)
	return ok
}

// Shipped returns a scenario of the library.
func (l *Language) Shipped(name string) (*Scenario, error) {
	text, ok := shippedText(name)
	if !ok {
		return nil, fmt.Errorf("%s", provider.NoSuch("shipped scenario", name, l.shippedNames()))
	}
	return l.parse(shippedSource(name, text))
}

// Parse checks a scenario that comes as text. It can extend shipped scenarios,
// not files.
func (l *Language) Parse(text []byte) (*Scenario, error) {
	return l.parse(source{file: "scenario", text: text})
}

// LoadFile checks a scenario file.
func (l *Language) LoadFile(path string) (*Scenario, error) {
	s, _, err := l.LoadSources(path)
	return s, err
}

// Load checks a scenario given as a shipped name or the path of a file.
func (l *Language) Load(ref string) (*Scenario, error) {
	if IsShipped(ref) {
		return l.Shipped(ref)
	}
	if err := l.CheckFile(ref); err != nil {
		return nil, err
	}
	return l.LoadFile(ref)
}

// CheckFile refuses what is no path of a file, but rather a shipped name that
// is misspelled.
func (l *Language) CheckFile(ref string) error {
	if looksLikeFile(ref) {
		return nil
	}
	return fmt.Errorf("%s, and it is no file", provider.NoSuch("shipped scenario", ref, l.shippedNames()))
}

func looksLikeFile(ref string) bool {
	if strings.ContainsAny(ref, `/\`) || IsFile(ref) {
		return true
	}
	_, err := os.Stat(ref)
	return err == nil
}

// IsFile tells whether a path is called as scenario files are.
func IsFile(path string) bool {
	ext := filepath.Ext(path)
	return ext == ".yaml" || ext == ".yml"
}

// Files returns the scenario files in a folder and its folders, by name.
// Hidden ones are left out: they are what editors and mounts put there.
func Files(folder string) (files []string, err error) {
	err = fs.WalkDir(os.DirFS(folder), ".", func(path string, entry os.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case path == ".":
			return nil
		case hidden(entry) && entry.IsDir():
			return fs.SkipDir
		case isScenario(entry):
			files = append(files, filepath.Join(folder, filepath.FromSlash(path)))
		}
		return nil
	})
	return files, err
}

// FilesIn returns the scenario files in a folder itself, by name.
func FilesIn(folder string) (files []string, err error) {
	entries, err := os.ReadDir(folder)
	for _, entry := range entries {
		if isScenario(entry) {
			files = append(files, filepath.Join(folder, entry.Name()))
		}
	}
	return files, err
}

func isScenario(entry os.DirEntry) bool {
	return !entry.IsDir() && !hidden(entry) && IsFile(entry.Name())
}

func hidden(entry os.DirEntry) bool { return strings.HasPrefix(entry.Name(), ".") }
