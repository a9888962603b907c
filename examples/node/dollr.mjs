// A client of the Dollr Open API: payouts to mobile wallets. It needs Node 18 or
// newer and nothing else.

import { setTimeout as sleep } from 'node:timers/promises';

const MINUTE = 60_000; // in ms

/** What Dollr answered instead of what was asked for. */
export class DollrError extends Error {
  constructor(status, detail, retryAfter) {
    super(`${status} ${inWords(detail)}`);
    Object.assign(this, { status, detail, retryAfter });
  }
}

/** detail is a text; with 422 it is a list of places and what is wrong there. */
function inWords(detail) {
  if (!Array.isArray(detail)) return detail;
  return detail.map(({ loc, msg }) => `${loc.join('.')}: ${msg}`).join('; ');
}

/**
 * Whether Dollr refused: then nothing was done. After any other error, a 5xx or an
 * answer that was lost, it may have been done.
 */
export function isRefusal(err) {
  return err instanceof DollrError && err.status < 500;
}

export class Dollr {
  #options;
  #token = '';
  #renewAt = 0;

  /** options: baseURL, clientId, clientSecret. */
  constructor(options) {
    this.#options = options;
  }

  createParty(party) {
    return this.#call('POST', '/parties/create', party);
  }

  createCounterparty(counterparty) {
    return this.#call('POST', '/counterparties/create', counterparty);
  }

  /** Whose customer a phone is: payment_method and gateway_provider. */
  predictOperator(phone) {
    return this.#call('GET', `/predictions/mmo-provider-info?${new URLSearchParams({ phone, operation_type: 'PAYOUT' })}`);
  }

  /** What a payout would cost: payer_amount and payee_amount, as texts. */
  predictPayout(query) {
    return this.#call('GET', `/predictions/amount-and-fees?${new URLSearchParams({ ...query, operation_type: 'PAYOUT' })}`);
  }

  createPayoutAccount(account) {
    return this.#call('POST', '/payment-accounts/create?operation_type=PAYOUT', account);
  }

  /** payout_account_id is a number here, and a text in payout. */
  createPayoutSession(session) {
    return this.#call('POST', '/sessions/payout', session);
  }

  /**
   * Pays. It is never repeated after an error that leaves open whether it was
   * done: see isRefusal, and ask for payoutStatus.
   */
  payout(execution) {
    return this.#call('POST', '/executions/payout', execution, false);
  }

  /** What became of a payout, null if Dollr does not know the reference_id. */
  async payoutStatus(referenceId) {
    try {
      return await this.#call('GET', `/status/payout/${encodeURIComponent(referenceId)}`);
    } catch (err) {
      if (err.status === 404) return null;
      throw err;
    }
  }

  /**
   * A call. What may pass is tried again after 1, 2 and 4 seconds: 429, which
   * does nothing, and if the call may be repeated also 5xx and lost answers.
   */
  async #call(method, path, body, repeatable = true) {
    for (let wait = 1000; ; wait *= 2) {
      try {
        return await this.#authorized(method, path, body);
      } catch (err) {
        const passes = err.status === 429 || (repeatable && !isRefusal(err));
        if (!passes || wait > 4000) throw err;
        await sleep(err.retryAfter ?? wait);
      }
    }
  }

  /** A call with a token. If that is refused, it gets another and tries once more. */
  async #authorized(method, path, body) {
    if (Date.now() > this.#renewAt) await this.#obtainToken();
    try {
      return await this.#once(method, path, body, this.#token);
    } catch (err) {
      if (err.status !== 401) throw err;
      await this.#obtainToken();
      return this.#once(method, path, body, this.#token);
    }
  }

  /** expires_in is in minutes; a token is renewed when less than five are left. */
  async #obtainToken() {
    const { clientId, clientSecret } = this.#options;
    const credentials = { client_id: clientId, client_secret: clientSecret };
    const { access_token, expires_in } = await this.#once('POST', '/jwt/client/obtain/token', credentials);
    this.#token = access_token;
    this.#renewAt = Date.now() + (expires_in - 5) * MINUTE;
  }

  async #once(method, path, body, token) {
    const headers = { accept: 'application/json' };
    if (token) headers.authorization = `Bearer ${token}`;
    if (body) headers['content-type'] = 'application/json';
    const response = await fetch(`${this.#options.baseURL}/v1${path}`, {
      method, headers, body: body && JSON.stringify(body), signal: AbortSignal.timeout(30_000),
    });
    const text = await response.text();
    if (response.ok) return JSON.parse(text);
    const seconds = Number(response.headers.get('retry-after'));
    throw new DollrError(response.status, detailOf(text), seconds > 0 ? seconds * 1000 : undefined);
  }
}

/** What a refusal says; what comes from before Dollr's own servers may be no JSON. */
function detailOf(text) {
  try {
    return JSON.parse(text).detail ?? text;
  } catch {
    return text;
  }
}
