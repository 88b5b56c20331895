import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { Codecs } from '../../../src/control/codecs/codecs.js';
import { Schemas } from '../../../src/control/schemas/schemas.js';
import { assertFailure } from '../../support/failure.js';
import { type ServerUnderTest, startServerUnderTest } from '../../support/server-under-test.js';

let server: ServerUnderTest;
before(async () => {
  server = await startServerUnderTest();
});
after(() => server.close());

let classes = 0;
/** A class of devices of its own for each test. */
let deviceClass = '';
beforeEach(() => {
  deviceClass = `class-${++classes}`;
});

const fields = { temperature: { type: 'number', unit: '[degF]', to: 'Cel' } };

async function make(change: object = {}, status = 201) {
  const body = {
    device_class: deviceClass,
    firmware_version: '*',
    format: 'json',
    schema_definition: { fields },
    mode: 'strict',
    ...change,
  };
  const made = await server.call('POST', '/v1/schemas', { body });
  assert.equal(made.status, status, made.text);
  return made.body;
}

async function device(id: string, change: object = {}): Promise<number> {
  const made = await server.call('POST', '/v1/devices', { body: { device_id: id, device_class: deviceClass, ...change } });
  assert.equal(made.status, 201, made.text);
  return made.body.number;
}

const post = (path: string, body: object = {}) => server.call('POST', `/v1/schemas/${path}`, { body });
const stamped = (number: number) => server.plane.schemas.get(number);

test('a schema is made, listed, read with its fields, and there after a restart', async () => {
  const made = await make({ firmware_version: '1.x' });
  assert.deepEqual([made.version, made.major, made.used_version, made.pinned_version, made.compatibility], [1, 1, 1, null, 'backward']);
  const { body } = await server.call('GET', `/v1/schemas?device_class=${deviceClass}`);
  assert.deepEqual(
    body.schemas.map((schema: { schema_id: string; firmware_version: string }) => [schema.schema_id, schema.firmware_version]),
    [[made.schema_id, '1.x']],
  );
  const whole = (await server.call('GET', `/v1/schemas/${made.schema_id}`)).body;
  assert.deepEqual(whole.versions[0].schema_definition, { fields });
  const range = { min: null, max: null, outside: null };
  const factor = { scale: 5, offset: -160, divisor: 9 };
  assert.deepEqual(whole.versions[0].fields, [
    {
      name: 'temperature',
      metric: 'temperature',
      type: 'number',
      required: false,
      critical: false,
      unit: 'Cel',
      ...factor,
      ...range,
      default: null,
    },
  ]);
  const again = await Schemas.load({ database: server.database.control, codecs: new Codecs(server.database.control), event: () => {} });
  assert.equal(again.get('default', made.schema_id)?.versions[0]?.number, made.number);
  assert.equal((await again.planOf(made.number))?.number, made.number);
  assert.equal(await again.planOf(made.number + 1_000_000), undefined);
});

test('devices are read by the schema of their class whose range is closest to their firmware', async () => {
  const any = await make();
  const old = await make({ firmware_version: '1.x' });
  const [first, second] = [await device(`${deviceClass}-a`), await device(`${deviceClass}-b`, { firmware_version: '1.4.2' })];
  const entries = server.plane.published.filter(({ number }) => number === first || number === second);
  assert.deepEqual(
    entries.map(({ schema }) => schema),
    [any.number, old.number],
  );
  const exact = await make({ firmware_version: '1.4.2' });
  assert.equal(stamped(second), exact.number);
  assert.equal(stamped(first), undefined);
  const changed = await server.call('PATCH', `/v1/devices/${deviceClass}-b`, { body: { firmware_version: '1.5.0' } });
  assert.deepEqual(
    [changed.body.firmware_version, changed.body.schema],
    ['1.5.0', { schema_id: old.schema_id, version: 1, number: old.number, pinned: false }],
  );
  assert.equal(server.plane.published.at(-1)?.schema, old.number);
  const moved = await server.call('PATCH', `/v1/devices/${deviceClass}-b`, { body: { device_class: null } });
  assert.deepEqual([moved.body.device_class, moved.body.schema], [null, null]);
  assert.equal((await server.call('GET', `/v1/schemas/${any.schema_id}`)).body.devices, 1);
});

