#!/usr/bin/env bash
# Sends by Zelle through Dinari Cash once, and waits until it is there or has come
# back. It needs bash and curl. See README.md.
set -euo pipefail

program=zelle
base_url=${DINARICASH_BASE_URL:-https://sandbox.dinaricash.com}
store=${DINARICASH_STORE:-zelle.txt}
call_timeout=${DINARICASH_CALL_TIMEOUT:-30}
patience=${DINARICASH_TIMEOUT:-300}
interval=${DINARICASH_POLL:-2}
# shellcheck source=calls.sh
source "${BASH_SOURCE[0]%/*}/calls.sh"

# post PATH NAME=VALUE... calls Dinari Cash, with the options in $again if there are
# any. $outcome is ok, refused, lost or unsent.
post() {
	call ${again[@]+"${again[@]}"} --config <(form "CORPORATE_ACCOUNT_ID=$DINARICASH_ACCOUNT" "GATEWAY_API_KEY=$DINARICASH_KEY" "${@:2}") "$base_url$1"
	[[ $outcome == answered ]] || return 0
	local said code
	said=$(field status) || said=
	code=$(field error_code) || code=$status
	[[ $code =~ ^[0-9]+$ ]] || code=$status # Zelle's is a word
	why="$code $(field GATEWAY_ERROR || field GATEWAY_MESSAGE || field message || printf '%s' "${answer:0:200}")"
	case $status:$said in
	2??:success) outcome=ok ;;
	[1-4]??:error) ((code < 500)) && outcome=refused || outcome=lost ;;
	*) outcome=lost ;;
	esac
}

# ask PATH NAME=VALUE... calls what moves no money, and may be repeated.
ask() {
	local again=(--retry "${DINARICASH_RETRIES:-3}" --retry-connrefused)
	post "$@"
}

# new prints the ids of the sends of this amount that the list has since the mark and
# had not before.
new() {
	local row id sent
	while IFS= read -r row; do
		id=$(field TRANSACTION_ID "$row") || continue
		sent=$(field TRANSACTION_SEND_AMOUNT "$row") || continue
		[[ $seen == *" $id "* || $(cents "$sent") != $(cents "$amount") ]] || echo "$id"
	done <<<"${answer//\},\{/$'},\n{'}"
}

# cents AMOUNT prints it in cents: 300, 300.5 and 300.50 are amounts.
cents() {
	local whole=${1%%.*} part=
	[[ $1 != *.* ]] || part=${1#*.}
	part=${part}00
	echo "$((10#$whole * 100 + 10#${part:0:2}))"
}

# outgoing asks for the sends since the mark.
outgoing() {
	ask /list-transactions TRANSACTION_DIRECTION=OUTGOING "DATETIME_START=$since"
}

# mark notes where the list stands: Dinari Cash has no idempotency keys, so a send
# whose answer was lost is the one of its amount that is new in the list.
mark() {
	local row
	ask /account/balance
	[[ $outcome == ok ]] || stop $NOT_PAID "$why; nothing was sent"
	since=$(field GATEWAY_DATETIME)
	since=${since/ /T} seen=' '
	outgoing
	[[ $outcome == ok ]] || stop $NOT_PAID "$why; nothing was sent"
	while IFS= read -r row; do
		seen+="$(field TRANSACTION_ID "$row" || true) "
	done <<<"${answer//\},\{/$'},\n{'}"
}

# trace looks in the list for a send whose answer was lost. Returns 1 if it is not
# there: then, and only then, another is safe.
trace() {
	local looks found
	for looks in 1 2 3; do
		((looks == 1)) || sleep "$interval" # it may still be on its way
		outgoing
		[[ $outcome == ok ]] || stop $NOT_KNOWN "nobody can say whether it was sent: $why; run this again to look once more"
		found=$(new)
		case $found in
		'') ;;
		*$'\n'*) stop $NOT_KNOWN "several sends of $amount USD are new: ${found//$'\n'/, }" ;;
		*)
			transaction=$found
			echo "the list has it: $transaction"
			return 0
			;;
		esac
	done
	return 1
}

# send sends, at most three times: once, and again when the list has no such send.
send() {
	local tries
	for tries in 1 2 3; do
		keep "$order" "$since" "$seen"
		post /send-money SEND_METHOD=ZELLE SEND_CURRENCY_ISO3=USD "SEND_AMOUNT=$amount" "RECIPIENT_ZELLE_ADDRESS=$address"
		case $outcome in
		ok)
			transaction=$(field TRANSACTION_ID) || stop $NOT_KNOWN "an answer without TRANSACTION_ID: $answer"
			echo "$transaction takes $amount and a fee of $(field SEND_FEE_TOTAL_AMOUNT)"
			return 0
			;;
		lost)
			echo "no clear answer: $why"
			if trace; then return 0; fi
			;;
		*)
			forget
			stop $NOT_PAID "$why; nothing was sent"
			;;
		esac
	done
	stop $NOT_KNOWN 'Dinari Cash gave no clear answer three times, and its list has no such send'
}

# follow waits for the end.
follow() {
	local last='' now deadline=$((SECONDS + patience))
	while true; do
		ask /list-transactions "TRANSACTION_ID=$transaction"
		[[ $outcome == ok ]] && now=$(field TRANSACTION_STATUS) ||
			stop $NOT_KNOWN "it was sent as $transaction, but its status is not known: $why; run this again to ask once more"
		[[ $now == "$last" ]] || echo "$transaction $now"
		last=$now
		[[ $now == Initiated ]] || break
		((SECONDS < deadline)) || stop $NOT_KNOWN "$transaction is still $now after $patience s: do not send otherwise, run this again to go on waiting"
		sleep "$interval"
	done
	forget
	[[ $now == Completed ]] || stop $NOT_PAID "the send was $now: $(field GATEWAY_MESSAGE)"
}

(($# == 2)) || stop $WRONG_USAGE 'usage: zelle.sh AMOUNT EMAIL-OR-PHONE'
amount=$1 address=$2
[[ $amount =~ ^[0-9]{1,12}(\.[0-9]{1,2})?$ && $amount == *[1-9]* ]] || stop $WRONG_USAGE "$amount is no amount of dollars and cents"
[[ $address != *[[:cntrl:]]* ]] || stop $WRONG_USAGE 'a control character is in the address'
[[ $patience =~ ^[0-9]+$ ]] || stop $WRONG_USAGE "DINARICASH_TIMEOUT is no number of seconds: $patience"
needs DINARICASH_ACCOUNT DINARICASH_KEY

order="$amount to $address"
recall "$order"
since=${left[1]-} seen=${left[2]-} transaction=${left[3]-}
if [[ -z $since ]]; then
	mark
	send
elif [[ -z $transaction ]]; then
	trace || send
fi
keep "$order" "$since" "$seen" "$transaction"
follow
