import { inBoth, type Migration } from './migration.js';

/** In which time zone times are read that name none. */
export const timeZones: Migration = {
  version: 28,
  name: 'time zones',
  statements: inBoth(`
    -- Messages in the log are stamped with the number.
    create table time_zones (
      number int primary key,
      name text not null unique
    );
    create table tenant_time_zones (
      tenant_id text primary key,
      name text not null
    );
    alter table devices add column time_zone text;
  `),
};
