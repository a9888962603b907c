// Pays somebody by mobile money, and waits until it is there or has failed. See
// README.md.

import { randomUUID } from 'node:crypto';
import { open, readFile, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { Dollr, isRefusal } from './dollr.mjs';

/** An end that is not COMPLETED, with the exit code that tells which. */
class Stop extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}
const NOT_PAID = 1;
const WRONG_USAGE = 2;
const NOT_KNOWN = 3;

function need(name) {
  if (!process.env[name]) throw new Stop(WRONG_USAGE, `${name} is not set`);
  return process.env[name];
}
const env = (name, otherwise) => process.env[name] || otherwise;
const seconds = (name, otherwise) => Number(env(name, otherwise)) * 1000; // in ms

let dollr; // the client
const patience = seconds('DOLLR_TIMEOUT', '300');
const interval = seconds('DOLLR_POLL', '2'); // between two questions for the status

/** Where a payout is kept from before it is executed until its end is known. */
const store = env('DOLLR_STORE', 'dollr-payout.json');

async function main() {
  const [name, phone, amount, currency = 'USD'] = process.argv.slice(2);
  if (!amount) throw new Stop(WRONG_USAGE, 'usage: node dollr-payout.mjs NAME PHONE AMOUNT [CURRENCY]');
  dollr = new Dollr({
    baseURL: env('DOLLR_BASE_URL', 'https://api.heydollr.app'),
    clientId: need('DOLLR_CLIENT_ID'),
    clientSecret: need('DOLLR_CLIENT_SECRET'),
  });
  const passcode = { phone: need('DOLLR_PASSCODE_PHONE'), code: need('DOLLR_PASSCODE') };
  const order = { name, phone, amount, currency };

  let payout = await recall(order);
  let now = payout && (await trace(payout.reference_id));
  const account = payout?.payout_account_id ?? (await register(order));
  for (let tries = 1; !now; tries++) {
    if (tries > 3) throw new Stop(NOT_PAID, 'Dollr gave no clear answer three times, and paid nothing');
    payout = await begin(order, account);
    now = await execute(payout, passcode);
  }
  await follow(payout.reference_id, now);
}

/** What an earlier run has left behind before it knew the end. */
async function recall(order) {
  let left;
  try {
    left = JSON.parse(await readFile(store, 'utf8'));
  } catch (err) {
    if (err.code === 'ENOENT') return undefined;
    throw err;
  }
  if (JSON.stringify(left.order) !== JSON.stringify(order)) {
    throw new Stop(WRONG_USAGE, `${store} holds a payout to ${left.order.name} that has no end yet: \
finish that one, or set DOLLR_STORE`);
  }
  console.log(`${left.reference_id} is from an earlier run`);
  return left;
}

/** Tells Dollr who is paid and where, and returns the id of the payment account. */
async function register({ name, phone, amount, currency }) {
  const operator = await dollr.predictOperator(phone);
  const route = { payment_method: operator.payment_method, provider: operator.gateway_provider };
  const cost = await dollr.predictPayout({
    ...route, base_amount: amount, base_currency: currency, target_currency: currency, fee_bearer: 'PAYER',
  });
  console.log(`${operator.payment_method}: ${cost.payee_amount} ${cost.payee_currency} for ${cost.payer_amount} ${cost.payer_currency}`);

  const party = await dollr.createParty({ fullname: name, phone, country_code: operator.country });
  await dollr.createCounterparty({ relationship_type: 'BENEFICIARY', party_id: party.id });
  const account = await dollr.createPayoutAccount({
    account_name: `${name}, mobile`,
    provider: route.provider,
    method: route.payment_method,
    party_id: party.id,
    country_code: operator.country,
    insensitive_account_number: phone,
  });
  return account.id;
}

