import type { EventTable } from '../telemetry/events.js';

/** Events of the state folder. */
export const stateEvents = {
  'database-older-than-log': {
    level: 'warn',
    happened:
      'the database was restored from a backup that is older than the log in the state folder: `devicesLost` and `metricsLost` numbers were given out since the backup and are skipped',
    action:
      'register the lost devices again; their messages are dead letters (`device_lost`). See [below](#the-database-was-restored-or-replaced)',
  },
} as const satisfies EventTable;
