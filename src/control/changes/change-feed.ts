import type { Database } from '../../contract/database.js';

/** What another process did to the registries in the database. */
export type Change =
  /** Devices of these numbers were registered, changed or deleted. */
  | { readonly kind: 'devices'; readonly from: number; readonly to: number }
  /** Metrics were numbered. */
  | { readonly kind: 'metrics' }
  /** An admin key was made or revoked. */
  | { readonly kind: 'keys' };

export interface ChangeListener {
  changed(change: Change): Promise<void>;
  /** Words may have been missed: the connection is new. */
  missed(): Promise<void>;
}

const CHANNEL = 'spillway_changes';

/**
 * Processes of one deployment keep the registries in memory and tell each other what they changed, by the database's own
 * notifications. What is told is only where to look: the database says what is there.
 */
export class ChangeFeed {
  readonly #database: Database;
  readonly #origin: string;

  /** `origin` names this process: it does not hear itself. */
  constructor(database: Database, origin: string) {
    this.#database = database;
    this.#origin = origin;
  }

  async tell(change: Change): Promise<void> {
    const payload = JSON.stringify({ origin: this.#origin, ...change });
    await this.#database.run((sql) => sql`select pg_notify(${CHANNEL}, ${payload})`);
  }

  /** Hears others until the connections are closed; one word after another. `failed` gets what a listener threw. */
  async follow(listener: ChangeListener, failed: (error: Error) => void): Promise<void> {
    let doing: Promise<void> = Promise.resolve();
    const next = (work: () => Promise<void>) => {
      doing = doing.then(work).catch(failed);
    };
    const received = (payload: string) => {
      const { origin, ...change } = JSON.parse(payload) as { readonly origin: string } & Change;
      if (origin !== this.#origin) next(() => listener.changed(change as Change));
    };
    await this.#database.listen([CHANNEL], { received, connected: () => next(() => listener.missed()) });
  }
}
