package scenarios_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/scenarios"
)

const brokenFiles = "testdata/broken"

var update = flag.Bool("update", false, "write what is found into the broken files")

// A want is the one mistake of a broken file, from the comment it begins with:
//
//	# want LINE:COL: message
//	# want FILE:LINE:COL: message, where it is in another file
type want struct {
	file         string
	line, column int
	message      string
}

var wantLine = regexp.MustCompile(`^# want (?:([^: ]+):)?(\d+):(\d+): (.+)$`)

func readWant(t *testing.T, path string) want {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	first, _, _ := strings.Cut(string(text), "\n")
	m := wantLine.FindStringSubmatch(strings.TrimSuffix(first, "\r"))
	require.NotNil(t, m, "the first line must say what is wrong: %q", first)
	w := want{file: path, message: m[4]}
	if m[1] != "" {
		w.file = filepath.Join(filepath.Dir(path), m[1])
	}
	w.line, _ = strconv.Atoi(m[2])
	w.column, _ = strconv.Atoi(m[3])
	return w
}

// Each broken file has one mistake; that one is reported, where it is, and no
// other.
func TestBrokenFile(t *testing.T) {
	files, err := filepath.Glob(brokenFiles + "/*.yaml")
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(files), 150)
	for _, path := range files {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".yaml"), func(t *testing.T) {
			t.Parallel()
			w := readWant(t, path)

			s, err := safely(func() (*scenarios.Scenario, error) { return lang.LoadFile(path) })

			found := mistakes(t, s, err)
			require.Len(t, found, 1, "one mistake in the file, one in the report:\n%s", found)
			got := want{found[0].File, found[0].Line, found[0].Column, found[0].Message}
			if *update {
				w = got
				got.write(t, path)
			}
			assert.Equal(t, w, got)
		})
	}
}

// write makes the mistake the one that a broken file begins with.
func (w want) write(t *testing.T, path string) {
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	first, rest, _ := strings.Cut(string(text), "\n")
	line := fmt.Sprintf("# want %d:%d: %s", w.line, w.column, w.message)
	if w.file != path {
		file, err := filepath.Rel(filepath.Dir(path), w.file)
		require.NoError(t, err)
		line = fmt.Sprintf("# want %s:%d:%d: %s", file, w.line, w.column, w.message)
	}
	if strings.HasSuffix(first, "\r") {
		line += "\r"
	}
	require.NoError(t, os.WriteFile(path, []byte(line+"\n"+rest), 0o600))
}

func TestMistakes(t *testing.T) {
	t.Run("AllOfAFileInTheOrderOfItsLines", func(t *testing.T) {
		found := wrong(t, manyMistakes)

		assert.Equal(t, manyPlaces, places(found))
	})

	t.Run("TwoOnALineInTheOrderOfTheColumns", func(t *testing.T) {
		found := wrong(t, "version: 1\nrules:\n  - {respond: nothing, on: dinardragon.execute, times: 0}\n")

		assert.Equal(t, []string{"3:15 rules[0].respond", "3:56 rules[0].times"}, places(found))
	})

	t.Run("ReadAsFileLineColumnMessage", func(t *testing.T) {
		found := wrong(t, "version: 1\nsed: 5\nname: [a]\n")

		assert.Equal(t, `scenario:2:1: no key "sed", did you mean "seed"?`+"\n"+
			`scenario:3:7: name must be a text, it is a list`, found.Error())
	})

	t.Run("OfAFileAndOfWhatItExtendsEachInOrder", func(t *testing.T) {
		dir := files(t, map[string]string{
			"child.yaml":  "version: 1\nextends: parent.yaml\nsed: 1\nclock: {speed: 0}\nrules:\n  - {on: a, delay: 1s}\n",
			"parent.yaml": "version: 1\nname: [parent]\nrules:\n  - {on: b, delay: 1s}\nseed: x\n",
		})

		s, err := lang.LoadFile(dir + "/child.yaml")

		var child, parent []string
		for _, m := range mistakes(t, s, err) {
			if m.File == dir+"/child.yaml" {
				child = append(child, strconv.Itoa(m.Line))
			} else {
				parent = append(parent, strconv.Itoa(m.Line))
			}
		}
		assert.Equal(t, []string{"3", "4", "6"}, child)
		assert.Equal(t, []string{"4", "5"}, parent)
	})

	t.Run("AlsoBesideAnUnknownExtends", func(t *testing.T) {
		found := wrong(t, "version: 1\nextends: defult\nsed: 1\n")

		assert.Equal(t, []string{"2:10 extends", "3:1 sed"}, places(found))
	})

	t.Run("BehindAnAliasStandWhereTheValueIs", func(t *testing.T) {
		found := wrong(t, "version: 1\nrules:\n  - {on: dinardragon.execute, settle: &s {as: gone}}\n  - {on: dinardragon.execute, settle: *s}\n")

		assert.Equal(t, []string{"3:47 rules[0].settle.as", "3:47 rules[1].settle.as"}, places(found))
	})
}

const manyMistakes = `name: [several]
sed: 4
seed: x
clock:
  start: never
  frozen: 1
  speed: fast
providers:
  dinardragon:
    debit: nothing
    balance: "-5"
    authcode_ttl: 15
rules:
  - respond: authcode_used
    on: dinardragon.get_authcode
    when: {amount: {gt: large}, country: {in: []}}
    chance: 2
  - times: 0
  - on: dinardragon.execute
    settle:
      - {when: {}, as: success}
      - {as: lost, after: -5s}
    respond: authcode_used
`

var manyPlaces = []string{
	"1:1 version",
	"1:7 name",
	"2:1 sed",
	"3:7 seed",
	"5:10 clock.start",
	"6:11 clock.frozen",
	"7:10 clock.speed",
	"10:12 providers.dinardragon.debit",
	"11:14 providers.dinardragon.balance",
	"12:19 providers.dinardragon.authcode_ttl",
	"14:14 rules[0].respond",
	"16:25 rules[0].when.amount.gt",
	"16:47 rules[0].when.country.in",
	"17:13 rules[0].chance",
	"18:5 rules[1]", // no on
	"18:5 rules[1]", // no effect
	"18:12 rules[1].times",
	"21:7 rules[2].settle", // beside respond
	"21:16 rules[2].settle[0].when",
	"22:14 rules[2].settle[1].as",
	"22:27 rules[2].settle[1].after",
}

func places(found scenarios.Mistakes) []string {
	var all []string
	for _, m := range found {
		all = append(all, strconv.Itoa(m.Line)+":"+strconv.Itoa(m.Column)+" "+m.Path)
	}
	return all
}

// files writes files into a folder of the test, and returns the folder.
func files(t *testing.T, texts map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range texts {
		path := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
	}
	return dir
}
