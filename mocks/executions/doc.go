// Package executions impersonates the Dollr Open API: payouts to mobile wallets
// out of wallets in dollars, Liberian dollars and Rwandan francs.
//
//	POST /v1/jwt/client/obtain/token    returns a token that lives 60 minutes
//	POST /v1/parties/create             adds somebody to deal with
//	POST /v1/payment-accounts/create    says where they are paid
//	POST /v1/sessions/payout            says what is to be paid
//	POST /v1/executions/payout          pays it, once, with the merchant's passcode
//	GET  /v1/status/payout/{key}        tells what became of it
//
// There are also counterparties, predictions, fees and the merchant; routes.go
// lists them. Collections with their invoices, orders and checkouts, transfers,
// refunds, links and realtime keys are not there yet. The provider sends no
// webhooks: it says so itself [G-pattern], and clients poll.
//
// # On the wire
//
// Bodies are JSON, answers to what succeeds are 200, creates included. Calls carry
// Authorization: Bearer TOKEN [AUTH]. The only idempotency key is reference_id, a
// UUID of version 4 that the client makes and stores before it executes
// [API-exec]. An execution is PENDING, PROCESSING, and COMPLETED or FAILED; one
// that FAILED is told with 200 [R-err].
//
// A refusal is {"detail": …}: a text, but with 422 a list of loc, msg and type
// [G-err][CONV]. Ids are numbers where they are returned, and texts where
// executions take them.
//
// # What the documents leave open
//
// There are two generations of documents, and no openapi.json. Where they differ,
// the newer generated reference (AR-) beats guides (G-), concepts (C-) and the
// knowledge base (KB-) of the same time, and all of these what was there in April
// 2026 (OLD-). Sources are named by page: [AR-payout] is
// /api-reference/executions/payout, [KB-passcode] is
// /knowledge-base/payout-passcode-error, [CONV] is /api-conventions, [R-err] is
// /reference/error-catalog. Each choice can be turned with the knob named last,
// under providers.executions of a scenario.
//
// They contradict themselves:
//
//   - payout_account_id is a text in an execution by its schema and samples
//     [AR-payout][KB-passcode][G-payout], a number by the conventions [CONV]. A
//     text is required; in sessions a number [AR-s-payout] (lenient_ids).
//   - Sessions take account, amount and currency [AR-s-payout]. The older wallet_id
//     and expires_at [OLD-sessions] are ignored like all unknown fields.
//   - Executions need payout_account_id and passcode [AR-payout]; older ones did
//     not [OLD-executions].
//   - provider of a payment account is the network that carries the method
//     [R-market][R-gloss], or the method itself in most examples [API-pa]. Either
//     is taken and echoed; any other is an invalid combination. The enum of
//     predictions has two methods and the three networks [AR-pred-src].
//   - A wrong passcode is 422, 403, or FAILED, in one sentence [KB-passcode].
//     Malformed is 422, wrong is 403 and leaves nothing behind (wrong_passcode).
//   - Validation errors are put as by Pydantic 1 [CONV], while the OpenAPI document
//     is of Pydantic 2. The documented words are used where some are shown, those of
//     Pydantic 2 elsewhere (validation_style).
//   - A sandbox is denied [R-env] and mentioned [KB-401][KB-403]. There is one
//     environment, and what accounts end in decides (account_endings).
//   - Twelve relationship types with SELF [API-cp], eleven without [OLD-cp], one more
//     called OTHER [LLMS]. The twelve are taken.
//   - An operator's prediction has payment_method and gateway_provider
//     [API-pred][OLD-predictions], not method and provider [R-market].
//   - expires_in of a token is minutes [AR-jwt], elsewhere seconds, on purpose
//     [R-gloss]. Fractions of a minute are dropped (token_ttl).
//   - A published client calls another host with X-API-Key [PUB-2]; neither is
//     documented, and the hint says so.
//   - Wallets and bank accounts can be paid [OLD-index], but no method is a bank.
//     There are none.
//
// They are silent, and what is done is our choice:
//
//   - Checks go in this order: token, parameters, verification, key, passcode,
//     session, account, wallet. All parameters are checked at once. What is refused
//     uses neither the key nor the session.
//   - The same key with the same session and account yields the execution as it is
//     now, for ever, even if the passcode is another or the session has expired;
//     with others it is a duplicate. Letter case does not matter. There is one space
//     of keys for a merchant.
//   - A payout is answered PENDING, then PROCESSING, then COMPLETED
//     (processing_after, settle_after). PROCESSING has no limit, and nothing is
//     canceled or reversed.
//   - A session lives an hour from its created_at in whole seconds, and is executed
//     once: an execution uses it up, also one that FAILED (session_ttl).
//   - It takes the wallet in its currency, which must be ACTIVE, and neither looks at
//     the balance nor holds any of it (wallets, wallet_status). A currency without a
//     wallet is 422: payouts do not exchange. Currencies are capitals
//     (lowercase_currency).
//   - The wallet pays amount and fees when an execution is accepted, and gets both
//     back if it FAILED. If it does not cover them, the answer is 200 and FAILED
//     with a wallet_message [KB-wallet] whose words are ours, and nothing moves.
//   - There are no rates and no formulas: fees are a percentage of the amount and a
//     fixed part, rounded half up to cents, 0 by default (fees). Predictions exchange
//     at given rates only (fx_rates). Amounts are rounded to cents too. Fees that
//     leave the payee less than nothing are 422.
//   - Which phone is whose is known of one number; the rest is a table
//     (phone_prefixes). provider of a prediction is not held against its method.
//   - There is one fee tier, named default [API-fees], and one merchant, an
//     ORGANIZATION with id 1 (merchant). Others' are 404.
//   - 403, 404, 429 and 500 have a text in detail. An unverified merchant is 403 for
//     payout sessions and payouts (verified).
//   - A passcode is a text that is the same in all workspaces; phone or user_id must
//     be there, and what is there must match (passcode_set, user_id). phone is held
//     to no pattern and may be null, like user_id. Nothing locks.
//   - Device fields are any text, client_ip one that is not empty. Other empty texts
//     pass the schema and fail where they name nothing.
//   - A payment account of any operation_type can be paid (strict_account_type); the
//     same data makes another one, as for all creates. An inactive one is 422.
//   - What is another merchant's is 404 in paths and 422 in bodies. An unknown party
//     of a new account is 422.
//   - Wrong client credentials are 401 like a wrong token. A new token leaves older
//     ones alone. A token is dead at exactly its age, a session at exactly its
//     expires_at.
//   - Lists are arrays, newest first. Filters are parts of names in any letter case.
//     A counterparty has the fields of both known shapes.
//   - What has no value is null; times are UTC in whole seconds; amounts are written
//     with a decimal, 100.0; ids count from 1 (first_ids), those of sessions of all
//     kinds together.
//   - A number in a text is taken for a number, as Pydantic does, and no other type
//     for another; integers may end in .0. Bodies need no Content-Type
//     (strict_content_type).
//   - Unknown paths, other methods and malformed JSON are refused as FastAPI does.
//     A version that is not v1 is 422.
//   - There are no limits on how often one may call. 429 has Retry-After: 1.
package executions
