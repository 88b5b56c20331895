import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { copyBatches, copyHeader, copyTrailer, rowBytes } from './copy-rows.js';
import { makeTwin, twinSettings } from './copy-twin.js';
import type { BenchDatabase } from './database.js';
import { metricNames, type Sent } from './load/messages.js';

export interface CopyCeiling {
  readonly by: 'psql' | 'client';
  readonly rows: number;
  /** Into a table with the partitions, indexes and compression of `readings`. */
  readonly rowsPerSecond: number;
  /** Into a table of the same columns and nothing else. */
  readonly bareRowsPerSecond: number;
}

/** How fast the same server takes the same rows, in batches sorted as the pipeline's, from one connection that does nothing else. */
export async function measureCopyCeiling(database: BenchDatabase, tenant: string, sent: readonly Sent[]): Promise<CopyCeiling> {
  const batches = copyBatches(sent, await database.numbers(tenant, metricNames));
  const rows = batches.reduce((sum, batch) => sum + batch.length / rowBytes, 0);
  const { sql } = database;
  const folder = mkdtempSync(join(tmpdir(), 'spillway-copy-'));
  try {
    const by = spawnSync('psql', ['--version']).status === 0 ? 'psql' : 'client';
    const files = by === 'psql' ? batches.map((batch, index) => copyFile(join(folder, `${index}.bin`), batch)) : [];
    const settings = await twinSettings(sql);
    const time = async (table: string) => {
      // What the run before left to write back is none of this one's.
      await sql.unsafe('checkpoint').catch(() => undefined);
      const seconds =
        by === 'psql' ? await timePsql(database.url, table, files, settings) : await timeClient(database, table, batches, settings);
      const [counted] = await sql.unsafe(`select count(*) as rows from ${table}`);
      await sql.unsafe(`drop table ${table}`);
      if (Number(counted?.rows) === rows) return seconds;
      throw new Error(`cannot trust the ceiling: ${counted?.rows} of ${rows} rows were copied into ${table}`);
    };
    await makeTwin(sql, 'bench_twin');
    const seconds = await time('bench_twin');
    await sql.unsafe('create table bench_bare (device_id int, metric_id int, ts timestamptz, value float8)');
    const bareSeconds = await time('bench_bare');
    return { by, rows, rowsPerSecond: rows / seconds, bareRowsPerSecond: rows / bareSeconds };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function copyFile(path: string, batch: Buffer): string {
  const file = openSync(path, 'w');
  for (const part of [copyHeader, batch, copyTrailer]) for (let at = 0; at < part.length; ) at += writeSync(file, part, at);
  closeSync(file);
  return path;
}

/** Seconds by the server's clock from before the first COPY until after the last one's commit. */
async function timePsql(url: string, table: string, files: readonly string[], settings: readonly string[]): Promise<number> {
  const clock = 'select extract(epoch from clock_timestamp());';
  const copies = files.map((file) => `\\copy ${table} from '${file}' (format binary)`);
  const script = [...settings.map((set) => `${set};`), clock, ...copies, clock, ''].join('\n');
  const child = spawn('psql', [url, '-XqAt', '-v', 'ON_ERROR_STOP=1'], { stdio: ['pipe', 'pipe', 'pipe'] });
  const [output, errors] = [collect(child.stdout), collect(child.stderr)];
  child.stdin.end(script);
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`cannot measure the ceiling: psql says ${errors().trim()}`);
  const [from = 0, to = 0] = output().trim().split('\n').map(Number);
  return to - from;
}

function collect(stream: NodeJS.ReadableStream): () => string {
  let text = '';
  stream.on('data', (chunk) => {
    text += chunk;
  });
  return () => text;
}

async function timeClient({ sql }: BenchDatabase, table: string, batches: readonly Buffer[], settings: readonly string[]): Promise<number> {
  for (const set of settings) await sql.unsafe(set);
  const startMs = performance.now();
  for (const batch of batches) {
    const stream = await sql.unsafe(`copy ${table} from stdin (format binary)`).writable();
    const finished = once(stream, 'finish');
    stream.write(copyHeader);
    if (!stream.write(batch)) await once(stream, 'drain');
    stream.end(copyTrailer);
    await finished;
  }
  return (performance.now() - startMs) / 1000;
}
