import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Database, DatabaseUnavailable } from '../../../src/contract/database.js';
import type { DeviceEntry } from '../../../src/contract/devices.js';
import type { TopicRule } from '../../../src/contract/topic-rules/topic-rule.js';
import { type Change, ChangeFeed } from '../../../src/control/changes/change-feed.js';
import { followRegistries } from '../../../src/control/changes/shared-registries.js';
import { Codecs } from '../../../src/control/codecs/codecs.js';
import { Identities } from '../../../src/control/identity/identities.js';
import { AdminKeys } from '../../../src/control/keys/admin-keys.js';
import { MetricNames } from '../../../src/control/metrics/metric-names.js';
import { Registry } from '../../../src/control/registry/registry.js';
import { Schemas } from '../../../src/control/schemas/schemas.js';
import { TimeZones } from '../../../src/control/time-zones/time-zones.js';
import { TopicRules } from '../../../src/control/topic-rules/topic-rules.js';
import { type ControlledDatabase, openDatabase, unguarded } from '../../support/database.js';
import { TEST_BOX } from '../../support/server-under-test.js';
import { until } from '../../support/until.js';

let database: ControlledDatabase;

before(async () => {
  database = await openDatabase();
});

after(() => database.stop());

/** One process's registries, which hear of the others' changes. */
async function join(name: string) {
  const { control } = database;
  const changes = new ChangeFeed(control, name);
  const published: DeviceEntry[] = [];
  const retracted: number[] = [];
  const heard: (Change | 'missed')[] = [];
  const failures: Error[] = [];
  const schemas = await Schemas.load({ database: control, codecs: new Codecs(control), event: () => {} });
  const [assigned, zones] = [new Map<number, number>(), new Map<number, number>()];
  const timeZones = await TimeZones.load(control);
  const registry = await Registry.load({
    database: control,
    timeZones,
    schemaOf: (device) => schemas.numberOf(device),
    publishSchemas: async ({ devices, numbers, timeZones }) => {
      for (const [index, device] of devices.entries()) {
        assigned.set(device, numbers[index] as number);
        zones.set(device, timeZones[index] as number);
      }
    },
    publish: async (entries) => void published.push(...entries),
    retract: async (numbers) => void retracted.push(...numbers),
    tell: (from, to) => changes.tell({ kind: 'devices', from, to }),
  });
  const [metricNames, keys] = [await MetricNames.load(control), await AdminKeys.load(control)];
  const follow = changes.follow.bind(changes);
  changes.follow = (listener, failed) =>
    follow(
      {
        changed: (change) => {
          heard.push(change);
          return listener.changed(change);
        },
        missed: () => {
          heard.push('missed');
          return listener.missed();
        },
      },
      failed,
    );
  const gateways = new Map<string, readonly TopicRule[]>();
  const publish = (tenant: string, rules: readonly TopicRule[]) => void gateways.set(tenant, rules);
  const topicRules = await TopicRules.load({ database: control, publish, event: () => {} });
  const identities = await Identities.load({ database: control, box: TEST_BOX, publish: async () => {}, event: () => {} });
  schemas.assign = (tenant) => registry.assignSchemas(tenant);
  timeZones.assign = (tenant) => registry.assignSchemas(tenant);
  await followRegistries(changes, { registry, metricNames, keys, topicRules, identities, schemas, timeZones }, (error) =>
    failures.push(error),
  );
  return {
    registry,
    metricNames,
    keys,
    topicRules,
    identities,
    schemas,
    timeZones,
    assigned,
    zones,
    gateways,
    published,
    retracted,
    heard,
    failures,
  };
}

