/** A thread's doorbell: whoever has work for it writes the work first, then rings. */
export class Doorbell {
  /** Doorbells of one process; each lies on a cache line of its own. */
  static memory(count: number): SharedArrayBuffer {
    return new SharedArrayBuffer(count * 64);
  }

  readonly #word: Int32Array;

  constructor(memory: SharedArrayBuffer, index: number) {
    this.#word = new Int32Array(memory, index * 64, 1);
  }

  ring(): void {
    Atomics.add(this.#word, 0, 1);
    Atomics.notify(this.#word, 0);
  }

  /** Read this before looking for work, and pass it to a wait: a ring in between is not missed. */
  seen(): number {
    return Atomics.load(this.#word, 0);
  }

  /** Blocks the thread until the next ring after `seen`, `timeoutMs` at most. */
  wait(seen: number, timeoutMs: number): void {
    Atomics.wait(this.#word, 0, seen, timeoutMs);
  }

  /** The same for a thread that has an event loop to serve. */
  async waitAsync(seen: number, timeoutMs?: number): Promise<void> {
    const waiting = Atomics.waitAsync(this.#word, 0, seen, timeoutMs);
    if (waiting.async) await waiting.value;
  }
}

/** Which doorbell is whose; gateways and pipelines follow by index. */
export const LOG_DOORBELL = 0;
export const GATEWAYS_MAX = 16;
export const PIPELINES_MAX = 64;
export const DOORBELLS = 1 + GATEWAYS_MAX + PIPELINES_MAX;

export function gatewayDoorbell(index: number): number {
  return 1 + index;
}

export function pipelineDoorbell(index: number): number {
  return 1 + GATEWAYS_MAX + index;
}
