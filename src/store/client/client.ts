import { Socket } from 'node:net';
import postgres from 'postgres';
import type { Notice } from './notices.js';

const CONNECT_SECONDS_MAX = 10;

export interface ClientOptions {
  /** How the server knows its connections. */
  readonly application: string;
  readonly connectionsMax?: number;
  /** Settings of the server's for each session. */
  readonly settings?: Readonly<Record<string, string | number>>;
  readonly connectSecondsMax?: number;
  /** Gets the server's notices and warnings. */
  readonly noticed: (notice: Notice) => void;
  /** A connection of the client's has ended. */
  readonly closed?: () => void;
  readonly notified?: (channel: string, payload: string) => void;
}

/** A client of the database that can abandon a server that does not answer. */
export interface Client {
  readonly sql: postgres.Sql;
  /** Takes no further statement; those under way have `seconds` to end. */
  end(seconds: number): Promise<void>;
  /** Ends the connections at once, without a message to a server that may not read it: statements under way fail. */
  abandon(): void;
}

/**
 * Arrays as parameters. The client would ask each new connection for the types of the server's arrays, and a connection that
 * ends before the answer would end the process: nobody waits for that promise.
 */
const ARRAY_TYPES = {
  ints: { to: 1007, from: [], serialize: arrayText, parse: String },
  texts: { to: 1009, from: [], serialize: arrayText, parse: String },
};

/** PostgreSQL documentation, "Array Input and Output Syntax". */
function arrayText(values: readonly (string | number | null)[]): string {
  const quoted = values.map((value) => (value === null ? 'null' : `"${String(value).replace(/["\\]/g, '\\$&')}"`));
  return `{${quoted.join(',')}}`;
}

/** Connects when the first statement comes. */
export function openClient(url: string, options: ClientOptions): Client {
  const sockets = new Set<Socket>();
  let isAbandoned = false;
  const connectOwn = (address: Address) => {
    // A statement makes it connect in a later turn of the loop, even if it was ended in between.
    if (isAbandoned) throw Object.assign(new Error('this client was abandoned'), { code: 'CONNECTION_DESTROYED' });
    const socket = connect(address);
    sockets.add(socket);
    return socket.once('close', () => sockets.delete(socket));
  };
  const sql = postgres(url, {
    max: options.connectionsMax ?? 1,
    connect_timeout: options.connectSecondsMax ?? CONNECT_SECONDS_MAX,
    fetch_types: false,
    types: ARRAY_TYPES,
    onnotice: options.noticed,
    onclose: options.closed,
    onnotify: options.notified,
    // Of several hosts the client itself finds one that answers, and it speaks TLS.
    ...(!/,|[?&]ssl/.test(url) && { socket: connectOwn }),
    connection: { application_name: options.application, ...options.settings },
  } as unknown as postgres.Options<Record<string, never>>);
  const end = (seconds: number) => sql.end({ timeout: seconds });
  return {
    sql,
    end,
    abandon: () => {
      isAbandoned = true;
      void end(0).catch(() => {});
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** What the client made of the address: hosts with their ports, or the path of a Unix socket. */
export interface Address {
  readonly host: readonly string[];
  readonly port: readonly number[];
  readonly path: string | false | undefined;
}

/** The client waits for the connection itself: what it writes before is kept by the socket. */
export function connect({ host: [host = 'localhost'], port: [port = 5432], path }: Address): Socket {
  // TLS takes the name that the certificate must bear from the socket.
  const socket = Object.assign(new Socket(), { host, port });
  // A COPY ends with a message of a few bytes, which must not wait until the rows before it are acknowledged.
  socket.setNoDelay(true);
  return path ? socket.connect(path) : socket.connect(port, host);
}
