import { HASH_BYTES, SEARCHED_BYTES } from './token.js';

const NONE = 0n;
const SLOTS_MIN = 1024;
const PAGE_KEYS = 8192;

/**
 * Finds who has a token, by the bytes of its stored form that depend on the token alone. Holders are
 * whole numbers below 2^32 - 1. Where more than one has
 * the same token nobody is found: it says not who it is. What is found has to be verified.
 */
export class TokenIndex {
  /** By holder, in pages; 0: its stored form has none. */
  readonly #pages = new Map<number, BigUint64Array>();
  /** Holder + 1, open-addressed; entries whose key is not their holder's any more are passed over, and left out at the next growth. */
  #slots = new Uint32Array(SLOTS_MIN);
  #used = 0;

  set(holder: number, storedToken: Uint8Array): void {
    const key = storedToken.length >= HASH_BYTES + SEARCHED_BYTES ? keyOf(storedToken.subarray(HASH_BYTES)) : NONE;
    if (this.#keyOf(holder) === key) return;
    this.#setKey(holder, key);
    if (key !== NONE) this.#insert(holder, key);
  }

  delete(holder: number): void {
    if (this.#keyOf(holder) !== NONE) this.#setKey(holder, NONE);
  }

  /** `searched`: as `searchedToken` answers it. */
  find(searched: Uint8Array): number | undefined {
    const key = keyOf(searched);
    let found: number | undefined;
    for (let slot = this.#home(key); this.#slots[slot] !== 0; slot = this.#next(slot)) {
      const holder = (this.#slots[slot] as number) - 1;
      if (key === NONE || this.#keyOf(holder) !== key || holder === found) continue;
      if (found !== undefined) return undefined;
      found = holder;
    }
    return found;
  }

  #insert(holder: number, key: bigint): void {
    if (this.#used >= this.#slots.length / 2) this.#grow();
    let same = 0;
    let slot = this.#home(key);
    for (; this.#slots[slot] !== 0; slot = this.#next(slot)) {
      const other = (this.#slots[slot] as number) - 1;
      // Two are enough to know that the token says not who it is: a fleet may have one token.
      if (other === holder || (this.#keyOf(other) === key && ++same === 2)) return;
    }
    this.#slots[slot] = holder + 1;
    this.#used++;
  }

  #grow(): void {
    this.#slots = new Uint32Array(this.#slots.length * 2);
    this.#used = 0;
    for (const [page, keys] of this.#pages) {
      for (const [at, key] of keys.entries()) if (key !== NONE) this.#insert(page * PAGE_KEYS + at, key);
    }
  }

  #keyOf(holder: number): bigint {
    return this.#pages.get(Math.floor(holder / PAGE_KEYS))?.[holder % PAGE_KEYS] ?? NONE;
  }

  #setKey(holder: number, key: bigint): void {
    const index = Math.floor(holder / PAGE_KEYS);
    let page = this.#pages.get(index);
    if (!page) {
      page = new BigUint64Array(PAGE_KEYS);
      this.#pages.set(index, page);
    }
    page[holder % PAGE_KEYS] = key;
  }

  #home(key: bigint): number {
    return Number(key & BigInt(this.#slots.length - 1));
  }

  #next(slot: number): number {
    return (slot + 1) & (this.#slots.length - 1);
  }
}

function keyOf(bytes: Uint8Array): bigint {
  return Buffer.from(bytes.buffer, bytes.byteOffset, SEARCHED_BYTES).readBigUInt64LE();
}
