#!/bin/sh
# fuzz.sh lets every fuzz test of the module look for FUZZTIME, 30s unless it is
# set: go test -fuzz takes one test of one package at a time. It finds them
# itself. One that fails does not keep the others from being run; in the end all
# are listed, and the exit code is 1 if one failed. FUZZ is a regular expression
# of the tests to run, all unless it is set.
#
#	FUZZTIME=5s FUZZ=Mask tools/fuzz.sh
set -u
cd "$(dirname "$0")/.."

if ! found=$(go test -list '^Fuzz' ./...); then
	printf '%s\n' "$found" >&2
	echo "fuzz.sh: the tests do not build" >&2
	exit 1
fi

# What go test lists is the names of a package's tests, then "ok" and the package.
targets=$(printf '%s\n' "$found" | awk -v wanted="${FUZZ:-.}" '
	/^Fuzz/ { if ($1 ~ wanted) names[n++] = $1 }
	$1 == "ok" { for (i = 0; i < n; i++) print $2, names[i]; n = 0 }')
[ -n "$targets" ] || { echo "fuzz.sh: no fuzz test is called like ${FUZZ:-Fuzz}" >&2; exit 1; }

failed=0
summary=
while read -r package name; do
	echo "== $name $package"
	if go test -run '^$' -fuzz "^$name\$" -fuzztime "${FUZZTIME:-30s}" "$package" </dev/null; then
		verdict=ok
	else
		verdict=FAILED
		failed=$((failed + 1))
	fi
	summary="$summary$verdict $name $package
"
done <<END
$targets
END

echo
printf '%s' "$summary"
echo "$(printf '%s' "$summary" | wc -l) fuzz tests, $failed failed"
[ "$failed" = 0 ]
