import assert from 'node:assert/strict';
import type { Sql } from 'postgres';
import type { RowBatch } from '../../src/contract/threads/store.js';
import { Queries } from '../../src/control/queries/queries.js';
import type { Dialect } from '../../src/store/schema/dialect.js';
import { copyStream, float64, int32, timestamp } from './copy-stream.js';
import { unguarded } from './database.js';
import type { Random } from './random.js';
import type { TimescaleDatabase } from './timescale.js';

export type Reading = readonly [device: number, metric: number, tsMs: number, value: number];

const HOUR_MS = 3_600_000;
export const DEVICES = 40;
export const METRICS = 3;

/** `readings` a second time, without any index or compression, in a schema of its own: what it answers is right. */
export async function makeTwin(sql: Sql): Promise<void> {
  await sql.unsafe(`
    create schema twin;
    create table twin.readings (device_id int, metric_id int, ts timestamptz, value float8);
    create table twin.text_readings (device_id int, metric_id int, ts timestamptz, value text);
    create view twin.raw_metrics as select device.name as device_id, metric.name as metric_name, reading.value, reading.ts
      from twin.readings reading join devices device on device.id = reading.device_id join metrics metric on metric.id = reading.metric_id;
    insert into devices (tenant_id, name, token_hash) select 't', 'd' || n, '' from generate_series(1, ${DEVICES}) n;
    insert into metrics (name) select 'm' || n from generate_series(1, ${METRICS}) n;
  `);
}

/** Rows as devices send them: mostly of this hour, some back-filled, some far off, some twice, at times one device's only. */
export function randomRows(random: Random, rows: number, nowMs: number): Reading[] {
  const few = random.chance(0.2);
  return Array.from({ length: rows }, (): Reading => {
    const back = random.chance(0.1) ? random.below(6) * HOUR_MS : 0;
    const far = random.chance(0.0005) ? random.pick([-2000 * HOUR_MS, 20 * HOUR_MS]) : 0;
    const device = few ? 7 : random.int(1, DEVICES);
    return [device, random.int(1, METRICS), nowMs - back + far - random.below(2000) * 1000, random.int(-1000, 1000)];
  });
}

export function sortRows(rows: readonly Reading[]): Reading[] {
  return [...rows].sort(([a, b, c], [x, y, z]) => a - x || b - y || c - z);
}

/** Brings rows into readings as the dialect would a batch that is, or says it is, sorted; and into the twin as they are. */
export async function copyToBoth(database: TimescaleDatabase, dialect: Dialect, rows: readonly Reading[], sorted: boolean): Promise<void> {
  const bytes = copyStream(
    rows.map(([device, metric, tsMs, value]) => [int32(device), int32(metric), timestamp(new Date(tsMs)), float64(value)]),
  );
  const batch = { sorted, readings: { rows: rows.length } } as RowBatch;
  // Only plain PostgreSQL asks the connection.
  const statement = await dialect.copyStatement('readings', batch, undefined as never);
  await database.copy(statement, bytes);
  await database.copy(statement.replace('copy readings', 'copy twin.readings'), bytes);
}

const ORDERS = [
  ...['device_id, metric_id, ts', 'device_id desc, metric_id desc, ts desc', 'device_id', 'device_id, metric_id', 'ts', 'ts desc'],
  'metric_id, ts',
];

/** Questions whose answers have one form only: keys where rows may tie, whole numbers where sums are asked. */
function questions(random: Random, nowMs: number): string[] {
  const time = () => `'${new Date(nowMs - random.below(7 * HOUR_MS)).toISOString()}'`;
  const limit = random.int(1, 300);
  const [device, metric] = [random.int(1, DEVICES), random.int(1, METRICS)];
  const series = `device_id = ${device} and metric_id = ${metric}`;
  const ordered = ORDERS.flatMap((order) => {
    const columns = order.replaceAll(' desc', '');
    return [
      `select ${columns} from readings order by ${order} limit ${limit}`,
      `select ${columns} from readings where ts >= ${time()} order by ${order} limit ${limit}`,
      `select ${columns} from readings where device_id between ${device} and ${device + 2} order by ${order}`,
    ];
  });
  return [
    ...ordered,
    `select ts from readings where ${series} order by ts`,
    `select ts from readings where ${series} order by ts desc limit ${limit}`,
    `select ts from readings where ${series} and ts >= ${time()} and ts < ${time()} order by ts limit ${limit}`,
    `select ts, value from readings where ${series} order by ts, value`,
    `select count(*), sum(value), min(ts), max(ts), min(value), max(value), min(device_id), max(device_id) from readings`,
    `select count(*), sum(value), min(ts), max(ts) from readings where ${series} and ts < ${time()}`,
    `select count(*), min(metric_id), max(ts) from readings where device_id = ${device}`,
    `select device_id, metric_id, count(*), sum(value), max(ts) from readings group by 1, 2 order by 1, 2`,
    `select date_trunc('hour', ts) as hour, count(*), sum(value) from readings where ts > ${time()} group by 1 order by 1`,
    `select distinct on (device_id, metric_id) device_id, metric_id, ts from readings order by device_id, metric_id, ts desc`,
    `select count(*), sum(value) from readings where value > ${random.int(-1000, 1000)} and metric_id = ${metric}`,
    `select device_id, metric_name, value, ts from raw_metrics where device_id = 'd${device}' order by metric_name, ts, value`,
  ];
}

/** What a device's pages ask, with the rows of equal time put into one order. */
async function pages(sql: Sql, device: number, metric: number, fromMs: number, toMs: number): Promise<unknown> {
  const queries = new Queries(unguarded(sql));
  const range = await queries.range({ device, metrics: [metric], fromMs, toMs, limit: 10_000 });
  const latest = await queries.latest([device]);
  return {
    next: range.next,
    points: range.points.map(({ us, value }) => [us, value]),
    latest: latest.map(({ metric, tsMs }) => [metric, tsMs]).sort(([a], [x]) => Number(a) - Number(x)),
  };
}

/** Asks readings and its twin the same; answers those questions whose answers differ. */
export async function differences(sql: Sql, random: Random, nowMs: number): Promise<string[]> {
  const asked = questions(random, nowMs);
  const [device, metric] = [random.int(1, DEVICES), random.int(1, METRICS)];
  const answersOf = (schema: string) =>
    sql.begin(async (tx) => {
      await tx.unsafe(`set local search_path = ${schema}`);
      const answers: string[] = [];
      for (const question of asked) answers.push(JSON.stringify(await tx.unsafe(question)));
      const page = await pages(tx as unknown as Sql, device, metric, nowMs - 2 * HOUR_MS, nowMs);
      return [...answers, JSON.stringify(page, (_, value) => (typeof value === 'bigint' ? String(value) : value))];
    });
  const answers = await answersOf('public');
  const right = await answersOf('twin, public');
  assert.equal(answers.length, asked.length + 1);
  return [...asked, `pages of device ${device}, metric ${metric}`].filter((_, index) => answers[index] !== right[index]);
}
