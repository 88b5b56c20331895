import { once } from 'node:events';
import type { Writable } from 'node:stream';
import type { ReservedSql } from 'postgres';

/** The client copies each chunk once; large ones keep its overhead small, and this bounds what it holds. */
const CHUNK_BYTES = 1024 * 1024;

/**
 * Sends a whole COPY stream (header, rows and trailer) to `statement`. The bytes may lie in shared
 * memory: they must not change until this resolves, which is when the server has taken every row.
 */
export async function copy(sql: ReservedSql, statement: string, bytes: Uint8Array): Promise<void> {
  const query = sql.unsafe(statement);
  const failed = rejectionOf(query);
  const stream = await query.writable();
  // Whatever befalls the stream befalls its query too, and that is waited for.
  stream.on('error', () => {});
  await Promise.race([send(stream, bytes), failed]);
}

/**
 * The query's promise resolves when the server is ready for rows, so what the server refuses after
 * that has no promise to reject; errors that come after the last byte (a full disk, a trigger) would
 * not even end the stream. The client still tells the query.
 */
function rejectionOf(query: object): Promise<never> {
  const inner = query as { reject(error: unknown): void };
  const settle = inner.reject;
  const failed = new Promise<never>((_, reject) => {
    inner.reject = (error) => {
      settle(error);
      reject(error);
    };
  });
  failed.catch(() => {});
  return failed;
}

async function send(stream: Writable, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
    if (!stream.write(bytes.subarray(at, at + CHUNK_BYTES))) await once(stream, 'drain');
  }
  const finished = once(stream, 'finish');
  stream.end();
  await finished;
}
