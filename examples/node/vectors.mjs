// Checks the test vectors that `mockpay vectors usdtpayout` prints, read from
// stdin, with node:crypto alone: what is said to be valid must be what this file
// encrypts and signs itself, and nothing else may pass.

import { createCipheriv, createDecipheriv, createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';

const { credentials, now, requests, callbacks } = JSON.parse(readFileSync(0, 'utf8'));
const encryptionKey = Buffer.from(credentials.encryption_secret, 'base64url');
const hmacKey = Buffer.from(credentials.hmac_secret, 'base64url');

const hmac = (text) => createHmac('sha256', hmacKey).update(text).digest('hex');
const encode = (bytes) => bytes.toString('base64url');
const unpadded = (blob) => blob.replaceAll('=', '');

/** What a payload is encrypted to. */
function seal(iv, plaintext) {
  const cipher = createCipheriv('aes-256-gcm', encryptionKey, iv);
  const ciphertext = Buffer.concat([cipher.update(plaintext, 'utf8'), cipher.final()]);
  return [iv, cipher.getAuthTag(), ciphertext].map(encode).join(':');
}

/** What a blob decrypts to; throws if it does not. */
function unseal(blob) {
  const parts = blob.split(':');
  const [iv, tag, ciphertext] = parts.map((part) => Buffer.from(part, 'base64url'));
  if (parts.length !== 3 || iv.length !== 12 || tag.length !== 16) throw new Error('not iv:tag:ciphertext');
  const decipher = createDecipheriv('aes-256-gcm', encryptionKey, iv, { authTagLength: 16 }).setAuthTag(tag);
  return Buffer.concat([decipher.update(ciphertext), decipher.final()]).toString('utf8');
}

const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);
const isTime = (text) => /^\d+$/.test(text);

/** The code that a request is refused with before anybody looks at its payload, '' if it passes. */
function refusal(v) {
  const timestamp = v['x-timestamp'];
  if (!isTime(timestamp) || Math.abs(now - Number(timestamp)) > 300) return 'invalid_signature';
  const { data } = JSON.parse(v.body);
  if (typeof data !== 'string' || data === '') return 'bad_request';
  if (v['x-signature'].toLowerCase() !== hmac(`${timestamp}.${data}`)) return 'invalid_signature';
  try {
    return isObject(JSON.parse(unseal(data))) ? '' : 'bad_request';
  } catch {
    return 'bad_request';
  }
}

/** What login answers to a request that passes. */
function login(payload) {
  const { email, password } = JSON.parse(payload);
  if (!email || !password) return [400, 'validation_error'];
  return email === credentials.email && password === credentials.password ? [200, ''] : [401, 'unauthorized'];
}

/** What is wrong with the vector of a request. */
function* judgeRequest(v) {
  const code = refusal(v);
  const valid = code === '';
  if (valid !== v.valid) yield `valid is ${v.valid}, it is ${valid ? 'valid' : code}`;
  if (!valid) {
    const status = code === 'bad_request' ? 400 : 401;
    if (v.status !== status || v.code !== code) yield `the answer is ${v.status} ${v.code}, it must be ${status} ${code}`;
    return;
  }
  const blob = seal(Buffer.from(v.iv, 'hex'), v.plaintext);
  if (unpadded(v.blob) !== blob) yield `blob is ${v.blob}, it must be ${blob}`;
  const { data } = JSON.parse(v.body);
  if (data !== v.blob) yield 'data in body is another than blob';
  if (unseal(data) !== v.plaintext) yield `data in body decrypts to ${unseal(data)}`;
  const signature = hmac(`${v['x-timestamp']}.${v.blob}`);
  if (v['x-signature'].toLowerCase() !== signature) yield `x-signature is ${v['x-signature']}, it must be ${signature}`;
  const [status, answer] = login(v.plaintext);
  if (v.status !== status || v.code !== answer) yield `the answer is ${v.status} ${v.code}, it must be ${status} ${answer}`;
}

/** What is wrong with the vector of a callback. */
function* judgeCallback(v) {
  const timestamp = v['x-pontis-timestamp'];
  const fresh = isTime(timestamp) && now - Number(timestamp) <= 300;
  const valid = fresh && v['x-pontis-signature'] === `sha256=${hmac(`${timestamp}.${v.body}`)}`;
  if (valid !== v.valid) yield `valid is ${v.valid}, it is ${valid ? '' : 'not '}genuine`;
}

let differences = 0;
function check(kind, vectors, judge) {
  for (const v of vectors) {
    for (const difference of judge(v)) {
      console.log(`${kind} "${v.name}": ${difference}`);
      differences++;
    }
  }
  const valid = vectors.filter((v) => v.valid).length;
  if (valid === 0 || valid === vectors.length) {
    console.log(`${kind}: ${valid} of ${vectors.length} are valid, there must be some of either kind`);
    differences++;
  }
  console.log(`${vectors.length} ${kind}s, ${valid} of them valid`);
}

check('request', requests, judgeRequest);
check('callback', callbacks, judgeCallback);
console.log(differences === 0 ? 'ok' : `differences: ${differences}`);
process.exitCode = differences === 0 ? 0 : 1;
