#!/bin/sh
# release-check.sh builds the release of this commit twice, in folders of other
# names and with nothing compiled before, and compares what comes out. One
# platform is enough, this machine's, or that of PLATFORM.
set -eu
cd "$(dirname "$0")/.."

platform=${PLATFORM:-$(go env GOOS)/$(go env GOARCH)}
version=$(git describe --tags --always)
epoch=$(git log -1 --format=%ct)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

for place in one/folder another; do
	mkdir -p "$work/$place"
	git archive HEAD | tar -x -C "$work/$place"
	GOCACHE=$work/cache make -s -C "$work/$place" release \
		VERSION="$version" EPOCH="$epoch" PLATFORMS="$platform" >/dev/null
	rm -rf "$work/cache"
done
cat "$work/another/dist/SHA256SUMS"
cmp "$work/one/folder/dist/SHA256SUMS" "$work/another/dist/SHA256SUMS"
echo "the same twice: mockpay $version for $platform"
