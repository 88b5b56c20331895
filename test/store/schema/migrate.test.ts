import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Sql } from 'postgres';
import { migrate, SCHEMA_VERSION, schemaVersion } from '../../../src/store/schema/migrate.js';
import { createPartitions } from '../../../src/store/schema/postgres/postgres.js';
import { openDatabase, type StoreDatabase } from '../../support/database.js';

const DAY_MS = 86_400_000;

describe('migrations', () => {
  let database: StoreDatabase;
  let sql: Sql;
  before(async () => {
    database = await openDatabase();
    sql = database.sql;
  });
  after(() => database.stop());

  async function partitionOf(ts: Date): Promise<string> {
    await sql`insert into readings values (1, 1, ${ts}, 1)`;
    const [row] = await sql`delete from readings_days where ts = ${ts} returning tableoid::regclass::text as name`;
    return row?.name;
  }

  test('run once, however often and by however many they are called', async () => {
    assert.deepEqual(await Promise.all([migrate(sql), migrate(sql), migrate(sql)]), [0, 0, 0]);
    assert.equal(await schemaVersion(sql), SCHEMA_VERSION);
    const [row] = await sql`select count(*)::int as applied from schema_migrations`;
    assert.equal(row?.applied, SCHEMA_VERSION);
  });

  test('a schema newer than the build is refused', async () => {
    await sql`insert into schema_migrations (version, name) values (999, 'of the future')`;
    await assert.rejects(migrate(sql), /cannot migrate the database: its schema is version 999, this build knows \d+/);
    await sql`delete from schema_migrations where version = 999`;
  });

  test('every time a device may send finds a partition, and days are UTC', async () => {
    const now = Date.now();
    const name = (ms: number) => `readings_${new Date(ms).toISOString().slice(0, 10).replaceAll('-', '')}`;
    assert.equal(await partitionOf(new Date(now)), name(now));
    assert.equal(await partitionOf(new Date(now + DAY_MS)), name(now + DAY_MS));
    assert.equal(await partitionOf(new Date(now - 7 * DAY_MS)), name(now - 7 * DAY_MS));
    assert.equal(await partitionOf(new Date('2000-01-01T00:00:00Z')), 'readings_before');
    assert.equal(await partitionOf(new Date(now + 400 * DAY_MS)), 'readings_default');
    const midnight = Math.floor(now / DAY_MS) * DAY_MS;
    assert.equal(await partitionOf(new Date(midnight)), name(midnight));
    assert.equal(await partitionOf(new Date(midnight - 1)), name(midnight - 1));
  });

  test('after weeks of standing still the days follow without a gap, and rows of a wrong clock move into them', async () => {
    const later = new Date(Date.now() + 20 * DAY_MS);
    await sql`insert into readings values (7, 1, ${later}, 3.5)`;
    assert.equal(await createPartitions(sql, later), 40);
    assert.equal(await createPartitions(sql, later), 0);
    const [row] = await sql`select tableoid::regclass::text as name, value from readings_days where device_id = 7`;
    assert.deepEqual({ ...row }, { name: `readings_${later.toISOString().slice(0, 10).replaceAll('-', '')}`, value: 3.5 });
    const [left] = await sql`select count(*)::int as rows from readings_default`;
    assert.equal(left?.rows, 0);
    const indexes = await sql`select indexdef from pg_indexes where tablename = ${row?.name}`;
    assert.deepEqual(
      indexes.map(({ indexdef }) => /\(device_id, metric_id, ts DESC\)/.test(indexdef) && !/unique/i.test(indexdef)),
      [true],
    );
  });

  test('raw_metrics names devices and metrics, of numbers and texts', async () => {
    const [device] = await sql`insert into devices (tenant_id, name, device_class, token_hash, metadata)
      values ('acme', 'pump-1', 'pump', ${Buffer.alloc(32)}, ${sql.json({ location: { hall: 3 }, other: 1 })}) returning id`;
    const [metric] = await sql`insert into metrics (name) values ('temperature') returning id`;
    const ts = new Date();
    await sql`insert into readings values (${device?.id}, ${metric?.id}, ${ts}, 21.5)`;
    await sql`insert into text_readings values (${device?.id}, ${metric?.id}, ${ts}, 'sensor fault')`;
    const shared = {
      device_id: 'pump-1',
      metric_name: 'temperature',
      tags: { tenant: 'acme', device_class: 'pump', location: { hall: 3 } },
      ts,
    };
    assert.deepEqual(
      [...(await sql`select * from raw_metrics where device_id = 'pump-1' order by value`)],
      [
        { ...shared, value: 21.5, text: null },
        { ...shared, value: null, text: 'sensor fault' },
      ],
    );
    await assert.rejects(sql`insert into devices (tenant_id, name, status, token_hash) values ('acme', 'x', 'asleep', '')`, {
      code: '23514',
    });
  });
});
