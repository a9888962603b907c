# What the scripts share: calls, what their answers mean, and the file of what is
# under way. It is sourced; $program is who sources it.
# shellcheck shell=bash disable=SC2034

readonly NOT_PAID=1 WRONG_USAGE=2 NOT_KNOWN=3

# stop CODE MESSAGE ends the script.
stop() {
	printf '%s: %s\n' "$program" "$2" >&2
	exit "$1"
}

# needs VARIABLE... stops unless all are set.
needs() {
	local name
	for name; do
		[[ -n ${!name:-} ]] || stop $WRONG_USAGE "$name is not set"
	done
}

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# call OPTION... makes a call with curl. $answer is what came, $status its HTTP
# status, and $outcome one of
#   answered  a whole answer came
#   lost      the call has left, and may have been done
#   unsent    the call has not left this machine; $why says why, as with lost
call() {
	local said
	: >"$scratch/answer"
	if said=$(curl --silent --show-error --max-time "$call_timeout" --output "$scratch/answer" \
		--write-out '%{http_code} %{size_request}' "$@" 2>"$scratch/why"); then
		outcome=answered
	elif [[ $said == *' 0' ]]; then
		outcome=unsent
	else
		outcome=lost
	fi
	status=${said% *}
	answer=$(tr -d '\0' <"$scratch/answer")
	why=$(<"$scratch/why")
}

# field NAME [JSON] prints a text or a number of the answer, as it is written there.
# It is no JSON parser: it finds the first field of that name.
field() {
	local pattern="\"$1\"[[:space:]]*:[[:space:]]*(\"([^\"\\\\]*)\"|(-?[0-9.]+))"
	[[ ${2-$answer} =~ $pattern ]] && printf '%s' "${BASH_REMATCH[2]}${BASH_REMATCH[3]}"
}

# form NAME=VALUE... prints curl's configuration for parameters of a form. In a file
# that only curl reads, keys are not in the list of processes.
form() {
	local pair
	for pair; do
		pair=${pair//\\/\\\\}
		printf 'data-urlencode = "%s"\n' "${pair//\"/\\\"}"
	done
}

# keep LINE... writes what is under way into $store.
keep() {
	(umask 077 && printf '%s\n' "$@" >"$store.new") || stop $NOT_PAID "$store cannot be written"
	sync "$store.new" 2>/dev/null || sync
	mv "$store.new" "$store"
}

# recall ORDER reads into $left what an earlier run of the same order has left.
recall() {
	left=()
	[[ -e $store ]] || return 0
	local line
	while IFS= read -r line; do left+=("$line"); done <"$store"
	[[ ${left[0]-} == "$1" ]] || stop $WRONG_USAGE "$store holds another payout that has no end yet: ${left[0]-}"
	echo 'it was begun by an earlier run'
}

forget() {
	rm -f "$store"
}
