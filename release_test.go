package mockpay_test

import (
	"bytes"
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestRelease makes the release of this platform twice. That other folders and an
// empty cache make no difference either is what make release-check shows.
func TestRelease(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("releases are made on Unix")
	}
	files, again := releaseFiles(t), releaseFiles(t)
	assert.Equal(t, sums(again), sums(files))

	name := "mockpay_1.2.3_" + runtime.GOOS + "_" + runtime.GOARCH
	var want strings.Builder
	for _, file := range []string{name + ".tar.gz", name + ".cdx.json"} {
		require.Contains(t, files, file)
		fmt.Fprintf(&want, "%x  %s\n", sha256.Sum256(files[file]), file)
	}
	assert.Equal(t, want.String(), string(files["SHA256SUMS"]))
	assert.Len(t, files, 3)

	packed := unpacked(t, files[name+".tar.gz"])
	assert.Equal(t, document(t, "LICENSE"), string(packed["LICENSE"]))
	assert.Equal(t, document(t, "README.md"), string(packed["README.md"]))
	assert.Len(t, packed, 4)
	bills(t, files[name+".cdx.json"], packed)
}

// releaseFiles are what make release makes for this platform.
func releaseFiles(t *testing.T) map[string][]byte {
	dir := t.TempDir()
	cmd := exec.CommandContext(t.Context(), "make", "release", "DIST="+dir,
		"PLATFORMS="+runtime.GOOS+"/"+runtime.GOARCH, "VERSION=v1.2.3", "EPOCH=1767225600")
	cmd.Env = append(os.Environ(), "MAKEFLAGS=")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	return contents(t, dir)
}

func sums(files map[string][]byte) map[string]string {
	all := make(map[string]string)
	for name, content := range files {
		all[name] = fmt.Sprintf("%x", sha256.Sum256(content))
	}
	return all
}

// unpacked are the files of an archive, of which the program says its version.
func unpacked(t *testing.T, archive []byte) map[string][]byte {
	dir := t.TempDir()
	cmd := exec.CommandContext(t.Context(), "sh", "-c", "tar -xz && ./mockpay version")
	cmd.Dir, cmd.Stdin = dir, bytes.NewReader(archive)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	assert.Equal(t, "mockpay v1.2.3\n", string(out))
	return contents(t, dir)
}

// contents are the files of a folder.
func contents(t *testing.T, dir string) map[string][]byte {
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	files := make(map[string][]byte)
	for _, e := range entries {
		files[e.Name()], err = os.ReadFile(filepath.Join(dir, e.Name()))
		require.NoError(t, err)
	}
	return files
}

// bills checks that the bill of materials has all that the binary says it is made
// of, and that the licenses come along.
func bills(t *testing.T, bill []byte, packed map[string][]byte) {
	type component struct {
		Name, Version, Purl string
		Hashes              []struct{ Alg, Content string }
		Licenses            []struct{ License struct{ ID string } }
	}
	var bom struct {
		BOMFormat, SpecVersion string
		Metadata               struct{ Component component }
		Components             []component
	}
	require.NoError(t, json.Unmarshal(bill, &bom))
	assert.Equal(t, "CycloneDX 1.6", bom.BOMFormat+" "+bom.SpecVersion)
	assert.Equal(t, "pkg:golang/github.com/mockpay/mockpay@v1.2.3", bom.Metadata.Component.Purl)
	require.Len(t, bom.Metadata.Component.Hashes, 1)
	assert.Equal(t, fmt.Sprintf("%x", sha256.Sum256(packed["mockpay"])), bom.Metadata.Component.Hashes[0].Content)

	info, err := buildinfo.Read(bytes.NewReader(packed["mockpay"]))
	require.NoError(t, err)
	want := []string{"pkg:golang/std@" + strings.TrimPrefix(info.GoVersion, "go")}
	for _, m := range info.Deps {
		want = append(want, "pkg:golang/"+m.Path+"@"+m.Version)
	}
	var got []string
	for _, c := range bom.Components {
		got = append(got, c.Purl)
		assert.NotEmpty(t, c.Licenses, c.Name)
		assert.Contains(t, string(packed["THIRD_PARTY_LICENSES.txt"]), "\n"+c.Name+" "+c.Version+": ")
	}
	assert.Equal(t, want, got)
	assert.Contains(t, string(packed["THIRD_PARTY_LICENSES.txt"]), "Permission is hereby granted", "of MIT")
}
