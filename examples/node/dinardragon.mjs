// A client of Dinar Dragon: payouts to bank accounts, in two steps. It needs Node
// 18 or newer and nothing else. Amounts are texts, like '50.25', in USD.

import { setTimeout as sleep } from 'node:timers/promises';
import { Exact, read, sum, write } from './exact.mjs';

/** What Dinar Dragon answered instead of what was asked for. */
export class DinarDragonError extends Error {
  constructor(code, reason) {
    super(`${code} ${reason}`);
    Object.assign(this, { code, reason });
  }
}

/**
 * Whether Dinar Dragon refused: then nothing was done. After any other error, a 5xx
 * or an answer that was lost, it may have been done.
 */
export function isRefusal(err) {
  return err instanceof DinarDragonError && err.code < 500;
}

/** What the numbers mean that a payment's status is. */
export const PROCESSING = '0';
export const PAID = '1';
export const FAILED = '2'; // its amount is back on the dashboard balance

export class DinarDragon {
  #options;

  /**
   * options: baseURL and privateKey; retryAfter, the ms after which a call is tried
   * again for the first time; answerWithin, the ms that an answer may take.
   */
  constructor(options) {
    this.#options = { retryAfter: 1000, answerWithin: 30_000, ...options };
  }

  /**
   * Step 1. accounts are {acc, amount, bank, country, recipientname}. Returns
   * authcode, which is good for up to 15 minutes, and charge_in_usd. No money moves,
   * so it is tried again.
   */
  getAuthcode(accounts) {
    const payout = {
      amount: new Exact(sum(accounts.map(({ amount }) => amount))),
      accounts: accounts.map((to) => ({ ...to, acc: new Exact(to.acc), amount: new Exact(to.amount) })),
    };
    return this.#patiently('/get-authcode', payout);
  }

  /**
   * Step 2: pays. Returns payment_id, and accounts with a uniqueid each. It is not
   * repeated; whoever is not sure that it was done may call it again with the same
   * authcode, which is executed once.
   */
  execute(authcode) {
    return this.#once('/execute', { authcode });
  }

  /** Step 3: [{uniqueid, status}] of all payments of a payout. Not repeated. */
  async getStatus(payment_id) {
    return (await this.#once('/status', { payment_id })).payments;
  }

  /** A call. What may pass, 429, 5xx and lost answers, is tried again three times. */
  async #patiently(path, body) {
    for (let tries = 1; ; tries++) {
      try {
        return await this.#once(path, body);
      } catch (err) {
        const passes = !isRefusal(err) || err.code === 429;
        if (!passes || tries > 3) throw err;
        await sleep(this.#options.retryAfter * 2 ** (tries - 1));
      }
    }
  }

  async #once(path, body) {
    const { baseURL, privateKey, answerWithin } = this.#options;
    const response = await fetch(baseURL + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: privateKey },
      body: write(body),
      signal: AbortSignal.timeout(answerWithin),
    });
    const text = await response.text();
    let answer;
    try {
      answer = read(text);
    } catch (err) {
      if (response.ok) throw err; // nobody knows what it said
      throw new DinarDragonError(response.status, text); // from before its own servers
    }
    const code = Number(answer.code ?? response.status);
    if (code === 200 || code === 201) return answer;
    throw new DinarDragonError(code, answer.error);
  }
}
