import { inBoth, type Migration } from './migration.js';

/** A revoked key keeps its row: a configuration that still names it does not make it valid again. */
export const adminKeysRevoked: Migration = {
  version: 8,
  name: 'admin keys that are revoked',
  statements: inBoth('alter table api_keys add column id int generated always as identity unique, add column revoked_at timestamptz'),
};
