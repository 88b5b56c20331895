import type { Socket } from 'node:net';
import postgres from 'postgres';
import { type Address, connect } from '../client/client.js';
import type { Notice } from '../client/notices.js';

/** How the server knows the connections that write batches. */
export const STORE_APPLICATION = 'spillway-store';

/**
 * One connection that is never silently replaced by another: a statement of a transaction that went
 * to a fresh connection would run outside it. Once anything fails the session is closed and a new one made.
 */
export class Session {
  readonly #pool: postgres.Sql;
  #reserved: postgres.ReservedSql | undefined;
  #socket: Socket | undefined;
  #lost = false;
  #chunks = 0;

  constructor(url: string, noticed: (notice: Notice) => void = () => {}) {
    this.#pool = postgres(url, {
      max: 1,
      fetch_types: false,
      connect_timeout: 10,
      max_lifetime: null,
      onnotice: noticed,
      // Of several hosts the client itself finds one that answers, and it speaks TLS.
      ...(!/,|[?&]ssl/.test(url) && { socket: (address: Address) => (this.#socket = connect(address)) }),
      onclose: () => {
        this.#lost = true;
      },
      // The server is to notice within a minute that this process is gone, and to free the row it locked.
      connection: {
        application_name: STORE_APPLICATION,
        tcp_keepalives_idle: 30,
        tcp_keepalives_interval: 10,
        tcp_keepalives_count: 3,
      } as Record<string, string | number>,
    } as postgres.Options<Record<string, never>>);
  }

  /** Connects; once, and before anything else but `abandon`. Throws what the server or the system says, and is closed then. */
  async open(): Promise<void> {
    try {
      // Reserving a connection that does not exist yet would leave one open if the server is not there:
      // the client then connects again for nobody.
      await this.#pool.unsafe('select 1');
      this.#reserved = await this.#pool.reserve();
      await this.#noticeLoss(this.#reserved);
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /** For one statement at a time. Throws when the connection is gone. */
  get sql(): postgres.ReservedSql {
    if (this.#lost || !this.#reserved) throw Object.assign(new Error('the connection is closed'), { code: 'CONNECTION_CLOSED' });
    return this.#reserved;
  }

  /** What the connection's bytes go through as they are; undefined when they are encrypted on the way, or the client chose it. */
  get plainSocket(): Socket | undefined {
    return this.#pool.options.ssl ? undefined : this.#socket;
  }

  /** Changes with every byte that goes either way; where the client has the connection to itself, with every chunk of a COPY. */
  get traffic(): number {
    const socket = this.#socket;
    return socket ? socket.bytesRead + socket.bytesWritten - socket.writableLength : this.#chunks;
  }

  moved(): void {
    this.#chunks++;
  }

  /** Ends the connection without a word to a server that would not hear it. */
  abandon(): void {
    void this.close().catch(() => {});
    this.#socket?.destroy();
  }

  /** The server is to end what it does for a connection that was given up, also while that waits for a lock. Not every server can. */
  async #noticeLoss(sql: postgres.ReservedSql): Promise<void> {
    try {
      await sql.unsafe(`set client_connection_check_interval = '10s'`);
    } catch (error) {
      if (this.#lost) throw error;
    }
  }

  async close(): Promise<void> {
    await this.#pool.end({ timeout: 0 });
  }
}