test('a change of one process reaches the gateways of the others, and the process itself gets no notification of it', async () => {
  const [one, other] = [await join('one'), await join('other')];
  const created = await one.registry.create({ tenant: 'default', id: 'thermo-1', token: 'a-token-that-is-long-enough' });
  assert.ok(!(created instanceof Error) && 'device' in created);
  await until('the other knows it', () => other.registry.get('default', 'thermo-1') !== undefined);
  assert.equal(other.published.at(-1)?.number, created.device.number);
  assert.ok(!('code' in other.registry.authenticateDevice('default', 'thermo-1', 'a-token-that-is-long-enough')));
  await other.registry.update(other.registry.get('default', 'thermo-1')!, { status: 'quarantined', metadata: { room: 4 } });
  await until('the first knows it', () => one.registry.get('default', 'thermo-1')?.status === 'quarantined');
  assert.deepEqual(one.registry.get('default', 'thermo-1')?.metadata, { room: 4 });
  await other.metricNames.add(['humidity']);
  await until('the first knows the metric', () => one.metricNames.number('humidity') !== undefined);
  assert.equal(one.metricNames.number('humidity'), other.metricNames.number('humidity'));
  assert.deepEqual(one.heard.filter((change) => change !== 'missed' && change.kind === 'devices').length, 1);
  assert.deepEqual([one.failures, other.failures], [[], []]);
});

test('a time zone that one process gives to a tenant or a device is so for the others', async () => {
  const [one, other] = [await join('one'), await join('other')];
  const created = await one.registry.create({ tenant: 'zoned', id: 'thermo-1', token: 'a-token-that-is-long-enough' });
  assert.ok('device' in created);
  const { device } = created;
  const stamps = () => [one.zones.get(device.number), other.zones.get(device.number)];
  await until('the other knows the device', () => other.registry.get('zoned', 'thermo-1') !== undefined);
  assert.equal(await one.timeZones.set('zoned', 'Europe/Berlin'), undefined);
  await until('the other stamps its messages', () => stamps()[1] !== undefined);
  const berlin = stamps()[0]!;
  assert.deepEqual(stamps(), [berlin, berlin]);
  assert.equal(await one.registry.update(device, { details: { timeZone: 'Asia/Kolkata' } }), device);
  const published = () => other.published.findLast(({ number }) => number === device.number)?.timeZone;
  await until('the other stamps them with its own zone', () => published() !== undefined);
  assert.equal(other.timeZones.nameOf(published()!), 'Asia/Kolkata');
  assert.deepEqual([one.failures, other.failures], [[], []]);
});

test('a token that one process replaces and a device that it deletes are so for the others', async () => {
  const [one, other] = [await join('one'), await join('other')];
  const created = await one.registry.create({ tenant: 'default', id: 'thermo-2', token: 'the-first-token' });
  assert.ok('device' in created);
  const { number } = created.device;
  await until('the other knows it', () => other.registry.get('default', 'thermo-2') !== undefined);
  const rotated = await one.registry.rotateToken(created.device, { token: 'the-second-token', graceSeconds: 600 });
  assert.ok('token' in rotated);
  const accepts = (token: string) => 'number' in other.registry.authenticateDevice('default', 'thermo-2', token);
  await until('the other takes the new token', () => accepts('the-second-token'));
  assert.equal(accepts('the-first-token'), true);
  assert.equal(other.published.at(-1)?.previousToken?.untilMs, rotated.previousUntilMs);
  const deleted = await other.registry.delete(other.registry.get('default', 'thermo-2')!);
  assert.ok('number' in deleted);
  await until('the first has forgotten it', () => one.registry.get('default', 'thermo-2') === undefined);
  assert.deepEqual([one.retracted, other.retracted], [[number], [number]]);
  // The id is free at once, wherever it is registered, and the number is spent.
  const anew = await one.registry.create({ tenant: 'default', id: 'thermo-2', token: 'the-third-token' });
  assert.ok('device' in anew && anew.device.number > number);
  await until('the other knows the new one', () => other.registry.get('default', 'thermo-2')?.number === anew.device.number);
  assert.deepEqual([one.registry.tenantOf(number), other.registry.tenantOf(number)], ['default', 'default']);
  assert.deepEqual([one.failures, other.failures], [[], []]);
});

test('an admin key that one process makes or revokes is so for the others', async () => {
  const [one, other] = [await join('one'), await join('other')];
  await one.keys.create({ name: 'stays' });
  const made = await one.keys.create({ name: 'goes' });
  assert.ok('secret' in made);
  await until('the other takes the key', () => other.keys.verify(made.secret));
  let closed = 0;
  other.keys.onEnd(made.key.id, () => closed++);
  assert.ok('name' in (await one.keys.revoke(made.key.id)));
  await until('the other refuses it', () => !other.keys.verify(made.secret));
  assert.equal(closed, 1);
  assert.deepEqual([one.failures, other.failures], [[], []]);
});

