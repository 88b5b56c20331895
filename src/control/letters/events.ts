import type { EventTable } from '../../telemetry/events.js';

/** Events of the subject dead letters. */
export const letterEvents = {
  'dead-letter-replay-ended': {
    level: 'info',
    happened:
      'a replay of dead letters is at its end: `replayed` of `letters` went through the pipeline again, `dead_again` of them are dead letters once more',
    action: 'look at the new letters when `dead_again` is not 0; start the replay again when its `state` is `stopped`',
  },
  'dead-letter-replay-failed': {
    level: 'warn',
    happened: 'a replay of dead letters ended early (`cause`); letters that were tried again by then are marked',
    action: 'start it again when the cause is gone: letters that are marked are left out, and none is stored twice',
  },
} as const satisfies EventTable;
