import { once } from 'node:events';
import type postgres from 'postgres';
import type { BenchDatabase } from './database.js';
import { deviceOf, hundredths, type LoadPlan, metricNames, turnOf } from './load/messages.js';

const rowBytes = 42;
const chunkBytesMax = 1 << 20;
/** Rows are made before the clock runs, so memory bounds them: 8 M rows are 336 MB. */
const rowsMax = 8_000_000;
const postgresEpochMs = Date.UTC(2000, 0, 1);

export interface Sent {
  readonly plan: LoadPlan;
  readonly messages: number;
}

export interface CopyCeiling {
  readonly rows: number;
  /** Into a table with the partitions and indexes of `readings`. */
  readonly rowsPerSecond: number;
  /** Into a table of the same columns and nothing else. */
  readonly bareRowsPerSecond: number;
}

/** How fast the same server takes the same rows from a bare binary COPY on one connection. */
export async function measureCopyCeiling(database: BenchDatabase, tenant: string, sent: readonly Sent[]): Promise<CopyCeiling> {
  const { devices, metrics } = await database.numbers(tenant, metricNames);
  const chunks = copyChunks(sent, devices, metrics);
  const rows = chunks.reduce((sum, chunk) => sum + Math.floor(chunk.length / rowBytes), 0);
  const { sql } = database;
  await makeTwin(sql, 'bench_twin');
  const seconds = await timeCopy(sql, 'bench_twin', chunks, rows);
  await sql.unsafe('drop table bench_twin; create table bench_bare (device_id int, metric_id int, ts timestamptz, value float8)');
  const bareSeconds = await timeCopy(sql, 'bench_bare', chunks, rows);
  await sql.unsafe('drop table bench_bare');
  return { rows, rowsPerSecond: rows / seconds, bareRowsPerSecond: rows / bareSeconds };
}

/**
 * The rows of all messages in PostgreSQL's binary COPY format, a whole number of rows a chunk:
 * int16 fields = 4, then (int32 length, bytes) for int4 device, int4 metric, int8 µs since 2000, float8.
 * Connections take turns, message by message, as they did on the wire.
 */
export function copyChunks(sent: readonly Sent[], devices: readonly number[], metrics: readonly number[]): Buffer[] {
  const chunks: Buffer[] = [];
  const rowsAChunk = Math.floor(chunkBytesMax / rowBytes);
  let left = Math.min(rowsMax, sent.reduce((sum, { messages }) => sum + messages, 0) * metrics.length);
  let chunk = Buffer.alloc(0);
  let at = 0;
  const most = Math.max(0, ...sent.map(({ messages }) => messages));
  for (let message = 0; message < most; message++) {
    for (const { plan, messages } of sent) {
      if (message >= messages) continue;
      const device = deviceOf(plan, message);
      const turn = turnOf(plan, message);
      for (let metric = 0; metric < metrics.length && left > 0; metric++, left--) {
        if (at === chunk.length) {
          chunk = Buffer.allocUnsafe(Math.min(left, rowsAChunk) * rowBytes);
          chunks.push(chunk);
          at = 0;
        }
        at = writeRow(chunk, at, devices[device] ?? 0, metrics[metric] ?? 0, plan.baseMs + turn, hundredths(device, turn, metric) / 100);
      }
    }
  }
  return chunks;
}

function writeRow(chunk: Buffer, at: number, device: number, metric: number, tsMs: number, value: number): number {
  const us = (tsMs - postgresEpochMs) * 1000;
  chunk.writeInt16BE(4, at);
  chunk.writeInt32BE(4, at + 2);
  chunk.writeInt32BE(device, at + 6);
  chunk.writeInt32BE(4, at + 10);
  chunk.writeInt32BE(metric, at + 14);
  chunk.writeInt32BE(8, at + 18);
  chunk.writeInt32BE(Math.floor(us / 4294967296), at + 22);
  chunk.writeUInt32BE(us % 4294967296, at + 26);
  chunk.writeInt32BE(8, at + 30);
  chunk.writeDoubleBE(value, at + 34);
  return at + rowBytes;
}

async function timeCopy(sql: postgres.Sql, table: string, chunks: readonly Buffer[], rows: number): Promise<number> {
  const startMs = performance.now();
  const stream = await sql.unsafe(`copy ${table} from stdin (format binary)`).writable();
  // Signature, flags, header extension length. PostgreSQL, COPY, "Binary Format".
  stream.write(Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1'));
  for (const chunk of chunks) if (!stream.write(chunk)) await once(stream, 'drain');
  const finished = once(stream, 'finish');
  stream.end(Buffer.from([0xff, 0xff]));
  await finished;
  const seconds = (performance.now() - startMs) / 1000;
  const [counted] = await sql.unsafe(`select count(*) as rows from ${table}`);
  if (Number(counted?.rows) !== rows)
    throw new Error(`cannot trust the ceiling: ${counted?.rows} of ${rows} rows were copied into ${table}`);
  return seconds;
}

/** An empty table with the columns, partitioning and indexes of `readings`. */
async function makeTwin(sql: postgres.Sql, name: string): Promise<void> {
  const [hypertables] = await sql`select to_regclass('timescaledb_information.hypertables') is not null as known`;
  const [hyper] = hypertables?.known
    ? await sql`select time_interval::text as step from timescaledb_information.dimensions where hypertable_name = 'readings'`
    : [];
  const [key] = await sql`select pg_get_partkeydef('readings'::regclass) as definition`;
  const partitioned = key?.definition ? ` partition by ${key.definition}` : '';
  await sql.unsafe(`create table ${name} (like readings including defaults including constraints)${partitioned}`);
  if (hyper)
    await sql.unsafe(
      `select create_hypertable('${name}', 'ts', chunk_time_interval => interval '${hyper.step}', create_default_indexes => false)`,
    );
  const indexes = await sql`select pg_get_indexdef(indexrelid) as definition from pg_index where indrelid = 'readings'::regclass`;
  for (const { definition } of indexes) {
    await sql.unsafe(String(definition).replace(/INDEX \S+ ON (ONLY )?\S+/, `INDEX ON ${name}`));
  }
  const partitions = await sql`
    select child.relname as name, pg_get_expr(child.relpartbound, child.oid) as bound
    from pg_inherits join pg_class child on child.oid = inhrelid
    where inhparent = 'readings'::regclass and child.relispartition`;
  for (const partition of partitions) {
    await sql.unsafe(`create table ${name}_${String(partition.name)} partition of ${name} ${String(partition.bound)}`);
  }
}
