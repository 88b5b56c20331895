import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { depthMetrics, depthOf } from '../../../src/control/letters/depth.js';
import { LetterWatch } from '../../../src/control/letters/letter-watch.js';
import type { LetterLimits } from '../../../src/control/letters/retention.js';
import type { Tally } from '../../../src/control/letters/tallies.js';
import { type ControlledDatabase, openDatabase, unguarded } from '../../support/database.js';
import { Random } from '../../support/random.js';
import { until } from '../../support/until.js';

const NOW_MS = Date.parse('2026-11-30T12:00:00Z');
const MIB = 1_048_576;
const NO_LIMITS: LetterLimits = { daysMax: 36_500, lettersMax: 1e9, mibMax: 1e6, tenantLettersMax: 1e9, tenantMibMax: 1e6 };

let database: ControlledDatabase;
const devices: number[] = [];
before(async () => {
  database = await openDatabase();
  for (const [tenant, deviceClass] of [
    ['north', 'pump'],
    ['north', null],
    ['south', 'pump'],
  ] as const) {
    const [row] = await database.sql<{ id: number }[]>`
      insert into devices (tenant_id, name, device_class, token_hash) values (${tenant}, ${`d-${devices.length}`}, ${deviceClass}, '')
      returning id`;
    devices.push(row?.id as number);
  }
});
after(() => database.stop());
beforeEach(() => database.sql`truncate dead_letters, dead_letter_tallies, dead_letter_positions, topic_positions`);

interface Inserted {
  readonly device: number | null;
  readonly letters: number;
  readonly partition?: number;
  readonly bytes?: number;
  readonly reason?: string;
  /** Age of the oldest; each other one came a second later. */
  readonly days?: number;
}

async function insert({ device, letters, partition = 0, bytes = 10, reason = 'json_malformed', days = 0 }: Inserted): Promise<void> {
  await database.sql`
    insert into dead_letters (partition_id, log_offset, device_id, received_at, reason, payload)
    select ${partition}, i, ${device}, ${new Date(NOW_MS - days * 86_400_000)}::timestamptz + i * interval '1 second', ${reason},
      ${Buffer.alloc(bytes, 7)} from generate_series(1, ${letters}) i`;
}

function watchOf(limits: Partial<LetterLimits> = {}, partitions = [0, 1, 2, 3], topic?: string) {
  const events: [string, Record<string, unknown>][] = [];
  const watch = new LetterWatch({
    database: unguarded(database.sql),
    limits: { ...NO_LIMITS, ...limits },
    topic,
    partitions: () => partitions,
    event: (_level, name, fields) => void events.push([name, fields]),
    lookMs: 5,
  });
  return { watch, events };
}

/** Looks until there is nothing more to do at once; answers tenant: kept, removed. */
async function settled({ watch }: ReturnType<typeof watchOf>): Promise<Record<string, [number, number]>> {
  while (await watch.look(NOW_MS));
  return Object.fromEntries(depthOf(watch.tallies ?? []).map(({ tenant, letters, removed }) => [String(tenant), [letters, removed]]));
}

async function kept(): Promise<{ letters: number; bytes: number; oldest: number | null }> {
  const [row] = await database.sql<{ letters: number; bytes: number; oldest: number | null }[]>`
    select count(*)::int as letters, coalesce(sum(octet_length(payload)), 0)::int as bytes, min(log_offset)::int as oldest from dead_letters`;
  return row as { letters: number; bytes: number; oldest: number | null };
}

test('letters are counted once by tenant, class and reason, however many processes count and however often', async () => {
  await insert({ device: devices[0] as number, letters: 25_000, partition: 1 });
  await insert({ device: devices[1] as number, letters: 7, partition: 2, bytes: 100, reason: 'ts_malformed' });
  await insert({ device: null, letters: 3 });
  const [one, other] = [watchOf(), watchOf({}, [1, 2])];
  await Promise.all([settled(one), settled(other)]);
  assert.deepEqual(await settled(one), { north: [25_007, 0], null: [3, 0] });
  await insert({ device: devices[2] as number, letters: 2, partition: 1 });
  assert.deepEqual(await settled(other), { north: [25_007, 0], null: [3, 0], south: [2, 0] });
  const [north] = depthOf(other.watch.tallies ?? []);
  assert.deepEqual([north?.bytes, north?.byReason], [250_700, { json_malformed: 25_000, ts_malformed: 7 }]);
  assert.deepEqual(
    other.watch.tallies?.filter(({ tenant }) => tenant === 'north').map(({ deviceClass, letters }) => [deviceClass, letters]),
    [
      ['', 7],
      ['pump', 25_000],
    ],
  );
});

