// Receives webhooks of Dinari Cash and Pontis Globe, in any order and any number of
// times, and counts what they tell once. See ../receivers.md.

import { closeSync, existsSync, fsyncSync, openSync, readFileSync, truncateSync, writeSync } from 'node:fs';
import { createServer } from 'node:http';
import { sum } from './exact.mjs';
import { fromDinariCash, fromPontisGlobe, Refusal } from './webhooks.mjs';

const env = (name, otherwise) => process.env[name] || otherwise;
const MOST = 65_536; // bytes of a body

/** What is known: the newest state of each thing, and the money that cards spent. */
class Books {
  #file;
  #seen = new Set(); // ids of events
  #states = { transaction: new Map(), payout: new Map(), card: new Map(), purchase: new Map() };
  #spent = new Map(); // by currency

  /** Opens the books: what the file has was seen before. */
  constructor(path) {
    const text = existsSync(path) ? readFileSync(path) : Buffer.alloc(0);
    const whole = text.lastIndexOf('\n') + 1;
    if (whole < text.length) truncateSync(path, whole); // of the last event nobody was told that it is kept
    for (const line of text.subarray(0, whole).toString('utf8').split('\n').filter(Boolean)) this.#count(JSON.parse(line));
    this.#file = openSync(path, 'a', 0o600);
  }

  /**
   * Keeps an event, on the disk before it counts. Returns nothing if it was there
   * before; else what it changed, '' if that is out of date.
   */
  keep(event) {
    if (this.#seen.has(event.id)) return undefined;
    writeSync(this.#file, `${JSON.stringify(event)}\n`);
    fsyncSync(this.#file);
    return this.#count(event);
  }

  #count(event) {
    this.#seen.add(event.id);
    const states = this.#states[event.kind];
    if (!follows(event, states.get(event.of))) return '';
    states.set(event.of, event);
    const { kind, of, status, amount, currency } = event;
    if (kind !== 'purchase') return `${kind} ${of} ${status}`;
    if (status === 'AUTHORIZED') this.#spent.set(currency, sum([this.#spent.get(currency) ?? '0', amount]));
    return `${kind} ${of} ${status} ${amount} ${currency}`;
  }

  toJSON() {
    const states = Object.entries(this.#states).map(([kind, all]) => [
      `${kind}s`, Object.fromEntries([...all].map(([of, event]) => [of, event.status])),
    ]);
    return { ...Object.fromEntries(states), spent: Object.fromEntries(this.#spent) };
  }

  close() {
    closeSync(this.#file);
  }
}

/** How far a state is. A later one stays when an earlier one is told after it. */
const RANKS = {
  INITIATED: 0, COMPLETED: 1, DECLINED: 2, CANCELED: 2, FAILED: 2, // of transactions; what is completed may be canceled
  completed: 1, failed: 1, rejected: 1, canceled: 1, reversed: 2, // of payouts
};

/** Whether what an event tells is newer than what is known. */
function follows(event, known) {
  if (!known) return true;
  if (event.kind === 'card') return known.status !== 'CANCELED' && event.at >= known.at;
  return RANKS[event.status] > RANKS[known.status]; // never of a purchase, of which there is one event
}

/** The bytes of a request's body. */
async function bodyOf(request) {
  const chunks = [];
  let length = 0;
  for await (const chunk of request) {
    length += chunk.length;
    if (length > MOST) throw new Refusal(413, 'the body is too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function receiver(books, senders) {
  return async (request, response) => {
    const answer = (status, told, headers) => {
      response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(told));
    };
    const from = senders.find(({ path }) => path === request.url);
    try {
      if (!from) throw new Refusal(404, 'nobody sends webhooks to this path');
      if (request.method !== 'POST') throw new Refusal(405, 'webhooks are posted');
      const event = from.understand(from.secret, request.headers, await bodyOf(request));
      const changed = books.keep(event);
      // Long work would wait for another program that reads the books: the sender
      // waits for this answer.
      answer(200, { status: 'success' }, { 'x-handled': changed !== undefined });
      if (changed) console.log(changed);
    } catch (err) {
      if (!(err instanceof Refusal)) console.error(`receiver: ${err.message}`); // it could not be kept, and shall come again
      else console.error(`receiver: refused a webhook to ${request.url}: ${err.message}`);
      answer(err instanceof Refusal ? err.status : 500, { status: 'error', message: err.message });
    }
  };
}

function main() {
  const senders = [
    { path: '/dinaricash', secret: env('DINARICASH_WEBHOOK_KEY'), understand: fromDinariCash },
    { path: '/pontisglobe', secret: env('PONTIS_HMAC_SECRET'), understand: fromPontisGlobe },
  ].filter(({ secret }) => secret);
  if (senders.length === 0) {
    console.error('receiver: set DINARICASH_WEBHOOK_KEY, PONTIS_HMAC_SECRET or both');
    process.exitCode = 2;
    return;
  }
  const books = new Books(env('RECEIVER_STORE', 'receiver.jsonl'));
  const server = createServer({ headersTimeout: 10_000, requestTimeout: 30_000 }, receiver(books, senders));
  server.on('error', fail);
  server.listen(Number(env('RECEIVER_PORT', '9000')), env('RECEIVER_HOST', '127.0.0.1'), () => {
    const { address, port } = server.address();
    for (const { path } of senders) console.log(`webhooks go to http://${address}:${port}${path}`);
  });
  const stop = () => {
    server.close(() => {
      books.close();
      console.log(JSON.stringify(books));
    });
    server.closeIdleConnections();
  };
  process.once('SIGTERM', stop).once('SIGINT', stop);
}

function fail(err) {
  console.error(`receiver: ${err.message}`);
  process.exit(1);
}

try {
  main();
} catch (err) {
  fail(err);
}
