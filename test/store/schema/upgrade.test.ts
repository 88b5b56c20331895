import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Sql } from 'postgres';
import { openDialect } from '../../../src/store/schema/detect.js';
import type { DialectName } from '../../../src/store/schema/dialect.js';
import { migrate, migrateTo, SCHEMA_VERSION, schemaVersion } from '../../../src/store/schema/migrate.js';
import { openFirstSegment, segmentName } from '../../../src/store/schema/postgres/postgres-segments.js';
import { openEmptyDatabase } from '../../support/database.js';
import { timescaleServers } from '../../support/timescale.js';

// A database takes every step in turn, and rows are written at each version as that release wrote them: what was written at
// version N has then taken every step from N on, as it does when an installation skips releases.

const servers: readonly (readonly [name: DialectName, start: () => Promise<{ sql: Sql; stop(): Promise<void> }>])[] = [
  ['postgres', () => openEmptyDatabase()],
  ...timescaleServers.map(([, start]) => ['timescale', start] as const),
];
/** Midnight of a day that has a partition, one that is older than all of them, and one that is later. */
const TIMES = ['2026-11-29T23:59:59.999999Z', '2001-02-03T04:05:06Z', '2027-11-29T00:00:00Z'];

/** One row of everything that a release of this version wrote; whatever it wrote is named by the version. */
async function writeRows(sql: Sql, dialect: DialectName, version: number): Promise<void> {
  const [device] = await sql`insert into devices (tenant_id, name, device_class, token_hash, metadata)
    values ('acme', ${`device-${version}`}, 'pump', ${Buffer.alloc(32, version)}, ${sql.json({ location: 'hall' })}) returning id`;
  // Some names had braces before they had tags.
  const [metric] = await sql`insert into metrics (name) values (${`metric-${version}{cpu=a\\,b}`}) returning id`;
  await sql`insert into metrics (name) values (${`{odd}-${version}{}`})`;
  const [deviceId, metricId] = [Number(device?.id), Number(metric?.id)];
  for (const ts of TIMES) {
    await sql`insert into readings (device_id, metric_id, ts, value) values (${deviceId}, ${metricId}, ${ts}, ${version})`;
    await sql`insert into text_readings (device_id, metric_id, ts, value) values (${deviceId}, ${metricId}, ${ts}, ${`text-${version}`})`;
  }
  if (dialect === 'postgres' && version >= 2) await writeSegment(sql, deviceId, metricId, version);
  await sql`insert into dead_letters (partition_id, log_offset, device_id, received_at, reason, payload)
    values (0, ${version}, ${deviceId}, now(), 'json_malformed', ${Buffer.from([version])})`;
  if (version >= 3) {
    await sql`insert into dead_letters (partition_id, log_offset, device_id, received_at, reason, metric_id, sqlstate, message)
      values (0, ${version}, ${deviceId}, now(), 'row_refused', ${metricId}, '22003', 'too large')`;
  }
  await sql`insert into pipeline_offsets (consumer_group, partition_id, committed_offset) values (${`group-${version}`}, 0, ${version})`;
  if (version >= 4) await sql`update pipeline_offsets set owner = 'one' where consumer_group = ${`group-${version}`}`;
  if (version >= 5)
    await sql`insert into topic_positions (topic, partition_id, published_id) values (${`topic-${version}`}, 0, ${version})`;
  if (version >= 6) await sql`update pipeline_offsets set announced_offset = 99 where consumer_group = ${`group-${version}`}`;
  if (version >= 7) {
    // Another device had the name before.
    await sql`insert into devices (tenant_id, name, token_hash, deleted_at) values ('acme', ${`device-${version}`}, ${Buffer.alloc(32)}, now())`;
  }
  if (version >= 13) await sql`insert into topic_rules values ('acme', ${`rule-${version}`}, ${version}, '{"decoder":"json"}')`;
  if (version >= 14) {
    await sql`insert into dead_letter_tallies values ('acme', 'pump', ${`reason-${version}`}, ${version}, 0, 1, 0, 0.5)`;
  }
  if (version >= 16) await writeSchema(sql, version);
  await sql`insert into api_keys (key_hash, name) values (${Buffer.from([version])}, ${`key-${version}`})`;
}

/** A large batch of that release: its rows are in the open segment. */
async function writeSegment(sql: Sql, device: number, metric: number, version: number): Promise<void> {
  await openFirstSegment(sql);
  const [open] = await sql`select number from readings_segments where state = 'open'`;
  await sql.unsafe(
    `insert into ${segmentName(open?.number)} (device_id, metric_id, ts, value) values (${device}, ${metric}, '${TIMES[0]}', ${version + 0.5})`,
  );
}

