// Pays to bank accounts through Dinar Dragon, and waits until each payment is there
// or has failed. See README.md.

import { open, readFile, rm } from 'node:fs/promises';
import { createInterface } from 'node:readline/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { DinarDragon, FAILED, isRefusal, PAID, PROCESSING } from './dinardragon.mjs';
import { sum } from './exact.mjs';

/** An end that is not a payout which was paid, with the exit code that tells which. */
class Stop extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}
const NOT_PAID = 1;
const WRONG_USAGE = 2;
const NOT_KNOWN = 3;

const env = (name, otherwise) => process.env[name] || otherwise;
const seconds = (name, otherwise) => Number(env(name, otherwise)) * 1000; // in ms

let dragon; // the client
const patience = seconds('DINARDRAGON_TIMEOUT', '900');
const interval = seconds('DINARDRAGON_POLL', '2'); // between two questions

/** Where a payout is kept from before it is executed until its end is known. */
const store = env('DINARDRAGON_STORE', 'dinardragon-payout.json');

async function main() {
  const [file, option, more] = process.argv.slice(2);
  if (!file || (option && option !== '--ask') || more) {
    throw new Stop(WRONG_USAGE, 'usage: node dinardragon-payout.mjs PAYMENTS.json [--ask]');
  }
  const privateKey = env('DINARDRAGON_PRIVATE_KEY', '');
  if (!privateKey) throw new Stop(WRONG_USAGE, 'DINARDRAGON_PRIVATE_KEY is not set');
  dragon = new DinarDragon({
    baseURL: env('DINARDRAGON_BASE_URL', 'https://dinardragon.com'),
    privateKey,
    retryAfter: interval,
    answerWithin: seconds('DINARDRAGON_ANSWER', '30'),
  });

  const payments = await readPayments(file);
  let payout = await recall(payments);
  if (!payout) payout = await quote(payments, option === '--ask');
  if (!payout.payment_id) payout = await execute(payout);
  await follow(payout);
}

/** Whom to pay, out of a file. */
async function readPayments(file) {
  let payments;
  try {
    payments = JSON.parse(await readFile(file, 'utf8'));
  } catch (err) {
    throw new Stop(WRONG_USAGE, `${file}: ${err.message}`);
  }
  if (!Array.isArray(payments) || payments.length === 0) throw new Stop(WRONG_USAGE, `${file} is no list of payments`);
  return payments.map(({ acc, amount, bank, country, recipientname }, i) => {
    const wrong = (what) => new Stop(WRONG_USAGE, `${file}: payment ${i + 1}: ${what}`);
    if (typeof acc !== 'string' || !/^[1-9]\d*$/.test(acc)) throw wrong('acc must be a text of digits, the first of them no 0');
    if (typeof amount !== 'string' || !/^(0|[1-9]\d*)(\.\d+)?$/.test(amount)) throw wrong('amount must be a text like "50.00"');
    for (const [name, text] of Object.entries({ bank, country, recipientname })) {
      if (typeof text !== 'string' || text === '') throw wrong(`${name} is missing`);
    }
    return { acc, amount, bank, country, recipientname };
  });
}

/** What an earlier run has left behind before it knew the end. */
async function recall(payments) {
  let left;
  try {
    left = JSON.parse(await readFile(store, 'utf8'));
  } catch (err) {
    if (err.code === 'ENOENT') return undefined;
    throw err;
  }
  if (JSON.stringify(left.payments) !== JSON.stringify(payments)) {
    throw new Stop(WRONG_USAGE, `${store} holds another payout that has no end yet: finish that one, or set DINARDRAGON_STORE`);
  }
  console.log(`${left.payment_id ?? left.authcode} is from an earlier run`);
  return { ...left, unclear: true };
}

async function keep({ unclear, ...payout }) {
  const file = await open(store, 'w', 0o600);
  await file.writeFile(JSON.stringify(payout));
  await file.sync();
  await file.close();
}

const forget = () => rm(store, { force: true });

/** Step 1: what the payout costs, and a code, which is stored before it is executed. */
async function quote(payments, ask) {
  const { authcode, charge_in_usd } = await dragon.getAuthcode(payments);
  const count = payments.length === 1 ? '1 payment' : `${payments.length} payments`;
  console.log(`${count} of ${sum(payments.map(({ amount }) => amount))} USD, charge ${charge_in_usd} USD`);
  if (ask && !(await agreed())) throw new Stop(NOT_PAID, 'nothing was paid');
  const payout = { payments, charge_in_usd, authcode };
  await keep(payout);
  return payout;
}

async function agreed() {
  const terminal = createInterface({ input: process.stdin });
  console.log('pay? yes or no');
  const { value } = await terminal[Symbol.asyncIterator]().next();
  terminal.close();
  return value === 'yes';
}

