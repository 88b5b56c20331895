import assert from 'node:assert/strict';
import type { Sql } from 'postgres';
import { migrations } from '../../src/store/schema/migrations/list.js';

/** What takes back each step of the schema. A view that a step replaced stays as it is: a later start replaces it again. */
const undone: Readonly<Record<number, string>> = {
  3: 'alter table dead_letters drop column metric_id, drop column sqlstate, drop column message',
  4: 'alter table pipeline_offsets drop column owner',
  5: 'drop table topic_positions; drop index dead_letters_partition_id_id_idx',
  6: 'alter table pipeline_offsets drop column announced_offset',
  7: `alter table devices drop column previous_token_hash, drop column previous_token_until, drop column deleted_at;
    alter table devices add constraint devices_tenant_id_name_key unique (tenant_id, name)`,
  8: 'alter table api_keys drop column id, drop column revoked_at',
  9: 'drop table database_identity, lost_devices',
  10: 'select 1',
  11: 'drop index dead_letters_by_device',
  12: 'drop index dead_letters_by_id; alter table dead_letters drop column format, drop column context, drop column replayed_at',
  13: 'drop table topic_rules',
  14: 'drop table dead_letter_tallies, dead_letter_positions',
  15: `drop view if exists raw_metrics; alter table metrics drop column tags, drop column base_name;
    drop function metric_base_name(text), metric_tags(text, text)`,
  16: `drop table payload_schema_states, payload_schemas; drop function payload_schemas_stay;
    alter table devices drop column firmware_version, drop column payload_schema_id, drop column payload_schema_version`,
  17: 'alter table metrics drop column device_id, drop column named_at',
  22: `drop table audit_log; alter table api_keys drop column role, drop column tenant_id, drop column group_id, drop column expires_at,
    drop column last_used_at`,
  18: `drop view raw_metrics; drop table device_groups;
    alter table devices drop column model, drop column serial, drop column owner, drop column location, drop column tags, drop column group_ids`,
  19: 'drop table acl_rules, service_clients',
  20: 'drop table payload_codecs; drop function payload_codecs_stay',
  21: 'drop table device_credentials',
  23: 'drop table token_issuers',
  24: 'drop table claim_codes',
  25: 'drop table series_units',
  26: 'drop table device_packs, pack_keys, built_in_packs_off',
  27: 'drop table authorities',
  28: 'drop table time_zones, tenant_time_zones; alter table devices drop column time_zone',
};

/** Makes the database what an older release left, which knew the steps up to `version`, 2 or later. */
export async function undoStepsAfter(sql: Sql, version: number): Promise<void> {
  for (const step of migrations.map((migration) => migration.version).reverse()) {
    if (step <= version) break;
    const statement = undone[step];
    assert.ok(statement, `no statement takes step ${step} back: add it`);
    await sql.unsafe(statement);
  }
  await sql`delete from schema_migrations where version > ${version}`;
}