/** A schema of that release with a version that is pinned. */
async function writeSchema(sql: Sql, version: number): Promise<void> {
  const [schema] = await sql`
    insert into payload_schemas (schema_id, version, number, tenant_id, device_class, firmware_version, format, schema_definition, mode, compatibility, major)
    values (gen_random_uuid(), 1, ${version}, 'acme', ${`class-${version}`}, '*', 'json', '{"fields":{"v":"number"}}', 'strict', 'full', 1) returning schema_id`;
  await sql`insert into payload_schema_states (schema_id, pinned_version) values (${schema?.schema_id}, 1)`;
}

for (const [dialect, start] of servers) {
  describe(`an upgrade on ${dialect}`, () => {
    test('keeps every row that any release wrote', async () => {
      const { sql, stop } = await start();
      try {
        for (let version = 1; version <= SCHEMA_VERSION; version++) {
          assert.equal(await migrateTo(sql, version), 1);
          await writeRows(sql, dialect, version);
        }
        assert.deepEqual(await Promise.all([migrate(sql), migrate(sql)]), [0, 0]);
        assert.equal(await schemaVersion(sql), SCHEMA_VERSION);
        assert.equal((await openDialect(sql)).name, dialect);
        for (let version = 1; version <= SCHEMA_VERSION; version++) await assertRows(sql, dialect, version);
        // A release before version 9 used it, so the log that is its own names no database.
        const [identity] = await sql`select log_is_marked from database_identity`;
        assert.equal(identity?.log_is_marked, false);
      } finally {
        await stop();
      }
    });
  });
}

async function assertRows(sql: Sql, dialect: DialectName, version: number): Promise<void> {
  const rows = await sql`select value, tags, ts from raw_metrics
    where device_id = ${`device-${version}`} and metric_name = ${`metric-${version}`} and text is null order by ts, value`;
  const inSegment = dialect === 'postgres' && version >= 2 ? [version + 0.5] : [];
  assert.deepEqual(
    rows.map(({ value }) => value),
    [version, version, ...inSegment, version],
    `readings of version ${version}`,
  );
  assert.deepEqual(rows[0]?.tags, { tenant: 'acme', device_class: 'pump', location: 'hall', cpu: 'a,b' });
  const [odd] = await sql`select base_name, tags from metrics where name = ${`{odd}-${version}{}`}`;
  assert.deepEqual({ ...odd }, { base_name: `{odd}-${version}{}`, tags: {} });
  const [texts] = await sql`select count(*)::int as count, min(extract(epoch from ts))::text as first from text_readings
    where value = ${`text-${version}`}`;
  assert.deepEqual({ ...texts }, { count: TIMES.length, first: '981173106.000000' });
  const letters =
    await sql`select reason, payload, metric_id is not null as "isRow" from dead_letters where log_offset = ${version} order by id`;
  assert.deepEqual(
    letters.map(({ reason, isRow }) => [reason, isRow]),
    [['json_malformed', false], ...(version >= 3 ? [['row_refused', true]] : [])],
  );
  assert.deepEqual([...(letters[0]?.payload ?? [])], [version]);
  const [offset] = await sql`select committed_offset::int as committed, owner, announced_offset::int as announced
    from pipeline_offsets where consumer_group = ${`group-${version}`}`;
  assert.deepEqual({ ...offset }, { committed: version, owner: version >= 4 ? 'one' : '', announced: version >= 6 ? 99 : null });
  if (version >= 13) {
    const [rule] = await sql`select position, rule->>'decoder' as decoder from topic_rules where name = ${`rule-${version}`}`;
    assert.deepEqual({ ...rule }, { position: version, decoder: 'json' });
  }
  if (version >= 14) {
    const [tally] = await sql`select counted::int, removed::int from dead_letter_tallies where reason = ${`reason-${version}`}`;
    assert.deepEqual({ ...tally }, { counted: version, removed: 1 });
  }
  if (version >= 16) await assertSchema(sql, version);
  const [key] = await sql`select name from api_keys where key_hash = ${Buffer.from([version])}`;
  assert.equal(key?.name, `key-${version}`);
}

/** A version stays as it was written; what can change lies beside it. */
async function assertSchema(sql: Sql, version: number): Promise<void> {
  const [schema] = await sql`select number, schema_definition->'fields'->>'v' as v, pinned_version as pinned
    from payload_schemas join payload_schema_states using (schema_id) where device_class = ${`class-${version}`}`;
  assert.deepEqual({ ...schema }, { number: version, v: 'number', pinned: 1 });
  await assert.rejects(sql`update payload_schemas set mode = 'flexible' where number = ${version}`, /stays as it is/);
  await assert.rejects(sql`delete from payload_schemas where number = ${version}`, /stays as it is/);
}
