import { inBoth, type Migration } from './migration.js';

/** Who signs tokens for devices of a tenant, with the public keys that were known last. */
export const issuersOfTokens: Migration = {
  version: 23,
  name: 'issuers of tokens',
  statements: inBoth(`
    create table token_issuers (
      id int generated always as identity primary key,
      tenant_id text not null,
      issuer text not null,
      audience text not null,
      device_claim text not null,
      -- Null: the issuer signs for this tenant alone.
      tenant_claim text,
      algorithms jsonb not null,
      -- Null: the keys were given.
      jwks_url text,
      keys jsonb not null,
      keys_at timestamptz not null,
      created_at timestamptz not null default now(),
      unique (tenant_id, issuer, audience)
    );
  `),
};
