import { inBoth, type Migration } from './migration.js';

/** Modules by which payloads of a tenant's own formats are decoded. */
export const payloadCodecs: Migration = {
  version: 20,
  name: 'payload codecs',
  statements: inBoth(`
    create table payload_codecs (
      codec_id uuid primary key default gen_random_uuid(),
      number int generated always as identity unique,
      tenant_id text not null,
      name text not null,
      version int not null check (version > 0),
      -- Of wasm, in hexadecimal digits.
      sha256 text not null check (length(sha256) = 64),
      -- As it was uploaded.
      wasm bytea not null,
      fuel_max int not null check (fuel_max > 0),
      memory_pages_max int not null check (memory_pages_max > 0),
      created_at timestamptz not null default now(),
      unique (tenant_id, name, version)
    );
    create function payload_codecs_stay() returns trigger language plpgsql as $$
    begin
      raise exception 'a version of a codec stays as it is: messages in the log are read by it';
    end $$;
    create trigger payload_codecs_stay before update on payload_codecs for each row execute function payload_codecs_stay();
  `),
};
