import type { EventTable } from '../../telemetry/events.js';

/** Events of checkpoints, on the disk and in the object store. */
export const checkpointEvents = {
  'checkpoint-failed': {
    level: 'warn',
    happened: 'a checkpoint could not be written (`message`); a start would replay more of the log',
    action: 'make room, or give the rights',
  },
  'checkpoint-fetched': { level: 'info', happened: 'a newer checkpoint came from the object store', action: 'nothing' },
  'checkpoint-not-fetched': { level: 'warn', happened: 'a checkpoint could not be fetched', action: 'as for `checkpoint-store-failing`' },
  'checkpoint-not-stored': {
    level: 'warn',
    happened: 'the object store did not take a last checkpoint in time, or the file could not be read',
    action: 'nothing when the next process is on this machine; else it replays more',
  },
  'checkpoint-refused': {
    level: 'warn',
    happened: 'a checkpoint cannot be used (`code`, `message`); an older one or a longer replay takes its place',
    action: 'nothing; when it comes at each start, look at the disk',
  },
  'checkpoint-store-away': {
    level: 'warn',
    happened: 'checkpoints could not be looked up in the object store; these partitions replay the log instead',
    action: 'as for `checkpoint-store-failing`',
  },
  'checkpoint-store-failing': {
    level: 'warn',
    happened: 'the object store refuses or does not answer (`code`)',
    action: 'check address, keys and bucket; processing does not wait for it',
  },
  'checkpoint-store-not-cleared': {
    level: 'warn',
    happened: 'old checkpoints in the object store could not be removed',
    action: 'allow deletes below the prefix',
  },
  'checkpoint-store-recovered': { level: 'info', happened: 'the object store takes checkpoints again', action: 'nothing' },
  'checkpoint-stored': { level: 'debug', happened: 'the object store has a checkpoint', action: 'nothing' },
  'checkpoint-written': {
    level: ['debug', 'info'],
    happened: 'a checkpoint was written; at info when others had failed before',
    action: 'nothing',
  },
} as const satisfies EventTable;
