import { inBoth, type Migration } from './migration.js';

/** Packs that tenants have installed, whose signatures are trusted, and which built-in ones tenants do without. */
export const devicePacks: Migration = {
  version: 26,
  name: 'device packs',
  statements: inBoth(`
    create table device_packs (
      tenant_id text not null,
      name text not null,
      version text not null,
      vendor text not null,
      description text not null,
      device_class text,
      -- As it was installed; and the one that it took the place of.
      file bytea not null,
      previous_file bytea,
      -- Whose signature was trusted; null: it was installed without.
      key_id text,
      -- Rules, schemas and codec that it made.
      made jsonb not null,
      installed_at timestamptz not null default now(),
      primary key (tenant_id, name)
    );
    create table pack_keys (
      key_id text primary key,
      name text not null,
      -- SubjectPublicKeyInfo.
      public_key bytea not null,
      created_at timestamptz not null default now()
    );
    create table built_in_packs_off (
      tenant_id text not null,
      name text not null,
      primary key (tenant_id, name)
    );
  `),
};
