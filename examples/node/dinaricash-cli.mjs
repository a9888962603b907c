// Sends money through Dinari Cash and waits until it is there or has failed; lists
// and cancels transactions; manages cards. See README.md.

import { once } from 'node:events';
import { open, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { DinariCash, isMethod, isRefusal, sameSecret } from './dinaricash.mjs';
import { sum } from './exact.mjs';

/** An end that is not what was asked for, with the exit code that tells which. */
class Stop extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}
const NOT_DONE = 1;
const WRONG_USAGE = 2;
const NOT_KNOWN = 3;

const USAGE = `usage: node dinaricash-cli.mjs send ACH|CARD_VIRTUAL|SWIFT|ZELLE AMOUNT NAME=VALUE…
       node dinaricash-cli.mjs balance
       node dinaricash-cli.mjs list [NAME=VALUE…]
       node dinaricash-cli.mjs cancel TRANSACTION_ID
       node dinaricash-cli.mjs cards
       node dinaricash-cli.mjs card show|pause|unpause|cancel CARD_ACCOUNT_ID`;
const usage = () => new Stop(WRONG_USAGE, USAGE);

function need(name) {
  if (!process.env[name]) throw new Stop(WRONG_USAGE, `${name} is not set`);
  return process.env[name];
}
const env = (name, otherwise) => process.env[name] || otherwise;
const seconds = (name, otherwise) => Number(env(name, otherwise)) * 1000; // in ms

let cash; // the client
const patience = seconds('DINARICASH_TIMEOUT', '300');
const interval = seconds('DINARICASH_POLL', '2'); // between two questions

/** Where a send is kept from before it is made until its end is known. */
const store = env('DINARICASH_STORE', 'dinaricash-send.json');

async function main() {
  const [verb, ...args] = process.argv.slice(2);
  const act = { send, balance, list, cancel, cards, card }[verb];
  if (!act) throw usage();
  cash = new DinariCash({
    baseURL: env('DINARICASH_BASE_URL', 'https://sandbox.dinaricash.com'),
    accountId: need('DINARICASH_ACCOUNT_ID'),
    apiKey: need('DINARICASH_API_KEY'),
    retryAfter: interval,
    answerWithin: seconds('DINARICASH_ANSWER', '30'),
  });
  await act(...args);
}

/** NAME=VALUE arguments as an object. */
function parameters(args) {
  return Object.fromEntries(args.map((arg) => {
    const [, name, value] = /^([A-Z0-9_]+)=(.*)$/s.exec(arg) ?? [];
    if (!name) throw new Stop(WRONG_USAGE, `${arg} is not like RECIPIENT_FULL_NAME=Ann\n${USAGE}`);
    return [name, value];
  }));
}

// Sending.

async function send(method, amount, ...args) {
  if (!method || !isMethod(method) || !amount) throw usage();
  if (!/^(0|[1-9]\d*)(\.\d{1,2})?$/.test(amount)) throw new Stop(WRONG_USAGE, `${amount} is no amount like 300.00`);
  const order = { method, amount, details: parameters(args) };
  const inbox = await listen();
  try {
    const sent = (await recall(order)) ?? (await begin(order));
    sent.transaction_id ??= await make(sent);
    await keep(sent);
    await follow(sent.transaction_id, inbox);
  } finally {
    inbox?.close();
  }
}

/** What an earlier run has left behind before it knew the end, if it was made. */
async function recall(order) {
  let left;
  try {
    left = JSON.parse(await readFile(store, 'utf8'));
  } catch (err) {
    if (err.code === 'ENOENT') return undefined;
    throw err;
  }
  if (JSON.stringify(left.order) !== JSON.stringify(order)) {
    throw new Stop(WRONG_USAGE, `${store} holds another send that has no end yet: finish that one, or set DINARICASH_STORE`);
  }
  left.transaction_id ??= await trace(left);
  if (!left.transaction_id) return undefined;
  console.log(`${left.transaction_id} is from an earlier run`);
  return left;
}

/**
 * What is known before a send, stored before it is made: the provider's time, and
 * the transactions of this second. No call has a key of the sender's, so that only
 * the list can tell later whether it was made.
 */
async function begin(order) {
  const { GATEWAY_DATETIME } = await cash.balance();
  const since = GATEWAY_DATETIME.replace(' ', 'T');
  const known = (await cash.listTransactions({ DATETIME_START: since })).map((row) => row.TRANSACTION_ID);
  const begun = { order, since, known };
  await keep(begun);
  return begun;
}

async function keep(sent) {
  const file = await open(store, 'w', 0o600);
  await file.writeFile(JSON.stringify(sent));
  await file.sync();
  await file.close();
}

const forget = () => rm(store, { force: true });

