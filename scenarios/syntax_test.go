package scenarios_test

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Texts that are better written here than kept in files: they hold bytes that
// editors do not show, or that tools change.
func TestSyntaxErrorStandsWhereItIs(t *testing.T) {
	rules := strings.Repeat("  - {on: dinardragon.status, respond: server_error}\n", 40)
	tests := map[string]struct {
		text string
		want string // LINE:COL
		part string
	}{
		"InTheFirstLine":                {"version: [1\nname: x\n", "1:10", "not YAML"},
		"InTheLastLineWithoutNewline":   {"version: 1\nname: \"x", "2:7", "not YAML"},
		"AtTheEndWhereTheRestIsMissing": {"version: 1\nclock: {\n\n", "2:9", "not YAML"},
		"AtTheEndWithoutNewline":        {"version: 1\nclock: {", "2:9", "not YAML"},
		"AfterACommentAtTheTop":         {"# one\n# two\n\nversion: 1\nname: x: y\n", "5:8", "not YAML"},
		"FarBelowTheMapItIsIn":          {"# top\nversion: 1\nrules:\n" + rules + " - on: x\n", "44:2", "not YAML"},
		"FarAboveTheEnd":                {"version: 1\nname: {a: b\nrules:\n" + rules, "2:7", "not YAML"},
		"InWindowsLines":                {"version: 1\r\nname: \"x\r\nseed: 1\r\n", "2:7", "not YAML"},
		"AfterAByteOrderMark":           {"\ufeffversion: 1\nname: @x\n", "2:7", "not YAML"},
		"AfterLettersOfTwoBytes":        {"version: 1\nname: {é: ü, ß: ]}\n", "2:17", "not YAML"},
		"AControlCharacter":             {"version: 1\nname: x\ndescription: a\abell\n", "3:15", "a control character"},
		"ANulByte":                      {"version: 1\nname: x\x00\n", "2:8", "a control character"},
		"ADeleteCharacter":              {"version: 1\nname: \"x\x7f\"\n", "2:9", "a control character"},
		"ABrokenUTF8Letter":             {"version: 1\nname: x\ndescription: caf\xe9 au lait\n", "3:17", "UTF-8"},
		"ABrokenUTF8LetterInAComment":   {"version: 1\n# caf\xe9\nname: x\n", "2:6", "UTF-8"},
		"AnUnknownAnchor":               {"version: 1\nname: &there x\nrules:\n  - {on: *their, respond: server_error}\n", "4:10", "unknown anchor 'their' referenced"},
		"AnAnchorUsedBeforeItIsSet":     {"version: 1\nname: *later\ndescription: &later x\n", "2:7", "unknown anchor 'later' referenced"},
		"AnUnknownTagHandle":            {"version: 1\nname: !e!x y\n", "2:7", "undefined tag handle"},
		"ADirectiveOfAnotherVersion":    {"%YAML 2.0\n---\nversion: 1\n", "1:1", "not YAML"},
		"AStarThatNeedsQuotes":          {"version: 1\nrules:\n  - respond: server_error\n    on: *\n", "4:9", "not YAML"},
		"APercentSign":                  {"version: 1\nname: %x\n", "2:7", "found character that cannot start any token"},
		"ABlockTextIndentedWithTabs":    {"version: 1\ndescription: |\n\tx\nname: y\n", "3:1", "tab"},
		"AListItemAfterAKey":            {"version: 1\nrules: - on: x\n", "2:8", "not YAML"},
		"AKeyInAList":                   {"version: 1\nrules:\n  - on: x\n  respond: server_error\n", "4:3", "not YAML"},
		"AnIndicatorAfterAClosedQuote":  {"version: 1\nname: \"x\" y\n", "2:11", "not YAML"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			found := wrong(t, tt.text)

			require.Len(t, found, 1, "%s", found)
			got := found[0]
			assert.Contains(t, got.Message, tt.part)
			assert.Equal(t, tt.want, fmt.Sprintf("%d:%d", got.Line, got.Column), got.Message)
		})
	}
}

func TestTextThatEditorsChange(t *testing.T) {
	const text = "version: 1\nname: edited\nrules:\n  - on: dinardragon.status\n    respond: server_error\n"

	t.Run("WindowsLinesReadTheSame", func(t *testing.T) {
		s := parse(t, strings.ReplaceAll(text[len("version: 1\n"):], "\n", "\r\n"))

		assert.Equal(t, "edited", s.Name)
		assert.Len(t, s.Rules, 1)
	})

	t.Run("WindowsLinesKeepThePlacesOfMistakes", func(t *testing.T) {
		found := wrong(t, strings.ReplaceAll(text+"sed: 1\n", "\n", "\r\n"))

		assert.Equal(t, []string{"6:1 sed"}, places(found))
	})

	t.Run("AByteOrderMarkReadsTheSame", func(t *testing.T) {
		s, err := lang.Parse([]byte("\ufeff" + text))

		require.NoError(t, err)
		assert.Equal(t, "edited", s.Name)
	})

	t.Run("AByteOrderMarkKeepsThePlacesOfMistakes", func(t *testing.T) {
		found := wrong(t, "\ufeffsed: 1\n"+text)

		assert.Equal(t, []string{"1:1 sed"}, places(found))
	})

	t.Run("LettersOfTwoBytesKeepThePlacesOfMistakes", func(t *testing.T) {
		found := wrong(t, "version: 1\nrules: [{name: größer, on: nothing, delay: 1s}]\n")

		assert.Equal(t, []string{"2:28 rules[0].on"}, places(found))
	})

	t.Run("TheEndMarkerAndTheBeginMarkerAreTaken", func(t *testing.T) {
		s, err := lang.Parse([]byte("---\n" + text + "...\n"))

		require.NoError(t, err)
		assert.Equal(t, "edited", s.Name)
	})

	t.Run("UTF16IsRefused", func(t *testing.T) {
		found := wrong(t, string(utf16Of(text)))

		assert.Equal(t, "scenario:1:1: not YAML: the text is not UTF-8", found.Error())
	})
}

