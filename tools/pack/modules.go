package main

import (
	"bytes"
	"debug/buildinfo"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/google/licensecheck"
)

// A part is what a binary was made of: Go's own library, or a module.
type part struct {
	path, version string
	sum           string            // as in go.sum; of Go's own library there is none
	licenses      map[string][]byte // texts by file
}

// parts are what a binary was made of, with the licenses that stand in the
// module cache.
func parts(info *buildinfo.BuildInfo) ([]part, error) {
	root, err := output("go", "env", "GOROOT")
	if err != nil {
		return nil, err
	}
	std := part{path: "std", version: strings.TrimPrefix(info.GoVersion, "go")}
	if std.licenses, err = licenses(strings.TrimSpace(string(root))); err != nil {
		return nil, err
	}
	all := []part{std}
	for _, m := range info.Deps {
		if m.Replace != nil {
			m = m.Replace
		}
		p := part{path: m.Path, version: m.Version, sum: m.Sum}
		text, err := output("go", "mod", "download", "-json", m.Path+"@"+m.Version)
		if err != nil {
			return nil, err
		}
		var found struct{ Dir string }
		if err := json.Unmarshal(text, &found); err != nil {
			return nil, err
		}
		if p.licenses, err = licenses(found.Dir); err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	return all, nil
}

func output(command ...string) ([]byte, error) {
	cmd := exec.Command(command[0], command[1:]...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %s", strings.Join(command, " "), err, &stderr)
	}
	return out, nil
}

var licenseFile = regexp.MustCompile(`(?i)^(licen[cs]e|copying|notice)`)

// licenses reads the licenses of a module. Without one it could not be passed on.
func licenses(dir string) (map[string][]byte, error) {
	files, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	texts := make(map[string][]byte)
	for _, f := range files {
		if f.IsDir() || !licenseFile.MatchString(f.Name()) {
			continue
		}
		if texts[f.Name()], err = os.ReadFile(filepath.Join(dir, f.Name())); err != nil {
			return nil, err
		}
	}
	if len(texts) == 0 {
		return nil, fmt.Errorf("%s has no license", dir)
	}
	return texts, nil
}

// spdx are the names of a part's licenses in the list of SPDX.
func (p part) spdx() (ids []string) {
	for _, text := range p.licenses {
		for _, match := range licensecheck.Scan(text).Match {
			if !match.IsURL {
				ids = append(ids, match.ID)
			}
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// writeLicenses writes the licenses of all parts, as most of them ask for.
func writeLicenses(w io.Writer, all []part) {
	fmt.Fprintln(w, "mockpay contains the following, under the licenses that follow each.")
	for _, p := range all {
		for _, name := range slices.Sorted(maps.Keys(p.licenses)) {
			fmt.Fprintf(w, "\n%s\n%s %s: %s\n\n%s", strings.Repeat("-", 80), p.path, p.version, name, p.licenses[name])
		}
	}
}
