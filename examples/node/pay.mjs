// Pays 125 USDT to somebody in the Philippines, and waits until it is there: the
// status says so, and a callback whose signature is right. See README.md.

import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { Pontis } from './pontis.mjs';

const env = (name, otherwise) => process.env[name] || otherwise;

const pontis = new Pontis({
  baseURL: env('PONTIS_BASE_URL', 'http://127.0.0.1:4402/usdtpayout/live'),
  apiKey: env('PONTIS_API_KEY', 'pg-default-api-key'),
  encryptionSecret: env('PONTIS_ENCRYPTION_SECRET', 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8'),
  hmacSecret: env('PONTIS_HMAC_SECRET', 'oKGio6SlpqeoqaqrrK2ur7CxsrO0tba3uLm6u7y9vr8'),
  email: env('PONTIS_EMAIL', 'owner@example.test'),
  password: env('PONTIS_PASSWORD', 'pw-1'),
});
const patience = Number(env('PONTIS_TIMEOUT', '60')) * 1000; // for each end, in ms

// Everything but completed, which may still be reversed one day, has gone wrong.
const FINAL = ['completed', 'failed', 'rejected', 'canceled', 'reversed'];

const callbacks = new Map(); // by transaction_id; they may come before the answer
const seen = new Set(); // ids of events: one that is sent again counts once

const server = createServer(async (request, response) => {
  try {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const told = pontis.verifyCallback(request.headers, Buffer.concat(chunks));
    const event = request.headers['x-pontis-event-id'];
    const isNew = !seen.has(event);
    if (isNew) callbacks.set(told.transaction_id, told);
    seen.add(event);
    response.writeHead(200, { 'X-Handled': isNew }).end(); // for mockpay webhooks audit
  } catch (err) {
    console.error(`pay: refused a callback: ${err.message}`);
    response.writeHead(401).end();
  }
});

async function pay() {
  server.listen(Number(env('CALLBACK_PORT', '9000')), '127.0.0.1');
  await once(server, 'listening');
  console.log(`callbacks go to http://127.0.0.1:${server.address().port}/`);

  await pontis.login();
  console.log('logged in');

  const payout = await pontis.sendPayout({
    idempotency_key: randomUUID(), // keep it: the same one never pays twice
    country_code: 'PH',
    currency_code: 'PHP',
    payment_method: 'bank_local',
    source_amount: '125.00', // a text, in USDT
    recipient_details: { name: 'Maria Santos', account_number: '001234567890' },
  });
  const id = payout.transaction_id;
  console.log(`${id} ${payout.status}`);

  const end = await until(`${id} has no end`, async () => {
    const now = await pontis.getStatus(id);
    return FINAL.includes(now.status) && now;
  });
  console.log(`${id} ${end.status}`);

  const told = await until(`no callback came about ${id}`, async () => callbacks.get(id));
  console.log(`${id} ${told.status}, says a callback that is genuine`);

  if (told.status !== end.status) throw new Error(`the callback says ${told.status}, the status is ${end.status}`);
  if (end.status !== 'completed') throw new Error(`the payout is ${end.status}: ${end.status_message}`);
}

/** Asks until something is there, for as long as patience lasts. */
async function until(otherwise, ask) {
  const deadline = Date.now() + patience;
  for (;;) {
    const got = await ask();
    if (got) return got;
    if (Date.now() > deadline) throw new Error(`${otherwise} after ${patience / 1000} s`);
    await sleep(500);
  }
}

try {
  await pay();
} catch (err) {
  console.error(`pay: ${err.message}${err.cause ? `: ${err.cause.message}` : ''}`);
  process.exitCode = 1;
} finally {
  server.close();
  server.closeAllConnections();
}