test('letters beyond the limits of a tenant and of all are removed, the oldest first, and stay in the books', async () => {
  await insert({ device: devices[0] as number, letters: 3500, days: 2 });
  await insert({ device: devices[2] as number, letters: 40, days: 5 });
  const byTenant = watchOf({ tenantLettersMax: 1200 });
  assert.deepEqual(await settled(byTenant), { north: [1200, 2300], south: [40, 0] });
  assert.deepEqual(byTenant.events, [['dead-letters-removed', { letters: 2300, bytes: 23_000, limit: 'letters', tenant: 'north' }]]);
  assert.equal(
    (await database.sql`select min(log_offset)::int as oldest from dead_letters where device_id = ${devices[0] as number}`)[0]?.oldest,
    2301,
  );
  assert.deepEqual(await settled(watchOf({ lettersMax: 1000 })), { north: [1000, 2500], south: [0, 40] });
  assert.equal((await kept()).letters, 1000);
});

test('of letters that take too many bytes just so many are removed as are too many', async () => {
  await insert({ device: devices[0] as number, letters: 30, bytes: 100_000 });
  const watched = watchOf({ tenantMibMax: 1 });
  assert.deepEqual(await settled(watched), { north: [10, 20] });
  assert.ok((await kept()).bytes <= MIB && (await kept()).bytes + 100_000 > MIB);
  assert.equal((await kept()).oldest, 21);
});

test('letters are removed for their age', async () => {
  await insert({ device: devices[0] as number, letters: 2500, days: 31 });
  await insert({ device: devices[1] as number, letters: 5, days: 29 });
  const watched = watchOf({ daysMax: 30 });
  assert.deepEqual(await settled(watched), { north: [5, 2500] });
  assert.deepEqual(
    watched.events.map(([name, { limit, letters }]) => [name, limit, letters]),
    [['dead-letters-removed', 'days', 2500]],
  );
});

test('a letter that is not in its topic yet, one that is not counted and one that is being marked are not removed', async () => {
  await insert({ device: devices[0] as number, letters: 10, days: 5 });
  await insert({ device: devices[0] as number, letters: 10, partition: 5, days: 5 });
  const [fourth] = await database.sql<{ id: string }[]>`select id::text from dead_letters where partition_id = 0 and log_offset = 4`;
  await database.sql`insert into topic_positions (topic, partition_id, published_id) values ('letters', 0, ${fourth?.id ?? ''}::text::bigint)`;
  const watched = watchOf({ daysMax: 1 }, [0], 'letters');
  await database.sql.begin(async (marking) => {
    await marking`update dead_letters set replayed_at = now() where partition_id = 0 and log_offset = 2`;
    assert.deepEqual(await settled(watched), { north: [7, 3] });
  });
  assert.deepEqual(await settled(watched), { north: [6, 4] });
  assert.deepEqual(await kept(), { letters: 16, bytes: 160, oldest: 1 });
});

test('letters that were taken away by hand are no longer counted an hour later', async () => {
  await insert({ device: devices[0] as number, letters: 20 });
  const watched = watchOf({ tenantLettersMax: 15 });
  assert.deepEqual(await settled(watched), { north: [15, 5] });
  await database.sql`delete from dead_letters where log_offset > 10`;
  assert.deepEqual(await settled(watched), { north: [15, 5] });
  await watched.watch.look(NOW_MS + 3_600_000);
  assert.deepEqual(
    depthOf(watched.watch.tallies ?? []).map(({ letters, bytes, removed }) => [letters, bytes, removed]),
    [[5, 50, 5]],
  );
});

