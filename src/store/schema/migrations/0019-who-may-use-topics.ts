import { inBoth, type Migration } from './migration.js';

/** Rules about topics, and clients that are no devices. */
export const whoMayUseTopics: Migration = {
  version: 19,
  name: 'rules about topics, service clients',
  statements: inBoth(`
    create table acl_rules (
      id int generated always as identity primary key,
      tenant_id text not null,
      -- all, class:NAME, device:ID or service:NAME.
      subject text not null,
      action text not null check (action in ('publish', 'subscribe', 'both')),
      filter text not null,
      effect text not null check (effect in ('allow', 'deny')),
      created_at timestamptz not null default now()
    );
    create index acl_rules_by_tenant on acl_rules (tenant_id, id);
    create table service_clients (
      id int generated always as identity primary key,
      tenant_id text not null,
      name text not null,
      -- Of 192 random bits: no slow hash is needed.
      secret_hash bytea not null,
      created_at timestamptz not null default now(),
      unique (tenant_id, name)
    );
  `),
};
