// A client of Dinari Cash: all eight calls. It needs Node 18 or newer and nothing
// else. Numbers are texts, in what is sent and in what is answered: '300.00'.

import { createHash, timingSafeEqual } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { read } from './exact.mjs';

/** What Dinari Cash answered instead of what was asked for. */
export class DinariCashError extends Error {
  /** status is error_code where that is a number, else the status of HTTP. */
  constructor(status, message, details = {}) {
    const reason = details.GATEWAY_ERROR ?? details.GATEWAY_MESSAGE;
    super(`${status} ${message}${reason ? ` (${reason})` : ''}`);
    Object.assign(this, { status, reason: reason ?? message, details });
  }
}

/**
 * Whether Dinari Cash refused: then nothing was done. After any other error, a 5xx
 * or an answer that was lost, it may have been done.
 */
export function isRefusal(err) {
  return err instanceof DinariCashError && err.status < 500;
}

/** The ways to send: where, and whether the documents do it by multipart/form-data. */
const METHODS = {
  ACH: { path: '/', multipart: true },
  CARD_VIRTUAL: { path: '/send-transaction', multipart: false },
  SWIFT: { path: '/swift-transfer', multipart: true },
  ZELLE: { path: '/send-money', multipart: false },
};
export const isMethod = (name) => Object.hasOwn(METHODS, name);

/** Whether two secrets are the same, in a time that tells nothing about them. */
export function sameSecret(one, other) {
  const digest = (text) => createHash('sha256').update(String(text)).digest();
  return timingSafeEqual(digest(one), digest(other));
}

export class DinariCash {
  #options;

  /**
   * options: baseURL, accountId and apiKey; retryAfter, the ms after which a call is
   * tried again for the first time; answerWithin, the ms that an answer may take.
   */
  constructor(options) {
    this.#options = { retryAfter: 1000, answerWithin: 30_000, ...options };
  }

  /**
   * Sends an amount in USD by ACH, CARD_VIRTUAL, SWIFT or ZELLE. details are the
   * RECIPIENT_… and other parameters of the method. It is never repeated after an
   * error that leaves open whether it was done: see isRefusal, and listTransactions.
   */
  send(method, amount, details) {
    const { path, multipart } = METHODS[method];
    const names = method === 'ACH' ? ['PUBLIC_KEY', 'API_SECRET'] : undefined;
    const parameters = { SEND_METHOD: method, SEND_CURRENCY_ISO3: 'USD', SEND_AMOUNT: amount, ...details };
    return this.#call(path, multipart, parameters, { repeatable: false, names });
  }

  /**
   * action is GET_CARD_LIST, GET_CARD_DETAILS, PAUSE_CARD, UNPAUSE_CARD or
   * CANCEL_CARD; all but the first are about a card. None does more when it is done
   * twice.
   */
  manageCards(action, card) {
    return this.#call('/manage-cards', false, { SERVICE_ACTION: action, ...(card && { CARD_ACCOUNT_ID: card }) });
  }

  /** Transactions, newest first, refused ones too. filters are the parameters. */
  async listTransactions(filters = {}) {
    return (await this.#call('/list-transactions', false, filters)).TRANSACTION_LIST_ARRAY;
  }

  /** Cancels a transaction. Not repeated, like send. */
  cancel(id) {
    return this.#call('/transaction/status', true, { TRANSACTION_ID: id }, { repeatable: false });
  }

  /** PAYOUT_BALANCE, FLOAT_BALANCE and RESERVE_BALANCE, and GATEWAY_DATETIME. */
  balance() {
    return this.#call('/account/balance', true, {});
  }

  /**
   * A call. What may pass is tried again three times: 429, which does nothing, and
   * if the call may be repeated also 5xx and lost answers.
   */
  async #call(path, multipart, parameters, { repeatable = true, names = ['CORPORATE_ACCOUNT_ID', 'GATEWAY_API_KEY'] } = {}) {
    const { accountId, apiKey } = this.#options;
    const fields = { [names[0]]: accountId, [names[1]]: apiKey, ...parameters };
    for (let tries = 1; ; tries++) {
      try {
        return await this.#once(path, multipart, fields);
      } catch (err) {
        const passes = err.status === 429 || (repeatable && !isRefusal(err));
        if (!passes || tries > 3) throw err;
        await sleep(this.#options.retryAfter * 2 ** (tries - 1));
      }
    }
  }

  async #once(path, multipart, fields) {
    const { baseURL, answerWithin } = this.#options;
    const body = multipart ? new FormData() : new URLSearchParams();
    for (const [name, value] of Object.entries(fields)) body.append(name, value);
    const response = await fetch(baseURL + path, { method: 'POST', body, signal: AbortSignal.timeout(answerWithin) });
    const text = await response.text();
    let answer;
    try {
      answer = read(text);
    } catch (err) {
      if (response.ok) throw err; // nobody knows what it said
      throw new DinariCashError(response.status, text); // from before its own servers
    }
    if (answer.status === 'success') return answer.data;
    const status = /^\d+$/.test(answer.error_code) ? Number(answer.error_code) : response.status;
    throw new DinariCashError(status, answer.message, answer.details ?? answer.data);
  }
}
