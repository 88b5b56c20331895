import { inBoth, type Migration } from './migration.js';

/** Keys that may do less than everything, and a log of what was done with keys. A key of an older release may do everything. */
export const rolesOfKeysAuditLog: Migration = {
  version: 22,
  name: 'roles of keys, audit log',
  statements: inBoth(`
    alter table api_keys
      add column role text not null default 'admin' check (role in ('viewer', 'operator', 'admin')),
      add column tenant_id text, add column group_id int, add column expires_at timestamptz, add column last_used_at timestamptz;
    create table audit_log (
      id bigint generated always as identity primary key,
      at timestamptz not null default now(),
      actor_kind text not null,
      actor_id text not null,
      actor_name text not null,
      actor_role text not null,
      address text not null,
      action text not null,
      path text not null,
      tenant_id text,
      target text not null,
      before jsonb,
      after jsonb
    );
    create index audit_log_by_time on audit_log (at);
    create index audit_log_by_tenant on audit_log (tenant_id, id desc);
  `),
};
