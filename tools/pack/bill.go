package main

import (
	"bytes"
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	cdx "github.com/CycloneDX/cyclonedx-go"
)

// module is what a release is of.
const module = "github.com/mockpay/mockpay"

// bill is the bill of materials of a binary, in CycloneDX's JSON.
func (r *release) bill(info *buildinfo.BuildInfo, binary []byte, parts []part) ([]byte, error) {
	sum := sha256.Sum256(binary)
	subject := cdx.Component{
		Type: cdx.ComponentTypeApplication, Name: "mockpay", Version: r.version,
		PackageURL: purl(module, r.version), Licenses: licensed("Apache-2.0"),
		Hashes: &[]cdx.Hash{{Algorithm: cdx.HashAlgoSHA256, Value: hex.EncodeToString(sum[:])}},
		Properties: &[]cdx.Property{
			{Name: "go:GOOS", Value: setting(info, "GOOS")}, {Name: "go:GOARCH", Value: setting(info, "GOARCH")},
		},
	}
	subject.BOMRef = subject.PackageURL
	var components []cdx.Component
	var refs []string
	for _, p := range parts {
		c, err := p.component()
		if err != nil {
			return nil, err
		}
		components = append(components, c)
		refs = append(refs, c.BOMRef)
	}
	bom := cdx.NewBOM()
	bom.Metadata = &cdx.Metadata{Timestamp: r.time.Format(time.RFC3339), Component: &subject}
	bom.Components = &components
	bom.Dependencies = &[]cdx.Dependency{{Ref: subject.BOMRef, Dependencies: &refs}}
	var text bytes.Buffer
	// 1.6 is what most readers know.
	err := cdx.NewBOMEncoder(&text, cdx.BOMFileFormatJSON).SetPretty(true).EncodeVersion(bom, cdx.SpecVersion1_6)
	return text.Bytes(), err
}

// component is the part's line of the bill.
func (p part) component() (cdx.Component, error) {
	c := cdx.Component{
		Type: cdx.ComponentTypeLibrary, Name: p.path, Version: p.version,
		PackageURL: purl(p.path, p.version), Licenses: licensed(p.spdx()...),
	}
	c.BOMRef = c.PackageURL
	if hash, found := strings.CutPrefix(p.sum, "h1:"); found {
		sum, err := base64.StdEncoding.DecodeString(hash)
		if err != nil {
			return c, fmt.Errorf("checksum of %s: %w", p.path, err)
		}
		c.Hashes = &[]cdx.Hash{{Algorithm: cdx.HashAlgoSHA256, Value: hex.EncodeToString(sum)}}
	}
	return c, nil
}

// purl is the package URL of a module.
func purl(path, version string) string { return "pkg:golang/" + path + "@" + version }

func licensed(ids ...string) *cdx.Licenses {
	var all cdx.Licenses
	for _, id := range ids {
		all = append(all, cdx.LicenseChoice{License: &cdx.License{ID: id}})
	}
	return &all
}
