import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { ApiFailure } from '../../../src/contract/api-errors.js';
import type { Database } from '../../../src/contract/database.js';
import type { DeviceEntry } from '../../../src/contract/devices.js';
import { hashToken, storedToken } from '../../../src/contract/token.js';
import type { Device } from '../../../src/control/registry/device.js';
import { planFleet } from '../../../src/control/registry/fleet.js';
import { registerFleet } from '../../../src/control/registry/fleet-registration.js';
import type { NewDevice } from '../../../src/control/registry/new-device.js';
import { Registry } from '../../../src/control/registry/registry.js';
import { type ControlledDatabase, openDatabase, unguarded } from '../../support/database.js';

/** Of a fleet whose devices have no class. */
const kind = { deviceClass: null };
let database: ControlledDatabase;
let published: DeviceEntry[];
let retracted: number[];
let nowMs: number;
let reserve: (number: number) => void;
let publish: (entries: readonly DeviceEntry[]) => Promise<void>;
before(async () => {
  database = await openDatabase();
});
beforeEach(async () => {
  await database.sql`truncate devices cascade`;
  published = [];
  retracted = [];
  nowMs = Date.now();
  reserve = () => {};
  publish = async (entries) => {
    published.push(...entries);
  };
});
after(() => database.stop());

function load(devicesMax?: number): Promise<Registry> {
  const limit = devicesMax === undefined ? {} : { devicesMax };
  return Registry.load({
    database: database.control,
    reserve: (number) => reserve(number),
    publish: (entries) => publish(entries),
    retract: async (numbers) => void retracted.push(...numbers),
    nowMs: () => nowMs,
    ...limit,
  });
}

async function created(registry: Registry, input: NewDevice): Promise<Device> {
  const answer = await registry.create(input);
  assert.ok(!(answer instanceof ApiFailure), JSON.stringify(answer));
  return answer.device;
}

function codeOf(answer: unknown): string {
  assert.ok(answer instanceof ApiFailure);
  return answer.error.code;
}

test('what was registered is there after a restart, with numbers, gateways, hashes and metadata', async () => {
  const registry = await load();
  const metadata = { name: 'Kühlhaus "7"', nested: { list: [1, null, true, 'x\\y'] } };
  const gateway = await created(registry, { tenant: 'acme', id: 'gw', token: 'token-of-gw' });
  const device = await created(registry, { tenant: 'acme', id: 'dev', token: 'token-of-dev', via: 'gw', deviceClass: 'meter', metadata });
  await registry.update(gateway, { status: 'inactive' });
  const again = await load();
  assert.deepEqual(again.get('acme', 'dev'), device);
  assert.deepEqual(again.byNumber(gateway.number), { ...gateway, status: 'inactive' });
  assert.deepEqual(again.get('acme', 'dev')!.metadata, metadata);
  assert.deepEqual([...again.entries()], [...registry.entries()]);
  const entry = [...again.entries()].find(({ id }) => id === 'dev')!;
  assert.deepEqual([entry.via, Buffer.from(entry.tokenHash)], [gateway.number, Buffer.from(storedToken('acme', 'dev', 'token-of-dev'))]);
  assert.equal(entry.tokenHash.buffer.byteLength, 40);
});

test('a refresh that reads a row before the answer to its insert is here adopts the device that stays', async () => {
  const { control } = database;
  let refreshed: (() => Promise<void>) | undefined;
  const run: Database['run'] = async (work) => {
    const answer = await control.run(work);
    const refresh = refreshed;
    refreshed = undefined;
    await refresh?.();
    if (refresh) refreshed = refresh;
    return answer;
  };
  const registry = await Registry.load({ database: { ...unguarded(database.sql), run }, publish, retract: async () => {} });
  let first: Device | undefined;
  refreshed = async () => {
    await registry.refresh();
    first ??= registry.get('acme', 'dev');
  };
  const device = await created(registry, { tenant: 'acme', id: 'dev', token: 'token-of-dev' });
  assert.equal(registry.size, 1);
  assert.ok(first);
  assert.deepEqual([first === device, registry.get('acme', 'dev') === device], [true, true]);
  assert.equal(registry.byNumber(device.number), device);
  assert.deepEqual(
    [...registry.entries()].map(({ id }) => id),
    ['dev'],
  );
});

