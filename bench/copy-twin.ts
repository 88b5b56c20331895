import type postgres from 'postgres';

/** An empty table with the columns, indexes and compression of the table that large batches go to. */
export async function makeTwin(sql: postgres.Sql, name: string): Promise<void> {
  const [segments] = await sql`select to_regclass('readings_segments') is not null as found`;
  if (segments?.found) await makeSegment(sql, name);
  else await makeReadings(sql, name);
}

/** As the open segment of plain PostgreSQL: no b-tree, and a BRIN index by device. */
async function makeSegment(sql: postgres.Sql, name: string): Promise<void> {
  await sql.unsafe(`create table ${name} (like readings_hot)`);
  const [open] = await sql`
    select pg_get_indexdef(indexrelid) as definition from pg_index
    where indrelid = to_regclass((select 'readings_hot_' || number from readings_segments where state = 'open'))`;
  if (open) await makeIndex(sql, name, open.definition);
}

/** As the hypertable of TimescaleDB. */
async function makeReadings(sql: postgres.Sql, name: string): Promise<void> {
  await sql.unsafe(`create table ${name} (like readings including defaults including constraints)`);
  await makeHypertable(sql, name);
  const indexes = await sql`select pg_get_indexdef(indexrelid) as definition from pg_index where indrelid = 'readings'::regclass`;
  for (const { definition } of indexes) await makeIndex(sql, name, definition);
}

async function makeIndex(sql: postgres.Sql, name: string, definition: unknown): Promise<void> {
  await sql.unsafe(String(definition).replace(/INDEX \S+ ON (ONLY )?\S+/, `INDEX ON ${name}`));
}

/** What the appliance's session sets for batches that are sorted; on plain PostgreSQL the commit alone. */
export async function twinSettings(sql: postgres.Sql): Promise<string[]> {
  const settings = ['set synchronous_commit = on'];
  if (!(await hasTimescale(sql))) return settings;
  const known = await sql`select name from pg_settings where name like 'timescaledb.enable_%'`;
  // Not `…_client_sorted`: that vows an order of all batches together, and they overlap.
  const wanted = {
    enable_direct_compress_copy: 'on',
    enable_direct_compress_copy_sort_batches: 'off',
    enable_sparse_index_bloom: 'off',
  };
  const found = Object.entries(wanted).filter(([name]) => known.some((row) => row.name === `timescaledb.${name}`));
  return [...settings, ...found.map(([name, value]) => `set timescaledb.${name} = ${value}`)];
}

async function hasTimescale(sql: postgres.Sql): Promise<boolean> {
  const [found] = await sql`select 1 as found from pg_extension where extname = 'timescaledb'`;
  return found !== undefined;
}

async function makeHypertable(sql: postgres.Sql, name: string): Promise<void> {
  const [hyper] = await sql`
    select d.time_interval::text as step, h.compression_enabled as compressed
    from timescaledb_information.dimensions d join timescaledb_information.hypertables h using (hypertable_name)
    where hypertable_name = 'readings' and dimension_number = 1`;
  if (!hyper) return;
  await sql.unsafe(
    `select create_hypertable('${name}', 'ts', chunk_time_interval => interval '${hyper.step}', create_default_indexes => false)`,
  );
  if (!hyper.compressed) return;
  const [order] = await sql`
    select coalesce(segmentby, '') as segmentby, coalesce(orderby, '') as orderby
    from timescaledb_information.hypertable_compression_settings where hypertable = 'readings'::regclass`;
  const options = [
    'timescaledb.compress',
    `timescaledb.compress_segmentby = '${order?.segmentby}'`,
    `timescaledb.compress_orderby = '${order?.orderby}'`,
  ];
  await sql.unsafe(`alter table ${name} set (${options.join(', ')})`);
}
