import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AclRule } from '../../../src/contract/acl/acl.js';
import type { TopicRule } from '../../../src/contract/topic-rules/topic-rule.js';
import type { Identities, KeptIdentity } from '../../../src/control/identity/identities.js';
import type { AdminKeys } from '../../../src/control/keys/admin-keys.js';
import type { MetricNames } from '../../../src/control/metrics/metric-names.js';
import { FORMAT, readSnapshot, unfitness } from '../../../src/control/offline/snapshot.js';
import { SnapshotKeeper, type SnapshotLines } from '../../../src/control/offline/snapshot-keeper.js';
import { NO_METADATA } from '../../../src/control/registry/device.js';
import { NO_DETAILS } from '../../../src/control/registry/device-details.js';
import type { StoredDevice } from '../../../src/control/registry/device-rows.js';
import type { Registry } from '../../../src/control/registry/registry.js';
import type { Schema } from '../../../src/control/schemas/schema-version.js';
import type { KeptTimeZones } from '../../../src/control/time-zones/time-zones.js';
import type { RulesOfTenant } from '../../../src/control/topic-rules/topic-rules.js';

const header = { format: FORMAT, database: 'one', schema: 10, group: 'spillway', partitions: 2 };

function deviceOf(number: number, change: Partial<StoredDevice['device']> = {}): StoredDevice {
  const names = { tenant: 'a', id: `d${number}`, via: 0, deviceClass: null, registeredAtMs: 5 };
  const bySchema = { firmwareVersion: '1.4.2', schemaId: null, schemaVersion: 0, schema: 0, timeZone: 0 };
  const device = { number, ...names, ...bySchema, status: 'active' as const, metadata: NO_METADATA, details: NO_DETAILS, ...change };
  return { device, tokenHash: new Uint8Array(32).fill(number), previousToken: undefined };
}

function schemaOf(id: string, count: number): Schema {
  const versions = Array.from({ length: count }, (_, index) => ({
    ...({
      version: index + 1,
      number: index + 10,
      major: 1,
      format: 'json',
      mode: 'strict',
      compatibility: 'full',
      createdAtMs: 3,
    } as const),
    definition: { fields: { v: 'number' } },
  }));
  return { id, tenant: 'a', deviceClass: 'pump', firmwareVersion: '*', versions, pinned: 1, retiredAtMs: 9 };
}

/** What is written to a disk that takes `writesMax` writes. */
class LinesDouble implements SnapshotLines {
  published = '';
  #text = '';
  #isPublished = false;
  writesMax = Number.POSITIVE_INFINITY;

  begin(): void {
    this.discard();
  }

