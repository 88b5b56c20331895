import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import postgres, { type Sql } from 'postgres';
import { Queries } from '../../../src/control/queries/queries.js';
import { startEmbedded } from '../../../src/store/embedded/embedded.js';
import { loadOffsets } from '../../../src/store/offsets.js';
import { migrate, SCHEMA_VERSION } from '../../../src/store/schema/migrate.js';
import { maintainSegments, type SegmentLimits } from '../../../src/store/schema/postgres/postgres-closing.js';
import { BatchWriter } from '../../../src/store/write/batch-writer.js';
import { startTestDatabase, type TestDatabase, unguarded } from '../../support/database.js';
import { undoStepsAfter } from '../../support/older-schema.js';
import { Random } from '../../support/random.js';
import { layBatch, sharedMemory } from '../../support/row-batch.js';
import { until } from '../../support/until.js';

type Row = readonly [device: number, metric: number, ts: Date, value: number];

const GROUP = 'segments';
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** As few as go into a segment. */
const MANY = 4096;
/** Any segment that is not empty is full, and big enough for an index of its own. */
const INDEXED: SegmentLimits = { pagesMax: 1, ageMsMax: HOUR_MS, pagesMin: 0, drainedMsMin: 0 };
/** The same, but all are moved into the days. */
const MOVED: SegmentLimits = { ...INDEXED, pagesMin: 1e9 };

