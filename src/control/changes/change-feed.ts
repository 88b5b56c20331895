import type { Sql } from 'postgres';

/** What another process did to the registries in the database. */
export type Change =
  /** Devices of these numbers were registered or changed. */
  | { readonly kind: 'devices'; readonly from: number; readonly to: number }
  /** Metrics were numbered. */
  | { readonly kind: 'metrics' };

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
  readonly #sql: Sql;
  readonly #origin: string;

  /** `origin` names this process: it does not hear itself. */
  constructor(sql: Sql, origin: string) {
    this.#sql = sql;
    this.#origin = origin;
  }

  async tell(change: Change): Promise<void> {
    await this.#sql.notify(CHANNEL, JSON.stringify({ origin: this.#origin, ...change }));
  }

  /** Hears others until the connections are closed; one word after another. `failed` gets what a listener threw. */
  async follow(listener: ChangeListener, failed: (error: Error) => void): Promise<void> {
    let doing: Promise<void> = Promise.resolve();
    const next = (work: () => Promise<void>) => {
      doing = doing.then(work).catch(failed);
    };
    const heard = (payload: string) => {
      const { origin, ...change } = JSON.parse(payload) as { readonly origin: string } & Change;
      if (origin !== this.#origin) next(() => listener.changed(change as Change));
    };
    await this.#sql.listen(CHANNEL, heard, () => next(() => listener.missed()));
  }
}
