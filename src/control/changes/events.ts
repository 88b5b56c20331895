import type { EventTable } from '../../telemetry/events.js';

/** Events of the subject changes. */
export const changesEvents = {
  'changes-not-followed': {
    level: 'error',
    happened:
      'changes of devices, metrics, admin keys, topic rules, identities, time zones or schemas by other processes could not be read (`cause`)',
    action: 'see `database-unavailable`',
  },
} as const satisfies EventTable;
