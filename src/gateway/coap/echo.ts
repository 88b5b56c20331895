import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/** How long a value proves an address, ms. */
const FRESH_MS = 60_000;
const VALUE_BYTES = 8;

/**
 * Values of the Echo option (RFC 9175 §2): who sends one back receives what is sent to its address. They are made of the address and the time
 * alone, so nothing is kept of those who only ask.
 */
export class Echo {
  readonly #key = randomBytes(32);

  valueFor(peer: Uint8Array, nowMs: number): Buffer {
    return this.#valueIn(peer, Math.floor(nowMs / FRESH_MS));
  }

  proves(value: Uint8Array | undefined, peer: Uint8Array, nowMs: number): boolean {
    if (value?.length !== VALUE_BYTES) return false;
    const period = Math.floor(nowMs / FRESH_MS);
    return [period, period - 1].some((of) => timingSafeEqual(value, this.#valueIn(peer, of)));
  }

  #valueIn(peer: Uint8Array, period: number): Buffer {
    return createHmac('sha256', this.#key).update(peer).update(String(period)).digest().subarray(0, VALUE_BYTES);
  }
}
