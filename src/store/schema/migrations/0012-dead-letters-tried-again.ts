import { inBoth, type Migration } from './migration.js';

/** A dead letter keeps how its payload was to be read, and whether it was tried again. */
export const deadLettersTriedAgain: Migration = {
  version: 12,
  name: 'dead letters tried again',
  statements: inBoth(`
    alter table dead_letters add column format smallint, add column context bytea, add column replayed_at timestamptz;
    create index dead_letters_by_id on dead_letters (id);
  `),
};