/** A session and a key of its own, stored before anything is executed with them. */
async function begin(order, account) {
  const session = await dollr.createPayoutSession({
    payout_account_id: account, amount: Number(order.amount), currency: order.currency,
  });
  const payout = { order, payout_account_id: account, session_id: session.id, reference_id: randomUUID() };
  const file = await open(store, 'w', 0o600);
  await file.writeFile(JSON.stringify(payout));
  await file.sync();
  await file.close();
  return payout;
}

const forget = () => rm(store, { force: true });

const FORBIDDEN_TO_EXECUTE = `the passcode is wrong, or the merchant may not pay out; compare DOLLR_PASSCODE and \
DOLLR_PASSCODE_PHONE with the portal. Nothing was paid`;

/** Executes a payout. Returns nothing if Dollr does not know of it. */
async function execute(payout, token) {
  const key = payout.reference_id;
  try {
    return await dollr.payout({
      session_id: String(payout.session_id),
      payout_account_id: String(payout.payout_account_id),
      reference_id: key,
      passcode: {
        token,
        device: {
          name: hostname(),
          type: 'SERVER',
          platform: 'NODE',
          user_agent: 'dollr-payout/1.0',
          client_ip: env('DOLLR_CLIENT_IP', '127.0.0.1'),
        },
      },
    });
  } catch (err) {
    if (isRefusal(err)) {
      await forget(); // a refusal leaves nothing behind
      throw err.status === 403 ? new Stop(NOT_PAID, `${err.message}: ${FORBIDDEN_TO_EXECUTE}`) : err;
    }
    console.log(`${key} has no clear answer: ${why(err)}`);
    return trace(key);
  }
}

/**
 * What became of a payout that may or may not have been made. Nothing if Dollr does
 * not know of it, or it has FAILED: then, and only then, another is safe.
 */
async function trace(key) {
  for (let asked = 1; ; asked++) {
    const now = await ask(key);
    if (now?.status === 'FAILED') return null;
    if (now || asked === 3) return now;
    await sleep(interval); // it may still be on its way
  }
}

async function ask(key) {
  try {
    return await dollr.payoutStatus(key);
  } catch (err) {
    throw new Stop(NOT_KNOWN, `nobody can say what became of ${key}: ${explain(err)}; run this again to ask once more`);
  }
}

/** Waits for the end of a payout. */
async function follow(key, now) {
  const deadline = Date.now() + patience;
  let last;
  for (let wait = interval; ; wait = Math.min(wait * 1.25, interval * 2.5)) {
    if (now.status !== last) console.log(`${key} ${now.status}`);
    last = now.status;
    if (last === 'COMPLETED' || last === 'FAILED') break;
    if (Date.now() > deadline) {
      throw new Stop(NOT_KNOWN, `${key} is still ${last} after ${patience / 1000} s and may yet be paid: \
do not pay otherwise, run this again to go on waiting`);
    }
    await sleep(wait);
    now = (await ask(key)) ?? now;
  }
  await forget();
  if (last === 'COMPLETED') return;
  const reason = now.wallet_message ?? now.gateway_message ?? 'no reason given';
  const advice = now.wallet_message ? 'top up the wallet' : 'ask who is paid, or their operator';
  throw new Stop(NOT_PAID, `the payout has FAILED: ${reason}; ${advice} before you run this again`);
}

/** An error as a user can act upon it. */
function explain(err) {
  switch (err.status) {
    case 401:
      return `${why(err)}: compare DOLLR_CLIENT_ID and DOLLR_CLIENT_SECRET with the portal`;
    case 403:
      return `${why(err)}: the merchant is not verified for payouts yet, see to it in the portal`;
    case 422:
      return `Dollr does not take these values: ${why(err)}`;
    case 429:
      return `${why(err)}: these are too many calls, wait a while before you run this again`;
  }
  return why(err);
}

const why = (err) => `${err.message}${err.cause ? ` (${err.cause.message})` : ''}`;

try {
  await main();
} catch (err) {
  console.error(`dollr-payout: ${explain(err)}`);
  process.exitCode = err instanceof Stop ? err.code : NOT_PAID;
}
