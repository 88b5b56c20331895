/** A queue waits no longer than this: a transaction of another queue that hangs must not hold it up. */
const WAIT_MS_MAX = 1000;

/**
 * Lets transactions of commit queues run one at a time while that keeps up with the load. Side by side they bring more rows a
 * second, but take the cores of their machine from the threads that acknowledge, whose slowest answers then take twice as long.
 * So a queue with more than one batch waiting is let in at once, and so is one that has waited for WAIT_MS_MAX.
 */
export class TransactionGate {
  #writing = 0;
  /** What lets each waiting queue in, in the order of their arrival. */
  readonly #waiting = new Map<object, () => void>();

  /** Waits until the queue may write; `leave` must follow. */
  enter(queue: object, isBehind: boolean): Promise<void> {
    if (this.#writing === 0 || isBehind) {
      this.#writing++;
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      const go = () => {
        clearTimeout(timer);
        this.#waiting.delete(queue);
        this.#writing++;
        resolve();
      };
      const timer = setTimeout(go, WAIT_MS_MAX);
      this.#waiting.set(queue, go);
    });
  }

  /** The queue fell behind: if it waits, it may write now. */
  hurry(queue: object): void {
    this.#waiting.get(queue)?.();
  }

  leave(): void {
    this.#writing--;
    const [next] = this.#waiting.values();
    if (this.#writing === 0) next?.();
  }
}
