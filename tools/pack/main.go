// Command pack makes a release of binaries: for each an archive, with the licenses
// of what it was made of, and a bill of materials; for all a file of checksums.
//
//	go -C tools run ./pack -version v1.0.0 -epoch 1767225600 -with ../LICENSE,../README.md -out ../dist BINARY...
//
// Which platform a binary is for, and what it is made of, the binary says itself.
// The same binaries give the same files, to the byte.
package main

import (
	"bytes"
	"crypto/sha256"
	"debug/buildinfo"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

func main() {
	var r release
	version := flag.String("version", "dev", "the version, a leading v is not part of names")
	epoch := flag.Int64("epoch", 0, "the time of all files, in seconds since 1970")
	with := flag.String("with", "", "files that go into each archive, with commas")
	flag.StringVar(&r.out, "out", ".", "where to")
	flag.Parse()
	r.version, r.time, r.with = *version, time.Unix(*epoch, 0).UTC(), strings.Split(*with, ",")
	if err := r.make(flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "pack:", err)
		os.Exit(1)
	}
}

// A release is what is published of one version.
type release struct {
	version string
	time    time.Time
	with    []string
	out     string
	sums    bytes.Buffer // as sha256sum -c reads them
}

// sumsFile holds the checksums of all others.
const sumsFile = "SHA256SUMS"

func (r *release) make(binaries []string) error {
	if len(binaries) == 0 {
		return fmt.Errorf("no binary is named")
	}
	if err := os.MkdirAll(r.out, 0o755); err != nil {
		return err
	}
	for _, file := range binaries {
		if err := r.pack(file); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
	}
	return os.WriteFile(filepath.Join(r.out, sumsFile), r.sums.Bytes(), 0o644)
}

// pack makes the files of one binary.
func (r *release) pack(file string) error {
	info, err := buildinfo.ReadFile(file)
	if err != nil {
		return err
	}
	parts, err := parts(info)
	if err != nil {
		return err
	}
	program := "mockpay"
	archive, extension := tarGz, ".tar.gz"
	if setting(info, "GOOS") == "windows" {
		program, archive, extension = "mockpay.exe", zipped, ".zip"
	}
	files, err := r.contents(file, program, parts)
	if err != nil {
		return err
	}
	name := fmt.Sprintf("mockpay_%s_%s_%s", strings.TrimPrefix(r.version, "v"), setting(info, "GOOS"), setting(info, "GOARCH"))
	packed, err := archive(files, r.time)
	if err != nil {
		return err
	}
	bill, err := r.bill(info, files[0].content, parts)
	if err != nil {
		return err
	}
	if err := r.write(name+extension, packed); err != nil {
		return err
	}
	return r.write(name+".cdx.json", bill)
}

// setting is how a binary was built.
func setting(info *buildinfo.BuildInfo, key string) string {
	for _, s := range info.Settings {
		if s.Key == key {
			return s.Value
		}
	}
	return ""
}

// An entry is a file of an archive.
type entry struct {
	name    string
	mode    os.FileMode
	content []byte
}

// contents are the binary, the files that go with it, and the licenses.
func (r *release) contents(binary, program string, parts []part) ([]entry, error) {
	content, err := os.ReadFile(binary)
	if err != nil {
		return nil, err
	}
	files := []entry{{program, 0o755, content}}
	for _, file := range r.with {
		content, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		files = append(files, entry{filepath.Base(file), 0o644, content})
	}
	var licenses bytes.Buffer
	writeLicenses(&licenses, parts)
	return append(files, entry{"THIRD_PARTY_LICENSES.txt", 0o644, licenses.Bytes()}), nil
}

func (r *release) write(name string, content []byte) error {
	fmt.Fprintf(&r.sums, "%x  %s\n", sha256.Sum256(content), name)
	file := filepath.Join(r.out, name)
	fmt.Println(file)
	return os.WriteFile(file, content, 0o644)
}
