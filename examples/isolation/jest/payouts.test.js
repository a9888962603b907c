const http = require('node:http');

const MOCKPAY = process.env.MOCKPAY_URL ?? 'http://127.0.0.1:4402';

// workspace makes a world of its own, with credentials, balances, clock, journal
// and webhooks. Its ttl removes it when it was unused for that long.
async function workspace(spec = {}) {
  const control = async (method, path, body, id = 'default') => {
    const answer = await fetch(`${MOCKPAY}/_mockpay/${path}?workspace=${id}`, { method, body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`${method} ${path}: ${await answer.text()}`);
    return answer.json();
  };
  const { id, providers } = await control('POST', 'workspaces', { ttl: '10m', ...spec });
  await control('POST', 'clock', { freeze: true }, id);
  return {
    providers,
    advance: (by) => control('POST', 'clock', { advance: by }, id),
    setBalance: (amount) => control('PATCH', 'balances', { dinardragon: { USD: amount } }, id),
    balance: async () => (await control('GET', 'balances', undefined, id)).dinardragon.USD,
    sendWebhooksTo: (url) => control('PUT', 'webhook-endpoints/dinaricash', { url }, id),
  };
}

// payOut is your code: it pays 50 dollars by Dinar Dragon.
async function payOut({ dinardragon: { base_url: url, credentials } }) {
  const post = (path, body) => fetch(url + path, {
    method: 'POST', headers: { Authorization: credentials.private_key }, body: JSON.stringify(body),
  });
  const account = { acc: 123456789, amount: 50, bank: 'somebank', country: 'US', recipientname: 'somename' };
  const quote = await post('/get-authcode', { amount: 50, accounts: [account] });
  const { authcode } = await quote.json();
  return authcode ? (await post('/execute', { authcode })).status : quote.status;
}

// send is your code: it sends 300 dollars by Dinari Cash.
async function send({ dinaricash: { base_url: url, credentials } }) {
  const answer = await fetch(url + '/send-money', {
    method: 'POST',
    body: new URLSearchParams({
      CORPORATE_ACCOUNT_ID: credentials.corporate_account_id, GATEWAY_API_KEY: credentials.gateway_api_key,
      SEND_METHOD: 'ZELLE', SEND_CURRENCY_ISO3: 'USD', SEND_AMOUNT: '300', RECIPIENT_ZELLE_ADDRESS: 'ssmith@example.com',
    }),
  });
  return answer.status;
}

// receiver is your application: it takes webhooks, and next() is the next one.
async function receiver() {
  const waiting = [], came = [];
  const server = http.createServer(async (req, res) => {
    let body = '';
    for await (const part of req) body += part;
    res.end();
    came.push(new URLSearchParams(body).get('TRANSACTION_STATUS'));
    if (waiting.length) waiting.shift()(came.shift());
  });
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  return {
    url: `http://127.0.0.1:${server.address().port}/`,
    next: () => (came.length ? came.shift() : new Promise((comes) => waiting.push(comes))),
    close: () => server.close(),
  };
}

test.concurrent('a failed payout is refunded', async () => {
  const w = await workspace({ scenario: 'failed-payment-refund' });
  expect(await payOut(w.providers)).toBe(200);
  expect(await w.balance()).toBe('9948.75');
  await w.advance('5s');
  expect(await w.balance()).toBe('9998.75');
});

test.concurrent('a payout without funds is refused', async () => {
  const w = await workspace();
  await w.setBalance('5');
  expect(await payOut(w.providers)).toBe(403);
  expect(await w.balance()).toBe('5');
});

test.concurrent('a send is told', async () => {
  const w = await workspace();
  const app = await receiver();
  await w.sendWebhooksTo(app.url);
  expect(await send(w.providers)).toBe(200);
  expect(await app.next()).toBe('INITIATED');
  await w.advance('5s');
  expect(await app.next()).toBe('COMPLETED');
  app.close();
});