test('a token belongs to one device of one tenant', async () => {
  const registry = await load();
  const device = await created(registry, { tenant: 'a', id: 'x', token: 'token-one' });
  await created(registry, { tenant: 'b', id: 'x', token: 'token-two' });
  assert.equal(registry.authenticateDevice('a', 'x', 'token-one'), device);
  for (const [tenant, id, token] of [
    ['b', 'x', 'token-one'],
    ['a', 'y', 'token-one'],
    ['c', 'x', 'token-one'],
    ['a', 'x', ''],
    ['a', 'x', 'token-one '],
  ] as const) {
    assert.equal(codeOf(registry.authenticateDevice(tenant, id, token)), 'credentials_invalid');
  }
});

test('create resolves when the gateways have the device, and rejects when they cannot get it', async () => {
  const registry = await load();
  let told: () => void = () => {};
  const called = new Promise<void>((resolve) => {
    publish = () => {
      resolve();
      return new Promise((done) => {
        told = done;
      });
    };
  });
  let resolved = false;
  const creation = registry.create({ tenant: 'a', id: 'x' }).then((answer) => {
    resolved = true;
    return answer;
  });
  await called;
  await new Promise(setImmediate);
  assert.equal(resolved, false);
  told();
  assert.ok(!((await creation) instanceof ApiFailure));
  publish = () => Promise.reject(new Error('no gateway'));
  await assert.rejects(registry.create({ tenant: 'a', id: 'y' }), /no gateway/);
});

test('the limit holds for devices that are being inserted, too', async () => {
  const registry = await load(3);
  const answers = await Promise.all(Array.from({ length: 6 }, (_, i) => registry.create({ tenant: 'a', id: `d${i}` })));
  assert.equal(answers.filter((answer) => answer instanceof ApiFailure).length, 3);
  assert.equal(registry.size, 3);
  assert.equal(codeOf(await registry.create({ tenant: 'a', id: 'more' })), 'devices_exhausted');
  // A refused insert gives back what it had reserved.
  assert.equal(codeOf(await registry.create({ tenant: 'a', id: 'd0' })), 'device_exists');
});

test('a number that cannot be noted is no device: the call is refused, and succeeds once it can be', async () => {
  const registry = await load();
  reserve = () => {
    throw new Error('ENOSPC: no space left on device, write');
  };
  const answer = await registry.create({ tenant: 'a', id: 'x' });
  assert.equal(codeOf(answer), 'state_unwritable');
  assert.match((answer as ApiFailure).message, /^cannot register devices: ENOSPC/);
  const [row] = await database.sql`select count(*)::int as rows from devices`;
  assert.deepEqual([row!.rows, registry.size, published], [0, 0, []]);
  const noted: number[] = [];
  reserve = (number) => {
    noted.push(number);
    assert.deepEqual(published, [], 'a gateway knew the device before its number was noted');
  };
  const device = await created(registry, { tenant: 'a', id: 'x' });
  assert.deepEqual([noted, published.map(({ number }) => number)], [[device.number], [device.number]]);
});

test('a device of another process whose number cannot be noted is taken up as soon as it can be', async () => {
  const [registry, other] = [await load(), await load()];
  const { number } = await created(other, { tenant: 'a', id: 'x' });
  published = [];
  reserve = () => {
    throw new Error('ENOSPC: no space left on device, write');
  };
  await assert.rejects(registry.refresh(number, number), /ENOSPC/);
  assert.deepEqual([registry.size, published], [0, []]);
  reserve = () => {};
  await registry.refresh();
  assert.deepEqual([registry.size, published.map((entry) => entry.number)], [1, [number]]);
});

