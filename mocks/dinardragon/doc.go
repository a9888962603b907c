// Package dinardragon impersonates Dinar Dragon: bank payouts in two steps, a
// dashboard balance in USD, and polling for what became of each payment.
//
//	POST /get-authcode  quotes a payout and returns a code that lives 15 minutes
//	POST /execute       spends the code: money leaves the balance, payments begin
//	POST /status        tells 0 processing, 1 successful, 2 failed and refunded
//
// Dinar Dragon documents no webhooks, no balance call and no sandbox; none is
// here. The balance is seen and set through the control API.
//
// # What the documents leave open
//
// Each choice can be turned with the knob named last, under
// providers.dinardragon of a scenario.
//
//   - The payee's name is "recipient" in one table and "recipientname" in the
//     samples. Either is taken, recipientname wins, and it is required
//     (require_recipient).
//   - The sum of accounts must be amount, although one sample breaks that rule
//     (enforce_sum). Without the rule the charge is of amount, and what is paid
//     out and debited is what the accounts add up to.
//   - The key comes bare or after the word Bearer.
//   - The HTTP status is the code of the body (always_200). Success is 200.
//   - The charge is 2.5 % of amount, exact, the simplest rule that yields the
//     one documented figure (fee).
//   - Executing takes amount and charge (debit). Read to the letter the
//     documents charge the fee alone: debit: charge_only, where a failed
//     payment then has no amount to give back.
//   - Nothing is reserved between the steps (hold_on_authcode); the balance is
//     looked at again at the second (recheck_on_execute). A balance that just
//     covers a payout is enough (sufficiency).
//   - A failed payment gives its amount back and keeps the fee
//     (refund_on_fail).
//   - A code is expired at exactly authcode_ttl after its issue, and works once.
//     A refused execution leaves it as it was.
//   - acc is an integer or a text of digits and comes back as accNo as it was
//     sent (strict_types).
//   - Payments succeed after settle_after; those to failing_accounts fail.
//   - Dates are UTC; the message of an execution is ours (message).
//   - The HTTP answers 401, 404, 405, 413, 429 and 500 are not documented; they
//     keep the shape of the others.
package dinardragon
