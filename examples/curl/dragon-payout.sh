#!/usr/bin/env bash
# Pays to a bank account through Dinar Dragon, and waits until the money is there or
# has come back. It needs bash and curl. See README.md.
set -euo pipefail

program=dragon-payout
base_url=${DINARDRAGON_BASE_URL:-https://dinardragon.com}
store=${DINARDRAGON_STORE:-dragon-payout.txt}
call_timeout=${DINARDRAGON_CALL_TIMEOUT:-30}
patience=${DINARDRAGON_TIMEOUT:-1800}
interval=${DINARDRAGON_POLL:-5}
# shellcheck source=calls.sh
source "${BASH_SOURCE[0]%/*}/calls.sh"

# post PATH BODY OPTION... calls Dinar Dragon. $outcome is ok, refused, lost or unsent.
post() {
	call --config <(printf 'header = "Authorization: Bearer %s"\n' "$DINARDRAGON_KEY") \
		--header 'Content-Type: application/json' --data-binary "$2" "${@:3}" "$base_url$1"
	[[ $outcome == answered ]] || return 0
	code=$(field code) || code=$status
	why="$code $(field error || printf '%s' "${answer:0:200}")"
	case $code:$status:$answer in
	20[01]:20[01]:'{'*) outcome=ok ;;
	4??:*) outcome=refused ;;
	*) outcome=lost ;;
	esac
}

# text VALUE prints it as JSON.
text() {
	local value=${1//\\/\\\\}
	printf '"%s"' "${value//\"/\\\"}"
}

# quote asks what the payout costs, into $authcode. That may be repeated: no money
# moves.
quote() {
	post /get-authcode "$order" --retry "${DINARDRAGON_RETRIES:-3}" --retry-connrefused
	[[ $outcome == ok ]] || stop $NOT_PAID "$why; nothing was paid"
	authcode=$(field authcode) || stop $NOT_PAID "an answer without authcode: $answer"
	quoted=$SECONDS
	echo "$amount USD to $acc cost a charge of $(field charge_in_usd) USD"
}

# execute pays. Returns 1 if the authcode has expired, which cancels a payout. When
# an answer was lost it executes again with the same code: that works once.
execute() {
	local tries doubt=${1-}
	for tries in 1 2 3; do
		post /execute "{\"authcode\":\"$authcode\"}"
		case $outcome in
		ok)
			payment=$(field payment_id) || stop $NOT_KNOWN "an answer without payment_id: $answer"
			keep "$order" "$authcode" "$payment"
			return 0
			;;
		refused)
			if [[ $code != 429 ]]; then # which does nothing
				[[ -z $doubt ]] || stop $NOT_KNOWN "$why: the first execution was probably made, or its code has expired. Look at the dashboard; when you know, remove $store"
				forget
				[[ $why == *[Ee]xpired* ]] || ((SECONDS - quoted >= 900)) || stop $NOT_PAID "$why; nothing was paid"
				echo 'the authcode has expired'
				return 1
			fi
			;;
		lost)
			doubt=yes
			echo "no clear answer: $why"
			;;
		unsent)
			[[ -n $doubt ]] || {
				forget
				stop $NOT_PAID "$why; nothing was paid"
			}
			;;
		esac
		sleep "$interval"
	done
	[[ -n $doubt ]] || {
		forget
		stop $NOT_PAID "$why; nothing was paid"
	}
	stop $NOT_KNOWN 'nobody can say whether it was paid; run this again within 15 minutes to ask once more'
}

# pay quotes and executes.
pay() {
	local tries
	for tries in 1 2 3; do
		quote
		keep "$order" "$authcode"
		if execute; then return 0; fi
	done
	stop $NOT_PAID 'three authcodes have expired; nothing was paid'
}

# follow waits for the end.
follow() {
	local last='' now deadline=$((SECONDS + patience))
	while true; do
		post /status "{\"payment_id\":\"$payment\"}" --retry "${DINARDRAGON_RETRIES:-3}" --retry-connrefused
		[[ $outcome == ok ]] && now=$(field status) ||
			stop $NOT_KNOWN "it was paid as $payment, but what became of it is not known: $why; run this again to ask once more"
		[[ $now == "$last" ]] || echo "$payment $(in_words "$now")"
		last=$now
		[[ $now == 0 ]] || break
		((SECONDS < deadline)) || stop $NOT_KNOWN "$payment is still under way after $patience s: do not pay otherwise, run this again to go on waiting"
		sleep "$interval"
	done
	forget
	[[ $now == 1 ]] || stop $NOT_PAID "the payment has failed and came back to the balance: $amount USD to $acc ($name)"
}

in_words() {
	case $1 in
	0) echo 'is under way' ;;
	1) echo 'is there' ;;
	2) echo 'has failed' ;;
	*) echo "has the status $1" ;;
	esac
}

(($# == 5)) || stop $WRONG_USAGE 'usage: dragon-payout.sh ACCOUNT AMOUNT BANK COUNTRY NAME'
acc=$1 amount=$2 bank=$3 country=$4 name=$5
[[ $acc =~ ^[1-9][0-9]*$ ]] || stop $WRONG_USAGE "$acc is no account number that Dinar Dragon takes: digits, no zero first"
[[ $amount =~ ^(0|[1-9][0-9]*)(\.[0-9]+)?$ && $amount == *[1-9]* ]] || stop $WRONG_USAGE "$amount is no amount"
[[ "$*" != *[[:cntrl:]]* ]] || stop $WRONG_USAGE 'a control character is in the arguments'
[[ $patience =~ ^[0-9]+$ ]] || stop $WRONG_USAGE "DINARDRAGON_TIMEOUT is no number of seconds: $patience"
needs DINARDRAGON_KEY

order="{\"amount\":$amount,\"accounts\":[{\"acc\":$acc,\"amount\":$amount,\"bank\":$(text "$bank"),\"country\":$(text "$country"),\"recipientname\":$(text "$name")}]}"
recall "$order"
authcode=${left[1]-} payment=${left[2]-} quoted=$SECONDS
if [[ -z $authcode ]]; then
	pay
elif [[ -z $payment ]]; then
	execute doubt
fi
follow
