import type { Sql, TransactionSql } from 'postgres';
import type { DialectEvent, Maintained } from '../dialect.js';

/**
 * A chunk that batches were copied into holds a run of compressed rows for each of them, and each run has every
 * device: a query for one device reads one compressed row a batch. Once the chunk's time is over it is compressed
 * anew as a whole, so that a device lies in few compressed rows, and in order. The chunk's own state says whether
 * that is due, so nothing is forgotten over a restart, and rows that come late make it due again.
 *
 *   status  0 rows only | 1 compressed | +2 batches overlap | +4 frozen | +8 rows beside the compressed ones
 *
 * While it lasts, whoever writes into the same chunk waits; readers do not, but for a moment at the end.
 */
const SETTLED = 1;
const FROZEN = 4;

/** A chunk is left alone for so long after its end: most of what comes late has come by then. */
const SETTLE_MS = 900_000;
/** Late rows wait for this long at most, and with them the partition they came in. */
const WORK_MS_MAX = 300_000;
/** Whoever writes into the chunk must not queue behind a recompression that itself waits. */
const LOCK_MS_MAX = 2000;
/** Chunks that may fail in one run; the next run tries them again. */
const FAILURES_MAX = 3;
/** Rest after each chunk, in times of the work: at most a quarter of one core is spent. */
const REST = 3;
const REST_MS_MIN = 1000;

interface Chunk {
  /** Qualified and quoted. */
  readonly name: string;
  readonly table: string;
  readonly status: number;
  readonly from: Date;
  readonly to: Date;
}

/**
 * Recompresses one chunk, the newest first: it is asked for most. `inMemory`: the server can do so without
 * making rows of the whole chunk first, and does it right for chunks that also hold rows.
 */
export async function recompressNext(sql: Sql, now: Date, inMemory: boolean): Promise<Maintained> {
  const due = await dueChunks(sql, now);
  const events: DialectEvent[] = [];
  for (const chunk of due) {
    const startedMs = performance.now();
    const failure = await recompress(sql, chunk, inMemory);
    const ms = Math.round(performance.now() - startedMs);
    const fields = { chunk: chunk.name, table: chunk.table, from: chunk.from.toISOString(), to: chunk.to.toISOString(), ms };
    if (!failure) {
      events.push({ level: 'info', name: 'store-chunk-recompressed', fields: { ...fields, due: due.length - 1 } });
      return due.length > 1 ? { events, againMs: Math.max(REST_MS_MIN, ms * REST) } : { events };
    }
    events.push({ level: 'warn', name: 'store-chunk-not-recompressed', fields: { ...fields, ...failure } });
    if (events.length === FAILURES_MAX) break;
  }
  return { events };
}

async function dueChunks(sql: Sql, now: Date): Promise<Chunk[]> {
  const rows = await sql`
    select format('%I.%I', info.chunk_schema, info.chunk_name) as name, info.hypertable_name as table, catalog.status,
      info.range_start as from, info.range_end as to
    from timescaledb_information.chunks info
    join _timescaledb_catalog.chunk catalog on catalog.schema_name = info.chunk_schema and catalog.table_name = info.chunk_name
    where format('%I.%I', info.hypertable_schema, info.hypertable_name)::regclass in ('readings'::regclass, 'text_readings'::regclass)
      and info.range_end <= ${new Date(now.getTime() - SETTLE_MS)}
      and catalog.status <> ${SETTLED} and catalog.status & ${FROZEN} = 0
    order by info.range_end desc`;
  return rows.map((row) => row as unknown as Chunk);
}

async function statusOf(sql: Sql | TransactionSql, chunk: Chunk): Promise<number | undefined> {
  const [row] = await sql`select status from _timescaledb_catalog.chunk where format('%I.%I', schema_name, table_name) = ${chunk.name}`;
  return row?.status;
}

/** All or nothing; answers why not. A connection that is gone is not the chunk's fault. */
async function recompress(sql: Sql, chunk: Chunk, inMemory: boolean): Promise<{ code: string; message: string } | undefined> {
  try {
    await sql.begin(async (tx) => {
      await tx.unsafe(`set local lock_timeout = ${LOCK_MS_MAX}; set local statement_timeout = ${WORK_MS_MAX}`);
      if (!inMemory && chunk.status & SETTLED) await tx`select decompress_chunk(${chunk.name}::regclass)`;
      // A first call may do no more than bring the rows among the compressed ones.
      for (let calls = 0; calls < 2 && (await statusOf(tx, chunk)) !== SETTLED; calls++) {
        await tx`select compress_chunk(${chunk.name}::regclass, recompress => ${inMemory})`;
      }
    });
    return undefined;
  } catch (error) {
    const { code = 'unknown', message } = error as Error & { code?: string };
    if (!/^[0-9A-Z]{5}$/.test(code)) throw error;
    return { code, message };
  }
}
