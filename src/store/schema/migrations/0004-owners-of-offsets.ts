import { inBoth, type Migration } from './migration.js';

/** Who commits a partition: a process that lost it while it stood still must not write on. */
export const ownersOfOffsets: Migration = {
  version: 4,
  name: 'owners of offsets',
  statements: inBoth("alter table pipeline_offsets add column owner text not null default ''"),
};
