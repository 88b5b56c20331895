import { HASH_BYTES, SEARCHED_BYTES } from '../../contract/token.js';

const STORED_BYTES = HASH_BYTES + SEARCHED_BYTES;
const PAGE_HASHES = 8192;

/** Stored tokens by device number, in pages: a typed array for each of a million devices would cost eight times its bytes. */
export class TokenHashes {
  readonly #pages = new Map<number, Uint8Array>();

  set(number: number, hash: Uint8Array): void {
    if (hash.length !== HASH_BYTES && hash.length !== STORED_BYTES)
      throw new Error(`a token hash has ${HASH_BYTES} bytes, not ${hash.length}`);
    const index = Math.floor(number / PAGE_HASHES);
    let page = this.#pages.get(index);
    if (!page) {
      page = new Uint8Array(PAGE_HASHES * STORED_BYTES);
      this.#pages.set(index, page);
    }
    const at = (number % PAGE_HASHES) * STORED_BYTES;
    page.fill(0, at, at + STORED_BYTES);
    page.set(hash, at);
  }

  /** A view of the page, for comparing only. */
  view(number: number): Uint8Array | undefined {
    const at = (number % PAGE_HASHES) * STORED_BYTES;
    return this.#pages.get(Math.floor(number / PAGE_HASHES))?.subarray(at, at + STORED_BYTES);
  }

  /** A copy with a buffer of its own: posting a view to a thread would clone the whole page. */
  copy(number: number): Uint8Array {
    const view = this.view(number);
    if (!view) throw new Error(`device ${number} has no token hash`);
    return view.slice();
  }
}
