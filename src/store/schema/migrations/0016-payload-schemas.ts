import { inBoth, type Migration } from './migration.js';

/** What payloads of a device class and a range of firmware versions are, version by version. */
export const payloadSchemas: Migration = {
  version: 16,
  name: 'payload schemas',
  statements: inBoth(`
    create table payload_schemas (
      schema_id uuid not null,
      version int not null check (version > 0),
      -- Over all schemas. Messages in the log carry it, so it is never given again, not even by a database that was restored from a backup.
      number int not null unique check (number > 0),
      tenant_id text not null,
      device_class text not null,
      firmware_version text not null,
      format text not null,
      schema_definition jsonb not null,
      mode text not null check (mode in ('strict', 'flexible')),
      compatibility text not null check (compatibility in ('backward', 'forward', 'full', 'none')),
      -- A version that is not compatible with the one before begins a new one.
      major int not null check (major > 0),
      created_at timestamptz not null default now(),
      primary key (schema_id, version)
    );
    create function payload_schemas_stay() returns trigger language plpgsql as $$
    begin
      raise exception 'a version of a payload schema stays as it is: messages in the log are read by it';
    end $$;
    create trigger payload_schemas_stay before update or delete on payload_schemas for each row execute function payload_schemas_stay();
    -- What of a schema can change. Without a row: the latest version is used.
    create table payload_schema_states (
      schema_id uuid primary key,
      pinned_version int,
      retired_at timestamptz,
      foreign key (schema_id, pinned_version) references payload_schemas (schema_id, version)
    );
    -- A device that names a schema is read by it, whatever its class and firmware.
    alter table devices add column firmware_version text, add column payload_schema_id uuid, add column payload_schema_version int;
  `),
};
