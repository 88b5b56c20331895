import { inBoth, type Migration } from './migration.js';

/** Whose certificates are those of devices of a tenant. */
export const authoritiesOfDevices: Migration = {
  version: 27,
  name: 'authorities of devices',
  statements: inBoth(`
    create table authorities (
      id int generated always as identity primary key,
      tenant_id text not null,
      -- PEM.
      certificate text not null,
      -- SHA-256 of it: an authority says whose devices its certificates are of.
      fingerprint text not null unique,
      names jsonb not null,
      registers boolean not null,
      device_class text,
      devices_max int not null,
      crl jsonb,
      created_at timestamptz not null default now()
    );
  `),
};
