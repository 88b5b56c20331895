import type { EventTable } from '../../telemetry/events.js';

/** Events of the subject alerts. */
export const alertsEvents = {
  'alert-cleared': { level: 'info', happened: 'the cause of the alert is gone, after `seconds`', action: 'nothing' },
  'alert-raised': {
    level: ['error', 'warn'],
    happened: 'an alert holds: `rule`, `message`, and `subject` where a rule speaks of several',
    action: 'see the table of alerts above',
  },
  'alerts-forgotten': {
    level: 'error',
    happened: 'the file of open alerts cannot be read: open ones get new ids',
    action: 'look at the file `alerts` in the state folder',
  },
  'alerts-not-kept': {
    level: 'warn',
    happened: 'open alerts cannot be written down: after a crash they would get new ids',
    action: 'make room, or give the rights',
  },
  'alerts-not-published': {
    level: 'error',
    happened: 'the topic took no alerts for so long that old changes were dropped',
    action: 'bring the brokers back',
  },
} as const satisfies EventTable;
