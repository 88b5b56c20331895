import type postgres from 'postgres';

/** An empty table with the columns, partitioning, indexes and compression of `readings`. */
export async function makeTwin(sql: postgres.Sql, name: string): Promise<void> {
  const [key] = await sql`select pg_get_partkeydef('readings'::regclass) as definition`;
  const partitioned = key?.definition ? ` partition by ${key.definition}` : '';
  await sql.unsafe(`create table ${name} (like readings including defaults including constraints)${partitioned}`);
  if (await hasTimescale(sql)) await makeHypertable(sql, name);
  const indexes = await sql`select pg_get_indexdef(indexrelid) as definition from pg_index where indrelid = 'readings'::regclass`;
  for (const { definition } of indexes) {
    await sql.unsafe(String(definition).replace(/INDEX \S+ ON (ONLY )?\S+/, `INDEX ON ${name}`));
  }
  if (key?.definition) await makePartitions(sql, name);
}

/** What a session sets before it copies at its best; none on plain PostgreSQL. */
export async function twinSettings(sql: postgres.Sql): Promise<string[]> {
  const settings = ['set synchronous_commit = on'];
  if (!(await hasTimescale(sql))) return settings;
  const known = await sql`select name from pg_settings where name like 'timescaledb.enable_direct_compress_copy%'`;
  const wanted = ['timescaledb.enable_direct_compress_copy', 'timescaledb.enable_direct_compress_copy_client_sorted'];
  return [...settings, ...wanted.filter((name) => known.some((row) => row.name === name)).map((name) => `set ${name} = on`)];
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

async function makePartitions(sql: postgres.Sql, name: string): Promise<void> {
  const partitions = await sql`
    select child.relname as name, pg_get_expr(child.relpartbound, child.oid) as bound
    from pg_inherits join pg_class child on child.oid = inhrelid
    where inhparent = 'readings'::regclass and child.relispartition`;
  for (const partition of partitions) {
    await sql.unsafe(`create table ${name}_${String(partition.name)} partition of ${name} ${String(partition.bound)}`);
  }
}
