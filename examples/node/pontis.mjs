// A client of Pontis Globe: payouts out of a USDT wallet, by encrypted and signed
// requests. It needs Node 18 or newer and nothing else.

import { createCipheriv, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

const FIVE_MINUTES = 300; // seconds that a time may be off

/** What the provider answered instead of what was asked for. */
export class PontisError extends Error {
  constructor(status, code, message, requestId) {
    super(`${status} ${code}: ${message} (request ${requestId})`);
    Object.assign(this, { status, code, requestId });
  }
}

/** The text of data: the payload by AES-256-GCM, as iv:tag:ciphertext. */
export function encrypt(encryptionSecret, payload) {
  const iv = randomBytes(12); // another one for each request
  const cipher = createCipheriv('aes-256-gcm', Buffer.from(encryptionSecret, 'base64url'), iv);
  const ciphertext = Buffer.concat([cipher.update(JSON.stringify(payload), 'utf8'), cipher.final()]);
  return [iv, cipher.getAuthTag(), ciphertext].map((part) => part.toString('base64url')).join(':');
}

/** The signature of a text at a time: hex HMAC-SHA256 of the time, a dot, the text. */
export function sign(hmacSecret, timestamp, text) {
  return createHmac('sha256', Buffer.from(hmacSecret, 'base64url')).update(`${timestamp}.`).update(text).digest('hex');
}

/**
 * A callback's body as an object, if it is genuine; else it throws. body is a
 * Buffer of the bytes as they came: JSON that was parsed and written again is
 * signed otherwise.
 */
export function verifyCallback(hmacSecret, headers, body, now = Date.now() / 1000) {
  const timestamp = headers['x-pontis-timestamp'] ?? '';
  const signature = headers['x-pontis-signature'] ?? '';
  if (!/^\d+$/.test(timestamp) || now - Number(timestamp) > FIVE_MINUTES) {
    throw new Error('x-pontis-timestamp is missing or too old');
  }
  const want = Buffer.from(`sha256=${sign(hmacSecret, timestamp, body)}`);
  const got = Buffer.from(signature);
  if (got.length !== want.length || !timingSafeEqual(got, want)) {
    throw new Error('x-pontis-signature is missing or wrong');
  }
  return JSON.parse(body.toString('utf8'));
}

export class Pontis {
  #options;
  #token = '';

  /** options: baseURL, apiKey, encryptionSecret, hmacSecret, email, password. */
  constructor(options) {
    this.#options = options;
  }

  /** Gets a token. It lives 15 minutes and belongs to the mode of the host. */
  async login() {
    const { email, password } = this.#options;
    const { access_token } = await this.#call('/api/v1/user/login', { email, password });
    this.#token = access_token;
  }

  /**
   * Pays, and returns transaction_id and status. Whoever is not sure that it was
   * done calls it again with the same idempotency_key: it pays once.
   */
  sendPayout(payout) {
    return this.#authorized('/api/v1/payouts/sendPayoutRequest', payout);
  }

  /** What became of a payout: transaction_id, status and status_message. */
  getStatus(transaction_id) {
    return this.#authorized('/api/v1/payouts/getPayoutStatus', { transaction_id });
  }

  /** A callback's body as an object, if it is genuine; else it throws. */
  verifyCallback(headers, body) {
    return verifyCallback(this.#options.hmacSecret, headers, body);
  }

  /** A call with a token. If that has expired, logs in and tries once more. */
  async #authorized(path, payload) {
    try {
      return await this.#call(path, payload);
    } catch (err) {
      if (err.code !== 'jwt_expired') throw err;
      await this.login();
      return this.#call(path, payload);
    }
  }

  /**
   * A call. What may pass, like 429, 500 or a broken connection, is tried again
   * after 1, 2 and 4 seconds. That pays once too, as the key stays the same.
   */
  async #call(path, payload) {
    for (let wait = 1000; ; wait *= 2) {
      try {
        return await this.#once(path, payload);
      } catch (err) {
        const passes = !(err instanceof PontisError) || err.status === 429 || err.status >= 500;
        if (!passes || wait > 4000) throw err;
        await new Promise((resolve) => setTimeout(resolve, wait));
      }
    }
  }

  /** One request: encrypted anew, signed at its own time. */
  async #once(path, payload) {
    const { baseURL, apiKey, encryptionSecret, hmacSecret } = this.#options;
    const data = encrypt(encryptionSecret, payload);
    const timestamp = String(Math.floor(Date.now() / 1000));
    const headers = {
      'content-type': 'application/json',
      'x-api-key': apiKey,
      'x-timestamp': timestamp,
      'x-signature': sign(hmacSecret, timestamp, data),
    };
    if (this.#token) headers.authorization = `Bearer ${this.#token}`;
    const response = await fetch(baseURL + path, {
      method: 'POST', headers, body: JSON.stringify({ data }), signal: AbortSignal.timeout(30_000),
    });
    const answer = await response.json();
    if (!answer.ok) {
      throw new PontisError(response.status, answer.error.code, answer.error.message, answer.request_id);
    }
    return answer.data;
  }
}