test('where all letters cannot be counted in time, the tallies serve as they are', async () => {
  await insert({ device: devices[0] as number, letters: 20 });
  const events: string[] = [];
  let calls = 0;
  const { run, ...others } = unguarded(database.sql);
  // Count, recount, read, …
  const recountFails: typeof run = (work) => (++calls === 2 ? Promise.reject(new Error('it takes too long')) : run(work));
  const watch = new LetterWatch({
    ...{ database: { ...others, run: recountFails }, limits: { ...NO_LIMITS, lettersMax: 5 }, partitions: () => [0] },
    event: (_level, name) => void events.push(name),
  });
  await watch.look(NOW_MS);
  assert.deepEqual(
    depthOf(watch.tallies ?? []).map(({ letters, removed }) => [letters, removed]),
    [[5, 15]],
  );
  assert.deepEqual(events, ['dead-letters-not-counted', 'dead-letters-removed']);
});

test('a process without partition 0 removes nothing', async () => {
  await insert({ device: devices[0] as number, letters: 10, partition: 1 });
  assert.deepEqual(await settled(watchOf({ lettersMax: 5 }, [1])), { north: [10, 0] });
});

test('whatever comes and goes, the tallies are what the table holds, and with what was removed all that ever came', async () => {
  const random = new Random();
  const limits = { tenantLettersMax: 120, lettersMax: 200, daysMax: 20 };
  let inserted = 0;
  for (let round = 0; round < 12; round++) {
    const letters = random.below(90);
    inserted += letters;
    const device = random.pick([...devices, null]);
    await insert({ device, letters, partition: random.below(4), bytes: random.below(50), days: random.pick([1, 10, 19, 25]) });
    if (random.chance(0.3))
      await database.sql`update devices set device_class = ${random.pick(['pump', 'meter'])} where id = ${devices[0] as number}`;
    const watched = watchOf(limits);
    await settled(watched);
    const tallies = watched.watch.tallies ?? [];
    const sum = (value: (tally: Tally) => number) => tallies.reduce((total, tally) => total + value(tally), 0);
    const found = await kept();
    const counts = [sum(({ letters: count }) => count), sum(({ bytes }) => bytes), sum((tally) => tally.letters + tally.removed)];
    assert.deepEqual(counts, [found.letters, found.bytes, inserted], `SEED=${random.seed}, round ${round}`);
    assert.ok(found.letters <= limits.lettersMax);
    for (const { letters: own } of depthOf(tallies)) assert.ok(own >= 0 && own <= limits.tenantLettersMax);
  }
});

test('while the database is away this is reported once, and then that letters are counted again', async () => {
  let isAway = true;
  const events: string[] = [];
  const run = (work: Parameters<ReturnType<typeof unguarded>['run']>[0]) =>
    isAway ? Promise.reject(new Error('it is away')) : unguarded(database.sql).run(work);
  const watch = new LetterWatch({
    database: { ...unguarded(database.sql), run: run as ReturnType<typeof unguarded>['run'] },
    ...{ limits: NO_LIMITS, partitions: () => [0], event: (_level: string, name: string) => void events.push(name), lookMs: 1 },
  });
  watch.start();
  await until('it is reported', () => events.length > 0);
  isAway = false;
  await until('it is reported', () => events.length > 1);
  await watch.close();
  assert.deepEqual(events, ['dead-letters-not-counted', 'dead-letters-counted-again']);
});

test('metrics have few labels, however many tenants there are', () => {
  const tallies = Array.from({ length: 200 }, (_, index): Tally => {
    return {
      tenant: index === 0 ? '' : `t${index}`,
      deviceClass: '',
      reason: 'json_malformed',
      letters: index + 1,
      bytes: 1,
      removed: 1,
      removedBytes: 1,
      usual: 0,
    };
  });
  const [byReason, byTenant, removed] = depthMetrics(() => tallies).map(({ values }) => [...values()]);
  assert.deepEqual(byReason, [['json_malformed', 20_100]]);
  assert.equal(byTenant?.length, 51);
  assert.deepEqual(byTenant?.at(-1), ['(others)', 20_100 - (byTenant?.slice(0, -1).reduce((sum, [, letters]) => sum + letters, 0) ?? 0)]);
  assert.deepEqual(removed, [['', 200]]);
  assert.deepEqual(
    depthMetrics(() => undefined).map(({ values }) => [...values()]),
    [[], [], [['', 0]]],
  );
});
