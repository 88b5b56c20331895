import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { Registrations } from '../../../src/control/authorities/registrations.js';
import { type RevocationList, revocationList } from '../../../src/control/authorities/revocation-list.js';
import { Identities } from '../../../src/control/identity/identities.js';
import { certify, criticalExtension, revoke } from '../../support/certificate.js';
import { assertFailure } from '../../support/failure.js';
import { type ServerUnderTest, startServerUnderTest, TEST_BOX } from '../../support/server-under-test.js';

const factory = certify('factory');
let server: ServerUnderTest;
before(async () => {
  server = await startServerUnderTest();
});
after(() => server.close());

const add = (more: object = {}, headers = {}) =>
  server.call('POST', '/v1/authorities', { body: { tenant: 'acme', certificate: factory.cert, ...more }, headers });
const remove = (id: number) => server.call('DELETE', `/v1/authorities/${id}?tenant=acme`);
const setCrl = (id: number, crl: string) => server.call('PUT', `/v1/authorities/${id}/crl?tenant=acme`, { body: { crl } });
const ask = (authority: number, device: string) => server.plane.askIdentity({ kind: 'registration', authority, tenant: 'acme', device });

describe('authorities over the API', () => {
  test('are known to the gateways with what they revoke, listed, kept, and deleted', async () => {
    const made = await add({ device_class: 'pump' });
    assert.equal(made.status, 201, made.text);
    assert.deepEqual([made.body.names, made.body.registration, made.body.crl], [['cn:{device}'], false, null]);
    assertFailure(await add({ tenant: 'other' }), 409, 'authority_exists');
    const serial = new X509Certificate(certify('d', factory).cert).serialNumber;
    const changed = await setCrl(made.body.id, revoke(factory, [serial]));
    assert.equal(changed.status, 200, changed.text);
    assert.equal(changed.body.crl.revoked, 1);
    const news = server.plane.identity.at(-1);
    assert.ok(news?.subject === 'authorities' && news.tenant === 'acme');
    assert.deepEqual(news.authorities[0]?.revoked, [serial]);
    assert.deepEqual((await server.call('GET', '/v1/authorities?tenant=acme')).body.authorities, [changed.body]);
    const options = { database: server.database.control, box: TEST_BOX, publish: async () => {}, event: () => {} };
    const loaded = await Identities.load(options);
    const kept = await Identities.restore(options, structuredClone([...loaded.kept()]));
    assert.deepEqual(kept.authorities.of('acme'), loaded.authorities.of('acme'));
    assert.equal((await remove(made.body.id)).status, 200);
    assertFailure(await remove(made.body.id), 404, 'authority_unknown');
    assert.deepEqual(server.plane.identity.at(-1), { subject: 'authorities', tenant: 'acme', authorities: [] });
  });

  test('what could be misused is refused', async () => {
    for (const body of [
      { certificate: certify('d', factory).cert },
      { certificate: 'x' },
      { names: ['cn:{tenant}/{device}'] },
      { names: ['cn:x'] },
    ]) {
      assertFailure(await add(body), 400, 'body_invalid');
    }
    assertFailure(await add({ certificate: certify('old', undefined, -1).cert }), 400, 'body_invalid');
    const key = await server.call('POST', '/v1/keys', { body: { name: 'k', role: 'admin', tenant: 'acme' } });
    assertFailure(await add({}, { authorization: `Bearer ${key.body.key}` }), 403, 'scope_forbidden');
  });
});

describe('registration by certificate', () => {
  test('registers a device once, with its class, up to the limit, and only where it is on', async () => {
    const made = await add({ device_class: 'pump', registration: true, devices_max: 2 });
    const { id } = made.body;
    await Promise.all([ask(id, 'c-1'), ask(id, 'c-1')]);
    const [first] = [server.registry.get('acme', 'c-1')];
    assert.deepEqual([first?.deviceClass, first?.status], ['pump', 'active']);
    assert.equal(server.plane.published.filter((entry) => entry.id === 'c-1').length, 1);
    await Promise.all([ask(id, 'c-2'), ask(id, 'c-3'), ask(id, 'no/id')]);
    assert.equal(server.registry.count('acme'), 2);
    const { text } = await server.call('GET', '/metrics');
    assert.match(text, /spillway_certificate_registrations_total\{result="registered"\} 2/);
    await remove(id);
    await ask(id, 'c-4');
    assert.equal(server.registry.get('acme', 'c-4'), undefined);
  });

  test('says once a minute why a device is not registered', async () => {
    let nowMs = 0;
    const events: string[] = [];
    const authority = { id: 1, certificate: '', names: [], registers: true, deviceClass: null, devicesMax: 1, crl: null, createdAtMs: 0 };
    const { registry } = server;
    const event = (_: unknown, name: string) => void events.push(name);
    const registrations = new Registrations({ authorities: { of: () => [authority] }, registry, event, nowMs: () => nowMs });
    for (const device of ['e-1', 'e-2']) await registrations.register({ kind: 'registration', authority: 1, tenant: 'acme', device });
    nowMs = 60_000;
    await registrations.register({ kind: 'registration', authority: 1, tenant: 'acme', device: 'e-3' });
    assert.deepEqual(events, ['device-not-registered-by-certificate', 'device-not-registered-by-certificate']);
    assert.equal(registrations.counts.refused, 3);
  });
});

describe('revocation lists', () => {
  const authority = new X509Certificate(factory.cert);

  test('name serial numbers as certificates show them', () => {
    const serials = ['01', '0A0B', '7FFFFFFFFFFFFFFF'];
    const read = revocationList(revoke(factory, serials), authority);
    assert.ok(typeof read !== 'string', String(read));
    assert.deepEqual(read.serials, serials);
    assert.ok(read.nextUpdateMs! > Date.now());
    const long = revocationList(revoke(factory, ['00FF']), authority);
    assert.deepEqual((long as RevocationList).serials, ['FF']);
    assert.deepEqual((revocationList(revoke(factory, []), authority) as RevocationList).serials, []);
  });

  test('of others, damaged, or with a meaning that is not known are not taken', () => {
    assert.match(revocationList(revoke(certify('factory'), ['01']), authority) as string, /has not signed/);
    assert.match(revocationList(revoke(factory, ['01'], criticalExtension()), authority) as string, /critical extension/);
    assert.match(revocationList(factory.cert, authority) as string, /no revocation list/);
    const pem = revoke(factory, ['01', '02']);
    const read = revocationList(pem, authority);
    assert.equal(typeof read, 'object');
    const whole = Buffer.from(pem.split('-----')[2]!, 'base64');
    const pemOf = (bytes: Buffer) => `-----BEGIN X509 CRL-----\n${bytes.toString('base64')}\n-----END X509 CRL-----`;
    for (let end = 0; end < whole.length; end++) assert.equal(typeof revocationList(pemOf(whole.subarray(0, end)), authority), 'string');
    for (let at = 0; at < whole.length; at++) {
      const changed = Buffer.from(whole);
      changed[at]! ^= 0x15;
      const other = revocationList(pemOf(changed), authority);
      // What is around the signed part may change; what it says may not.
      if (typeof other !== 'string') assert.deepEqual(other, read, `byte ${at}`);
    }
  });
});