test('changes of one device reach database, memory and gateways in the order they were asked for', async () => {
  const registry = await load();
  const device = await created(registry, { tenant: 'a', id: 'x' });
  const statuses = ['inactive', 'quarantined', 'active', 'inactive', 'active', 'quarantined'] as const;
  await Promise.all(statuses.map((status) => registry.update(device, { status })));
  assert.deepEqual(
    published.slice(1).map(({ status }) => status),
    statuses,
  );
  const [row] = await database.sql`select status from devices where id = ${device.number}`;
  assert.deepEqual([row!.status, device.status], ['quarantined', 'quarantined']);
});

test('ids, tenants and tokens are judged here too, not only at the border', async () => {
  const registry = await load();
  for (const input of [
    { tenant: 'a', id: 'x/y' },
    { tenant: '', id: 'x' },
    { tenant: 'a', id: 'x', token: 'a b' },
  ]) {
    assert.equal(codeOf(await registry.create(input)), 'body_invalid');
  }
  assert.equal(codeOf(await registry.create({ tenant: 'a', id: 'x', via: 'x' })), 'gateway_unknown');
  assert.equal(registry.size, 0);
});

test('a fleet of ten thousand behind gateways is registered and loaded again in order', async () => {
  const registry = await load();
  const fleet = planFleet({ count: 10_000, idFormat: 'dev-%06d', viaFormat: 'gw-%06d', perGateway: 500 });
  assert.ok(!(fleet instanceof ApiFailure));
  const answer = await registerFleet(registry, 'default', fleet, { token: 'token-of-all', kind });
  assert.ok(!(answer instanceof ApiFailure));
  assert.deepEqual([answer.created, answer.gatewaysCreated, published.length], [10_000, 20, 10_020]);
  const kept = [...fleet.gateways, ...fleet.devices];
  assert.deepEqual(await registerFleet(registry, 'default', fleet, { token: 'token-of-all', kind }), {
    created: 0,
    gatewaysCreated: 0,
    kept,
    tokens: [],
  });
  const again = await load();
  assert.deepEqual([...again.entries()], [...registry.entries()]);
  assert.deepEqual(
    again.list('default', 'dev-000009', 3).map(({ id }) => id),
    ['dev-000010', 'dev-000011', 'dev-000012'],
  );
  assert.equal(again.get('default', 'dev-010000')!.via, again.get('default', 'gw-000020')!.number);
  // No number is spent on an id that exists: they are the gateways' table indexes.
  const next = await created(registry, { tenant: 'default', id: 'next' });
  assert.equal(next.number, Math.max(...published.slice(0, -1).map(({ number }) => number)) + 1);
});

test('a token that was replaced is valid beside the new one for the time of grace, and no longer', async () => {
  const registry = await load();
  const device = await created(registry, { tenant: 'a', id: 'x', token: 'the-first-token' });
  const accepts = (of: Registry, token: string) => !(of.authenticateDevice('a', 'x', token) instanceof ApiFailure);
  const rotated = await registry.rotateToken(device, { graceSeconds: 60 });
  assert.ok('token' in rotated);
  assert.match(rotated.token, /^[\w-]{32}$/);
  assert.equal(rotated.previousUntilMs, nowMs + 60_000);
  const entry = published.at(-1)!;
  assert.deepEqual(Buffer.from(entry.tokenHash), Buffer.from(storedToken('a', 'x', rotated.token)));
  assert.deepEqual(Buffer.from(entry.previousToken!.hash), Buffer.from(hashToken('a', 'x', 'the-first-token')));
  assert.equal(entry.previousToken!.hash.buffer.byteLength, 32);
  const again = await load();
  assert.deepEqual([...again.entries()], [...registry.entries()]);
  for (const loaded of [registry, again]) {
    assert.deepEqual(
      [accepts(loaded, rotated.token), accepts(loaded, 'the-first-token'), accepts(loaded, 'another-token')],
      [true, true, false],
    );
  }
  nowMs += 60_000;
  for (const loaded of [registry, again, await load()]) {
    assert.deepEqual([accepts(loaded, rotated.token), accepts(loaded, 'the-first-token')], [true, false]);
    assert.equal([...loaded.entries()][0]!.previousToken, undefined);
  }
});

