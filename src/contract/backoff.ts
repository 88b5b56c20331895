/** How long to wait before the next attempt, ms: doubles from `minMs` to `maxMs`, and begins anew after a success. */
export class Backoff {
  readonly #minMs: number;
  readonly #maxMs: number;
  #nextMs: number;

  constructor(minMs: number, maxMs: number) {
    this.#minMs = minMs;
    this.#maxMs = maxMs;
    this.#nextMs = minMs;
  }

  next(): number {
    const ms = this.#nextMs;
    this.#nextMs = Math.min(this.#maxMs, ms * 2);
    return ms;
  }

  reset(): void {
    this.#nextMs = this.#minMs;
  }
}
