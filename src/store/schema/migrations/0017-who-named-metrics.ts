import { inBoth, type Migration } from './migration.js';

/** The device whose message named a metric first, and when; null: an older release did not note it. */
export const whoNamedMetrics: Migration = {
  version: 17,
  name: 'who named metrics',
  statements: inBoth(`
    alter table metrics add column device_id int references devices (id), add column named_at timestamptz;
    alter table metrics alter column named_at set default now();
  `),
};
