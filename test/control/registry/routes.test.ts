import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { CODE_DEVICE_OVER_RATE } from '../../../assembly/abi/codes.js';
import { storedToken } from '../../../src/contract/token.js';
import { assertFailure } from '../../support/failure.js';
import { type ServerUnderTest, startServerUnderTest, TOKEN } from '../../support/server-under-test.js';

let server: ServerUnderTest;
before(async () => {
  server = await startServerUnderTest();
});
after(() => server.close());

test('a device is registered, published before the answer, and can be read', async () => {
  const metadata = { site: 'north', __proto__x: 1, location: { lat: 1.5, lng: -2 } };
  const created = await server.call('POST', '/v1/devices', { body: { device_id: 'one', token: TOKEN, device_class: 'meter', metadata } });
  assert.equal(created.status, 201);
  const { registered_at, ...rest } = created.body;
  assert.deepEqual(rest, { device_id: 'one', tenant: 'default', auth_token: TOKEN, number: rest.number, status: 'active', via: null });
  assert.match(registered_at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  const entry = server.plane.published.at(-1)!;
  assert.deepEqual([entry.number, entry.tenant, entry.id, entry.status, entry.via], [rest.number, 'default', 'one', 'active', 0]);
  assert.equal(entry.tokenHash.buffer.byteLength, 40);
  assert.deepEqual(Buffer.from(entry.tokenHash), Buffer.from(storedToken('default', 'one', TOKEN)));

  server.plane.connected.add(rest.number);
  const [[, metric]] = (await server.metricNames.add(['temperature'])) as [[string, number]];
  server.plane.points = [{ device: rest.number, metric, tsMs: 1_700_000_000_000.25, value: 21.5, receivedMs: 1_700_000_000_123 }];
  const read = await server.call('GET', '/v1/devices/one');
  assert.deepEqual(read.body, {
    latest_complete: true,
    partitions_not_running: [],
    device_id: 'one',
    tenant: 'default',
    number: rest.number,
    status: 'active',
    via: null,
    device_class: 'meter',
    firmware_version: null,
    schema: null,
    model: null,
    serial: null,
    owner: null,
    time_zone: null,
    location: null,
    tags: {},
    groups: [],
    metadata,
    registered_at,
    last_seen_at: '2023-11-14T22:13:20.123Z',
    connected: true,
    throttled: null,
    latest: { temperature: { value: 21.5, ts: '2023-11-14T22:13:20.000Z', received_at: '2023-11-14T22:13:20.123Z' } },
  });
});

test('a device that is over a rate is shown as throttled, and no longer two seconds after it may send again', async () => {
  const { body: made } = await server.call('POST', '/v1/devices', { body: { device_id: 'fast' } });
  const throttledAfter = async (untilMs: number) => {
    server.plane.overRates.set(made.number, { device: made.number, code: CODE_DEVICE_OVER_RATE, untilMs });
    return (await server.call('GET', '/v1/devices/fast')).body.throttled;
  };
  assert.equal(await throttledAfter(Date.now() + 10_000), 'device_over_rate');
  assert.equal(await throttledAfter(Date.now() - 2001), null);
});

test('without an id and a token both are made, and the token is stored as a hash only', async () => {
  const created = await server.call('POST', '/v1/devices', { body: {} });
  assert.equal(created.status, 201);
  assert.match(created.body.device_id, /^[0-9a-f]{8}-[0-9a-f]{4}-/);
  assert.ok(created.body.auth_token.length >= 32);
  const [row] = await server.database.sql`select token_hash from devices where name = ${created.body.device_id}`;
  assert.deepEqual(row!.token_hash, Buffer.from(storedToken('default', created.body.device_id, created.body.auth_token)));
});

test('a taken id is refused, also when two ask for it at once', async () => {
  assertFailure(await server.call('POST', '/v1/devices', { body: { device_id: 'one' } }), 409, 'device_exists');
  const both = await Promise.all([1, 2].map(() => server.call('POST', '/v1/devices', { body: { device_id: 'twin' } })));
  assert.deepEqual(both.map(({ status }) => status).sort(), [201, 409]);
  // Another tenant may have the same id.
  assert.equal((await server.call('POST', '/v1/devices', { body: { device_id: 'one', tenant: 'acme' } })).status, 201);
});

test('via names a gateway of the same tenant', async () => {
  await server.call('POST', '/v1/devices', { body: { device_id: 'gateway' } });
  const behind = await server.call('POST', '/v1/devices', { body: { device_id: 'behind', via: 'gateway' } });
  assert.equal(behind.body.via, 'gateway');
  assert.equal(server.plane.published.at(-1)!.via, server.registry.get('default', 'gateway')!.number);
  const other = await server.call('POST', '/v1/devices', { body: { device_id: 'x', tenant: 'acme', via: 'gateway' } });
  assertFailure(other, 400, 'gateway_unknown');
});

test('ids of any script, and such as look like SQL or like a path, name one device each', async () => {
  const ids = [
    '温度計-1',
    'Zähler 7',
    "'; drop table devices; --",
    'a%2Fb',
    '100%',
    'a?b=c&d',
    '🚿',
    '__proto__',
    'constructor',
    'bulk',
    '...',
    '\u202e',
    'x'.repeat(128),
  ];
  for (const device_id of ids) {
    const created = await server.call('POST', '/v1/devices', { body: { device_id, token: TOKEN, tenant: 'scripts' } });
    assert.equal(created.status, 201, `${device_id}: ${created.text}`);
    const path = `/v1/devices/${encodeURIComponent(device_id)}?tenant=scripts`;
    assert.equal((await server.call('GET', path)).body.device_id, device_id);
    const ingest = await server.call('POST', `/v1/ingest/${encodeURIComponent(device_id)}?tenant=scripts`, {
      raw: '{}',
      headers: { authorization: `Bearer ${TOKEN}` },
    });
    assert.equal(ingest.status, 202, device_id);
  }
  assert.equal((await server.call('GET', '/v1/devices?tenant=scripts')).body.total, ids.length);
  const [row] = await server.database.sql`select count(*)::int as count from devices where tenant_id = 'scripts'`;
  assert.equal(row!.count, ids.length);
});

test('members that cannot be are refused by name', async () => {
  const cases: [unknown, RegExp][] = [
    [{ device_id: '' }, /device_id must not be empty/],
    [{ device_id: 'a/b' }, /device_id must not hold/],
    [{ device_id: 'a+' }, /device_id must not hold/],
    [{ device_id: '#' }, /device_id must not hold/],
    [{ device_id: 'a\u0000b' }, /device_id must not hold/],
    [{ device_id: 'a\u0085b' }, /device_id must not hold/],
    [{ device_id: '\ud800' }, /device_id must not hold/],
    [{ device_id: '..' }, /device_id must not be/],
    [{ device_id: 'é'.repeat(65) }, /device_id must not be longer than 128 bytes/],
    [{ device_id: 7 }, /device_id must be a string/],
    [{ tenant: 't'.repeat(65) }, /tenant must not be longer than 64 bytes/],
    [{ tenant: 'a/b' }, /tenant must not hold/],
    [{ token: '' }, /token must be/],
    [{ token: 'with space' }, /token must be/],
    [{ token: 'tökén' }, /token must be/],
    [{ device_class: '' }, /device_class must have/],
    [{ device_class: '\u0000' }, /device_class must not hold/],
    [{ metadata: [] }, /metadata must be an object/],
    [{ metadata: null }, /metadata must be an object/],
    [{ metadata: { a: 'x\u0000' } }, /metadata must not hold NUL/],
    [{ metadata: { '\ud83d': 1 } }, /metadata must not hold NUL or lone/],
    [{ metadata: { a: 'x'.repeat(16 * 1024) } }, /metadata must not be longer/],
    [{ metadata: JSON.parse(`{"a":${'['.repeat(40)}${']'.repeat(40)}}`) }, /metadata must not nest deeper/],
    [{ devce_id: 'x' }, /devce_id is not known here/],
    [[], /expected object/i],
    ['text', /expected object/i],
  ];
  for (const [body, message] of cases) {
    const answer = await server.call('POST', '/v1/devices', { body });
    assertFailure(answer, 400, 'body_invalid');
    assert.match(answer.body.error.message, message);
  }
  const backslashes = { metadata: { path: 'C:\\u0000', more: '\\\\u0000' } };
  assert.equal((await server.call('POST', '/v1/devices', { body: backslashes })).status, 201);
});

test('a body that is not JSON, too large, or compressed is refused, and the connection stays open', async () => {
  for (const raw of ['', '{', '{"device_id":"x"', 'null]', new Uint8Array([0x7b, 0xff, 0x7d])]) {
    assertFailure(await server.call('POST', '/v1/devices', { raw }), 400, 'body_malformed');
  }
  assertFailure(await server.call('POST', '/v1/devices', { raw: ' '.repeat(64 * 1024 + 1) }), 413, 'body_oversize');
  const encoded = await server.call('POST', '/v1/devices', { raw: '{}', headers: { 'content-encoding': 'compress' } });
  assertFailure(encoded, 415, 'encoding_unsupported');
  assert.equal((await server.call('GET', '/v1/devices/one')).status, 200);
});

test('a change is stored, published and shown; a status that is none is refused', async () => {
  const created = await server.call('POST', '/v1/devices', { body: { device_id: 'changing', metadata: { a: 1 } } });
  const { number } = created.body;
  const changed = await server.call('PATCH', '/v1/devices/changing', { body: { status: 'quarantined' } });
  assert.equal(changed.status, 200);
  assert.deepEqual([changed.body.status, changed.body.metadata], ['quarantined', { a: 1 }]);
  assert.deepEqual([server.plane.published.at(-1)!.number, server.plane.published.at(-1)!.status], [number, 'quarantined']);
  const replaced = await server.call('PATCH', '/v1/devices/changing', { body: { metadata: { a: null, b: [2] } } });
  assert.deepEqual([replaced.body.status, replaced.body.metadata], ['quarantined', { b: [2] }]);
  const [row] = await server.database.sql`select status, metadata from devices where id = ${number}`;
  assert.deepEqual({ ...row }, { status: 'quarantined', metadata: { b: [2] } });
  const bad = await server.call('PATCH', '/v1/devices/changing', { body: { status: 'gone' } });
  assertFailure(bad, 400, 'body_invalid');
  assert.match(bad.body.error.message, /status must be one of active, inactive, quarantined, decommissioned/);
  assertFailure(await server.call('PATCH', '/v1/devices/nobody', { body: {} }), 404, 'device_unknown');
});

test('a token is replaced: both are taken for the time of grace, the old one no longer without it', async () => {
  await server.call('POST', '/v1/devices', { body: { device_id: 'rotating', token: 'the-first-token', tenant: 'acme' } });
  const ingest = async (token: string) => {
    const headers = { authorization: `Bearer ${token}` };
    return (await server.call('POST', '/v1/ingest/rotating?tenant=acme', { raw: '{}', headers })).status;
  };
  const path = '/v1/devices/rotating/token?tenant=acme';
  const beforeMs = Date.now();
  const rotated = await server.call('POST', path);
  assert.equal(rotated.status, 200);
  const { auth_token: second, previous_valid_until: until, ...rest } = rotated.body;
  assert.deepEqual(rest, { device_id: 'rotating', tenant: 'acme' });
  assert.ok(Math.abs(Date.parse(until) - beforeMs - 86_400_000) < 60_000, until);
  assert.deepEqual(await Promise.all([ingest('the-first-token'), ingest(second)]), [202, 202]);
  assert.ok(server.plane.published.at(-1)!.previousToken);
  const third = await server.call('POST', path, { body: { token: 'the-third-token', grace_seconds: 0 } });
  assert.deepEqual([third.body.auth_token, third.body.previous_valid_until], ['the-third-token', null]);
  assert.deepEqual(await Promise.all(['the-first-token', second, 'the-third-token'].map(ingest)), [401, 401, 202]);
  for (const body of [{ grace_seconds: -1 }, { grace_seconds: 1.5 }, { grace_seconds: 2_592_001 }, { grace: 1 }, { token: 'with space' }]) {
    assertFailure(await server.call('POST', path, { body }), 400, 'body_invalid');
  }
  assertFailure(await server.call('POST', path, { body: { token: 'short' } }), 400, 'token_too_short');
  assertFailure(await server.call('POST', '/v1/devices/rotating/token'), 404, 'device_unknown');
});

test('a token of few characters is refused, one at a time and in bulk', async () => {
  assertFailure(await server.call('POST', '/v1/devices', { body: { device_id: 'weak', token: 'T' } }), 400, 'token_too_short');
  assertFailure(await server.call('POST', '/v1/devices/bulk', { body: { count: 1, token: '1234567' } }), 400, 'token_too_short');
});

test('a device is deleted: calls by its id find nothing, and the id is registered anew', async () => {
  const { number } = (await server.call('POST', '/v1/devices', { body: { device_id: 'ending', token: TOKEN } })).body;
  assert.deepEqual((await server.call('DELETE', '/v1/devices/ending')).body, {
    device_id: 'ending',
    tenant: 'default',
    number,
    deleted: true,
  });
  assert.deepEqual(server.plane.deleted, [number]);
  for (const [method, call] of [
    ['GET', ''],
    ['GET', '/ledger'],
    ['GET', '/metrics/latest'],
    ['GET', '/metrics?metric=v'],
    ['DELETE', ''],
  ] as const) {
    assertFailure(await server.call(method, `/v1/devices/ending${call}`), 404, 'device_unknown');
  }
  const headers = { authorization: `Bearer ${TOKEN}` };
  assertFailure(await server.call('POST', '/v1/ingest/ending', { raw: '{}', headers }), 401, 'credentials_invalid');
  const anew = await server.call('POST', '/v1/devices', { body: { device_id: 'ending', token: TOKEN } });
  assert.equal(anew.status, 201);
  assert.ok(anew.body.number > number);
});

test('decommissioned is final', async () => {
  await server.call('POST', '/v1/devices', { body: { device_id: 'scrapped' } });
  await server.call('PATCH', '/v1/devices/scrapped', { body: { status: 'decommissioned' } });
  assertFailure(await server.call('PATCH', '/v1/devices/scrapped', { body: { status: 'active' } }), 409, 'device_decommissioned');
  assertFailure(await server.call('POST', '/v1/devices/scrapped/token', { body: {} }), 409, 'device_decommissioned');
  assert.equal((await server.call('GET', '/v1/devices/scrapped')).body.status, 'decommissioned');
});

test('devices are listed in pages by id, a tenant at a time', async () => {
  for (const device_id of ['b', 'a', 'C', 'd', 'e']) await server.call('POST', '/v1/devices', { body: { device_id, tenant: 'paged' } });
  const first = await server.call('GET', '/v1/devices?tenant=paged&limit=2');
  assert.deepEqual(
    [first.body.devices.map((device: { device_id: string }) => device.device_id), first.body.next, first.body.total],
    [['C', 'a'], 'a', 5],
  );
  await server.call('POST', '/v1/devices', { body: { device_id: 'aa', tenant: 'paged' } });
  const second = await server.call('GET', `/v1/devices?tenant=paged&limit=3&after=${first.body.next}`);
  assert.deepEqual(
    second.body.devices.map((device: { device_id: string }) => device.device_id),
    ['aa', 'b', 'd'],
  );
  const last = await server.call('GET', `/v1/devices?tenant=paged&limit=1&after=${second.body.next}`);
  assert.deepEqual([last.body.devices[0].device_id, last.body.next], ['e', null]);
  assert.deepEqual((await server.call('GET', '/v1/devices?tenant=nobody')).body, {
    devices: [],
    latest_complete: true,
    partitions_not_running: [],
    total: 0,
    next: null,
  });
  for (const limit of ['0', '1001', '-1', '1.5', 'x', '']) {
    assertFailure(await server.call('GET', `/v1/devices?limit=${limit}`), 400, 'query_invalid');
  }
});

test('tenants are listed with their devices, and one whose last device was deleted no longer', async () => {
  for (const device_id of ['a', 'b']) await server.call('POST', '/v1/devices', { body: { device_id, tenant: 'zone-2' } });
  await server.call('POST', '/v1/devices', { body: { device_id: 'a', tenant: 'zone-1' } });
  const zones = async () => {
    const { tenants } = (await server.call('GET', '/v1/tenants')).body as { tenants: { tenant: string; devices: number }[] };
    return tenants.filter(({ tenant }) => tenant.startsWith('zone'));
  };
  assert.deepEqual(await zones(), [
    { tenant: 'zone-1', devices: 1 },
    { tenant: 'zone-2', devices: 2 },
  ]);
  assert.equal((await server.call('DELETE', '/v1/devices/a?tenant=zone-1')).status, 200);
  assert.deepEqual(await zones(), [{ tenant: 'zone-2', devices: 2 }]);
});

test('every admin call wants a key, whatever else is wrong with it', async () => {
  const calls = [
    ['POST', '/v1/devices'],
    ['POST', '/v1/devices/bulk'],
    ['GET', '/v1/tenants'],
    ['GET', '/v1/devices'],
    ['GET', '/v1/devices/one'],
    ['PATCH', '/v1/devices/one'],
    ['DELETE', '/v1/devices/one'],
    ['POST', '/v1/devices/one/token'],
    ['GET', '/v1/devices/one/metrics'],
    ['GET', '/v1/devices/one/metrics/latest'],
    ['GET', '/v1/pipeline/lag'],
    ['GET', '/v1/dead-letters'],
    ['GET', '/v1/stats'],
    ['GET', '/v1/alerts'],
    ['GET', '/v1/keys'],
    ['POST', '/v1/keys'],
    ['DELETE', '/v1/keys/1'],
  ] as const;
  for (const [method, path] of calls) {
    for (const authorization of ['', 'Bearer wrong', 'Bearer', 'Basic c3BrX3Rlc3Qta2V5', 'Bearer spk_test-key x']) {
      const answer = await server.call(method, path, {
        headers: { authorization },
        ...(method === 'GET' || method === 'DELETE' ? {} : { raw: 'not json' }),
      });
      assertFailure(answer, 401, 'admin_key_invalid');
      assert.match(answer.headers.get('www-authenticate')!, /^Bearer/);
    }
  }
  assert.equal((await server.call('GET', '/v1/devices/one', { headers: { authorization: 'bearer spk_test-key' } })).status, 200);
});
