#!/bin/sh
# need.sh sees to it that the machine has what the tests need: Go, a C compiler
# for the race detector, bash and curl for the commands in the documents, PHP with
# curl for the clients that Dinari Cash documents in it, Node and Python for the
# examples, PHPUnit, pytest and Jest for those of docs/isolation.md, and on Linux
# buildah for the image, unless MOCKPAY_TEST_IMAGE=skip.
# On Debian as root it installs what is missing; elsewhere it says so and fails.
# Jest comes from npm everywhere, into a folder that git ignores.
set -eu

want=$(sed -n 's/^go //p' go.mod)
if ! command -v go >/dev/null; then
	echo "missing: Go $want or newer, see https://go.dev/dl/" >&2
	exit 1
fi
have=$(go env GOVERSION | sed 's/^devel //; s/^go//; s/[^0-9.].*//')
if [ "$(printf '%s\n%s\n' "$want" "$have" | sort -V | head -n 1)" != "$want" ]; then
	echo "too old: Go ${have:-?}; mockpay needs $want or newer, see https://go.dev/dl/" >&2
	exit 1
fi

missing=
cc=$(CGO_ENABLED=1 go env CC)
command -v "${cc%% *}" >/dev/null || missing="$missing gcc libc6-dev"
for tool in bash curl; do
	command -v "$tool" >/dev/null || missing="$missing $tool"
done
php -r 'exit((int) (PHP_VERSION_ID < 80100));' 2>/dev/null || missing="$missing php-cli"
php -m 2>/dev/null | grep -qi '^curl$' || missing="$missing php-curl"
node=$(node --version 2>/dev/null) || node=
node=${node#v}
[ "${node%%.*}" -ge 18 ] 2>/dev/null || missing="$missing nodejs"
command -v npm >/dev/null || missing="$missing npm"
python3 -c 'import sys; sys.exit(sys.version_info < (3, 9))' 2>/dev/null || missing="$missing python3"
command -v phpunit >/dev/null || missing="$missing phpunit"
command -v pytest-3 >/dev/null || command -v pytest >/dev/null || missing="$missing python3-pytest"
if [ "$(go env GOOS)" = linux ] && [ "${MOCKPAY_TEST_IMAGE:-}" != skip ]; then
	command -v buildah >/dev/null || missing="$missing buildah"
fi
if [ -n "$missing" ]; then
	if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
		echo "missing:$missing; go test -race needs a C compiler, the tests of the documents need bash and curl, those of Dinari Cash need PHP 8.1 or newer with curl, the examples need Node 18 or newer with npm, Python 3.9 or newer, PHPUnit and pytest, the image needs buildah and root (MOCKPAY_TEST_IMAGE=skip leaves it untested)" >&2
		exit 1
	fi
	echo "missing:$missing; installing with apt-get"
	export DEBIAN_FRONTEND=noninteractive
	apt-get update -qq
	# shellcheck disable=SC2086 # a list of packages
	apt-get install -y -qq --no-install-recommends $missing
fi

jest=examples/isolation/jest
if ! cmp -s "$jest/package-lock.json" "$jest/node_modules/installed"; then
	echo "missing: Jest; installing with npm"
	if ! npm ci --prefix "$jest" --prefer-offline --no-audit --no-fund --loglevel=error; then
		echo "missing: Jest; npm could not install it, which needs the registry or a full cache" >&2
		exit 1
	fi
	cp "$jest/package-lock.json" "$jest/node_modules/installed"
fi
