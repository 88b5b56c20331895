import { READ_DAMAGED, READ_GAP, READ_NOTHING_YET, type RecordSource, type SourceRecord } from '../contract/block-source.js';

/**
 * Single-producer, single-consumer ring that carries the records of one partition, bytes included, from the thread that
 * fetches them to the pipeline.
 *
 *   words 0 and 16: head and tail, bytes modulo 2^32; u64 at byte 96: the offset at which the reader begins, plus 1, or 0;
 *   then the entries, each on a multiple of 16:
 *    0  u64 offset      8  u32 bytes      12  u32 kind      16  u64 source      24  u64 number      32  the block
 */
const HEAD = 0;
const TAIL = 16;
const BEGIN = 12;
const DATA = 128;
const ENTRY_BYTES = 32;

const BLOCK = 0;
/** The offset is the first one after records that no longer exist. */
const GAP = 1;
/** The record is no block. */
const DAMAGED = 2;
/** The rest up to the ring's end is unused. */
const WRAP = 3;

class Ring {
  readonly words: Int32Array;
  readonly begin: BigInt64Array;
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly capacity: number;

  constructor(memory: SharedArrayBuffer) {
    this.words = new Int32Array(memory, 0, DATA / 4);
    this.begin = new BigInt64Array(memory, 0, DATA / 8);
    this.bytes = new Uint8Array(memory, DATA);
    this.view = new DataView(memory, DATA);
    this.capacity = this.bytes.length;
    if ((this.capacity & (this.capacity - 1)) !== 0) throw new Error('a record ring holds a power of two');
  }

  get head(): number {
    return Atomics.load(this.words, HEAD);
  }

  get tail(): number {
    return Atomics.load(this.words, TAIL);
  }

  move(end: typeof HEAD | typeof TAIL, by: number): void {
    Atomics.store(this.words, end, (Atomics.load(this.words, end) + by) | 0);
  }
}

/** One entry: a block with its mark, or the reason why there is none. */
export type RingRecord =
  | { readonly kind: 'block'; readonly block: Uint8Array; readonly source: bigint; readonly number: bigint }
  | { readonly kind: 'gap' | 'damaged' };
const kinds = { block: BLOCK, gap: GAP, damaged: DAMAGED } as const;
const NOTHING = new Uint8Array();

function entryBytes(bytes: number): number {
  return (ENTRY_BYTES + bytes + 15) & ~15;
}

/** The writing end. */
export class RecordRing {
  /** `bytes` is a power of two, with room for several of the largest blocks. */
  static memory(bytes: number): SharedArrayBuffer {
    return new SharedArrayBuffer(DATA + bytes);
  }

  readonly #ring: Ring;

  constructor(memory: SharedArrayBuffer) {
    this.#ring = new Ring(memory);
  }

  /** Offset at which the reader begins; undefined until it has set it. */
  get begin(): bigint | undefined {
    const word = Atomics.load(this.#ring.begin, BEGIN);
    return word === 0n ? undefined : word - 1n;
  }

  /** False when there is no room; the offsets that are pushed ascend. */
  push(offset: bigint, record: RingRecord): boolean {
    const ring = this.#ring;
    const block = record.kind === 'block' ? record.block : NOTHING;
    const needed = entryBytes(block.length);
    const head = ring.head & (ring.capacity - 1);
    const toEnd = ring.capacity - head;
    const wrapped = needed > toEnd;
    const free = ring.capacity - ((ring.head - ring.tail) | 0);
    if (free < needed + (wrapped ? toEnd : 0)) return false;
    const at = wrapped ? 0 : head;
    if (wrapped) ring.view.setUint32(head + 12, WRAP, true);
    ring.view.setBigUint64(at, offset, true);
    ring.view.setUint32(at + 8, block.length, true);
    ring.view.setUint32(at + 12, kinds[record.kind], true);
    if (record.kind === 'block') {
      ring.view.setBigUint64(at + 16, record.source, true);
      ring.view.setBigUint64(at + 24, record.number, true);
    }
    ring.bytes.set(block, at + ENTRY_BYTES);
    ring.move(HEAD, needed + (wrapped ? toEnd : 0));
    return true;
  }
}

/** The reading end, over the rings of all partitions of a pipeline. */
export class RecordRingReader implements RecordSource {
  readonly unit = 'record';
  readonly fault = 'record_no_block';
  readonly #rings: readonly (Ring | undefined)[];
  readonly #read: readonly SourceRecord[][];

  /** By partition number; undefined: the partition is not read here. */
  constructor(memories: readonly (SharedArrayBuffer | undefined)[]) {
    this.#rings = memories.map((memory) => memory && new Ring(memory));
    this.#read = memories.map(() => []);
  }

  begin(partition: number, offset: bigint): void {
    Atomics.store((this.#rings[partition] as Ring).begin, BEGIN, offset + 1n);
  }

  read(partition: number, offset: bigint, limit: bigint, into: Uint8Array): number {
    const ring = this.#rings[partition] as Ring;
    let done = 0;
    for (let next = offset; next < limit; next++) {
      const at = this.#entry(ring, next);
      if (at === undefined) break;
      const bytes = ring.view.getUint32(at + 8, true);
      const isNext = ring.view.getBigUint64(at, true) === next;
      if (!isNext || ring.view.getUint32(at + 12, true) !== BLOCK) return done > 0 ? done : isNext ? READ_DAMAGED : READ_GAP;
      if (done + bytes > into.length) break;
      into.set(ring.bytes.subarray(at + ENTRY_BYTES, at + ENTRY_BYTES + bytes), done);
      done += bytes;
      const [source, number] = [ring.view.getBigUint64(at + 16, true), ring.view.getBigUint64(at + 24, true)];
      (this.#read[partition] as SourceRecord[]).push({ bytes, source, number });
      ring.move(TAIL, entryBytes(bytes));
    }
    return done > 0 ? done : READ_NOTHING_YET;
  }

  front(partition: number): SourceRecord {
    const [record] = this.#read[partition] as SourceRecord[];
    if (!record) throw new Error('every record that was read is passed');
    return record;
  }

  pass(partition: number): void {
    (this.#read[partition] as SourceRecord[]).shift();
  }

  resume(partition: number, offset: bigint, limit: bigint): bigint {
    const ring = this.#rings[partition] as Ring;
    const at = this.#entry(ring, offset);
    if (at === undefined) return offset;
    const found = ring.view.getBigUint64(at, true);
    return found < limit ? found : limit;
  }

  /** Position of the first entry at or after `offset`; entries before it are dropped, and so is a gap that ends at `offset`. */
  #entry(ring: Ring, offset: bigint): number | undefined {
    while (ring.head !== ring.tail) {
      const at = ring.tail & (ring.capacity - 1);
      const kind = ring.view.getUint32(at + 12, true);
      const found = ring.view.getBigUint64(at, true);
      if (kind === WRAP) ring.move(TAIL, ring.capacity - at);
      else if (found > offset || (found === offset && kind !== GAP)) return at;
      else ring.move(TAIL, entryBytes(ring.view.getUint32(at + 8, true)));
    }
    return undefined;
  }
}