test('what a device says of its firmware chooses its schema', async () => {
  const [old, fresh] = [await make({ firmware_version: '<2' }), await make({ firmware_version: '>=2' })];
  const numbers = [await device(`${deviceClass}-a`, { firmware_version: '1.0.0' }), await device(`${deviceClass}-b`)];
  const entries = server.plane.published.filter(({ number }) => numbers.includes(number));
  assert.deepEqual(
    entries.map(({ schema }) => schema),
    [old.number, undefined],
  );
  for (const number of numbers) server.plane.reportFirmware(number, '2.0.1');
  server.plane.reportFirmware(numbers[0] as number, '2.0.1');
  server.plane.reportFirmware(numbers[1] as number, '\0');
  server.plane.reportFirmware(9_999_999, '2.0.1');
  const known = async () => (await server.call('GET', `/v1/devices/${deviceClass}-b`)).body.firmware_version;
  while ((await known()) !== '2.0.1') await new Promise(setImmediate);
  assert.deepEqual(numbers.map(stamped), [fresh.number, fresh.number]);
});

test('a new version is used at once; the same one again is none; one that is incompatible needs a new major', async () => {
  const first = await make();
  const number = await device(`${deviceClass}-a`);
  const second = (await post(`${first.schema_id}/versions`, { schema_definition: { fields: { ...fields, humidity: 'number' } } })).body;
  assert.deepEqual([second.version, second.major, second.used_version, second.mode], [2, 1, 2, 'strict']);
  assert.ok(second.number > first.number);
  assert.equal(stamped(number), second.number);
  const same = await make({ schema_definition: { fields: { humidity: 'number', ...fields } } });
  assert.deepEqual([same.schema_id, same.version], [first.schema_id, 2]);
  const less = { schema_definition: { fields: { humidity: 'text' } } };
  const refused = await post(`${first.schema_id}/versions`, less);
  assertFailure(refused, 409, 'schema_incompatible');
  assert.match(refused.body.error.message, /not backward compatible with version 2: .*humidity was number and is text/);
  assert.match(refused.body.error.message, /temperature is no longer there/);
  const third = (await post(`${first.schema_id}/versions`, { ...less, major: true })).body;
  assert.deepEqual([third.version, third.major], [3, 2]);
  const fourth = (await post(`${first.schema_id}/versions`, { schema_definition: { fields: {} }, compatibility: 'none' })).body;
  assert.deepEqual([fourth.version, fourth.major, fourth.compatibility], [4, 2, 'none']);
});

test('a definition is compared with the latest version without becoming one', async () => {
  const { schema_id: id } = await make();
  const compared = await post(`${id}/compatibility`, { schema_definition: { fields: { temperature: 'text' } } });
  assert.deepEqual(
    compared.body.incompatibilities.map(({ path, change }: Record<string, string>) => `${path} ${change}`),
    ['temperature retyped', 'temperature rescaled'],
  );
  assert.deepEqual([compared.body.compatible, compared.body.version], [false, 1]);
  const fine = await post(`${id}/compatibility`, { schema_definition: { fields: { ...fields, more: 'any' } }, compatibility: 'full' });
  assert.deepEqual([fine.body.compatible, fine.body.compatibility, fine.body.incompatibilities], [true, 'full', []]);
  assert.equal((await server.call('GET', `/v1/schemas/${id}`)).body.versions.length, 1);
});

test('the difference of two versions is listed, also what breaks nothing', async () => {
  const { schema_id: id } = await make();
  await post(`${id}/versions`, { schema_definition: { fields: { ...fields, humidity: { type: 'number', max: 100 } } }, mode: 'flexible' });
  const { body } = await post(`${id}/diff`);
  assert.deepEqual([body.from, body.to], [1, 2]);
  assert.deepEqual(body.changes, [
    { path: 'mode', change: 'mode', message: 'was strict and is flexible', breaks: ['forward'] },
    { path: 'humidity', change: 'added', message: 'is new', breaks: [] },
  ]);
  assert.deepEqual((await post(`${id}/diff`, { from: 2, to: 2 })).body.changes, []);
  assertFailure(await post(`${id}/diff`, { from: 1, to: 3 }), 404, 'schema_version_unknown');
});