/** Makes a send, once. Returns its id. */
async function make(sent) {
  const { method, amount, details } = sent.order;
  let made;
  try {
    made = await cash.send(method, amount, details);
  } catch (err) {
    if (isRefusal(err)) {
      await forget();
      throw debited(err.details) ? new Stop(NOT_DONE, `${why(err)}, and yet the payout balance fell: ask Dinari Cash`) : err;
    }
    console.log(`the send has no clear answer: ${why(err)}`);
    const id = await trace(sent);
    if (id) return id;
    await forget();
    throw new Stop(NOT_DONE, 'the send was not made, as Dinari Cash does not list it: run this again to send');
  }
  console.log(`${method} ${made.TRANSACTION_SEND_AMOUNT} USD, fee ${made.SEND_FEE_TOTAL_AMOUNT} USD, \
payout balance ${made.PAYOUT_BALANCE_BEFORE_TRANSACTION} -> ${made.PAYOUT_BALANCE_AFTER_TRANSACTION}`);
  if (made.CARD_ACCOUNT_ID) {
    console.log(`card ${made.CARD_ACCOUNT_ID} ${made.RECIPIENT_CARD_NUMBER} ${made.RECIPIENT_CARD_EXPIRATION_DATE}`);
  }
  return made.TRANSACTION_ID;
}

/** Whether a refusal says that the balance fell all the same. */
const debited = (details) => details.PAYOUT_BALANCE_BEFORE_TRANSACTION !== details.PAYOUT_BALANCE_AFTER_TRANSACTION;

/** The id of a send that may or may not have been made. Nothing if it is not listed. */
async function trace({ order, since, known }) {
  const wanted = sum([order.amount]);
  for (let asked = 1; ; asked++) {
    let rows;
    try {
      rows = await cash.listTransactions({ DATETIME_START: since, TRANSACTION_DIRECTION: 'OUTGOING' });
    } catch (err) {
      throw new Stop(NOT_KNOWN, `nobody can say whether the send was made: ${explain(err)}; run this again, which asks before it sends`);
    }
    const found = rows.filter((row) => !known.includes(row.TRANSACTION_ID) && sum([row.TRANSACTION_SEND_AMOUNT]) === wanted);
    if (found.length === 1) return found[0].TRANSACTION_ID;
    if (found.length > 1) {
      throw new Stop(NOT_KNOWN, `${found.length} sends of ${order.amount} USD are listed since ${since}: see in the dashboard \
which is yours, and remove ${store}`);
    }
    if (asked === 3) return undefined;
    await sleep(interval); // it may still be on its way
  }
}

/** Waits for the end of a transaction. The list tells it; a webhook says when to ask. */
async function follow(id, inbox) {
  const deadline = Date.now() + patience;
  let last;
  for (let wait = interval; ; wait = Math.min(wait * 1.25, interval * 2.5)) {
    const now = await ask(id);
    if (now && now.TRANSACTION_STATUS !== last?.TRANSACTION_STATUS) {
      console.log(`${id} ${now.TRANSACTION_STATUS}`);
      last = now;
    }
    if (last && last.TRANSACTION_STATUS !== 'Initiated') break;
    const left = deadline - Date.now();
    if (left <= 0) {
      throw new Stop(NOT_KNOWN, `${id} has no end after ${patience / 1000} s: run this again to go on waiting`);
    }
    await (inbox ? inbox.wait(Math.min(wait, left)) : sleep(Math.min(wait, left)));
  }
  await forget();
  if (last.TRANSACTION_STATUS === 'Completed') return;
  const { PAYOUT_BALANCE } = await cash.balance();
  throw new Stop(NOT_DONE, `the send is ${last.TRANSACTION_STATUS}: ${last.GATEWAY_MESSAGE}; the payout balance is \
${PAYOUT_BALANCE} USD now, see what came back before you send again`);
}

/** A transaction as it is listed. Nothing while nobody answers. */
async function ask(id) {
  try {
    const [row] = await cash.listTransactions({ TRANSACTION_ID: id });
    return row;
  } catch (err) {
    if (!isRefusal(err) || err.status === 429) return undefined;
    throw new Stop(NOT_KNOWN, `nobody says what became of ${id}: ${explain(err)}`);
  }
}

