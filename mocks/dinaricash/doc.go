// Package dinaricash impersonates Dinari Cash: money sent by ACH, to virtual
// cards, by SWIFT and by Zelle, out of an account with three balances; cards
// that are paused, canceled and bought with; and webhooks about all of it.
//
//	POST /                    ACH
//	POST /send-transaction    loads a virtual card, a new one for a new recipient
//	POST /manage-cards        lists, shows, pauses, unpauses, cancels cards
//	POST /swift-transfer      SWIFT
//	POST /send-money          Zelle
//	POST /list-transactions   lists sends, refused ones too, and what came in
//	POST /transaction/status  cancels a transaction
//	POST /account/balance     tells payout, float and reserve
//
// Calls are forms, multipart or urlencoded; answers are JSON, of another shape
// for each call. What differs is data: [method] for the sends, refused for the
// refusals. Typos are the provider's: TANSACTION_SEND_METHOD,
// LIST_TANSACTIONS, CLIENT_ACCOUNT_ID.
//
// # Money
//
// A send costs a fixed fee and a percentage, rounded to cents, and moves the
// three balances by coefficients of amount, fixed fee and percentage [fee].
// Those of the defaults reproduce most documented figures; the scenario
// documented-examples overrides the rest. A card's money is the card's: loaded
// when its send completes, spent by purchases, brought back to payout by
// CANCEL_CARD.
//
// # What the documents leave open
//
// [S2 l.n] is line n of the provider's one page of documentation. Each choice
// can be turned with the knob named last, under providers.dinaricash of a
// scenario.
//
//   - Both forms are taken on every call; JSON is not (accept_json).
//   - ACH has names of its own for the credentials [S2 l.35-36]
//     (accept_credential_aliases).
//   - The HTTP status is the error_code where that is a number; SWIFT and Zelle
//     answer 402 to sends without funds and 400 otherwise (always_200).
//   - Missing parameters are reported before malformed ones, in the order of the
//     tables, as Missing NAME and Invalid NAME; the first is documented once
//     [S2 l.429].
//   - The percentage is rounded half up, and SWIFT and Zelle show 0.03 while
//     they charge 1 %, as their examples do (fees, percentage_display).
//   - Payout alone must cover a send, just enough is enough (sufficiency_test).
//     A refused send moves nothing and is listed (on_sync_failure).
//   - ACH and card loads complete at once, SWIFT and Zelle after five seconds
//     (settle, settlement). What answers call the state is fixed (reply_status).
//   - A send that is declined or fails later gives all back (on_async_failure).
//   - A cancel gives the amount back without the send's fee and costs a fee
//     (cancel). ACH can be canceled when completed, card loads never
//     (cancel_allowed_from). A transition to CANCELED costs the same.
//   - Pausing a paused card succeeds and tells nothing; a canceled card stays so.
//   - Purchases that a paused or canceled card rejects say REJECTED: Card paused
//     and REJECTED: Card canceled; amounts are not converted.
//   - Webhooks are flat forms (webhook, webhook_form); rejected sends tell
//     nothing (webhook_on_rejection), nor do new cards (webhook_on_card_creation).
//   - Ids are 32 hexadecimal digits (id_style), times are UTC, cards are valid
//     for three years (card_expires_in_months).
package dinaricash