test('a version is pinned for all devices, or for one, and the pin is taken away', async () => {
  const { schema_id: id, number: first } = await make();
  const { number: second } = (await post(`${id}/versions`, { schema_definition: { fields: { ...fields, more: 'any' } } })).body;
  const [one, other] = [await device(`${deviceClass}-a`), await device(`${deviceClass}-b`, { device_class: null })];
  const pinned = await post(`${id}/pin`, { version: 1 });
  assert.deepEqual([pinned.body.pinned_version, pinned.body.used_version, stamped(one)], [1, 1, first]);
  const third = { schema_definition: { fields: { ...fields, more: 'any', most: 'any' } } };
  assert.deepEqual((await post(`${id}/versions`, third)).body.used_version, 1);
  await post(`${id}/unpin`);
  assert.ok((stamped(one) as number) > second);
  const own = await post(`${id}/pin`, { version: 2, device_id: `${deviceClass}-b` });
  assert.deepEqual([own.body.device_id, own.body.device_version], [`${deviceClass}-b`, 2]);
  const last = (number: number) => server.plane.published.findLast((entry) => entry.number === number)?.schema;
  assert.equal(last(other), second);
  const shown = (await server.call('GET', `/v1/devices/${deviceClass}-b`)).body.schema;
  assert.deepEqual(shown, { schema_id: id, version: 2, number: second, pinned: true });
  await post(`${id}/pin`, { device_id: `${deviceClass}-b` });
  assert.equal(last(other), stamped(one));
  await post(`${id}/unpin`, { device_id: `${deviceClass}-b` });
  assert.equal(last(other), undefined);
  assertFailure(await post(`${id}/pin`, { version: 9 }), 404, 'schema_version_unknown');
  assertFailure(await post(`${id}/pin`, { version: 1, device_id: 'nobody' }), 404, 'device_unknown');
  assertFailure(await post(`${id}/pin`, {}), 400, 'body_invalid');
});

test('a retired schema reads no device any more, is listed when asked for, and its range is free', async () => {
  const { schema_id: id, number } = await make();
  const own = await device(`${deviceClass}-a`);
  assert.equal(server.plane.published.at(-1)?.schema, number);
  const retired = await server.call('DELETE', `/v1/schemas/${id}`);
  assert.match(retired.body.retired_at, /^20/);
  assert.equal(stamped(own), 0);
  assertFailure(await post(`${id}/versions`, { schema_definition: { fields: {} } }), 409, 'schema_retired');
  assertFailure(await post(`${id}/pin`, { version: 1 }), 409, 'schema_retired');
  const listed = async (query: string) => (await server.call('GET', `/v1/schemas?device_class=${deviceClass}${query}`)).body.schemas.length;
  assert.deepEqual([await listed(''), await listed('&retired=true')], [0, 1]);
  assert.notEqual((await make()).schema_id, id);
});

test('schemas of a tenant are its own', async () => {
  const { schema_id: id } = await make({ tenant: 'acme' });
  assertFailure(await server.call('GET', `/v1/schemas/${id}`), 404, 'schema_id_unknown');
  assert.equal((await server.call('GET', `/v1/schemas/${id}?tenant=acme`)).status, 200);
  const number = await device(`${deviceClass}-a`);
  assert.equal(server.plane.published.findLast((entry) => entry.number === number)?.schema, undefined);
  assertFailure(await server.call('GET', '/v1/schemas/no-id'), 404, 'schema_id_unknown');
});

test('what is no schema is refused with its member and the problem', async () => {
  const wrong: readonly (readonly [object, string, RegExp])[] = [
    [{ device_class: '' }, 'body_invalid', /: device_class must have 1 to 128 bytes/],
    [{ firmware_version: '>=x' }, 'body_invalid', /: firmware_version must be a range of versions/],
    [{ format: 'avro' }, 'body_invalid', /: format must be one of json/],
    [{ mode: 'lax' }, 'body_invalid', /: mode must be strict or flexible/],
    [{ schema_definition: undefined }, 'body_invalid', /: schema_definition is missing/],
    [{ schema_definition: { fields: { 'a\u0000': 'any' } } }, 'body_invalid', /: schema_definition must not hold NUL/],
    [
      { schema_definition: { fields: { a: { min: 2, max: 1 } } } },
      'schema_invalid',
      /: schema_definition: fields\.a min must not be above max/,
    ],
    [{ format: 'protobuf', schema_definition: 'message' }, 'schema_invalid', /: schema_definition: /],
    [{ compatibility: 'both' }, 'body_invalid', /: compatibility must be one of backward/],
    [{ version: 3 }, 'body_invalid', /: version is not known here/],
  ];
  for (const [change, code, message] of wrong) {
    const body = { device_class: deviceClass, format: 'json', schema_definition: { fields }, ...change };
    const refused = await server.call('POST', '/v1/schemas', { body });
    assertFailure(refused, 400, code);
    assert.match(refused.body.error.message, message);
  }
});

