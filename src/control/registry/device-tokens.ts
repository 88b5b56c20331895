import { timingSafeEqual } from 'node:crypto';
import type { PreviousToken } from '../../contract/devices.js';
import { HASH_BYTES, searchedToken } from '../../contract/token.js';
import { TokenIndex } from '../../contract/token-index.js';
import { TokenHashes } from './token-hashes.js';

/** Hashes of a device's tokens. */
export interface StoredTokens {
  readonly tokenHash: Uint8Array;
  readonly previousToken: PreviousToken | undefined;
}

const NO_HASH = new Uint8Array(32);

/** The tokens of all devices by number: the present one, and for a time the one before it. */
export class DeviceTokens {
  readonly #nowMs: () => number;
  readonly #present = new TokenHashes();
  readonly #index = new TokenIndex();
  readonly #previous = new Map<number, PreviousToken>();

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  set(number: number, { tokenHash, previousToken }: StoredTokens): void {
    this.#present.set(number, tokenHash);
    this.#index.set(number, tokenHash);
    if (this.#isValid(previousToken)) this.#previous.set(number, previousToken);
    else this.#previous.delete(number);
  }

  delete(number: number): void {
    this.#present.set(number, NO_HASH);
    this.#index.delete(number);
    this.#previous.delete(number);
  }

  /** Whether `given` is the hash of a valid token; the time it takes tells nothing, also for a device that is not there. */
  accepts(number: number | undefined, given: Uint8Array): boolean {
    const present = number === undefined ? undefined : this.#present.view(number)?.subarray(0, HASH_BYTES);
    const previous = number === undefined ? undefined : this.previous(number)?.hash;
    const isPresent = timingSafeEqual(given, present ?? NO_HASH) && present !== undefined;
    return (timingSafeEqual(given, previous ?? NO_HASH) && previous !== undefined) || isPresent;
  }

  /** The number of the one device whose present token this seems to be: it has to be verified. */
  find(token: string): number | undefined {
    return this.#index.find(searchedToken(token));
  }

  /** Whether these are the device's tokens already. */
  holds(number: number, { tokenHash, previousToken }: StoredTokens): boolean {
    const isPresent = this.#present.view(number)?.every((byte, index) => byte === (tokenHash[index] ?? 0)) ?? false;
    return isPresent && this.previous(number)?.untilMs === (this.#isValid(previousToken) ? previousToken.untilMs : undefined);
  }

  /** A copy with a buffer of its own: it is sent to threads. */
  present(number: number): Uint8Array {
    return this.#present.copy(number);
  }

  previous(number: number): PreviousToken | undefined {
    const previous = this.#previous.get(number);
    if (this.#isValid(previous)) return previous;
    this.#previous.delete(number);
    return undefined;
  }

  #isValid(token: PreviousToken | undefined): token is PreviousToken {
    return token !== undefined && token.untilMs > this.#nowMs();
  }
}
