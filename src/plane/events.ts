import type { EventTable } from '../telemetry/events.js';

/** Events of the data plane as a whole. */
export const planeEvents = {
  'metrics-not-numbered': {
    level: 'error',
    happened: 'messages with a new metric wait, because the database could not store its name; one event for each cause',
    action: 'see `database-unavailable`; nothing is lost meanwhile',
  },
  'partition-halted': {
    level: 'error',
    happened: 'a partition stands still because its log cannot be read on (`message`); nothing is lost or skipped',
    action: 'mend the cause that the message names, then restart',
  },
  'partitions-not-drained': {
    level: 'warn',
    happened: 'partitions were revoked before all their rows were committed; their next owner replays them',
    action: 'nothing',
  },
  'schema-not-laid': {
    level: 'error',
    happened: 'no message can be read by a schema version (`schema`), for the reason in `cause`: its messages become dead letters',
    action: 'upload a version that says otherwise, then try the letters again',
  },
  'schemas-not-fetched': {
    level: 'error',
    happened: 'messages wait for their schema version, which the database could not give; one event for each cause',
    action: 'see `database-unavailable`; nothing is lost meanwhile',
  },
} as const satisfies EventTable;
