import type { EventTable } from '../../telemetry/events.js';

/** Events of the subject units. */
export const unitsEvents = {
  'units-not-noted': {
    level: 'warn',
    happened:
      'units that devices state of their metrics could not be written (`cause`, `series`); they are written with the next ones, unless the process ends before',
    action: 'see `database-unavailable`',
  },
} as const satisfies EventTable;
