import { Backoff } from '../../contract/backoff.js';
import type { Database } from '../../contract/database.js';
import type { IdentityChange } from '../identity/identities.js';

/** What another process did to the registries in the database. */
export type Change =
  /** Devices of these numbers were registered, changed or deleted. */
  | { readonly kind: 'devices'; readonly from: number; readonly to: number }
  /** Groups of a tenant were made, changed or deleted. */
  | { readonly kind: 'groups'; readonly tenant: string }
  /** Metrics were numbered. */
  | { readonly kind: 'metrics' }
  /** An admin key was made or revoked. */
  | { readonly kind: 'keys' }
  /** The topic rules of a tenant changed. */
  | { readonly kind: 'topic-rules'; readonly tenant: string }
  /** Who may connect, or use which topics, changed. */
  | ({ readonly kind: 'identity' } & IdentityChange)
  /** A time zone was numbered, or is another one of a tenant. */
  | { readonly kind: 'time-zones' }
  /** A payload schema was made, or changed. */
  | { readonly kind: 'schemas'; readonly id: string };

export interface ChangeListener {
  changed(change: Change): Promise<void>;
  /** Words may have been missed: the connection is new. */
  missed(): Promise<void>;
}

const CHANNEL = 'spillway_changes';
const RETRY_MS_MIN = 250;
const RETRY_MS_MAX = 5000;

/**
 * Processes of one deployment keep the registries in memory and tell each other what they changed, by the database's own
 * notifications. A notification only says which row to read: the database has the content.
 */
export class ChangeFeed {
  readonly #database: Database;
  readonly #origin: string;
  /** Notifications that the database did not take; each is the same however often it is sent. */
  readonly #unsent = new Set<string>();
  readonly #sending = new Backoff(RETRY_MS_MIN, RETRY_MS_MAX);
  #resending: NodeJS.Timeout | undefined;
  #isEnded = false;

  /** `origin` names this process: it does not hear itself. */
  constructor(database: Database, origin: string) {
    this.#database = database;
    this.#origin = origin;
  }

  /**
   * Called after the change was written, and never rejects: whoever made the change must not be told that it failed. What the database does
   * not take now is sent again until it does.
   */
  async tell(change: Change): Promise<void> {
    const payload = JSON.stringify({ origin: this.#origin, ...change });
    await this.#send(payload).catch(() => {
      this.#unsent.add(payload);
      this.#sendLater();
    });
  }

  async #send(payload: string): Promise<void> {
    await this.#database.run((sql) => sql`select pg_notify(${CHANNEL}, ${payload})`);
    this.#unsent.delete(payload);
  }

  #sendLater(): void {
    if (this.#isEnded) return;
    this.#resending ??= setTimeout(async () => {
      this.#resending = undefined;
      const sent = Promise.all([...this.#unsent].map((payload) => this.#send(payload)));
      await sent.then(
        () => this.#sending.reset(),
        () => this.#sendLater(),
      );
    }, this.#sending.next()).unref();
  }

  /**
   * Passes on what others changed, one change after another, until the connections are closed. What a listener throws is given to
   * `failed`, once for each cause, and then it is asked to look at everything until it does. Answers how to end the asking and the sending.
   */
  async follow(listener: ChangeListener, failed: (error: Error) => void): Promise<() => void> {
    const backoff = new Backoff(RETRY_MS_MIN, RETRY_MS_MAX);
    let doing: Promise<void> = Promise.resolve();
    let retrying: NodeJS.Timeout | undefined;
    let reported = '';
    const next = (work: () => Promise<void>) => {
      doing = doing.then(work).catch((error: Error) => {
        if (error.message !== reported) failed(error);
        reported = error.message;
        retrying ??= setTimeout(lookAgain, backoff.next()).unref();
      });
    };
    const lookAgain = () => {
      retrying = undefined;
      next(async () => {
        await listener.missed();
        reported = '';
        backoff.reset();
      });
    };
    const received = (payload: string) => {
      const { origin, ...change } = JSON.parse(payload) as { readonly origin: string } & Change;
      if (origin !== this.#origin) next(() => listener.changed(change as Change));
    };
    await this.#database.listen([CHANNEL], { received, connected: () => next(() => listener.missed()) });
    return () => {
      this.#isEnded = true;
      clearTimeout(retrying);
      clearTimeout(this.#resending);
    };
  }
}
