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
  'dead-letters-removed': {
    level: 'warn',
    happened:
      '`letters` dead letters of `bytes` bytes, the oldest, were removed (`limit`: `days`, `letters` or `bytes`; `tenant` where the limit is that of a tenant). Their number stays in `GET /v1/dead-letters/depth`',
    action: 'mend and replay dead letters in time, or give `SPILLWAY_DEAD_LETTERS_…` other values; the disk has to have room for them',
  },
  'dead-letters-not-counted': {
    level: 'warn',
    happened: 'dead letters could not be counted or removed (`cause`); it is tried again. Messages are stored all the same',
    action: 'see `database-unavailable`',
  },
  'dead-letters-counted-again': { level: 'info', happened: 'dead letters are counted again', action: 'nothing' },
} as const satisfies EventTable;