/**
 * Step 2. A code is executed once, so that it may be tried again when an answer was
 * lost. What is refused then may have been done the first time.
 */
async function execute(payout) {
  for (let tries = 1; ; tries++) {
    try {
      const { payment_id, accounts } = await dragon.execute(payout.authcode);
      const made = { ...payout, payment_id, uniqueids: accounts.map(({ uniqueid }) => uniqueid) };
      await keep(made);
      console.log(`payout ${payment_id}`);
      return made;
    } catch (err) {
      if (isRefusal(err) && err.code !== 429) payout = await afterRefusal(payout, err, tries);
      else if (tries > 3) await giveUp(payout, err);
      else {
        console.log(`the execution has no clear answer: ${why(err)}`);
        payout.unclear ||= !isRefusal(err);
        await sleep(interval * 2 ** (tries - 1));
      }
    }
  }
}

/** What to execute after a refusal: another code if this one has expired unused. */
async function afterRefusal(payout, err, tries) {
  if (/already used/i.test(err.reason)) {
    throw new Stop(NOT_KNOWN, `the payout was executed, and the answer with its ids was lost: see on the dashboard what \
becomes of it, do not pay it again, and remove ${store}`);
  }
  if (payout.unclear) {
    throw new Stop(NOT_KNOWN, `nobody can say whether the payout was executed: ${why(err)}; look for it on the dashboard, \
then remove ${store}, and run this again only if it is not there`);
  }
  await forget(); // a refusal leaves nothing behind
  if (!/expired/i.test(err.reason) || tries > 3) throw err;
  console.log('the code has expired, here is another');
  const next = await quote(payout.payments, false);
  if (next.charge_in_usd === payout.charge_in_usd) return next;
  await forget();
  throw new Stop(NOT_PAID, `the charge was ${payout.charge_in_usd} USD and is ${next.charge_in_usd} USD now: run this again if \
that is right. Nothing was paid`);
}

async function giveUp(payout, err) {
  if (payout.unclear || !isRefusal(err)) {
    throw new Stop(NOT_KNOWN, `nobody can say whether the payout was executed: ${explain(err)}; run this again within \
15 minutes, which does not pay twice`);
  }
  await forget();
  throw err;
}

const WORDS = { [PROCESSING]: 'processing', [PAID]: 'paid', [FAILED]: 'failed' };

/** Step 3: waits for the end of each payment. */
async function follow(payout) {
  const deadline = Date.now() + patience;
  let last = [];
  for (let wait = interval; ; wait = Math.min(wait * 1.25, interval * 2.5)) {
    const now = (await ask(payout)) ?? last;
    now.forEach((status, i) => {
      const { recipientname, amount } = payout.payments[i];
      if (status !== last[i]) console.log(`${payout.uniqueids[i]} ${recipientname} ${amount} USD ${WORDS[status]}`);
    });
    last = now;
    if (last.length > 0 && !last.includes(PROCESSING)) break;
    if (Date.now() > deadline) {
      throw new Stop(NOT_KNOWN, `payout ${payout.payment_id} has no end after ${patience / 1000} s: run this again to go on waiting`);
    }
    await sleep(wait);
  }
  await forget();
  const failed = payout.payments.filter((_, i) => last[i] === FAILED);
  if (failed.length === 0) return;
  throw new Stop(NOT_PAID, `${failed.length} of ${last.length} payments failed, ${sum(failed.map(({ amount }) => amount))} USD are \
back on the dashboard balance: ask who is paid for another account, and pay only those again`);
}

/** The status of each payment, in their order. Nothing while nobody answers. */
async function ask({ payment_id, uniqueids }) {
  let payments;
  try {
    payments = await dragon.getStatus(payment_id);
  } catch (err) {
    if (!isRefusal(err) || err.code === 429) return undefined;
    throw new Stop(NOT_KNOWN, `payout ${payment_id} was executed, and nobody says what became of it: ${explain(err)}`);
  }
  return uniqueids.map((id) => payments.find(({ uniqueid }) => uniqueid === id)?.status ?? PROCESSING);
}

/** An error as a user can act upon it. */
function explain(err) {
  if (!isRefusal(err)) return why(err);
  if (err.code === 429) return `${why(err)}: these are too many calls, wait a while before you run this again`;
  if (/balance/i.test(err.reason)) return `${why(err)} Top it up, or pay less`;
  if (/key/i.test(err.reason) || err.code === 401) return `${why(err)} Compare DINARDRAGON_PRIVATE_KEY with the dashboard`;
  return `Dinar Dragon does not take this: ${why(err)}`;
}

const why = (err) => `${err.message}${err.cause ? ` (${err.cause.message})` : ''}`;

try {
  await main();
} catch (err) {
  console.error(`dinardragon-payout: ${explain(err)}`);
  process.exitCode = err instanceof Stop ? err.code : NOT_PAID;
}
