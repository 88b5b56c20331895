import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertFailure } from '../../support/failure.js';
import { type ServerUnderTest, startServerUnderTest, TOKEN } from '../../support/server-under-test.js';

let server: ServerUnderTest;
before(async () => {
  server = await startServerUnderTest({ devicesMax: 12_000 });
});
after(() => server.close());

test('ten thousand devices behind gateways are registered in seconds, and every gateway knows them', async () => {
  const startMs = performance.now();
  const body = { count: 10_000, id_format: 'dev-%06d', token: TOKEN, via_format: 'gw-%06d', per_gateway: 500 };
  const answer = await server.call('POST', '/v1/devices/bulk', { body });
  const seconds = (performance.now() - startMs) / 1000;
  assert.equal(answer.status, 201, answer.text);
  assert.deepEqual(answer.body, {
    created: 10_000,
    gateways_created: 20,
    existing: 0,
    existing_ids: [],
    first: 'dev-000001',
    last: 'dev-010000',
    tenant: 'default',
    auth_token: TOKEN,
  });
  assert.ok(seconds < 10, `${seconds} s: the aim is 3 s on a quiet machine`);
  assert.equal(server.plane.published.length, 10_020);
  const published = new Map(server.plane.published.map((entry) => [entry.id, entry]));
  assert.equal(published.get('dev-000500')!.via, published.get('gw-000001')!.number);
  assert.equal(published.get('dev-000501')!.via, published.get('gw-000002')!.number);
  assert.equal(published.get('dev-010000')!.via, published.get('gw-000020')!.number);
  const [row] = await server.database.sql`select count(*)::int as count, count(via)::int as behind from devices`;
  assert.deepEqual({ ...row }, { count: 10_020, behind: 10_000 });
  const ingest = await server.call('POST', '/v1/ingest/dev-007777', { raw: '{}', headers: { authorization: `Bearer ${TOKEN}` } });
  assert.equal(ingest.status, 202);
});

test('ids that exist are kept as they are and not counted', async () => {
  const before = server.registry.get('default', 'dev-000001')!.number;
  const body = { count: 10_010, token: 'another-token' };
  const answer = await server.call('POST', '/v1/devices/bulk', { body });
  assert.deepEqual([answer.body.created, answer.body.gateways_created, answer.body.last], [10, 0, 'dev-010010']);
  assert.deepEqual([answer.body.existing, answer.body.existing_ids.length, answer.body.existing_ids[0]], [10_000, 1000, 'dev-000001']);
  assert.equal(server.registry.get('default', 'dev-000001')!.number, before);
  const old = await server.call('POST', '/v1/ingest/dev-000001', { raw: '{}', headers: { authorization: 'Bearer other' } });
  assertFailure(old, 401, 'credentials_invalid');
});

test('the answer names the ids that were there and left as they were', async () => {
  await server.call('POST', '/v1/devices', { body: { device_id: 'bk-000002', token: 'an-older-token' } });
  const body = { count: 3, id_format: 'bk-%06d', token: 'the-new-token', via_format: 'bgw-%d' };
  const answer = await server.call('POST', '/v1/devices/bulk', { body });
  assert.deepEqual([answer.body.created, answer.body.existing, answer.body.existing_ids], [2, 1, ['bk-000002']]);
  assert.equal((await server.call('GET', '/v1/devices/bk-000002')).body.via, null);
  const again = await server.call('POST', '/v1/devices/bulk', { body });
  assert.deepEqual(again.body.existing_ids, ['bgw-1', 'bk-000001', 'bk-000002', 'bk-000003']);
});

test('without a token each device gets its own, and the answer lists them', async () => {
  const body = { count: 3, id_format: 'own-%d', tenant: 'acme', via_format: 'gw-%02d', per_gateway: 2 };
  const answer = await server.call('POST', '/v1/devices/bulk', { body });
  assert.equal(answer.status, 201);
  assert.equal(answer.body.auth_token, undefined);
  const ids = answer.body.devices.map((device: { device_id: string }) => device.device_id);
  assert.deepEqual(ids, ['gw-01', 'gw-02', 'own-1', 'own-2', 'own-3']);
  const { auth_token } = answer.body.devices[4];
  assert.equal(new Set(answer.body.devices.map((device: { auth_token: string }) => device.auth_token)).size, 5);
  const ingest = await server.call('POST', '/v1/ingest/own-3?tenant=acme', {
    raw: '{}',
    headers: { authorization: `Bearer ${auth_token}` },
  });
  assert.equal(ingest.status, 202);
});

test('what cannot be is refused by name, and nothing is registered', async () => {
  const size = server.registry.size;
  const cases: [object, RegExp][] = [
    [{}, /count must be a whole number/],
    [{ count: 0 }, /count must be at least 1/],
    [{ count: 1.5 }, /count must be a whole number/],
    [{ count: 2_000_000 }, /count must be at most/],
    [{ count: 200_000 }, /count must be at most 100000 when no token is given/],
    [{ count: 1, id_format: 'dev' }, /id_format must hold one %d/],
    [{ count: 1, id_format: '%d%d' }, /id_format must hold one %d/],
    [{ count: 1, id_format: '%s' }, /id_format must hold one %d/],
    [{ count: 1, id_format: 'a/%d' }, /id_format must not hold/],
    [{ count: 1, id_format: '%099d'.padEnd(200, 'x') }, /id_format must not be longer/],
    [{ count: 1, id_format: 7 }, /id_format must be a string/],
    [{ count: 1, per_gateway: 0 }, /per_gateway must be at least 1/],
    [{ count: 20, id_format: 'x-%d', via_format: 'x-%02d', per_gateway: 1 }, /via_format x-10 would be a gateway and a device at once/],
  ];
  for (const [body, message] of cases) {
    const answer = await server.call('POST', '/v1/devices/bulk', { body });
    assertFailure(answer, 400, 'body_invalid');
    assert.match(answer.body.error.message, message);
  }
  assertFailure(
    await server.call('POST', '/v1/devices/bulk', { body: { count: 5000, token: TOKEN, id_format: 'more-%d' } }),
    409,
    'devices_exhausted',
  );
  assert.equal(server.registry.size, size);
});

test('devices of a fleet have a class and a firmware version where the call says so, and its gateways their own class', async () => {
  const body = { count: 2, id_format: 'pump-%d', via_format: 'hub-%d', device_class: 'pump', firmware_version: '1.4.2' };
  assert.equal((await server.call('POST', '/v1/devices/bulk', { body })).status, 201);
  const shown = async (id: string) => {
    const { device_class: deviceClass, firmware_version: firmware } = (await server.call('GET', `/v1/devices/${id}`)).body;
    return [deviceClass, firmware];
  };
  assert.deepEqual(
    [await shown('pump-2'), await shown('hub-1')],
    [
      ['pump', '1.4.2'],
      ['gateway', null],
    ],
  );
});
