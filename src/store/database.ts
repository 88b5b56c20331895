import postgres from 'postgres';
import { loadOffsets } from './offsets.js';
import { migrate } from './schema/migrations.js';

const CONNECT_SECONDS_MAX = 10;
/** A proxy may take connections for a server that is not there and hang up each time; the client would try for ever. */
const ANSWER_MS_MAX = 20_000;
const STATEMENT_MS_MAX = 30_000;
const POOL_CONNECTIONS_MAX = 8;

/**
 * Brings the database to this build's schema and answers the committed offset of each partition. It has
 * a connection of its own: a migration may take longer than any query may.
 */
export async function prepareDatabase(
  url: string,
  consumerGroup: string,
  partitions: number,
  { answerMsMax = ANSWER_MS_MAX }: { readonly answerMsMax?: number } = {},
): Promise<bigint[]> {
  const sql = postgres(url, { max: 1, connect_timeout: CONNECT_SECONDS_MAX, onnotice: () => {} });
  try {
    await firstAnswer(sql, url, answerMsMax);
    await migrate(sql).catch((error: Error) => {
      throw explained(error, `cannot migrate the database at ${addressOf(url)}`);
    });
    return await loadOffsets(sql, consumerGroup, partitions);
  } finally {
    await sql.end({ timeout: 1 });
  }
}

/** Connections for queries; the server ends those that take too long. */
export function openPool(url: string): postgres.Sql {
  return postgres(url, {
    max: POOL_CONNECTIONS_MAX,
    connect_timeout: CONNECT_SECONDS_MAX,
    onnotice: () => {},
    connection: { application_name: 'spillway', statement_timeout: STATEMENT_MS_MAX },
  });
}

/** One connection for notifications, which are worth nothing after a crash: their commits do not wait for the disk. */
export function openNotices(url: string): postgres.Sql {
  return postgres(url, {
    max: 1,
    connect_timeout: CONNECT_SECONDS_MAX,
    onnotice: () => {},
    connection: { application_name: 'spillway-notices', statement_timeout: STATEMENT_MS_MAX, synchronous_commit: 'off' } as Record<
      string,
      string | number
    >,
  } as postgres.Options<Record<string, never>>);
}

async function firstAnswer(sql: postgres.Sql, url: string, answerMsMax: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const silence = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`it does not answer within ${answerMsMax / 1000} s`)), answerMsMax);
  });
  try {
    await Promise.race([sql`select 1`, silence]);
  } catch (error) {
    throw explained(error as Error, `cannot connect to the database at ${addressOf(url)}`);
  } finally {
    clearTimeout(timer);
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
