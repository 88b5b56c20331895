/** A lane waits no longer than this: a transaction of another that hangs must not hold it up. */
const WAIT_MS_MAX = 1000;

/**
 * Transactions take turns while that keeps up with the load. Side by side they bring more rows a second, and take the
 * cores of their machine from those who acknowledge there, whose slowest answers then take twice as long. So a lane
 * whose batches stand in line does not wait for its turn, and neither does one that waited for WAIT_MS_MAX.
 */
export class WriteTurns {
  #writing = 0;
  /** By lane, in the order in which they came. */
  readonly #waiting = new Map<object, () => void>();

  /** Waits until the lane may write; `end` must follow. */
  take(lane: object, isBehind: boolean): Promise<void> {
    if (this.#writing === 0 || isBehind) {
      this.#writing++;
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      const go = () => {
        clearTimeout(timer);
        this.#waiting.delete(lane);
        this.#writing++;
        resolve();
      };
      const timer = setTimeout(go, WAIT_MS_MAX);
      this.#waiting.set(lane, go);
    });
  }

  /** The lane fell behind: if it waits, it may write now. */
  hurry(lane: object): void {
    this.#waiting.get(lane)?.();
  }

  end(): void {
    this.#writing--;
    const [next] = this.#waiting.values();
    if (this.#writing === 0) next?.();
  }
}
