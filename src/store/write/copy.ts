import { once } from 'node:events';
import type { Socket } from 'node:net';
import type { Writable } from 'node:stream';
import type { ReservedSql } from 'postgres';

/** The connection that a COPY stream is sent over. */
export interface CopyConnection {
  /** Its socket, when bytes may be written to it as they are. */
  readonly plainSocket: Socket | undefined;
  /** Called after every chunk that the connection has taken. */
  moved(): void;
}

/** The server takes a piece as a whole before it parses it, and this process wakes once for each. */
const CHUNK_BYTES = 256 * 1024;

/**
 * Sends a whole COPY stream (header, rows and trailer, in pieces) to `statement`, which may have statements before the COPY.
 * The bytes may lie in shared memory: they must not change until this settles. With the socket of `connection` they go to it
 * from where they lie; the client copies them twice. After an error of the server the connection can still be used.
 */
export async function copy(sql: ReservedSql, statement: string, pieces: readonly Uint8Array[], connection?: CopyConnection): Promise<void> {
  const query = sql.unsafe(statement);
  const failed = rejectionOf(query);
  const stream = await query.writable();
  // An error of the stream is an error of its query too, which is waited for.
  stream.on('error', () => {});
  const end = new AbortController();
  try {
    await Promise.race([send(stream, joined(pieces), connection, end.signal), failed]);
  } catch (error) {
    end.abort();
    // Left alone, the client would end this stream during the next COPY, and so break that one.
    stream.destroy();
    throw error;
  }
}

/** A few rows go as one message. */
function joined(pieces: readonly Uint8Array[]): readonly Uint8Array[] {
  const bytes = pieces.reduce((sum, piece) => sum + piece.length, 0);
  return bytes > CHUNK_BYTES || pieces.length === 1 ? pieces : [Buffer.concat(pieces)];
}

/**
 * The query's promise resolves when the server is ready for rows, so what the server refuses after
 * that has no promise to reject; errors that come after the last byte (a full disk, a trigger) would
 * not even end the stream. The client still rejects the query.
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

async function send(
  stream: Writable,
  pieces: readonly Uint8Array[],
  connection: CopyConnection | undefined,
  ended: AbortSignal,
): Promise<void> {
  const socket = connection?.plainSocket;
  for (const piece of pieces) {
    for (let at = 0; at < piece.length; at += CHUNK_BYTES) {
      const chunk = piece.subarray(at, at + CHUNK_BYTES);
      const [taken, into] = socket ? [sendData(socket, chunk), socket] : [stream.write(chunk), stream];
      if (!taken) await once(into, 'drain');
      connection?.moved();
      // Bytes that are sent after this would belong to another statement.
      if (ended.aborted) return;
    }
  }
  const finished = once(stream, 'finish');
  stream.end();
  await finished;
}

/** A CopyData message: byte 'd', then int32 length of itself and the data. PostgreSQL documentation, "Message Formats". */
function sendData(socket: Socket, data: Uint8Array): boolean {
  const head = Buffer.allocUnsafe(5);
  head.writeUInt8(0x64, 0);
  head.writeInt32BE(data.length + 4, 1);
  socket.cork();
  socket.write(head);
  const taken = socket.write(data);
  socket.uncork();
  return taken;
}