  write(lines: string): void {
    if (this.writesMax-- <= 0) throw new Error('ENOSPC: no space left on device, write');
    this.#text += lines;
    if (this.#isPublished) this.published = this.#text;
  }

  publish(): void {
    this.#isPublished = true;
    this.published = this.#text;
  }

  discard(): void {
    [this.published, this.#text, this.#isPublished] = ['', '', false];
  }

  sync(): void {}
  close(): void {}

  read() {
    return readSnapshot(this.published.split('\n').slice(0, -1));
  }
}

function servicesOf(tenant: string, id: number): KeptIdentity {
  return { subject: 'services', tenant, services: [{ id, name: 'app', secretHash: new Uint8Array(32).fill(id), createdAtMs: 5 }] };
}

async function keep() {
  const lines = new LinesDouble();
  const events: string[] = [];
  const keeper = new SnapshotKeeper(lines, (_, name) => events.push(name));
  const devices = [deviceOf(1), deviceOf(2, { metadata: { room: 4 } }), deviceOf(3)];
  const deleted = new Map([[9, 'gone']]);
  const registry = { size: 3, stored: () => devices, deleted: () => deleted } as unknown as Registry;
  const key = {
    id: 7,
    name: 'first',
    role: 'viewer' as const,
    tenant: 'a',
    group: 3,
    expiresAtMs: 9,
    createdAtMs: 1,
    hash: new Uint8Array(32).fill(7),
  };
  const keys = { kept: () => [key] } as unknown as AdminKeys;
  const metricNames = { names: () => [['n', 1]] } as unknown as MetricNames;
  const rule: TopicRule = { name: 'hall', pattern: 'hall/{device}', device: 'level:device', decoder: 'json', valueName: 'v' };
  const kept = new Map<string, RulesOfTenant>([['a', { rules: [rule], off: [] }]]);
  const topicRules = { kept: () => kept, keptOf: (tenant: string) => kept.get(tenant) ?? { rules: [], off: [] } };
  const schemas = new Map([['s1', schemaOf('s1', 1)]]);
  const schemaSource = { kept: () => schemas.values(), find: (id: string) => schemas.get(id) };
  const identities = { kept: () => [servicesOf('a', 1)].values() } as unknown as Identities;
  const zones: KeptTimeZones[] = [{ numbers: [[1, 'Europe/Berlin']], tenants: [['a', 'Europe/Berlin']] }];
  const timeZones = { kept: () => zones.at(-1)! };
  const registries = { registry, metricNames, keys, topicRules, identities, schemas: schemaSource, timeZones };
  const state = { header, lostDevices: [[4, 5]] as const, ...registries, offsets: () => [10n, 2n ** 60n] };
  await keeper.begin(state);
  return { lines, events, keeper, key, kept, schemas, zones };
}

test('a snapshot is read as it was written, with every change that followed', async () => {
  const { lines, keeper, events, key, kept, schemas, zones } = await keep();
  zones.push({
    numbers: [
      [1, 'Europe/Berlin'],
      [2, 'Asia/Kolkata'],
    ],
    tenants: [],
  });
  keeper.timeZonesChanged();
  const previousToken = { hash: new Uint8Array(32).fill(8), untilMs: 1000 };
  keeper.devicesChanged([{ ...deviceOf(1, { status: 'inactive' }), previousToken }, deviceOf(4, { tenant: 'b' })]);
  keeper.devicesDeleted([{ number: 3, tenant: 'a' }]);
  keeper.metricsAdded([['m', 2]]);
  const again: TopicRule = { name: 'yard', pattern: 'yard', device: 'connection', decoder: 'text' };
  kept.set('b', { rules: [again], off: ['tasmota'] }).set('a', { rules: [], off: [] });
  for (const tenant of ['a', 'b']) keeper.topicRulesChanged(tenant);
  schemas.set('s1', schemaOf('s1', 2)).set('s2', schemaOf('s2', 1));
  for (const id of ['s1', 's2']) keeper.schemaChanged(id);
  const rules: AclRule[] = [{ id: 3, subject: 'all', action: 'both', filter: 'a/#', effect: 'allow' }];
  keeper.identityChanged({ subject: 'acl', tenant: 'a', rules });
  keeper.identityChanged(servicesOf('a', 2));
  await keeper.close();
  const found = lines.read();
  assert.ok(found);
  assert.deepEqual(
    { ...found, devices: undefined },
    {
      ...header,
      committed: [10n, 2n ** 60n],
      lostDevices: [[4, 5]],
      keys: [key],
      topicRules: new Map([
        ['a', { rules: [], off: [] }],
        ['b', { rules: [again], off: ['tasmota'] }],
      ]),
      identities: [servicesOf('a', 2), { subject: 'acl', tenant: 'a', rules }],
      schemas: [schemaOf('s1', 2), schemaOf('s2', 1)],
      timeZones: zones.at(-1),
      metrics: [
        ['n', 1],
        ['m', 2],
      ],
      deleted: new Map([
        [9, 'gone'],
        [3, 'a'],
      ]),
      devices: undefined,
    },
  );
  assert.deepEqual(found.devices, [
    { ...deviceOf(1, { status: 'inactive' }), previousToken },
    deviceOf(2, { metadata: { room: 4 } }),
    deviceOf(4, { tenant: 'b' }),
  ]);
  assert.deepEqual(events, []);
});

test('a change that cannot be written leaves no snapshot: an outdated one would let in revoked devices', async () => {
  const { lines, keeper, events } = await keep();
  lines.writesMax = 0;
  keeper.devicesDeleted([{ number: 1, tenant: 'a' }]);
  assert.equal(lines.read(), undefined);
  lines.writesMax = 100;
  keeper.devicesDeleted([{ number: 2, tenant: 'a' }]);
  await keeper.close();
  assert.equal(lines.read(), undefined);
  assert.deepEqual(events, ['snapshot-not-kept']);
});

test('a snapshot without its end, or with a line that is none, is refused', async () => {
  const { lines } = await keep();
  const whole = lines.published.split('\n').slice(0, -1);
  assert.throws(() => readSnapshot(whole.slice(0, -1)), /ends before its mark of the end/);
  assert.throws(() => readSnapshot([whole[0] as string, '["device",1,"a', ...whole.slice(1)]), /JSON/);
  assert.throws(() => readSnapshot(['["strange"]', ...whole]), /unknown kind, "strange"/);
  assert.equal(readSnapshot([]), undefined);
});

test('a snapshot stands in only for the database and the log that it is of, at the same schema', async () => {
  const found = (await keep()).lines.read();
  assert.ok(found);
  const wanted = { database: 'one' as string | null, schema: 10, group: 'spillway', partitions: 2 };
  assert.equal(unfitness(found, wanted), undefined);
  assert.match(unfitness(found, { ...wanted, database: 'two' }) ?? '', /of database one, the log of two/);
  assert.match(unfitness(found, { ...wanted, database: null }) ?? '', /the log of whatever comes next/);
  assert.match(unfitness(found, { ...wanted, schema: 11 }) ?? '', /schema version 10, this build needs 11/);
  assert.match(unfitness(found, { ...wanted, partitions: 4 }) ?? '', /of another log/);
  assert.match(unfitness({ ...found, format: 2 }, wanted) ?? '', /format 2/);
});
