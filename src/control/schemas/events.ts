import type { EventTable } from '../../telemetry/events.js';

/** Events of the subject schemas. */
export const schemasEvents = {
  'schema-changed': {
    level: 'info',
    happened:
      'a schema was made, got a version, was pinned or was retired (`tenant`, `schema`, `device_class`, `firmware_version`, `version`: the one that is used now); `devices` of them are read by another version from now on',
    action: 'none',
  },
  'schema-not-used': {
    level: 'error',
    happened:
      'the database has a version of a schema (`tenant`, `schema`, `version`, `number`) that this build cannot use (`cause`): messages that are to be read by it become dead letters',
    action: 'run the newer build that made it, and replay the letters; or pin an older version: `npx spillway schema pin SCHEMA VERSION`',
  },
  'firmware-not-noted': {
    level: 'warn',
    happened:
      'what devices say of their firmware could not be written (`cause`, `devices`): they are read by the schema of their firmware before. It is written when they say it again',
    action: 'see `database-unavailable`',
  },
} as const satisfies EventTable;
