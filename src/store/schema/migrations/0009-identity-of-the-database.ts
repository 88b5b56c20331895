import { inBoth, type Migration } from './migration.js';

/** Logs and checkpoints hold numbers of devices and metrics, which mean something only in the database that gave them out. */
export const identityOfTheDatabase: Migration = {
  version: 9,
  name: 'identity of the database',
  statements: inBoth(`
    create table database_identity (
      only_row boolean primary key default true check (only_row),
      id uuid not null,
      -- False: a release that marked no log used this database, so its log names none.
      log_is_marked boolean not null
    );
    insert into database_identity (id, log_is_marked) select gen_random_uuid(), not exists (select from pipeline_offsets);
    -- Numbers that the log may hold and that no device has: the rows of their registration were lost.
    create table lost_devices (
      first_number int primary key,
      last_number int not null,
      lost_at timestamptz not null default now()
    );
  `),
};
