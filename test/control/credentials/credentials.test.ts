import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { after, before, test } from 'node:test';
import { SecretBox } from '../../../src/contract/secret-box.js';
import { Identities } from '../../../src/control/identity/identities.js';
import { certify } from '../../support/certificate.js';
import { assertFailure } from '../../support/failure.js';
import { type ServerUnderTest, startServerUnderTest, TEST_BOX, TOKEN } from '../../support/server-under-test.js';

let server: ServerUnderTest;
let number: number;
const path = '/v1/devices/d1/credentials?tenant=acme';
before(async () => {
  server = await startServerUnderTest();
  const made = await server.call('POST', '/v1/devices', { body: { device_id: 'd1', tenant: 'acme', token: TOKEN } });
  number = made.body.number;
});
after(() => server.close());

async function make(body: object) {
  const made = await server.call('POST', path, { body });
  assert.equal(made.status, 201, made.text);
  return made.body;
}

async function revoke(id: number): Promise<void> {
  const revoked = await server.call('DELETE', `/v1/devices/d1/credentials/${id}?tenant=acme`);
  assert.deepEqual([revoked.status, revoked.body], [200, { device_id: 'd1', tenant: 'acme', id, revoked: true }]);
}

const post = (token: string) =>
  server.call('POST', '/v1/ingest/d1?tenant=acme', { body: { v: 1 }, headers: { authorization: `Bearer ${token}` } });

test('a key is shown once, sealed in the database, and known to the gateways', async () => {
  const made = await make({ type: 'psk', key: 'correct horse' });
  assert.deepEqual([made.identity, made.key, made.key_hex], ['acme/d1', 'correct horse', Buffer.from('correct horse').toString('hex')]);
  const news = server.plane.identity.at(-1);
  assert.ok(news?.subject === 'credentials' && news.device === number);
  const [entry] = news.credentials;
  assert.ok(entry?.type === 'psk');
  assert.equal(Buffer.from(entry.key).toString(), 'correct horse');
  const listed = await server.call('GET', path);
  assert.deepEqual(Object.keys(listed.body.credentials[0]), ['id', 'type', 'not_before', 'expires_at', 'created_at']);
  const rows = await server.database.control.run((sql) => sql`select row_to_json(c)::text as row from device_credentials c`);
  assert.ok(!rows[0]?.row.includes(Buffer.from('correct horse').toString('hex')));
  await revoke(made.id);
  assert.deepEqual(server.plane.identity.at(-1), { subject: 'credentials', device: number, credentials: [] });
});

test('a key that was sealed with another secrets key is reported and not used', async () => {
  const made = await make({ type: 'psk' });
  assert.match(made.key, /^[0-9a-f]{32}$/);
  const events: string[] = [];
  const options = { database: server.database.control, publish: async () => {}, event: (_: unknown, name: string) => events.push(name) };
  const other = await Identities.load({ ...options, box: new SecretBox(Buffer.alloc(32, 8)) });
  assert.deepEqual(events, ['credential-not-readable']);
  assert.deepEqual(other.credentials.known.pskOf(number, Date.now()), []);
  const same = await Identities.load({ ...options, box: TEST_BOX });
  assert.equal(same.credentials.known.pskOf(number, Date.now()).length, 1);
  const kept = await Identities.restore({ ...options, box: TEST_BOX }, structuredClone([...same.kept()]));
  assert.equal(Buffer.from(kept.credentials.known.pskOf(number, Date.now())[0]!.key).toString(), made.key);
  await revoke(made.id);
});

test('a further token lets the device post until it is revoked', async () => {
  const made = await make({ type: 'token' });
  assert.equal((await post(made.token)).status, 202);
  assert.equal((await post(TOKEN)).status, 202);
  await revoke(made.id);
  assertFailure(await post(made.token), 401, 'credentials_invalid');
  const past = await make({ type: 'token', token: 'a-token-of-the-past', expires_at: '2020-01-01T00:00:00Z' });
  assertFailure(await post('a-token-of-the-past'), 401, 'credentials_invalid');
  await revoke(past.id);
});

test('a certificate says who one device is', async () => {
  const { cert } = certify('d1');
  const made = await make({ type: 'x509', certificate: cert });
  assert.match(made.fingerprint, /^[0-9a-f]{64}$/);
  assert.equal(made.certificate.subject, 'CN=d1');
  assertFailure(await server.call('POST', path, { body: { type: 'x509', fingerprint: made.fingerprint } }), 409, 'credential_exists');
  await revoke(made.id);
  const again = await make({ type: 'x509', fingerprint: made.fingerprint.toUpperCase().match(/../g).join(':') });
  assert.equal(again.fingerprint, made.fingerprint);
  await revoke(again.id);
});

test('what is asked for is checked', async () => {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const jwt = await make({ type: 'jwt', public_key: publicKey.export({ format: 'pem', type: 'spki' }) });
  assert.equal(jwt.public_key.kty, 'EC');
  await revoke(jwt.id);
  for (const body of [
    { type: 'jwt', public_key: privateKey.export({ format: 'pem', type: 'pkcs8' }) },
    { type: 'jwt', public_key: privateKey.export({ format: 'jwk' }) },
    { type: 'jwt', public_key: { kty: 'oct', k: 'AAAA' } },
    { type: 'psk', key: 'short' },
    { type: 'psk', key: 'long-enough', key_hex: '0011223344556677' },
    { type: 'x509' },
    { type: 'x509', fingerprint: 'abc' },
    { type: 'x509', certificate: '-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----' },
    { type: 'token', not_before: '2030-01-02T00:00:00Z', expires_at: '2030-01-01T00:00:00Z' },
    { type: 'token', expires_at: 'tomorrow' },
    { type: 'password' },
  ]) {
    assertFailure(await server.call('POST', path, { body }), 400, 'body_invalid');
  }
  assertFailure(await server.call('DELETE', '/v1/devices/d1/credentials/99?tenant=acme'), 404, 'credential_unknown');
  assertFailure(await server.call('GET', '/v1/devices/d9/credentials?tenant=acme'), 404, 'device_unknown');
});
