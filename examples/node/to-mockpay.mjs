// Has connections to the providers' hosts go elsewhere, to a mockpay by default, while
// the program names the hosts as ever and its requests have them in the Host header:
//
//	node --import ./examples/node/to-mockpay.mjs program.mjs
//
// The program must ask by http://, as the connections are not encrypted. MOCKPAY_AT
// is where they go, 127.0.0.1:4402 if it says nothing.

import net from 'node:net';

const HOSTS = [
  'dinardragon.com', 'sandbox.dinaricash.com', 'production.dinaricash.com',
  'sandbox.pontisglobe.com', 'api.pontisglobe.com', 'api.heydollr.app',
];
const [, host, port] = /^(.+):(\d+)$/.exec(process.env.MOCKPAY_AT || '127.0.0.1:4402');

// fetch, node:http and what is built on them open their connections with these.
for (const name of ['connect', 'createConnection']) {
  const open = net[name];
  net[name] = (to, ...more) => open(HOSTS.includes(to?.host) ? { ...to, host, port: Number(port) } : to, ...more);
}
