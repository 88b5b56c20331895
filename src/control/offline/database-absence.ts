/** How long the database that a start was made without has been away, and why. */
export class DatabaseAbsence {
  readonly #sinceMs = Date.now();
  #cause = 'it does not answer';

  because(cause: string): void {
    this.#cause = cause;
  }

  get seconds(): number {
    return Math.round((Date.now() - this.#sinceMs) / 1000);
  }

  /** For readiness. */
  get reason(): string {
    const since = new Date(this.#sinceMs).toISOString();
    return `messages are taken in and kept in the log, and not stored: the database has been away since the start at ${since}; ${this.#cause}`;
  }
}
