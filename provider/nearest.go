package provider

import (
	"fmt"
	"strings"

	"github.com/agnivade/levenshtein"
)

// Nearest returns the valid name that a mistaken one most likely means, "" if
// none is near. Of a name in parts, like dinardragon.execute, the last part
// alone will do.
func Nearest(name string, valid []string) string {
	best, least := "", len(name)/3+2
	for _, v := range valid {
		d := distance(name, v)
		if _, last, parts := strings.Cut(v, "."); parts {
			d = min(d, distance(name, last)+1)
		}
		if d < least {
			best, least = v, d
		}
	}
	return best
}

// distance counts the slips between two names, in any case. A beginning of a
// name is one.
func distance(name, valid string) int {
	if len(name) > 2 && name != valid && strings.HasPrefix(valid, name) {
		return 1
	}
	return levenshtein.ComputeDistance(strings.ToLower(name), strings.ToLower(valid))
}

// NoSuch says that a name is unknown, and the nearest valid one or, where none
// is near, all of them: `no operation "dinardragon.exec", did you mean
// "dinardragon.execute"?`.
func NoSuch(kind, name string, valid []string) string {
	if near := Nearest(name, valid); near != "" {
		return fmt.Sprintf("no %s %q, did you mean %q?", kind, name, near)
	}
	return fmt.Sprintf("no %s %q; there are: %s", kind, name, strings.Join(valid, ", "))
}
