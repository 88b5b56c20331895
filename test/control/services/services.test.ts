import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { hashSecret } from '../../../src/contract/identity/service.js';
import { Services } from '../../../src/gateway/services.js';
import { assertFailure } from '../../support/failure.js';
import { type ServerUnderTest, startServerUnderTest } from '../../support/server-under-test.js';

let server: ServerUnderTest;
before(async () => {
  server = await startServerUnderTest();
});
after(() => server.close());

test('a service client is made, known to the gateways by its secret, listed without it, and deleted', async () => {
  const made = await server.call('POST', '/v1/services', { body: { name: 'dashboard', tenant: 'acme' } });
  assert.equal(made.status, 201, made.text);
  const { secret, username } = made.body;
  assert.match(secret, /^sps_[\w-]{32}$/);
  assert.equal(username, 'acme/dashboard');
  const news = server.plane.identity.at(-1);
  assert.ok(news?.subject === 'services');
  assert.deepEqual(news.services[0]?.secretHash, new Uint8Array(hashSecret('acme', 'dashboard', secret)));
  const listed = await server.call('GET', '/v1/services?tenant=acme');
  assert.deepEqual(Object.keys(listed.body.services[0]), ['tenant', 'name', 'created_at']);
  assertFailure(await server.call('POST', '/v1/services', { body: { name: 'dashboard', tenant: 'acme' } }), 409, 'service_client_exists');
  const allowed = { tenant: 'acme', subject: 'service:dashboard', action: 'subscribe', filter: 'devices/#' };
  assert.equal((await server.call('POST', '/v1/acl', { body: allowed })).status, 201);
  const question = { tenant: 'acme', service: 'dashboard', action: 'subscribe', topic: 'devices/#' };
  assert.equal((await server.call('POST', '/v1/acl/check', { body: question })).body.allowed, true);
  assert.equal((await server.call('DELETE', '/v1/services/dashboard?tenant=acme')).status, 200);
  assert.deepEqual(server.plane.identity.at(-1), { subject: 'services', tenant: 'acme', services: [] });
  assertFailure(await server.call('DELETE', '/v1/services/dashboard?tenant=acme'), 404, 'service_client_unknown');
  assertFailure(await server.call('POST', '/v1/services', { body: { name: 'a/b' } }), 400, 'body_invalid');
});

test('a gateway knows a service client by its user name and its secret alone', () => {
  const services = new Services();
  const entry = (tenant: string, id: number, secret: string) => ({ id, name: 'app', secretHash: hashSecret(tenant, 'app', secret) });
  services.set('default', [entry('default', 1, 'sps_one')]);
  services.set('acme', [entry('acme', 2, 'sps_two')]);
  assert.deepEqual(services.find('app', Buffer.from('sps_one')), { tenant: 'default', id: 1, name: 'app' });
  assert.deepEqual(services.find('acme/app', Buffer.from('sps_two')), { tenant: 'acme', id: 2, name: 'app' });
  for (const [user, secret] of [
    ['app', 'sps_two'],
    ['acme/app', 'sps_one'],
    ['acme', 'sps_two'],
    [undefined, 'sps_one'],
    ['', ''],
  ] as const) {
    assert.equal(services.find(user, Buffer.from(secret)), undefined);
  }
  assert.equal(services.isSecret(Buffer.from('sps_one')), true);
  assert.equal(services.isSecret(Buffer.from('token')), false);
  assert.deepEqual(services.set('acme', [entry('acme', 3, 'sps_two')]), [2]);
  assert.deepEqual(services.set('acme', []), [3]);
  assert.equal(services.find('acme/app', Buffer.from('sps_two')), undefined);
});
