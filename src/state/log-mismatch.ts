import type { DatabaseIdentity } from '../contract/database-identity.js';
import { StartFailure } from '../contract/start-failure.js';

/** Where the log of a process is. */
export interface LogPlace {
  readonly stateFolder: string;
  /** Of a log in Kafka, which other processes share; undefined: the log is in the state folder. */
  readonly topic: string | undefined;
}

/** `whose`: what is of another database. `database`: undefined where the one in use has no identity. */
export function mismatch(
  { stateFolder, topic }: LogPlace,
  whose: string,
  database: Pick<DatabaseIdentity, 'id' | 'devices'> | undefined,
): StartFailure {
  const other = database ? `is ${database.id}, in which the same numbers are other devices` : 'has none of its devices';
  const adopt = `where devices up to number ${database?.devices ?? 0} are the same in both, npx spillway log adopt`;
  const log = topic === undefined ? `the log in ${stateFolder}` : `topic ${topic} with the state in ${stateFolder}`;
  return new StartFailure(
    'log_of_other_database',
    `cannot open ${log}: ${whose}, and the database in use ${other}`,
    topic === undefined
      ? 'start it with its own database (SPILLWAY_DATABASE_URL, or postgres/ in the state folder); or npx spillway log set-aside, which keeps the old ' +
          `log apart and begins a new one; or, ${adopt}`
      : 'start it with its own database (SPILLWAY_DATABASE_URL); or npx spillway log set-aside and another SPILLWAY_KAFKA_TOPIC_PREFIX, which begins a ' +
          `new topic and keeps the old one; or, ${adopt}`,
  );
}
