import assert from 'node:assert/strict';
import { constants, createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { test } from 'node:test';
import { JWT_ALGORITHMS, type JwtKey, looksLikeJwt, verifyJwt } from '../../../src/contract/identity/jwt.js';

const NOW_MS = 1_800_000_000_000;
const EXP = NOW_MS / 1000 + 60;
const rules = { algorithms: JWT_ALGORITHMS };
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' });
const ed = generateKeyPairSync('ed25519');

const part = (value: unknown) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

function token(header: object, claims: unknown, key: KeyObject, hash: string | null, more: object = {}): string {
  const signed = `${part(header)}.${part(claims)}`;
  return `${signed}.${sign(hash, Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363', ...more }).toString('base64url')}`;
}

function keyOf(key: KeyObject, kid?: string, alg?: string): JwtKey {
  return { kid, alg, key };
}

const PSS = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
const good = (claims: object = {}, header: object = {}) =>
  token({ alg: 'ES256', ...header }, { exp: EXP, ...claims }, p256.privateKey, 'sha256');
const judged = (text: string, keys = [keyOf(p256.publicKey)], more: object = {}) => verifyJwt(text, keys, { ...rules, ...more }, NOW_MS);

test('signatures of every allowed algorithm are taken', () => {
  const cases = [
    ['RS256', rsa, 'sha256', {}],
    ['PS512', rsa, 'sha512', PSS],
    ['ES256', p256, 'sha256', {}],
    ['ES384', p384, 'sha384', {}],
    ['EdDSA', ed, null, {}],
  ] as const;
  for (const [alg, { publicKey, privateKey }, hash, more] of cases) {
    const verdict = judged(token({ alg }, { exp: EXP, sub: 'd' }, privateKey, hash, more), [keyOf(publicKey)]);
    assert.deepEqual(verdict, { kind: 'valid', claims: { exp: EXP, sub: 'd' }, expMs: EXP * 1000 }, alg);
  }
});

test('no signature, and a signature by a public key that is taken for a secret, are refused', () => {
  const spki = rsa.publicKey.export({ type: 'spki', format: 'pem' });
  const signed = `${part({ alg: 'HS256' })}.${part({ exp: EXP })}`;
  const hmac = createHmac('sha256', spki).update(signed).digest('base64url');
  for (const text of [
    `${signed}.${hmac}`,
    `${part({ alg: 'none' })}.${part({ exp: EXP })}.`,
    `${part({ alg: 'none' })}.${part({ exp: EXP })}.AA`,
  ]) {
    assert.equal(judged(text, [keyOf(rsa.publicKey)], { algorithms: [...JWT_ALGORITHMS, 'HS256', 'none'] }).kind, 'invalid', text);
  }
});

test('an algorithm that is not allowed, or does not fit the key, is refused', () => {
  assert.equal(judged(good(), undefined, { algorithms: ['RS256'] }).kind, 'invalid');
  assert.equal(judged(good(), [keyOf(p256.publicKey, undefined, 'ES384')]).kind, 'invalid');
  assert.equal(judged(token({ alg: 'ES256' }, { exp: EXP }, p384.privateKey, 'sha256'), [keyOf(p384.publicKey)]).kind, 'invalid');
  const small = generateKeyPairSync('rsa', { modulusLength: 1024 });
  assert.equal(judged(token({ alg: 'RS256' }, { exp: EXP }, small.privateKey, 'sha256'), [keyOf(small.publicKey)]).kind, 'invalid');
});

test('claims hold now, for this issuer and audience', () => {
  const seconds = NOW_MS / 1000;
  for (const claims of [{ exp: seconds }, { exp: '9999999999' }, { exp: undefined }, { nbf: seconds + 31 }, { nbf: 'now' }]) {
    assert.equal(judged(good(claims)).kind, 'invalid', JSON.stringify(claims));
  }
  assert.equal(judged(good({ nbf: seconds + 29 })).kind, 'valid');
  const wanted = { issuer: 'us', audience: 'spillway' };
  assert.equal(judged(good({ iss: 'us', aud: ['x', 'spillway'] }), undefined, wanted).kind, 'valid');
  assert.equal(judged(good({ iss: 'us', aud: 'spillway2' }), undefined, wanted).kind, 'invalid');
  assert.equal(judged(good({ aud: 'spillway' }), undefined, wanted).kind, 'invalid');
});

test('the key is the one that the token names', () => {
  const named = good({}, { kid: 'b' });
  assert.equal(judged(named, [keyOf(p256.publicKey, 'b')]).kind, 'valid');
  assert.deepEqual(judged(named, [keyOf(p256.publicKey, 'a')]), { kind: 'key-unknown', kid: 'b' });
  assert.equal(judged(good({}, { kid: 'a' }), [keyOf(p384.publicKey, 'a'), keyOf(p256.publicKey, 'b')]).kind, 'invalid');
});

test('a token that is damaged in any character, or of another form, is refused', () => {
  const text = good();
  for (let at = 0; at < text.length; at++) {
    const other = text[at] === 'A' ? 'B' : 'A';
    // The last character of base64 has bits that say nothing.
    if (at === text.length - 1) continue;
    assert.equal(judged(text.slice(0, at) + other + text.slice(at + 1)).kind, 'invalid', String(at));
    assert.notEqual(judged(text.slice(0, at)).kind, 'valid');
  }
  assert.equal(judged(good({}, { crit: ['exp'] })).kind, 'invalid');
  assert.equal(judged(token({ alg: 'ES256' }, '[]', p256.privateKey, 'sha256')).kind, 'invalid');
  assert.equal(judged(good({ pad: 'x'.repeat(9000) })).kind, 'invalid');
  assert.equal(looksLikeJwt(text), true);
  assert.equal(looksLikeJwt('sps_a.b.c'), false);
});
