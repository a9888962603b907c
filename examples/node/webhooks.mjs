// Tells genuine webhooks of Dinari Cash and Pontis Globe from all others, and what
// they say from what they merely contain. It needs Node 18 or newer and nothing else.
//
// An event is {id, kind, of, status, at, amount, currency}. The id is of what
// happened, and not of the message: whatever tells the same has the same one.

import { sameSecret } from './dinaricash.mjs';
import { read } from './exact.mjs';
import { verifyCallback } from './pontis.mjs';

/** Why a webhook is not taken, with the status to answer. */
export class Refusal extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

const ID = /^[\w-]{1,100}$/;
const TIME = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/;
const AMOUNT = /^(0|[1-9]\d*)(\.\d+)?$/;
const CURRENCY = /^[A-Z]{3}$/;

/**
 * A webhook of Dinari Cash: it is genuine if its WEBHOOK_KEY is key. Nothing else in
 * it is proven, and nothing but the form tells that it came whole: it must have each
 * documented field of its kind, the last one too.
 */
export function fromDinariCash(key, headers, body) {
  const fields = fieldsOf(headers['content-type'] ?? '', body);
  if (!sameSecret(fields.WEBHOOK_KEY ?? '', key)) throw new Refusal(401, 'WEBHOOK_KEY is missing or wrong');
  const take = (name, pattern) => {
    if (!pattern.test(fields[name] ?? '')) throw new Refusal(400, `${name} is missing or malformed`);
    return fields[name];
  };
  if ('PURCHASE_ID' in fields) {
    const of = take('PURCHASE_ID', ID);
    const status = take('PURCHASE_STATUS', /^(AUTHORIZED|REJECTED: .+)$/);
    const [amount, currency] = [take('PURCHASE_AMOUNT', AMOUNT), take('PURCHASE_CURRENCY_ISO3', CURRENCY)];
    return { id: `purchase ${of}`, kind: 'purchase', of, status, at: take('DATETIME_UPDATE', TIME), amount, currency };
  }
  if ('CARD_ACCOUNT_STATUS' in fields) {
    const [of, status] = [take('CARD_ACCOUNT_ID', ID), take('CARD_ACCOUNT_STATUS', /^(ACTIVE|PAUSED|CANCELED)$/)];
    const at = take('DATETIME_UPDATE', TIME);
    return { id: `card ${of} ${status} ${at}`, kind: 'card', of, status, at }; // a card is paused more than once
  }
  const of = take('TRANSACTION_ID', ID);
  const status = take('TRANSACTION_STATUS', /^(INITIATED|DECLINED|CANCELED|FAILED|COMPLETED)$/);
  const zelle = 'CLIENT_ACCOUNT_ID' in fields; // it has names of its own
  const at = take(zelle ? 'TRANSACTION_DATETIME_UPDATE' : 'TRANSACTION_DATETIME_UPDATED', TIME);
  return { id: `transaction ${of} ${status}`, kind: 'transaction', of, status, at };
}

/** The fields of a form or a JSON object, as texts. The documents do not say which. */
function fieldsOf(media, body) {
  if (!media.startsWith('application/json')) return Object.fromEntries(new URLSearchParams(body.toString('utf8')));
  let told;
  try {
    told = read(body.toString('utf8'));
  } catch {
    // it is none
  }
  if (typeof told !== 'object' || told === null || Array.isArray(told)) throw new Refusal(400, 'the body is no JSON object');
  return told;
}

/**
 * A callback of Pontis Globe: it is genuine if it is signed with the HMAC secret, not
 * more than five minutes ago. body is a Buffer of the bytes as they came.
 */
export function fromPontisGlobe(hmacSecret, headers, body) {
  let told;
  try {
    told = verifyCallback(hmacSecret, headers, body);
  } catch (err) {
    throw new Refusal(401, err.message);
  }
  const { transaction_id: of, status } = told;
  if (!ID.test(of) || !/^(completed|failed|rejected|canceled|reversed)$/.test(status)) {
    throw new Refusal(400, 'transaction_id or status is missing or unknown');
  }
  // Not X-Pontis-Event-Id: what stands in that header is not signed.
  return { id: `payout ${of} ${status}`, kind: 'payout', of, status };
}
