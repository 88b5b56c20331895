import type { AwaitedVerdict, Verdict } from '../contract/data-plane.js';
import { messageHash, readVerdicts } from '../host/verdicts.js';

type Resolve = (verdict: Verdict | undefined) => void;

/** Senders that wait for what the pipeline makes of their messages. */
export class AwaitedVerdicts {
  /** By device and hash of the payload, the oldest first: a device's messages of one payload get their verdicts in their order. */
  readonly #waiting = new Map<string, Resolve[]>();

  /** Waits for the verdict on a message that is about to be handed in. */
  expect(device: number, payload: Uint8Array): AwaitedVerdict {
    const key = keyOf(device, messageHash(device, payload));
    let resolve: Resolve = () => {};
    const verdict = new Promise<Verdict | undefined>((settle) => {
      resolve = settle;
    });
    const waiting = this.#waiting.get(key);
    if (waiting) waiting.push(resolve);
    else this.#waiting.set(key, [resolve]);
    return { verdict, giveUp: () => this.#giveUp(key, resolve) };
  }

  /** Hands out the verdicts that a pipeline has; those that nobody waits for are of an earlier process, or of senders that gave up. */
  deliver(verdicts: Uint8Array): void {
    for (const { device, hash, ...verdict } of readVerdicts(verdicts)) {
      const key = keyOf(device, hash);
      const waiting = this.#waiting.get(key);
      waiting?.shift()?.(verdict);
      if (waiting?.length === 0) this.#waiting.delete(key);
    }
  }

  /** Nothing more comes of the pipelines that ran. */
  giveUpAll(): void {
    for (const waiting of this.#waiting.values()) for (const resolve of waiting) resolve(undefined);
    this.#waiting.clear();
  }

  #giveUp(key: string, resolve: Resolve): void {
    const waiting = this.#waiting.get(key);
    const index = waiting?.indexOf(resolve) ?? -1;
    if (!waiting || index < 0) return;
    waiting.splice(index, 1);
    if (waiting.length === 0) this.#waiting.delete(key);
    resolve(undefined);
  }
}

function keyOf(device: number, hash: bigint): string {
  return `${device}/${hash}`;
}
