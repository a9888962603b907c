// Package usdtpayout impersonates Pontis Globe: payouts in local currencies out
// of a USDT wallet, with encrypted and signed requests.
//
//	POST /api/v1/user/login                  returns a token that lives 15 minutes
//	POST /api/v1/payouts/sendPayoutRequest   pays; the same key pays once
//	POST /api/v1/payouts/getPayoutStatus     tells what became of it
//
// There are two modes, by host: in sandbox the end of the amount decides how a
// payout ends, the wallet stays untouched and no callback is sent; in live mode
// payouts reserve and debit the wallet, and each end is told by a signed
// callback. Credentials are the same, tokens are not.
//
// # On the wire
//
// A payload is encrypted with AES-256-GCM under the encryption secret, and sent
// as {"data": "iv:tag:ciphertext"}, each base64url without padding. x-signature
// is the hex HMAC-SHA256, under the HMAC secret, of x-timestamp, a dot and that
// text. Both keys are the base64url-decoded secrets [auth]. Answers are plain
// JSON. When a request does not pass, the hint says which step failed and,
// for the mistakes that integrators make, which one it is.
//
// # What the documents leave open
//
// Sources are named by page: [auth], [login], [send-payout], [status], [errors],
// [sandbox], [callbacks]. Each choice can be turned with the knob named last,
// under providers.usdtpayout of a scenario.
//
//   - Checks go in this order: path, size, API key, address, time, envelope,
//     signature, encryption, token, rate, suspension, fields, idempotency, rules.
//   - A missing or stale x-timestamp is invalid_signature (stale_timestamp_code);
//     exactly five minutes pass (timestamp_window).
//   - A blob that does not decrypt is bad_request, a field that is wrong
//     validation_error, which names the first one.
//   - A token of the other mode, of another account, or from before the secrets
//     were made anew is unauthorized (token_ttl).
//   - A suspended account cannot log in, and creating a payout is forbidden, as
//     the pages of the two calls say (suspended, suspended_code).
//   - Amounts have up to 6 decimals; recipient_details needs name and what the
//     method needs (recipient_fields). Keys are UUIDs of version 4
//     (any_uuid_version).
//   - A used key yields the first answer again, whatever else is sent.
//   - Limits are those of days and months in UTC; what just reaches one passes
//     (limits). In sandbox limits and funds are not looked at (sandbox_checks).
//   - "Ends in" is the text of the amount: 10.1 and 10 end in none of the
//     documented ways and are completed (trailing_cents).
//   - Live payouts are processing after a second and completed after another
//     (processing_after, settle_after).
//   - Codes about quotes, rates and screening are never met by themselves.
//   - Callbacks are tried once (webhook), and may go to this machine, which the
//     provider refuses (strict_callback_url). What is signed follows requests.
//   - There are no limits on how often one may call (rate_limit, login_limit).
package usdtpayout