// utf16Of is a text as some Windows tools write it.
func utf16Of(text string) []byte {
	b := []byte{0xff, 0xfe}
	for _, unit := range utf16.Encode([]rune(text)) {
		b = binary.LittleEndian.AppendUint16(b, unit)
	}
	return b
}

// A value that holds itself has no end. Looking at it must not take for ever,
// nor much memory: it is refused before anything is made of it.
func TestEndlessValueIsRefused(t *testing.T) {
	require.Len(t, wrong(t, "version: 1\nname: &a [*a]\n"), 1)
	endless := map[string]string{
		"InABody":       "version: 1\nrules: [{on: dinardragon.status, respond: {body: &a [*a]}}]\n",
		"InAMapOfABody": "version: 1\nrules: [{on: dinardragon.status, respond: {body: &a {b: {c: *a}}}}]\n",
		"InRules":       "version: 1\nrules: &a [*a]\n",
		"InASettlement": "version: 1\nrules: [{on: dinardragon.execute, settle: &a [*a]}]\n",
		"InItself":      "&a {version: 1, x: *a}\n",
		"TwiceInItself": "version: 1\nrules: [{on: dinardragon.status, respond: {body: &a [*a, *a]}}]\n",
	}
	for name, text := range endless {
		t.Run(name, func(t *testing.T) {
			found := wrong(t, text)

			require.Len(t, found, 1, "%s", found)
		})
	}
}

func TestDeepNestingIsRefused(t *testing.T) {
	for _, depth := range []int{200, 20_000} {
		found := wrong(t, "version: 1\nrules: [{on: dinardragon.status, respond: {body: "+
			strings.Repeat("[", depth)+strings.Repeat("]", depth)+"}}]\n")

		require.Len(t, found, 1)
		assert.Equal(t, 2, found[0].Line)
	}
}

func TestLargeFileIsRefused(t *testing.T) {
	const most = 1 << 20
	text := "version: 1\n#"
	text += strings.Repeat("x", most-len(text))
	_, err := lang.Parse([]byte(text))
	require.NoError(t, err)

	t.Run("AsText", func(t *testing.T) {
		assert.Equal(t, "scenario:1:1: the scenario is larger than 1048576 bytes", wrong(t, text+"x").Error())
	})

	t.Run("AsAFileAndWhatItExtends", func(t *testing.T) {
		dir := files(t, map[string]string{"child.yaml": "version: 1\nextends: large.yaml\n", "large.yaml": text + "x"})
		for _, name := range []string{"child.yaml", "large.yaml"} {
			s, err := lang.LoadFile(dir + "/" + name)
			assert.Equal(t, dir+"/large.yaml:1:1: the scenario is larger than 1048576 bytes", mistakes(t, s, err).Error())
		}
	})

	t.Run("WithItsAliasesWrittenOut", func(t *testing.T) {
		body := strings.Repeat("x", most/10)
		found := wrong(t, "version: 1\nrules:\n  - {on: dinardragon.status, respond: {body: [&x "+body+strings.Repeat(", *x", 10)+"]}}\n")

		assert.Equal(t, "scenario:1:1: the scenario is larger than 1048576 bytes, with what it extends and its aliases written out", found.Error())
	})
}

func TestAliases(t *testing.T) {
	t.Run("StandForWhatTheyName", func(t *testing.T) {
		s := parse(t, `rules:
  - name: &name again
    on: &op dinardragon.execute
    when: &big {amount: {gte: 100}}
    respond: &body {status: 503, body: {sorry: true}}
  - on: *op
    name: second
    when: *big
    respond: *body
`)
		c := newCaller(t, 1)
		require.Len(t, s.Rules, 2)
		first := c.decide(s, "execute", request(`{"amount": 100}`))
		assert.Equal(t, "again", first.Rule.ID())
		assert.Equal(t, `{"sorry":true}`, string(first.Raw.Body))
		assert.Nil(t, c.decide(s, "execute", request(`{"amount": 99}`)).Rule)
	})

	t.Run("AreWrittenOutInTheText", func(t *testing.T) {
		s := parse(t, "name: &n aliased\ndescription: *n\nrules:\n  - &r {on: dinardragon.status, respond: server_error}\n  - *r\n")

		again, err := lang.Parse([]byte(s.Text))

		require.NoError(t, err)
		assert.NotContains(t, s.Text, "*")
		assert.Equal(t, "aliased", again.Description)
		assert.Len(t, again.Rules, 2)
	})

	t.Run("MayHoldAliases", func(t *testing.T) {
		s := parse(t, `rules:
  - {on: dinardragon.status, respond: {body: {a: &a [1], b: &b [*a, *a], c: [*b, *a]}}}
`)
		d := newCaller(t, 1).decide(s, "status", request(""))

		assert.Equal(t, `{"a":[1],"b":[[1],[1]],"c":[[[1],[1]],[1]]}`, string(d.Raw.Body))
	})
}
