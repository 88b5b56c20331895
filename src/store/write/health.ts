import type { FromStore } from '../../contract/threads/store.js';

/** Whether the database is up, as those who use it find: it is when none of them says otherwise. */
export class Health {
  readonly #post: (message: FromStore) => void;
  readonly #down = new Map<object, string>();
  #told: string | undefined;

  constructor(post: (message: FromStore) => void) {
    this.#post = post;
  }

  down(user: object, message: string): void {
    this.#down.set(user, message);
    this.#tell();
  }

  up(user: object): void {
    this.#down.delete(user);
    this.#tell();
  }

  /** The first that said so speaks for all; the same is not told twice. */
  #tell(): void {
    const [message] = this.#down.values();
    const now = message === undefined ? 'up' : `down: ${message}`;
    if (now === this.#told) return;
    this.#told = now;
    this.#post({ kind: 'health', database: message === undefined ? 'up' : 'down', message: message ?? '' });
  }
}
