/**
 * Single-producer, single-consumer ring of block descriptors between a gateway and the log. The
 * bytes stay in the gateway's memory; the ring carries where they are. The consumer moves `tail`
 * only when the blocks before it are durable, so the tail is the acknowledgement: what the
 * producer sees released may be answered to devices, in the order it was pushed.
 */
export interface BlockDescriptor {
  /** Bytes from the start of the gateway's memory. */
  offset: number;
  bytes: number;
  partition: number;
}

const HEAD = 0;
const TAIL = 16;
const ENTRIES = 32;
const ENTRY_WORDS = 4;
/** The word of an entry after offset, bytes and partition. */
const TALLY = 3;

export class BlockRing {
  /** `capacity` is a power of two, at least the gateway's number of block slots. */
  static memory(capacity: number): SharedArrayBuffer {
    return new SharedArrayBuffer((ENTRIES + capacity * ENTRY_WORDS) * 4);
  }

  readonly #words: Int32Array;
  readonly #capacity: number;

  constructor(memory: SharedArrayBuffer) {
    this.#words = new Int32Array(memory);
    this.#capacity = (this.#words.length - ENTRIES) / ENTRY_WORDS;
    if ((this.#capacity & (this.#capacity - 1)) !== 0) throw new Error('a block ring holds a power of two');
  }

  /** Producer: false when the ring is full. */
  push(offset: number, bytes: number, partition: number): boolean {
    const head = Atomics.load(this.#words, HEAD);
    if (head - Atomics.load(this.#words, TAIL) >= this.#capacity) return false;
    const at = ENTRIES + (head & (this.#capacity - 1)) * ENTRY_WORDS;
    this.#words[at] = offset;
    this.#words[at + 1] = bytes;
    this.#words[at + 2] = partition;
    Atomics.store(this.#words, HEAD, (head + 1) | 0);
    return true;
  }

  /** Producer: how many blocks were pushed, modulo 2^32. */
  get pushed(): number {
    return Atomics.load(this.#words, HEAD);
  }

  /** How many blocks are durable, modulo 2^32. */
  get released(): number {
    return Atomics.load(this.#words, TAIL);
  }

  /** Consumer: blocks pushed and not released. */
  get length(): number {
    return (Atomics.load(this.#words, HEAD) - Atomics.load(this.#words, TAIL)) | 0;
  }

  /** Consumer: the block `index` places after the tail; `index` < length. */
  peek(index: number, into: BlockDescriptor): BlockDescriptor {
    const at = ENTRIES + ((Atomics.load(this.#words, TAIL) + index) & (this.#capacity - 1)) * ENTRY_WORDS;
    into.offset = this.#words[at] as number;
    into.bytes = this.#words[at + 1] as number;
    into.partition = this.#words[at + 2] as number;
    return into;
  }

  /** Consumer: with the block `index` places after the tail, so many messages were taken from this ring, modulo 2^32. */
  tally(index: number, messages: number): void {
    const at = ENTRIES + ((Atomics.load(this.#words, TAIL) + index) & (this.#capacity - 1)) * ENTRY_WORDS;
    this.#words[at + TALLY] = messages | 0;
  }

  /** Producer: the tally of the block before `released`; it stands as long as no ring full of blocks was pushed after that one. */
  talliedBefore(released: number): number {
    const at = ENTRIES + ((released - 1) & (this.#capacity - 1)) * ENTRY_WORDS;
    return (this.#words[at + TALLY] as number) >>> 0;
  }

  /** Consumer: the first `count` blocks are durable. */
  release(count: number): void {
    Atomics.store(this.#words, TAIL, (Atomics.load(this.#words, TAIL) + count) | 0);
  }
}
