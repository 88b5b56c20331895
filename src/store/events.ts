import type { EventTable } from '../telemetry/events.js';

/** Events of the database and the rows that go there. */
export const storeEvents = {
  'database-available': { level: 'info', happened: 'the database takes reads and writes again, after `seconds`', action: 'nothing' },
  'database-awaited': {
    level: 'warn',
    happened:
      'the appliance starts, its database is away (`cause`), and there is no snapshot of it that could stand in; one event for each cause. `/healthz` answers, `/readyz` says 503 with the cause on `http_port`, MQTT is closed: devices keep what they have and connect once it is up',
    action: 'bring the database up; the start continues by itself. Stop with Ctrl-C or SIGTERM',
  },
  'database-ended': {
    level: 'error',
    happened: 'the embedded server has ended by itself; it is started again',
    action: 'look at its log in the state folder; a full disk is the usual cause',
  },
  'database-not-started': {
    level: 'error',
    happened: 'the embedded server could not be started (`cause`); it is tried again',
    action: 'as for `database-ended`',
  },
  'database-notice': {
    level: ['warn', 'info'],
    happened: 'the database sent a warning or a notice (`severity`, `sqlstate`, `message`); the same text once in 10 minutes',
    action: 'read it: TimescaleDB says only here that it does not compress rows as they are copied',
  },
  'database-notices-omitted': {
    level: 'warn',
    happened: 'more than 50 different texts came in 10 minutes; `notices` were left out',
    action: 'look for a trigger that raises a notice for each row',
  },
  'database-started-again': { level: 'info', happened: 'the embedded server runs again', action: 'nothing' },
  'database-unavailable': {
    level: 'error',
    happened:
      'the database does not answer (`state` is `down`) or takes no writes (`read-only`, as after a failover); one event an outage, `/readyz` has the newest cause',
    action: 'bring the server back, or point its address at the new primary; Spillway connects again by itself within seconds',
  },
  'dead-letter-refused': {
    level: 'error',
    happened: '`dead_letters` refused a dead letter; its bytes are in this event',
    action: 'take away what was added to that table',
  },
  'store-chunk-not-recompressed': {
    level: 'warn',
    happened: 'a finished hour could not be compressed anew; it is tried again within the hour',
    action: 'read the cause; rows can be queried meanwhile',
  },
  'store-chunk-recompressed': { level: 'info', happened: 'a finished hour was compressed anew', action: 'nothing' },
  'store-chunks-compressed': { level: 'info', happened: 'rows are compressed as they are copied again', action: 'nothing' },
  'store-chunks-uncompressed': {
    level: 'warn',
    happened: 'the chunk of the present hour has no compressed rows after a batch that was to be compressed; raises `chunks_uncompressed`',
    action: 'look for `database-notice`; remove the unique index, trigger or continuous aggregate on `readings`, or update TimescaleDB',
  },
  'store-connection-abandoned': {
    level: 'error',
    happened: 'the database has sent no byte for 60 s: the connection was given up for a new one',
    action: 'as for `store-silent`',
  },
  'store-days-added': { level: 'info', happened: 'partitions for coming days were made', action: 'nothing' },
  'store-dialect': { level: 'info', happened: 'how readings are laid out here (`dialect`, `version`) and why', action: 'nothing' },
  'store-failing': {
    level: 'error',
    happened: 'rows of a partition cannot be committed (`code`, `message`); they stay in the log',
    action: 'bring the database back; it is tried again by itself',
  },
  'store-not-maintained': {
    level: 'warn',
    happened: 'maintenance of the tables failed (`code`, `message`); it is tried again',
    action: 'read the cause; rows are stored meanwhile',
  },
  'store-recovered': { level: 'info', happened: 'rows of the partition are committed again', action: 'nothing' },
  'store-rows-refused': {
    level: 'error',
    happened: 'the database refused rows (`sqlstate`, `message`): they are in `dead_letters`',
    action: 'mend the constraint or trigger, then put them back by the statement of [DATABASE.md](DATABASE.md)',
  },
  'store-segment-closed': { level: 'debug', happened: 'a segment of large batches is full', action: 'nothing' },
  'store-segment-finished': { level: ['debug', 'info'], happened: 'a closed segment got its index', action: 'nothing' },
  'store-silent': {
    level: 'error',
    happened: 'the database has sent no byte for 10 s: it counts as down',
    action: 'look at the server; the log keeps everything',
  },
} as const satisfies EventTable;
