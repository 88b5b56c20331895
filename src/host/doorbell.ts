import { writeSync } from 'node:fs';

/**
 * A thread's doorbell: whoever has work for it writes the work first, then rings.
 *
 *   word 0: rings
 *   word 1: 1 while the thread sleeps in a reactor, which only its eventfd wakes; else 0
 *   word 2: that eventfd + 1, or 0
 */
export class Doorbell {
  /** Doorbells of one process; each lies on a cache line of its own. */
  static memory(count: number): SharedArrayBuffer {
    return new SharedArrayBuffer(count * 64);
  }

  /** For the reactor that sleeps on it; native/reactor/src/bell.rs is the other side. */
  readonly words: Int32Array;

  constructor(memory: SharedArrayBuffer, index: number) {
    this.words = new Int32Array(memory, index * 64, 3);
  }

  ring(): void {
    Atomics.add(this.words, RINGS, 1);
    // Who finds it asleep writes, once; the reactor keeps the eventfd open until that has come.
    if (Atomics.compareExchange(this.words, SLEEP, ASLEEP, AWAKE) === ASLEEP) writeSync(Atomics.load(this.words, FD) - 1, ONE);
    else Atomics.notify(this.words, RINGS);
  }

  /** Read this before looking for work, and pass it to a wait: a ring in between is not missed. */
  seen(): number {
    return Atomics.load(this.words, RINGS);
  }

  /** Blocks the thread until the next ring after `seen`, `timeoutMs` at most. */
  wait(seen: number, timeoutMs: number): void {
    Atomics.wait(this.words, RINGS, seen, timeoutMs);
  }

  /** The same for a thread that has an event loop to serve. */
  async waitAsync(seen: number, timeoutMs?: number): Promise<void> {
    const waiting = Atomics.waitAsync(this.words, RINGS, seen, timeoutMs);
    if (waiting.async) await waiting.value;
  }
}

const RINGS = 0;
const SLEEP = 1;
const FD = 2;
const AWAKE = 0;
const ASLEEP = 1;
/** What an eventfd is written: eight bytes, a count. */
const ONE = new BigUint64Array([1n]);

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
