import { inBoth, type Migration } from './migration.js';

/** Codes by which devices register themselves. */
export const claimCodes: Migration = {
  version: 24,
  name: 'claim codes',
  statements: inBoth(`
    create table claim_codes (
      id int generated always as identity primary key,
      tenant_id text not null,
      name text not null,
      device_class text,
      code_hash bytea not null unique,
      used int not null default 0,
      uses int not null,
      expires_at timestamptz,
      created_at timestamptz not null default now(),
      revoked_at timestamptz,
      check (used between 0 and uses)
    );
    create index claim_codes_by_tenant on claim_codes (tenant_id, id desc) where revoked_at is null;
  `),
};
