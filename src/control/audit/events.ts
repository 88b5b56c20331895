import type { EventTable } from '../../telemetry/events.js';

/** Events of the subject audit. */
export const auditEvents = {
  'audit-entry-waits': {
    level: 'warn',
    happened:
      'a change by an operator was made, and its entry in the audit log could not be written yet (`cause`); it is tried again each minute',
    action: 'see `database-unavailable`',
  },
  'audit-entry-lost': {
    level: 'error',
    happened: 'the entry of a change (`action`, `by`) was given up: 1,000 others wait for the database; this line is all that says so',
    action: 'keep the line; see `database-unavailable`',
  },
} as const satisfies EventTable;
