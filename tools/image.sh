#!/bin/sh
# image.sh builds the image of the Dockerfile without a Docker engine, with
# Debian's buildah, as root:
#
#	tools/image.sh DIR [PLATFORM...]
#
# For each platform, linux/amd64 and linux/arm64 if none is named, it writes
# DIR/mockpay-OS-ARCH.tar, which "docker load" and "podman load" take. The same
# commit gives the same image, but for the name of the container that buildah
# made it in. VERSION, REVISION and SOURCE_DATE_EPOCH are those of the commit
# unless the environment says otherwise.
#
# The builder image is made from the Go of this machine. It lends its Go root and
# its caches to the build, so nothing is downloaded twice, and what go test has
# compiled need not be compiled again.
set -eu

fail() {
	echo "image.sh: $*" >&2
	exit 1
}

[ $# -gt 0 ] || fail "usage: tools/image.sh DIR [PLATFORM...]"
[ "$(id -u)" = 0 ] || fail "buildah needs root here; run it as root, or where there is Docker: docker build ."
command -v buildah >/dev/null || fail "buildah is missing; make need installs it on Debian"
mkdir -p "$1"
out=$(cd "$1" && pwd)
shift
[ $# -gt 0 ] || set -- linux/amd64 linux/arm64
cd "$(dirname "$0")/.."

version=${VERSION:-$(git describe --tags --always --dirty 2>/dev/null || echo dev)}
revision=${REVISION:-$(git rev-parse HEAD 2>/dev/null || echo unknown)}
epoch=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || echo 0)}

store=$(mktemp -d)
# The Go root and the caches are mounted below the store while a step runs. They
# are gone with that step's namespace; if ever they are not, nothing is removed.
trap 'if grep -qF " $store/" /proc/self/mountinfo; then echo "image.sh: still mounted: $store" >&2; else rm -rf "$store"; fi' EXIT
trap 'exit 1' HUP INT TERM

run() { buildah --root "$store/root" --runroot "$store/run" --storage-driver vfs "$@"; }

# builder makes the image that builds: a shell, and where Go will be.
builder() {
	container=$(run from scratch)
	root=$(run mount "$container")
	shell=$(command -v sh)
	mkdir -p "$root/bin" "$root/root" "$root/tmp"
	cp -L "$shell" "$root/bin/sh"
	for library in $(ldd "$shell" | grep -o '/[^ ]*'); do
		mkdir -p "$root$(dirname "$library")"
		cp -L "$library" "$root$library"
	done
	run umount "$container"
	run config --env PATH=/usr/local/go/bin:/bin --env HOME=/root \
		--env GOCACHE=/cache/build --env GOMODCACHE=/cache/mod \
		--env GOTOOLCHAIN=local --env GOPROXY=off --env GOFLAGS= "$container"
	run commit --quiet --rm "$container" go-local
}

go mod download
mkdir -p "$(go env GOCACHE)" "$(go env GOMODCACHE)" # on a new machine nothing was compiled yet
builder >/dev/null
for platform; do
	file=$out/mockpay-$(echo "$platform" | tr / -).tar
	# HEALTHCHECK is part of Docker's format only.
	run build --quiet --isolation chroot --pull-never --format docker --identity-label=false \
		--platform "$platform" --timestamp "$epoch" --iidfile "$store/id" \
		--build-arg GO_IMAGE=localhost/go-local --build-arg "VERSION=$version" --build-arg "REVISION=$revision" \
		--build-arg "CREATED=$(date -u -d "@$epoch" +%Y-%m-%dT%H:%M:%SZ)" \
		--volume "$(go env GOROOT):/usr/local/go:ro" \
		--volume "$(go env GOCACHE):/cache/build" --volume "$(go env GOMODCACHE):/cache/mod" \
		. >/dev/null
	rm -f "$file"
	run push --quiet "$(cat "$store/id")" "docker-archive:$file:mockpay:$version"
	echo "$file"
done
