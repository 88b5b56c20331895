import type { AwaitedVerdict, MessageVerdict, Verdict } from '../contract/verdict.js';
import { messageHash } from '../host/verdicts.js';

interface Waiting {
  resolve(verdict: Verdict | undefined): void;
  /** When its sender gave up; undefined: it waits. */
  gaveUpMs?: number;
}

/** How long the verdict on a durable message may still come after its sender gave up, ms. Beyond, it is taken for lost. */
const LATE_MS_MAX = 600_000;

/** Senders that wait for what the pipeline makes of their messages. */
export class AwaitedVerdicts {
  /** By device and hash of the payload, the oldest first: a device's messages of one payload get their verdicts in their order. */
  readonly #waiting = new Map<string, Waiting[]>();

  /** Waits for the verdict on a message that is about to be handed in. */
  expect(device: number, payload: Uint8Array, nowMs = performance.now()): AwaitedVerdict {
    const key = keyOf(device, messageHash(device, payload));
    const one: Waiting = { resolve: () => {} };
    const verdict = new Promise<Verdict | undefined>((resolve) => {
      one.resolve = resolve;
    });
    const waiting = this.#waiting.get(key) ?? [];
    while (nowMs - (waiting[0]?.gaveUpMs ?? nowMs) > LATE_MS_MAX) waiting.shift();
    waiting.push(one);
    this.#waiting.set(key, waiting);
    return {
      verdict,
      // Its place is kept: the verdict is still to come, and is none of a later message of the same payload.
      giveUp: () => {
        one.gaveUpMs ??= performance.now();
        one.resolve(undefined);
      },
      withdraw: () => this.#withdraw(key, one),
    };
  }

  /**
   * Hands out verdicts. Answers those that nobody waits for: they are of messages that another process took in, or an earlier one, or came
   * too late.
   */
  deliver(verdicts: Iterable<MessageVerdict>): MessageVerdict[] {
    const stray: MessageVerdict[] = [];
    for (const verdict of verdicts) {
      const key = keyOf(verdict.device, verdict.hash);
      const waiting = this.#waiting.get(key);
      const first = waiting?.shift();
      if (first) first.resolve(verdict);
      else stray.push(verdict);
      if (waiting?.length === 0) this.#waiting.delete(key);
    }
    return stray;
  }

  /** Nothing more comes of the pipelines that ran. */
  giveUpAll(): void {
    for (const waiting of this.#waiting.values()) for (const { resolve } of waiting) resolve(undefined);
    this.#waiting.clear();
  }

  #withdraw(key: string, one: Waiting): void {
    one.resolve(undefined);
    const others = this.#waiting.get(key)?.filter((waiting) => waiting !== one) ?? [];
    if (others.length === 0) this.#waiting.delete(key);
    else this.#waiting.set(key, others);
  }
}

function keyOf(device: number, hash: bigint): string {
  return `${device}/${hash}`;
}
