import type { EventTable } from '../telemetry/events.js';

/** Events of either log. */
export const logEvents = {
  'log-backlog-cleared': { level: 'info', happened: 'the database has caught up; devices are read again', action: 'nothing' },
  'log-backlog-full': {
    level: 'warn',
    happened: '`SPILLWAY_LOG_BACKLOG_MIB` wait for the database: devices are no longer read',
    action: 'bring the database back, or raise the setting when there is disk for it',
  },
} as const satisfies EventTable;
