import type { EventTable } from '../../telemetry/events.js';

/** Events of starts without the database. */
export const offlineEvents = {
  'database-taken-up': {
    level: 'info',
    happened:
      'the database that was away at the start is there after `seconds`, and it is the one that the log belongs to; rows are committed from now on. `again`: parts of the log were run again, because the database had committed more than was known here',
    action: 'nothing',
  },
  'snapshot-not-kept': {
    level: 'error',
    happened:
      'the snapshot of the registry in the state folder could not be written (`cause`) and was removed: a start without the database would wait for it. It is tried again every minute',
    action: 'make room on the disk of the state folder',
  },
  'snapshot-not-used': {
    level: 'warn',
    happened: 'the database is away, and the snapshot of the registry cannot stand in for it (`cause`): the start waits for the database',
    action: 'bring the database back',
  },
  'snapshot-outdated': {
    level: 'error',
    happened:
      'the snapshot of the registry could neither be written nor removed (`cause`): a start without the database would know devices and tokens as they were before',
    action: 'mend the disk of the state folder, or remove `registry-snapshot.jsonl` there by hand',
  },
  'started-without-database': {
    level: 'warn',
    happened:
      'the database is away (`cause`), and the appliance started with the registry as it was last known: `devices` are let in and their messages are kept in the log. They are stored once the database is back',
    action: 'bring the database back; `/readyz` says since when it is away',
  },
} as const satisfies EventTable;
