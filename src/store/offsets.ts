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
