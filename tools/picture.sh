#!/bin/sh
# picture.sh draws docs/flow.svg, the picture of README.md, with Graphviz, and
# writes into it the colours and a digest of what it was made of, by which a test
# finds a picture that is older than its source.
set -eu
cd "$(dirname "$0")/.."

command -v dot >/dev/null || { echo "missing: Graphviz (apt-get install graphviz)" >&2; exit 1; }
made=$(mktemp)
trap 'rm -f "$made"' EXIT

dot -Tsvg docs/flow.dot >"$made"
{
	echo "<!-- Made by tools/picture.sh from flow.dot and flow.css. sha256: $(cat docs/flow.dot docs/flow.css | sha256sum | cut -d ' ' -f 1) -->"
	# What comes before <svg, and the names of nodes, which browsers would show, are
	# left out; the style goes before the first group.
	sed -n '/^<svg/,$p' "$made" | sed '/^<title>[a-z_&;#0-9-]*<\/title>$/d; s/^<svg /<svg role="img" /; s/ xmlns:xlink="[^"]*"//' |
		awk '/^<g id="graph0"/ { print "<style>"; while ((getline line < "docs/flow.css") > 0) print line; print "</style>" } { print }'
} >docs/flow.svg