/** Takes webhooks, if DINARICASH_WEBHOOK_PORT says where. */
async function listen() {
  if (!process.env.DINARICASH_WEBHOOK_PORT) return undefined;
  const key = need('DINARICASH_WEBHOOK_KEY');
  let told = false; // since it was waited for
  let wake = () => {};
  const server = createServer(async (request, response) => {
    const genuine = sameSecret(await webhookKey(request), key);
    response.writeHead(genuine ? 200 : 401, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ status: genuine ? 'success' : 'error' }));
    told ||= genuine;
    if (told) wake();
  });
  server.listen(Number(process.env.DINARICASH_WEBHOOK_PORT), '127.0.0.1');
  await once(server, 'listening');
  console.log(`webhooks go to http://127.0.0.1:${server.address().port}/`);
  return {
    /** Waits until a webhook comes, or a time is over. */
    async wait(ms) {
      const waiting = new AbortController();
      wake = () => waiting.abort();
      if (!told) await sleep(ms, undefined, { signal: waiting.signal }).catch(() => {});
      told = false;
    },
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** The WEBHOOK_KEY in a webhook, '' if there is none. */
async function webhookKey(request) {
  let text = '';
  for await (const chunk of request) {
    text += chunk;
    if (text.length > 65_536) return '';
  }
  if (!request.headers['content-type']?.startsWith('application/json')) return new URLSearchParams(text).get('WEBHOOK_KEY') ?? '';
  try {
    return JSON.parse(text).WEBHOOK_KEY ?? '';
  } catch {
    return '';
  }
}

// All else.

async function balance(...more) {
  if (more.length > 0) throw usage();
  const now = await cash.balance();
  const currency = now.ACCOUNT_CURRENCY_ISO3;
  console.log(`payout ${now.PAYOUT_BALANCE} ${currency}, float ${now.FLOAT_BALANCE} ${currency}, reserve ${now.RESERVE_BALANCE} ${currency}`);
}

async function list(...args) {
  for (const row of await cash.listTransactions(parameters(args))) {
    console.log(`${row.TRANSACTION_ID} ${row.TRANSACTION_DATETIME_CREATED} ${row.TRANSACTION_STATUS} \
${row.TRANSACTION_SEND_AMOUNT} ${row.TRANSACTION_CURRENCY_ISO3} ${row.GATEWAY_MESSAGE}`);
  }
}

async function cancel(id, ...more) {
  if (!id || more.length > 0) throw usage();
  let done;
  try {
    done = await cash.cancel(id);
  } catch (err) {
    const now = await ask(id); // it may be canceled all the same, now or before
    if (!now && !isRefusal(err)) {
      throw new Stop(NOT_KNOWN, `nobody can say whether ${id} is canceled: ${why(err)}; run this again`);
    }
    if (now?.TRANSACTION_STATUS !== 'Canceled') throw err;
    console.log(`${id} Canceled`);
    return;
  }
  console.log(`${id} ${done.TRANSACTION_STATUS}, fee ${done.CANCEL_FEE_TOTAL_AMOUNT} USD, \
payout balance ${done.PAYOUT_BALANCE_BEFORE_CANCEL} -> ${done.PAYOUT_BALANCE_AFTER_CANCEL}`);
}

async function cards(...more) {
  if (more.length > 0) throw usage();
  const { LIST_CARDS } = await cash.manageCards('GET_CARD_LIST');
  for (const id of LIST_CARDS) console.log(id);
}

const ACTIONS = { show: 'GET_CARD_DETAILS', pause: 'PAUSE_CARD', unpause: 'UNPAUSE_CARD', cancel: 'CANCEL_CARD' };

async function card(action, id, ...more) {
  if (!action || !Object.hasOwn(ACTIONS, action) || !id || more.length > 0) throw usage();
  let now;
  try {
    now = await cash.manageCards(ACTIONS[action], id);
  } catch (err) {
    // The first of two tries may have canceled it.
    if (action !== 'cancel' || !isRefusal(err) || !/canceled/i.test(err.reason)) throw err;
    now = await cash.manageCards('GET_CARD_DETAILS', id);
  }
  console.log(`${id} ${now.CARD_STATUS} ${now.CARD_BALANCE} ${now.CARD_CURRENCY_ISO3}`);
  for (const bought of now.LIST_TANSACTIONS) { // the provider's spelling
    console.log(`${bought.TRANSACTION_ID} ${bought.TRANSACTION_DATETIME_CREATED} ${bought.AMOUNT} ${bought.TRANSACTION_STATUS}`);
  }
}

/** An error as a user can act upon it. */
function explain(err) {
  if (!isRefusal(err)) return why(err);
  if (err.status === 429) return `${why(err)}: these are too many calls, wait a while before you run this again`;
  if (err.status === 401 || /^Invalid Corporate Account ID or Gateway API Key/.test(err.reason)) {
    return `${why(err)}: compare DINARICASH_ACCOUNT_ID and DINARICASH_API_KEY with the dashboard`;
  }
  if (/^(Missing|Invalid) [A-Z]/.test(err.reason)) return `Dinari Cash does not take these values: ${why(err)}`;
  if (/insufficient/i.test(err.message)) return `${why(err)}: top up the payout balance, or send less`;
  return why(err);
}

const why = (err) => `${err.message}${err.cause ? ` (${err.cause.message})` : ''}`;

try {
  await main();
} catch (err) {
  console.error(`dinaricash-cli: ${explain(err)}`);
  process.exitCode = err instanceof Stop ? err.code : NOT_DONE;
}