describe('segments of plain PostgreSQL', () => {
  let database: TestDatabase;
  let sql: Sql;
  let offsets: bigint[];
  let written: number;
  const writers: BatchWriter[] = [];
  const memories = [sharedMemory(), sharedMemory(), sharedMemory(), sharedMemory()];
  const random = new Random();

  before(async () => {
    database = await startTestDatabase();
    sql = database.sql;
    // A segment is dropped when nobody can still be reading it, and that a vacuum cannot is not known of it.
    await sql`alter system set autovacuum = off`;
    await sql`select pg_reload_conf()`;
    for (let partition = 0; partition < memories.length; partition++) writers.push(new BatchWriter(database.url, GROUP, ''));
    await sql`create table plain (device_id int, metric_id int, ts timestamptz, value float8)`;
  });
  after(async () => {
    for (const writer of writers) await writer.close();
    await database.stop();
  });
  beforeEach(async () => {
    while ((await states()).some((state) => state !== 'open' && state !== 'bounded')) await maintainSegments(sql, new Date(), MOVED);
    await sql`truncate readings_days, readings_hot, plain`;
    offsets = await loadOffsets(sql, GROUP, memories.length);
    written = 0;
  });

  async function write(partition: number, readings: readonly Row[]): Promise<void> {
    const from = offsets[partition] as bigint;
    const batch = layBatch(memories[partition] as WebAssembly.Memory, partition, from, from + 1n, { readings });
    await (writers[partition] as BatchWriter).write(batch, (memories[partition] as WebAssembly.Memory).buffer);
    offsets[partition] = from + 1n;
    written += readings.length;
  }

  /** Of 20 devices with 3 metrics: most are of now, some late, some years old, some ahead of time. */
  function randomRows(count: number): Row[] {
    const now = Date.now();
    const age = () => random.pick([0, 0, 0, 0, 0, HOUR_MS, 3 * DAY_MS, 20 * DAY_MS, 6000 * DAY_MS, -DAY_MS + HOUR_MS, -90 * DAY_MS]);
    const rows = Array.from({ length: count }, (_, index): Row => {
      return [random.int(1, 20), random.int(1, 3), new Date(now - age() - random.int(0, 1e7)), index / 8];
    });
    return rows.sort((a, b) => a[0] - b[0] || a[1] - b[1] || a[2].getTime() - b[2].getTime());
  }

  async function writeBoth(partition: number, rows: readonly Row[]): Promise<void> {
    await write(partition, rows);
    const [device, metric, value] = [0, 1, 3].map((column) => rows.map((row) => row[column] as number));
    await sql`insert into plain select * from unnest(${device!}::int[], ${metric!}::int[], ${rows.map((row) => row[2].toISOString())}::text[]::timestamptz[], ${value!}::float8[])`;
  }

  async function states(): Promise<string[]> {
    return (await sql`select state from readings_segments order by number`).map((row) => row.state);
  }

  /** Every query of the API and one of SQL give what a plain table gives. */
  async function assertSame(when: string): Promise<void> {
    const [lost] = await sql`select count(*)::int as rows from (table plain except all table readings) missing`;
    const [extra] = await sql`select count(*)::int as rows from (table readings except all table plain) more`;
    assert.deepEqual([lost?.rows, extra?.rows], [0, 0], `${when}: rows that are lost, rows too many; seed ${random.seed}`);
    const queries = new Queries(unguarded(sql));
    for (let look = 0; look < 8; look++) {
      const [device, metric, limit] = [random.int(1, 20), random.int(1, 3), random.pick([10, 500, 10_000])];
      const toMs = Date.now() + random.pick([0, DAY_MS, 100 * DAY_MS]);
      const fromMs = toMs - random.pick([HOUR_MS, 2 * DAY_MS, 7000 * DAY_MS]);
      const expected = await sql`select ts from plain where device_id = ${device} and metric_id = ${metric}
        and ts >= ${new Date(fromMs)} and ts < ${new Date(toMs + 1)} order by ts limit ${limit}`;
      const { points } = await queries.range({ device, metrics: [metric], fromMs, toMs, limit });
      assert.deepEqual(
        points.map(({ us }) => Number(us / 1000n)),
        expected.map(({ ts }) => ts.getTime()),
        `${when}: range of ${device}/${metric}; seed ${random.seed}`,
      );
      const newest = await sql`select metric_id as metric, max(ts) as ts from plain where device_id = ${device} group by 1 order by 1`;
      assert.deepEqual(
        (await queries.latest([device])).map((point) => [point.metric, point.tsMs]),
        newest.map((row) => [row.metric, row.ts.getTime()]),
        `${when}: latest of ${device}; seed ${random.seed}`,
      );
    }
  }

  async function step(limits: SegmentLimits): Promise<unknown> {
    const { events } = await maintainSegments(sql, new Date(), limits);
    return events[0]?.fields.step ?? events[0]?.name;
  }

  async function place(): Promise<string[]> {
    return (
      await sql`select distinct regexp_replace(tableoid::regclass::text, '\\d+$', 'N') as name from readings_hot
      union select 'days' from readings_days order by 1`
    ).map((row) => row.name);
  }

  test('few rows go into the days, many into the open segment, whatever their time', async () => {
    await write(0, randomRows(MANY - 1));
    assert.deepEqual(await place(), ['days']);
    await write(1, randomRows(MANY));
    assert.deepEqual(await place(), ['days', 'readings_hot_N']);
    const [hot] = await sql`select count(*)::int as rows from readings_hot`;
    assert.equal(hot?.rows, MANY);
  });

  test('what was just committed is found without reading the segment whole, and a segment closes by age', async () => {
    const rows = Array.from({ length: 45_000 }, (_, index): Row => [1 + Math.floor(index / 20), 1, new Date(), index]);
    await write(0, rows);
    const [open] = await sql`select number from readings_segments where state = 'open'`;
    const name = `readings_hot_${open?.number}`;
    const [left] =
      await sql`select brin_summarize_new_values(${`${name}_brin`}::regclass) as ranges, reltuples from pg_class where relname = ${name}`;
    assert.deepEqual({ ...left }, { ranges: 0, reltuples: rows.length });
    const plan = await sql`explain (format json) select * from readings where device_id = 7 and metric_id = 1`;
    assert.match(JSON.stringify(plan), new RegExp(`${name}_brin`));
    const young: SegmentLimits = { ...INDEXED, pagesMax: 1e9 };
    assert.equal(await step(young), undefined);
    const { events } = await maintainSegments(sql, new Date(Date.now() + HOUR_MS), young);
    assert.deepEqual(events, [{ level: 'debug', name: 'store-segment-closed', fields: { segment: open?.number } }]);
  });

  test('answers are those of a plain table before, while and after a segment closes', async () => {
    await writeBoth(0, randomRows(300));
    await writeBoth(0, randomRows(MANY));
    await assertSame('open');
    for (const expected of ['store-segment-closed', 'indexed', 'checked', 'bounded']) {
      assert.equal(await step(INDEXED), expected);
      await writeBoth(1, randomRows(300));
      await assertSame(expected);
    }
    await writeBoth(2, randomRows(MANY));
    assert.equal(await step(MOVED), 'store-segment-closed');
    await writeBoth(3, randomRows(MANY));
    await assertSame('the next one closed');
    for (const expected of ['store-segment-closed', 'moved', 'dropped', 'moved', 'dropped']) {
      // Two are closed by now, and the oldest is worked on first.
      assert.equal(await step(MOVED), expected);
      await assertSame(expected);
    }
    assert.equal(await step(MOVED), undefined);
    assert.deepEqual(
      (await states()).filter((state) => state !== 'bounded'),
      ['open'],
    );
  });

  test('a segment of other times is left out of a query, one that may hold the rows is read by its index', async () => {
    await write(
      0,
      Array.from({ length: MANY }, (_, index): Row => [index % 50, 1, new Date(Date.UTC(2020, 0, 1) + index * 1000), index]),
    );
    await write(1, randomRows(MANY));
    for (const expected of ['store-segment-closed', 'indexed', 'checked', 'bounded']) assert.equal(await step(INDEXED), expected);
    const [segment] = await sql`select number from readings_segments where state = 'bounded' order by number desc limit 1`;
    const plan = async (from: string, to: string) =>
      JSON.stringify(
        await sql.unsafe(
          `explain select * from readings where device_id = 7 and metric_id = 1 and ts >= '${from}' and ts < '${to}' order by ts limit 10`,
        ),
      );
    const name = `readings_hot_${segment?.number}`;
    assert.match(await plan('2020-01-01', '2020-01-02'), new RegExp(` ${name}_series on ${name} `));
    assert.doesNotMatch(await plan('1990-01-01', '1990-01-02'), new RegExp(` on ${name} `));
  });

  test('segments close under writers, by several processes at a time, and no row is lost or doubled', async () => {
    const maintainers = Array.from({ length: 3 }, () => postgres(database.url, { max: 1, fetch_types: false, onnotice: () => {} }));
    let writing = true;
    const closed: number[] = [];
    const maintain = async (own: Sql, limits: SegmentLimits) => {
      while (writing) {
        const { events } = await maintainSegments(own, new Date(), limits);
        for (const { name, fields } of events) if (name === 'store-segment-closed') closed.push(Number(fields.segment));
      }
    };
    const counts: number[] = [];
    const read = async () => {
      while (writing) counts.push((await sql`select count(*)::int as rows from readings`)[0]?.rows);
    };
    const jobs = Promise.all([...maintainers.map((own, index) => maintain(own, index === 0 ? INDEXED : MOVED)), read()]);
    const rows = randomRows(MANY);
    await Promise.all(
      memories.map(async (_, partition) => {
        for (let batch = 0; batch < 8 || (closed.length < 2 && batch < 100); batch++) await write(partition, rows);
      }),
    ).finally(() => {
      writing = false;
    });
    await jobs;
    for (const own of maintainers) await own.end({ timeout: 1 });
    assert.ok(closed.length >= 2, `${closed.length} were closed`);
    assert.equal(new Set(closed).size, closed.length, 'each once');
    assert.deepEqual(
      counts,
      counts.toSorted((a, b) => a - b),
      'what was once seen stays',
    );
    assert.deepEqual(
      counts.filter((count) => count % MANY !== 0),
      [],
      'a batch is seen as a whole',
    );
    const [row] = await sql`select count(*)::int as rows from readings`;
    assert.equal(row?.rows, written);
  });

  test('a server killed while it makes the index leaves nothing invalid, and it is made after the next start', async () => {
    const rows = randomRows(MANY);
    for (let batch = 0; batch < 12; batch++) await writeBoth(0, rows);
    assert.equal(await step(INDEXED), 'store-segment-closed');
    // It stands still when the index is made, and nothing is committed.
    await sql.unsafe(`
      create function stand_still() returns trigger language plpgsql as 'begin perform pg_sleep(60); return new; end';
      create trigger stand_still before update on readings_segments for each row when (new.first_ts is not null) execute function stand_still()`);
    const own = postgres(database.url, { max: 1, fetch_types: false, onnotice: () => {} });
    const failed = assert.rejects(maintainSegments(own, new Date(), INDEXED));
    await until('the index to be made', async () => (await sql`select 1 from pg_stat_activity where wait_event = 'PgSleep'`).length > 0);
    process.kill(postmasterOf(database), 'SIGKILL');
    await failed;
    await own.end({ timeout: 0 });
    const again = () =>
      startEmbedded(database.folder, { sync: false }).then(
        () => true,
        () => false,
      );
    await until('the next server', again);
    await sql`drop function stand_still cascade`;
    for (const writer of writers) await writer.close();
    await assertSame('after the kill');
    assert.equal(await step(INDEXED), 'indexed');
    const [invalid] = await sql`select count(*)::int as indexes from pg_index where not indisvalid`;
    assert.equal(invalid?.indexes, 0);
    await assertSame('after the next start');
    await writeBoth(1, rows);
    await assertSame('and it goes on');
  });

  test('a database of the first schema keeps its rows and days, and an older Spillway may go on writing', async () => {
    const ts = new Date();
    // What the later versions did, undone: that is version 1.
    await sql.unsafe(`
      drop view raw_metrics, readings;
      drop function readings_insert, readings_delete;
      drop table readings_hot, readings_segments cascade;
      alter table readings_days rename to readings;
      create view raw_metrics as select device.name as device_id, metric.name as metric_name, reading.value, '{}'::jsonb as tags, reading.ts
        from readings reading join devices device on device.id = reading.device_id join metrics metric on metric.id = reading.metric_id;`);
    await undoStepsAfter(sql, 2);
    await sql`delete from schema_migrations where version = 2`;
    await sql`insert into readings select 1, 1, ${ts}::timestamptz - make_interval(hours => i), i from generate_series(0, 99) i`;
    await sql`insert into plain table readings`;
    const [before] = await sql`select pg_relation_filenode(tableoid)::int as file from readings where ts = ${ts}`;
    assert.equal(await migrate(sql), SCHEMA_VERSION - 1);
    const [now] = await sql`select pg_relation_filenode(tableoid)::int as file from readings_days where ts = ${ts}`;
    assert.equal(now?.file, before?.file, 'no row was moved');
    await sql`insert into readings select 1, 1, ${ts}::timestamptz + interval '1 s', 7`;
    await sql`insert into plain select 1, 1, ${ts}::timestamptz + interval '1 s', 7`;
    await writeBoth(0, randomRows(MANY));
    await assertSame('after the migration');
    const deleted = await sql`delete from readings where device_id = 1`;
    await sql`delete from plain where device_id = 1`;
    assert.ok(deleted.count > 100);
    await assertSame('rows deleted by hand');
  });
});

function postmasterOf({ folder }: TestDatabase): number {
  return Number(readFileSync(join(folder, 'data', 'postmaster.pid'), 'utf8').split('\n')[0]);
}