test('a topic rule that one process makes or deletes is so at the gateways of the others', async () => {
  const [one, other] = [await join('one'), await join('other')];
  const rule: TopicRule = { name: 'hall', pattern: 'hall/{device}', device: 'level:device', decoder: 'json' };
  assert.deepEqual(await one.topicRules.add('acme', rule), rule);
  await until('the other has it', () => other.gateways.get('acme')?.length === 1);
  assert.deepEqual(other.gateways.get('acme'), [rule]);
  assert.equal(other.topicRules.rules.of('acme').match('hall/x')?.rule.name, 'hall');
  assert.equal(await other.topicRules.remove('acme', 'hall'), undefined);
  await until('the first has lost it', () => one.gateways.get('acme')?.length === 0);
  assert.deepEqual([one.failures, other.failures], [[], []]);
});

test('whoever lost the connection looks at everything', async () => {
  const one = await join('lost');
  const before = one.heard.filter((change) => change === 'missed').length;
  await database.sql`select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and query ilike 'listen%' and pid <> pg_backend_pid()`;
  await until('it looked', () => one.heard.filter((change) => change === 'missed').length > before);
  assert.deepEqual(one.failures, []);
});

test('a change that is written but cannot be announced is no failure, and is announced when the database takes it', async () => {
  const { control } = database;
  const changed: Change[] = [];
  const listener = { changed: async (change: Change) => void changed.push(change), missed: async () => {} };
  const stop = await new ChangeFeed(control, 'there').follow(listener, () => {});
  let attempts = 0;
  const run: Database['run'] = (work) =>
    ++attempts <= 2 ? Promise.reject(new DatabaseUnavailable('25006', 'it is read-only')) : control.run(work);
  const away = new ChangeFeed({ ...unguarded(database.sql), run }, 'here');
  await away.tell({ kind: 'keys' });
  assert.deepEqual([attempts, changed], [1, []]);
  await until('it is announced', () => changed.length > 0);
  assert.deepEqual([attempts, changed], [3, [{ kind: 'keys' }]]);
  stop();
});

test('what could not be taken up is asked for again until it can be, and reported once', async () => {
  const { control } = database;
  const failures: string[] = [];
  let looks = 0;
  const looked = async () => {
    if (++looks < 4) throw new Error('no room');
  };
  const stop = await new ChangeFeed(control, 'full').follow({ changed: looked, missed: looked }, ({ message }) => failures.push(message));
  await until('it succeeds', () => looks === 4);
  assert.deepEqual(failures, ['no room']);
  stop();
});

test('a schema that one process makes, and firmware that it notes, say within a second how others read a device', async () => {
  const [one, other] = [await join('one'), await join('other')];
  const created = await one.registry.create({ tenant: 'default', id: 'pump-1', token: 'a-token-that-is-long-enough', deviceClass: 'pump' });
  assert.ok('device' in created);
  const { number } = created.device;
  await until('the other knows it', () => other.registry.byNumber(number) !== undefined);
  const input = { tenant: 'default', deviceClass: 'pump', format: 'json', definition: { fields: { v: 'number' } } } as const;
  const beganMs = performance.now();
  const [any, newer] = [
    await one.schemas.add('make', { ...input, firmwareVersion: '*' }),
    await one.schemas.add('make', { ...input, firmwareVersion: '2.x' }),
  ];
  assert.ok('versions' in any && 'versions' in newer);
  await until('the other reads it by the schema', () => other.assigned.get(number) === any.versions[0]?.number);
  assert.ok(performance.now() - beganMs < 1000);
  await other.registry.noteFirmware(new Map([[number, '2.1.0']]));
  assert.equal(other.assigned.get(number), newer.versions[0]?.number);
  await until('the first does so, too', () => one.registry.byNumber(number)?.schema === newer.versions[0]?.number);
  assert.equal(one.registry.byNumber(number)?.firmwareVersion, '2.1.0');
  const plan = await other.schemas.planOf(newer.versions[0]?.number as number);
  assert.deepEqual(plan?.fields, [{ name: 'v', type: 'number' }]);
  assert.deepEqual([one.failures, other.failures], [[], []]);
});
