import type { Sql } from 'postgres';
import { STORE_APPLICATION } from './write/session.js';

/**
 * The committed offset of each partition, by number; partitions of a new group begin at 0. A transaction in flight may
 * still move them: whoever runs a partition takes it first. Throws for a group of another number of partitions.
 */
export async function loadOffsets(sql: Sql, group: string, partitions: number): Promise<bigint[]> {
  const offsets = await readOffsets(sql, group);
  if (offsets.length === partitions) return offsets;
  // Refused before anything is written: a number that was tried by mistake must not stay.
  if (offsets.length > 0) {
    throw new Error(
      `cannot load the offsets of ${group}: the database has ${offsets.length} partitions, SPILLWAY_PARTITIONS says ${partitions}; ` +
        `set SPILLWAY_PARTITIONS to ${offsets.length}, or begin a new deployment with a new database and a new SPILLWAY_STATE`,
    );
  }
  await sql`insert into pipeline_offsets (consumer_group, partition_id, committed_offset)
    select ${group}, partition, 0 from generate_series(0, ${partitions - 1}::int) partition on conflict do nothing`;
  return readOffsets(sql, group);
}

/** The committed offsets as they are, in the order of partitions. */
export async function readOffsets(sql: Sql, group: string): Promise<bigint[]> {
  const rows = await sql`select committed_offset::text from pipeline_offsets where consumer_group = ${group} order by partition_id`;
  return rows.map((row) => BigInt(row.committed_offset));
}

/** Where a partition stands as its owner takes it. */
export interface TakenOffset {
  readonly committed: bigint;
  /** Where the batch that follows it was announced to end; undefined: none was. */
  readonly announced: bigint | undefined;
}

/** How long a transaction that an earlier owner left in flight may go on. */
const PATIENCE_MS = 5000;
/** The same where nothing can be ended; less than the pool gives any statement, so that the database names the lock as the cause. */
const LOCK_MS_MAX = 20_000;
const LOCKED = '55P03';

/**
 * Makes `owner` the one that commits these partitions, and answers where they stand, in the same order. A transaction
 * that an earlier owner left in flight is waited for, and ended when it takes longer than `patienceMs`: a process that stands
 * still would hold its row for as long as it does. Those that it begins from now on are refused.
 */
export async function takeOffsets(
  sql: Sql,
  group: string,
  owner: string,
  partitions: readonly number[],
  patienceMs = PATIENCE_MS,
): Promise<TakenOffset[]> {
  const take = (waitMs: number) =>
    sql.begin(async (tx) => {
      await tx.unsafe(`set local lock_timeout = ${waitMs}`);
      return tx`update pipeline_offsets set owner = ${owner}, updated_at = now()
        where consumer_group = ${group} and partition_id = any(${[...partitions]}::int[])
        returning partition_id, committed_offset::text, announced_offset::text`;
    });
  const rows = await take(patienceMs).catch(async (error) => {
    if ((error as { code?: unknown }).code !== LOCKED) throw error;
    await endHolders(sql, group, partitions);
    return take(LOCK_MS_MAX);
  });
  const found = new Map(rows.map((row) => [row.partition_id as number, takenOf(row.committed_offset, row.announced_offset)]));
  return partitions.map((partition) => {
    const offset = found.get(partition);
    if (offset === undefined) throw new Error(`cannot take partition ${partition} of ${group}: the database does not know it`);
    return offset;
  });
}

/** Ends the connections of stores that hold these rows; what they had not committed is in the log. */
async function endHolders(sql: Sql, group: string, partitions: readonly number[]): Promise<void> {
  await sql`select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and application_name = ${STORE_APPLICATION} and backend_xid in (
      select xmax from pipeline_offsets where consumer_group = ${group} and partition_id = any(${[...partitions]}::int[]))`;
}

/** What was announced and committed since is nothing any more. */
function takenOf(committedText: string, announcedText: string | null): TakenOffset {
  const [committed, announced] = [BigInt(committedText), announcedText === null ? undefined : BigInt(announcedText)];
  return { committed, announced: announced !== undefined && announced > committed ? announced : undefined };
}
