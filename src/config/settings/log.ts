import { PARTITIONS_MAX } from '../../../assembly/abi/limits.js';
import { choice, setting, type ValuesOf, whole } from '../setting.js';

/** Where messages are made durable, and for how long they stay there. */
export const logSettings = {
  kind: setting('log', choice('file', 'kafka', 'none'), {
    fallback: 'file',
    what: 'Where messages are made durable: `file`, in the state folder, or `kafka`. `none` keeps nothing: for benches only.',
  }),
  partitions: setting('partitions', whole(1, PARTITIONS_MAX), {
    fallback: 4,
    what: '1 to 64; fixed for the life of a state folder.',
  }),
  retentionHours: setting('log_retention_hours', whole(1, 8760, 'hours'), {
    fallback: 24,
    what: 'How long committed log segments are kept; also the deduplication window.',
  }),
  retentionGib: setting('log_retention_gib', whole(1, 1_048_576, 'GiB'), {
    fallback: 64,
    what: '1 to 1048576 GiB of log kept at most: above it the oldest committed segments are removed before `SPILLWAY_LOG_RETENTION_HOURS`. What the database does not have yet is never removed: then devices are no longer read.',
  }),
  backlogMib: setting('log_backlog_mib', whole(1, 1_048_576, 'MiB'), {
    fallback: 16_384,
    what: '1 to 1048576 MiB of the log that may wait for the database; at this much devices are no longer read, and nothing is dropped.',
  }),
};

export type LogConfig = ValuesOf<typeof logSettings>;
