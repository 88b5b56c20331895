import type { Sql } from 'postgres';

/**
 * The committed offset of each partition, by number; a partition seen for the first time begins at 0.
 * It waits for transactions that an earlier process left in flight: their first statement locks the
 * row that is read here, so none of them can commit after its offset was read.
 */
export async function loadOffsets(sql: Sql, group: string, partitions: number): Promise<bigint[]> {
  return sql.begin(async (tx) => {
    await tx`set local lock_timeout = '60s'`;
    const [found] = await tx`select count(*)::int as partitions from pipeline_offsets where consumer_group = ${group}`;
    // Refused before anything is written: a number that was tried by mistake must not stay.
    if (found?.partitions > 0 && found?.partitions !== partitions) {
      throw new Error(
        `cannot load the offsets of ${group}: the database has ${found?.partitions} partitions, SPILLWAY_PARTITIONS says ${partitions}; ` +
          `set SPILLWAY_PARTITIONS to ${found?.partitions}, or begin a new deployment with a new database and a new SPILLWAY_STATE`,
      );
    }
    await tx`insert into pipeline_offsets (consumer_group, partition_id, committed_offset)
      select ${group}, partition, 0 from generate_series(0, ${partitions - 1}::int) partition on conflict do nothing`;
    const rows = await tx`select committed_offset::text from pipeline_offsets
      where consumer_group = ${group} order by partition_id for update`;
    return rows.map((row) => BigInt(row.committed_offset));
  });
}

/** The committed offsets as they are, in the order of partitions. */
export async function readOffsets(sql: Sql, group: string): Promise<bigint[]> {
  const rows = await sql`select committed_offset::text from pipeline_offsets where consumer_group = ${group} order by partition_id`;
  return rows.map((row) => BigInt(row.committed_offset));
}

/** Where a partition stands as its owner takes it. */
export interface TakenOffset {
  readonly committed: bigint;
  /** Where the batch behind it was announced to end; undefined: none was. */
  readonly announced: bigint | undefined;
}

/**
 * Makes `owner` the one that commits these partitions, and answers where they stand, in the same order. A transaction
 * that an earlier owner left in flight is waited for; those that it begins from now on are refused.
 */
export async function takeOffsets(sql: Sql, group: string, owner: string, partitions: readonly number[]): Promise<TakenOffset[]> {
  const rows = await sql.begin(async (tx) => {
    await tx`set local lock_timeout = '60s'`;
    return tx`update pipeline_offsets set owner = ${owner}, updated_at = now()
      where consumer_group = ${group} and partition_id = any(${[...partitions]}::int[])
      returning partition_id, committed_offset::text, announced_offset::text`;
  });
  const found = new Map(rows.map((row) => [row.partition_id as number, takenOf(row.committed_offset, row.announced_offset)]));
  return partitions.map((partition) => {
    const offset = found.get(partition);
    if (offset === undefined) throw new Error(`cannot take partition ${partition} of ${group}: the database does not know it`);
    return offset;
  });
}

/** What was announced and committed since is nothing any more. */
function takenOf(committedText: string, announcedText: string | null): TakenOffset {
  const [committed, announced] = [BigInt(committedText), announcedText === null ? undefined : BigInt(announcedText)];
  return { committed, announced: announced !== undefined && announced > committed ? announced : undefined };
}
