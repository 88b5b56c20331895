import type { EventTable } from '../../telemetry/events.js';

/** Events of the subject deployment. */
export const deploymentEvents = {
  'peer-notify-failed': {
    level: 'warn',
    happened: 'other processes cannot be notified through the database (`cause`)',
    action: 'see `database-unavailable`',
  },
  'peer-notify-recovered': { level: 'info', happened: 'other processes are notified again', action: 'nothing' },
  'peer-question-unanswered': {
    level: 'warn',
    happened: 'other processes were not answered (`about`, `cause`)',
    action: 'see `database-unavailable`',
  },
} as const satisfies EventTable;