test('two tokens are valid at most, and without grace one', async () => {
  const registry = await load();
  const device = await created(registry, { tenant: 'a', id: 'x', token: 'the-first-token' });
  const valid = () =>
    ['first', 'second', 'third', 'fourth'].filter(
      (name) => !(registry.authenticateDevice('a', 'x', `the-${name}-token`) instanceof ApiFailure),
    );
  await registry.rotateToken(device, { token: 'the-second-token', graceSeconds: 60 });
  await registry.rotateToken(device, { token: 'the-third-token', graceSeconds: 60 });
  assert.deepEqual(valid(), ['second', 'third']);
  await registry.rotateToken(device, { token: 'the-fourth-token', graceSeconds: 0 });
  assert.deepEqual(valid(), ['fourth']);
  assert.equal(published.at(-1)!.previousToken, undefined);
  assert.equal(codeOf(await registry.rotateToken(device, { token: 'the-fourth-token', graceSeconds: 0 })), 'body_invalid');
  assert.equal(codeOf(await registry.rotateToken(device, { token: 'short', graceSeconds: 0 })), 'token_too_short');
  assert.deepEqual(valid(), ['fourth']);
});

test('a token has a least length, and a shorter one that was registered before stays valid', async () => {
  await database.sql`insert into devices (tenant_id, name, token_hash) values ('a', 'old', ${hashToken('a', 'old', 'T')})`;
  const registry = await load();
  assert.ok(!(registry.authenticateDevice('a', 'old', 'T') instanceof ApiFailure));
  assert.equal(codeOf(await registry.create({ tenant: 'a', id: 'new', token: '1234567' })), 'token_too_short');
  await created(registry, { tenant: 'a', id: 'new', token: '12345678' });
  const fleet = planFleet({ count: 2, idFormat: 'dev-%d', viaFormat: undefined, perGateway: 1 });
  assert.ok(!(fleet instanceof ApiFailure));
  assert.equal(codeOf(await registerFleet(registry, 'a', fleet, { token: '1234567', kind })), 'token_too_short');
});

test('a deleted device is gone, its id is free and its number is not; its gateway no longer speaks for others', async () => {
  const registry = await load();
  const gateway = await created(registry, { tenant: 'a', id: 'gw', token: 'token-of-gw' });
  const behind = await created(registry, { tenant: 'a', id: 'behind', via: 'gw' });
  assert.equal(await registry.delete(gateway), gateway);
  assert.deepEqual(retracted, [gateway.number]);
  assert.equal(registry.get('a', 'gw'), undefined);
  assert.equal(codeOf(registry.authenticateDevice('a', 'gw', 'token-of-gw')), 'credentials_invalid');
  assert.equal(codeOf(await registry.delete(gateway)), 'device_unknown');
  assert.equal(codeOf(await registry.update(gateway, { status: 'inactive' })), 'device_unknown');
  const anew = await created(registry, { tenant: 'a', id: 'gw', token: 'token-of-gw' });
  assert.ok(anew.number > behind.number);
  assert.equal(behind.via, gateway.number);
  for (const loaded of [registry, await load()]) {
    assert.deepEqual([loaded.size, loaded.count('a'), loaded.get('a', 'gw')?.number], [2, 2, anew.number]);
    assert.deepEqual(
      loaded.list('a', undefined, 10).map(({ id }) => id),
      ['behind', 'gw'],
    );
    assert.deepEqual([loaded.byNumber(gateway.number), loaded.tenantOf(gateway.number)], [undefined, 'a']);
  }
});

test('decommissioned is final: neither status nor token change any more, metadata does', async () => {
  const registry = await load();
  const device = await created(registry, { tenant: 'a', id: 'x' });
  await registry.update(device, { status: 'decommissioned' });
  assert.equal(codeOf(await registry.update(device, { status: 'active' })), 'device_decommissioned');
  assert.equal(codeOf(await registry.rotateToken(device, { graceSeconds: 0 })), 'device_decommissioned');
  assert.equal(await registry.update(device, { metadata: { why: 'scrapped' } }), device);
  assert.deepEqual([device.status, device.metadata], ['decommissioned', { why: 'scrapped' }]);
  assert.equal(await registry.delete(device), device);
});
