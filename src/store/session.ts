import postgres from 'postgres';

/**
 * One connection that is never silently replaced by another: a statement of a transaction that went
 * to a fresh connection would run outside it. Once anything fails the session is closed and a new one made.
 */
export class Session {
  static async open(url: string): Promise<Session> {
    const session = new Session(url);
    try {
      // Reserving a connection that does not exist yet would leave one behind if the server is not there:
      // the client then connects again for nobody.
      await session.#pool.unsafe('select 1');
      session.#reserved = await session.#pool.reserve();
      return session;
    } catch (error) {
      await session.close();
      throw error;
    }
  }

  readonly #pool: postgres.Sql;
  #reserved: postgres.ReservedSql | undefined;
  #lost = false;

  private constructor(url: string) {
    this.#pool = postgres(url, {
      max: 1,
      fetch_types: false,
      connect_timeout: 10,
      max_lifetime: null,
      onnotice: () => {},
      onclose: () => {
        this.#lost = true;
      },
      // The server is to notice within a minute that this process is gone, and to free the row it locked.
      connection: {
        application_name: 'spillway-store',
        tcp_keepalives_idle: 30,
        tcp_keepalives_interval: 10,
        tcp_keepalives_count: 3,
      } as Record<string, string | number>,
    });
  }

  /** For one statement at a time. Throws when the connection is gone. */
  get sql(): postgres.ReservedSql {
    if (this.#lost || !this.#reserved) throw Object.assign(new Error('the connection is closed'), { code: 'CONNECTION_CLOSED' });
    return this.#reserved;
  }

  async close(): Promise<void> {
    await this.#pool.end({ timeout: 0 });
  }
}
