package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"reflect"
	"testing"
	"time"
)

var at = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

var someFiles = []entry{
	{"mockpay", 0o755, bytes.Repeat([]byte("program "), 1000)},
	{"LICENSE", 0o644, []byte("you may\n")},
}

// TestArchives: what goes in comes out, and the same goes in to the same bytes.
func TestArchives(t *testing.T) {
	for name, tt := range map[string]struct {
		pack   func([]entry, time.Time) ([]byte, error)
		unpack func(*testing.T, []byte) []entry
	}{
		"TarGz": {tarGz, untar},
		"Zip":   {zipped, unzip},
	} {
		t.Run(name, func(t *testing.T) {
			packed, err := tt.pack(someFiles, at)
			if err != nil {
				t.Fatal(err)
			}
			if got := tt.unpack(t, packed); !reflect.DeepEqual(got, someFiles) {
				t.Errorf("unpacked %v", got)
			}
			again, err := tt.pack(someFiles, at)
			if err != nil || !bytes.Equal(again, packed) {
				t.Errorf("packed again it differs, error %v", err)
			}
		})
	}
}

func untar(t *testing.T, packed []byte) (files []entry) {
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if err == io.EOF {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		if !h.ModTime.Equal(at) || h.Uid != 0 || h.Gid != 0 || h.Uname != "" {
			t.Errorf("%s: %+v", h.Name, h)
		}
		files = append(files, entry{h.Name, os.FileMode(h.Mode), read(t, r)})
	}
}

func unzip(t *testing.T, packed []byte) (files []entry) {
	r, err := zip.NewReader(bytes.NewReader(packed), int64(len(packed)))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range r.File {
		if !f.Modified.Equal(at) {
			t.Errorf("%s is of %s", f.Name, f.Modified)
		}
		content, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, entry{f.Name, f.Mode(), read(t, content)})
	}
	return files
}

func read(t *testing.T, r io.Reader) []byte {
	content, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// TestNoLicense: what may not be passed on is not packed.
func TestNoLicense(t *testing.T) {
	if _, err := licenses(t.TempDir()); err == nil {
		t.Error("a module without a license was accepted")
	}
}
