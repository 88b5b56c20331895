import type { FromStore } from '../../contract/threads/store.js';

/** Whether the database is up, as those who write to it find: it is when none of them says otherwise. */
export class Health {
  readonly #post: (message: FromStore) => void;
  readonly #down = new Map<object, string>();
  #told: string | undefined;

  constructor(post: (message: FromStore) => void) {
    this.#post = post;
  }

  down(user: object, message: string): void {
    if (this.#down.get(user) === message) return;
    // To the end: the newest cause speaks for all.
    this.#down.delete(user);
    this.#down.set(user, message);
    this.#tell();
  }

  up(user: object): void {
    this.#down.delete(user);
    this.#tell();
  }

  /** The newest cause; the same is not posted twice. */
  #tell(): void {
    const message = [...this.#down.values()].at(-1);
    const now = message === undefined ? 'up' : `down: ${message}`;
    if (now === this.#told) return;
    this.#told = now;
    this.#post({ kind: 'health', database: message === undefined ? 'up' : 'down', message: message ?? '' });
  }
}
