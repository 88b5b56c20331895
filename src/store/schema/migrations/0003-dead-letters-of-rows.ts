import { inBoth, type Migration } from './migration.js';

/** A dead letter that was made of one row: its metric, and the words of the server that refused it. */
export const deadLettersOfRows: Migration = {
  version: 3,
  name: 'dead letters of rows',
  statements: inBoth('alter table dead_letters add column metric_id int, add column sqlstate text, add column message text'),
};
