import type { Sql } from 'postgres';
import type { DatabaseIdentity } from '../contract/database-identity.js';
import { withDeadline } from '../contract/deadline.js';
import { openClient } from './client/client.js';
import { type NoticeEvent, NoticeLog } from './client/notices.js';
import { findIdentity } from './identity.js';
import { loadOffsets } from './offsets.js';
import { migrate } from './schema/migrate.js';

/** A proxy may take connections for a server that is not there and hang up each time; the client would try for ever. */
const ANSWER_MS_MAX = 20_000;

export interface PrepareOptions {
  readonly answerMsMax?: number;
  readonly event?: NoticeEvent;
  /** Looks at the database before anything is written to it; throws where nothing may be. `found`: undefined where it has no identity yet. */
  readonly check?: (found: DatabaseIdentity | undefined) => void;
}

/**
 * Brings the database to this build's schema and answers the committed offset of each partition. It has
 * a connection of its own: a migration may take longer than any query may.
 */
export async function prepareDatabase(
  url: string,
  consumerGroup: string,
  partitions: number,
  { answerMsMax = ANSWER_MS_MAX, event = () => {}, check }: PrepareOptions = {},
): Promise<bigint[]> {
  const client = openClient(url, { application: 'spillway-start', noticed: new NoticeLog(event).take });
  const { sql } = client;
  try {
    await firstAnswer(sql, url, answerMsMax);
    check?.(await findIdentity(sql));
    await migrate(sql).catch((error: Error) => {
      throw explained(error, `cannot migrate the database at ${addressOf(url)}`);
    });
    return await loadOffsets(sql, consumerGroup, partitions);
  } finally {
    await client.end(1);
    client.abandon();
  }
}

async function firstAnswer(sql: Sql, url: string, answerMsMax: number): Promise<void> {
  try {
    const silent = () => Object.assign(new Error(`it does not answer within ${answerMsMax / 1000} s`), { code: 'CONNECTION_SILENT' });
    await withDeadline(sql`select 1`, answerMsMax, silent);
  } catch (error) {
    throw explained(error as Error, `cannot connect to the database at ${addressOf(url)}`);
  }
}

/** PostgreSQL's own words with what was attempted; the way out depends on who is to blame. */
function explained(error: Error & { code?: string }, attempt: string): Error {
  if (error.message.startsWith('cannot ')) return error;
  const { code = '' } = error;
  const denied = code === '42501' || code === '25006';
  const wayOut = denied
    ? 'give the user of SPILLWAY_DATABASE_URL a database that it owns and may write'
    : 'check host, port, user, password and database of SPILLWAY_DATABASE_URL, or unset it to use the embedded database';
  return Object.assign(new Error(`${attempt}: ${error.message}`, { cause: error }), { wayOut });
}

/** Without user and password: it goes into messages. */
function addressOf(url: string): string {
  const { hostname, port, pathname } = new URL(url);
  return `${hostname}:${port || 5432}${pathname}`;
}
