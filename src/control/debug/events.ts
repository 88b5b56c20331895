import type { EventTable } from '../../telemetry/events.js';

/** Events of the subject debug. */
export const debugEvents = {
  'debug-capture-began': {
    level: 'info',
    happened:
      'an operator captures messages (`capture`) of a device, or of unknown ones (without `device`), for `seconds`; `key` is the id of the admin key that asked',
    action: 'nothing; payloads stay in the memory of this process, and only admin keys can read them',
  },
  'debug-capture-ended': {
    level: 'info',
    happened: 'the capture ended, `because` its time was over, it was asked for, or the process shut down; it had seen so many `messages`',
    action: 'nothing; it can be read for ten minutes more',
  },
} as const satisfies EventTable;
