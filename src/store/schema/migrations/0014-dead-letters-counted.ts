import { inBoth, type Migration } from './migration.js';

/** How many dead letters there are is read from a few rows, and the books know of those that were removed for their age or number. */
export const deadLettersCounted: Migration = {
  version: 14,
  name: 'dead letters counted',
  statements: inBoth(`
    create table dead_letter_tallies (
      -- Empty: of devices that are in no registry, or without a class.
      tenant_id text not null,
      device_class text not null,
      reason text not null,
      -- All that ever were, and those of them that are gone.
      counted bigint not null default 0,
      counted_bytes bigint not null default 0,
      removed bigint not null default 0,
      removed_bytes bigint not null default 0,
      -- Letters a minute, of the hours past.
      usual float8 not null default 0,
      primary key (tenant_id, device_class, reason)
    );
    -- Up to which id the letters of a partition are counted.
    create table dead_letter_positions (
      partition_id int primary key,
      counted_id bigint not null
    );
  `),
};