test('a version that only another build can use is shown with its problem, reported, and no plan', async () => {
  const { sql, control } = server.database;
  await sql`insert into payload_schemas (schema_id, version, number, tenant_id, device_class, firmware_version, format, schema_definition, mode, compatibility, major)
    values (gen_random_uuid(), 1, 77, 'tomorrow', 'pump', '*', 'json', '{"fields": {"a": {"type": "vector"}}}', 'strict', 'full', 1)`;
  const events: unknown[][] = [];
  const schemas = await Schemas.load({ database: control, codecs: new Codecs(control), event: (...what) => void events.push(what) });
  assert.deepEqual(
    events.map(([level, name]) => `${level} ${name}`),
    ['error schema-not-used'],
  );
  assert.equal(await schemas.planOf(77), undefined);
  assert.equal(schemas.numberOf({ tenant: 'tomorrow', deviceClass: 'pump', firmwareVersion: null, schemaId: null, schemaVersion: 0 }), 77);
});

test('a tenant has 1,000 versions at most', async () => {
  const made = await make({ tenant: 'full' });
  await server.database
    .sql`insert into payload_schemas (schema_id, version, number, tenant_id, device_class, firmware_version, format, schema_definition, mode, compatibility, major)
    select gen_random_uuid(), 1, 1000 + n, 'full', 'full-' || n, '*', 'json', '{"fields":{}}', 'strict', 'full', 1 from generate_series(1, 999) n`;
  const body = { device_class: deviceClass, tenant: 'full', format: 'json', schema_definition: { fields: {} }, major: true };
  assertFailure(await server.call('POST', '/v1/schemas', { body }), 409, 'schemas_exhausted');
  assert.equal((await server.call('GET', `/v1/schemas/${made.schema_id}?tenant=full`)).body.versions.length, 1);
});

test('a payload is tried by a version, by a definition that is none yet, and stored by neither', async () => {
  const { schema_id: id } = await make({ schema_definition: { fields: { ...fields, n: { type: 'integer', max: 9 } } } });
  const tried = async (payload: string | Uint8Array, more: object = {}) => {
    const answer = await post(`${id}/test`, { payload_base64: Buffer.from(payload).toString('base64'), ...more });
    assert.equal(answer.status, 200, answer.text);
    return answer.body;
  };
  const time = '2026-11-30T09:00:00.000000Z';
  const payload = '{"ts":1796029200000,"temperature":212,"n":5,"other":"x"}';
  const { version, readings } = await tried(payload);
  const sorted = readings.toSorted((a: { metric: string }, b: { metric: string }) => (a.metric < b.metric ? -1 : 1));
  assert.deepEqual(
    { version, readings: sorted },
    {
      version: 1,
      readings: [
        { metric: 'n', value: 5, ts: time },
        { metric: 'other', value: 'x', ts: time },
        { metric: 'temperature', value: 100, ts: time, unit: 'Cel' },
      ],
    },
  );
  const refused = await tried('{"n":10}');
  assert.deepEqual([refused.readings, refused.reason], [[], 'field_out_of_range']);
  assert.match(refused.cause, /outside the range/);
  const draft = { schema_definition: { fields: { temperature: { scale: 0.5 } }, others: 'skip' } };
  assert.deepEqual((await tried(payload, draft)).readings, [{ metric: 'temperature', value: 106, ts: time }]);
  const cbor = Buffer.from('a16b74656d70657261747572651820', 'hex');
  assert.deepEqual((await tried(cbor, { content_type: 'application/cbor' })).readings[0].value, 0);
  assert.deepEqual((await tried(payload, { version: 1 })).version, 1);
  assertFailure(await post(`${id}/test`, { payload_base64: 'e30=', version: 2 }), 404, 'schema_version_unknown');
  assertFailure(await post(`${id}/test`, { payload_base64: '?' }), 400, 'body_invalid');
  assertFailure(await post(`${id}/test`, { payload_base64: 'e30=', schema_definition: { fields: { a: 'float' } } }), 400, 'schema_invalid');
  assert.equal(server.metricNames.number('temperature'), undefined);
});

test('schemas need the admin key', async () => {
  const headers = { authorization: 'Bearer no-key' };
  assertFailure(await server.call('GET', '/v1/schemas', { headers }), 401, 'admin_key_invalid');
  assertFailure(await server.call('POST', '/v1/schemas', { headers, body: {} }), 401, 'admin_key_invalid');
});
