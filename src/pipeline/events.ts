import type { EventTable } from '../telemetry/events.js';

/** Events of pipeline threads. */
export const pipelineEvents = {
  'checkpoint-loaded': {
    level: 'info',
    happened: 'a partition took up its newest checkpoint and replays `replayBytes` of the log',
    action: 'nothing',
  },
  'checkpoint-missing': {
    level: 'info',
    happened: 'a partition has no checkpoint and replays `replayBytes` of the log',
    action: 'nothing',
  },
  'log-blocks-missing': {
    level: 'error',
    happened: 'blocks that were acknowledged are not in the log of this partition',
    action: 'look for lost topics or files; the ledger counts what is lost',
  },
  'log-gap-already-stored': {
    level: 'warn',
    happened: 'a damaged place of the log was skipped whose rows are in the database',
    action: 'nothing; look at the disk',
  },
  'log-gap-held': {
    level: 'error',
    happened: 'a damaged place of the log could not be copied aside (`message`), so the partition waits before it',
    action: 'make room or give the rights; the partition resumes by itself',
  },
  'log-gap-skipped': {
    level: 'error',
    happened:
      'damaged or missing bytes of the log were skipped: at least `messagesAtLeast` messages are lost, and a copy of the bytes is in `kept`',
    action: 'look at the disk; keep the copy for whoever can read it',
  },
  'device-not-captured': {
    level: 'warn',
    happened:
      'as many devices of the partition are captured as may be, over all processes; messages of this one (its number) are not shown',
    action: 'end another capture: `GET /v1/debug/captures` lists those of a process',
  },
} as const satisfies EventTable;
