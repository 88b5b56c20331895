import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { TimeZones } from '../../../src/control/time-zones/time-zones.js';
import { openDatabase } from '../../support/database.js';
import { assertFailure } from '../../support/failure.js';
import { type ServerUnderTest, startServerUnderTest } from '../../support/server-under-test.js';

let server: ServerUnderTest;
before(async () => {
  server = await startServerUnderTest();
});
after(() => server.close());

/** As the gateways know them. */
const published = (number: number) => server.plane.published.findLast((entry) => entry.number === number)?.timeZone ?? 0;
const stamped = (number: number) => server.plane.timeZones.get(number);

async function device(body: Record<string, unknown>): Promise<number> {
  const made = await server.call('POST', '/v1/devices', { body });
  assert.equal(made.status, 201, made.text);
  return made.body.number;
}

async function setZone(tenant: string, time_zone: string | null) {
  return server.call('PUT', `/v1/time-zone?tenant=${tenant}`, { body: { time_zone } });
}

test('messages of devices are stamped with the zone of the device, else with that of the tenant', async () => {
  const plain = await device({ device_id: 'plain', tenant: 'acme' });
  const own = await device({ device_id: 'own', tenant: 'acme', time_zone: 'Asia/Kolkata' });
  const other = await device({ device_id: 'plain', tenant: 'other' });
  const india = published(own);
  assert.ok(india > 0);
  assert.deepEqual([published(plain), published(other)], [0, 0]);
  assert.deepEqual((await setZone('acme', 'Europe/Berlin')).body, { tenant: 'acme', time_zone: 'Europe/Berlin' });
  const berlin = stamped(plain);
  assert.ok(berlin && berlin !== india);
  assert.equal(server.plane.timeZones.has(own), false, 'its zone is still its own');
  assert.equal(server.plane.timeZones.has(other), false);
  assert.deepEqual((await server.call('GET', '/v1/time-zone?tenant=acme')).body.time_zone, 'Europe/Berlin');
  const patched = await server.call('PATCH', '/v1/devices/own?tenant=acme', { body: { time_zone: null } });
  assert.equal(patched.body.time_zone, null);
  assert.equal(published(own), berlin);
  assert.equal(await device({ device_id: 'late', tenant: 'acme' }).then(published), berlin);
  await setZone('acme', null);
  assert.deepEqual([stamped(plain), stamped(own)], [0, 0]);
  const { body } = await server.call('GET', '/v1/audit?tenant=acme');
  assert.deepEqual(
    body.entries
      .filter(({ target }: { target: string }) => target === 'time zone of tenant acme')
      .map(({ after }: { after: unknown }) => after),
    [{ time_zone: null }, { time_zone: 'Europe/Berlin' }],
  );
});

test('a trial of a topic shows the time that is stored, by a schema too', async () => {
  const made = await server.call('POST', '/v1/schemas', {
    body: { device_class: 'zoned', firmware_version: '*', format: 'json', schema_definition: { fields: { v: 'number' } } },
  });
  assert.equal(made.status, 201, made.text);
  const number = await device({ device_id: 'zoned', device_class: 'zoned', time_zone: 'America/New_York' });
  assert.ok(published(number) > 0);
  const payload_base64 = Buffer.from('{"ts":"2026-11-30T04:30:00","v":1}').toString('base64');
  const tried = await server.call('POST', '/v1/topic-rules/test', {
    body: { topic: 'devices/zoned/telemetry', payload_base64, device_id: 'zoned' },
  });
  assert.equal(tried.body.readings[0].ts, '2026-11-30T09:30:00.000000Z');
});

test('what is no zone is refused', async () => {
  for (const name of ['Europe/Nowhere', '+01:00', '', 'UTC\0']) assertFailure(await setZone('acme', name), 400, 'body_invalid');
  assertFailure(await server.call('POST', '/v1/devices', { body: { device_id: 'x', time_zone: 'Mars/Base' } }), 400, 'body_invalid');
});

test('zones keep their numbers, are deduplicated however they come, and are 127 at most', async () => {
  const database = await openDatabase();
  try {
    const [one, other] = await Promise.all([TimeZones.load(database.control), TimeZones.load(database.control)]);
    const names = Intl.supportedValuesOf('timeZone').slice(0, 128);
    await Promise.all([one.ensure(names.slice(0, 50)), other.ensure(names.slice(25, 75))]);
    await Promise.all([one.refresh(), other.refresh()]);
    const numbers = new Map(one.kept().numbers);
    assert.equal(numbers.size, 75);
    assert.ok([...numbers.keys()].every((number) => number >= 1 && number <= 127));
    assert.deepEqual(new Map(other.kept().numbers), numbers);
    const full = await one.ensure(names);
    assert.equal(full?.error.code, 'time_zones_exhausted');
    assert.equal(await one.ensure(names.slice(0, 127)), undefined);
    const [newest] = one.kept().numbers.find(([, name]) => name === names[126])!;
    assert.equal(await other.find(newest), names[126], 'a number that another process made is found');
  } finally {
    await database.stop();
  }
});
