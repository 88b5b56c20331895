import { inBoth, type Migration } from './migration.js';

/** Where the batch after the committed offset ends, once its rows may be in a topic. */
export const announcedBatches: Migration = {
  version: 6,
  name: 'announced batches',
  statements: inBoth('alter table pipeline_offsets add column announced_offset bigint'),
};
