import type { EventTable } from '../../telemetry/events.js';

/** Events of the log in files. */
export const fileLogEvents = {
  'log-behind-store': {
    level: 'error',
    happened: 'the log ends before what the database has: files of the log were lost or replaced',
    action: 'find out who removed them; new messages are appended after the committed offset',
  },
  'log-damaged': {
    level: 'error',
    happened: 'bytes of a segment are no block (`code`); the pipeline keeps a copy and skips them',
    action: 'look at the disk; see `log-gap-skipped` for what was lost',
  },
  'log-failing': {
    level: 'error',
    happened: 'the log cannot write (`code`, `message`): nothing is acknowledged until it can',
    action: 'make room on the disk of the state folder, or mend it; the log tries again by itself',
  },
  'log-file-gap': { level: 'warn', happened: 'a segment is shorter than where the next one begins', action: 'as for `log-damaged`' },
  'log-recovered': { level: 'info', happened: 'the log writes again, after `failures` attempts', action: 'nothing' },
  'log-segments-kept': {
    level: 'warn',
    happened: 'an old segment could not be removed (`message`)',
    action: 'look at the rights of the state folder; the log grows meanwhile',
  },
  'log-segments-removed': {
    level: 'info',
    happened: 'old committed segments were removed (`because`: their age, or the size of the log)',
    action: 'nothing',
  },
  'log-stopped-failing': {
    level: 'error',
    happened: 'the process ended while the log could not write; `blocks` were never acknowledged',
    action: 'mend the disk and start again; devices resend what was not acknowledged',
  },
  'log-tail-cut': {
    level: 'warn',
    happened: 'a write that a crash had interrupted was cut off the end of the log; it was never acknowledged',
    action: 'nothing',
  },
} as const satisfies EventTable;
