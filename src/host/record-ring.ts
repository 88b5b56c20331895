import { type BlockSource, READ_NOTHING_YET, READ_SKIPPED } from '../contract/block-source.js';

/**
 * Single-producer, single-consumer ring that carries the records of one partition, bytes included, from who
 * fetches them to the pipeline.
 *
 *   words 0 and 16: head and tail, bytes modulo 2^32; then the entries, each on a multiple of 16:
 *    0  u64 offset      8  u32 bytes      12  u32 kind      16  the block
 */
const HEAD = 0;
const TAIL = 16;
const DATA = 128;
const ENTRY_BYTES = 16;

const BLOCK = 0;
/** The offset stands for nothing new: a block that came before. */
const SKIP = 1;
/** The offset is the first behind records that are gone. */
const GAP = 2;
/** The record is no block. */
const DAMAGED = 3;
/** The rest up to the ring's end is unused. */
const WRAP = 4;

/** What `RecordFeed.read` answers; the numbers are those of src/log/reader.ts. */
const READ_GAP = -2;
const READ_DAMAGED = -3;

class Ring {
  readonly words: Int32Array;
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly capacity: number;

  constructor(memory: SharedArrayBuffer) {
    this.words = new Int32Array(memory, 0, DATA / 4);
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

export type RecordKind = 'block' | 'skip' | 'gap' | 'damaged';
const kinds: Readonly<Record<RecordKind, number>> = { block: BLOCK, skip: SKIP, gap: GAP, damaged: DAMAGED };

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

  /** False when there is no room; the offsets that are pushed ascend. */
  push(offset: bigint, kind: RecordKind, block: Uint8Array): boolean {
    const ring = this.#ring;
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
    ring.view.setUint32(at + 12, kinds[kind], true);
    ring.bytes.set(block, at + ENTRY_BYTES);
    ring.move(HEAD, needed + (wrapped ? toEnd : 0));
    return true;
  }
}

/** The reading end, over the rings of all partitions of a pipeline. */
export class RecordFeed implements BlockSource {
  readonly unit = 'record';
  readonly #rings: readonly Ring[];

  constructor(memories: readonly SharedArrayBuffer[]) {
    this.#rings = memories.map((memory) => new Ring(memory));
  }

  read(partition: number, offset: bigint, limit: bigint, into: Uint8Array): number {
    const ring = this.#rings[partition] as Ring;
    let done = 0;
    for (let next = offset; next < limit; next++) {
      const at = this.#entry(ring, next);
      if (at === undefined) break;
      const found = ring.view.getBigUint64(at, true);
      const bytes = ring.view.getUint32(at + 8, true);
      const kind = ring.view.getUint32(at + 12, true);
      if (found !== next || kind !== BLOCK) return done > 0 ? done : refusal(kind, found !== next);
      if (done + bytes > into.length) break;
      into.set(ring.bytes.subarray(at + ENTRY_BYTES, at + ENTRY_BYTES + bytes), done);
      done += bytes;
      ring.move(TAIL, entryBytes(bytes));
    }
    return done > 0 ? done : READ_NOTHING_YET;
  }

  resume(partition: number, offset: bigint, limit: bigint): bigint {
    const ring = this.#rings[partition] as Ring;
    const at = this.#entry(ring, offset);
    if (at === undefined) return offset;
    const found = ring.view.getBigUint64(at, true);
    const next = ring.view.getUint32(at + 12, true) === SKIP && found === offset ? found + 1n : found;
    return next < limit ? next : limit;
  }

  /** Where the first entry at or behind `offset` is; those before it are dropped. */
  #entry(ring: Ring, offset: bigint): number | undefined {
    while (ring.head !== ring.tail) {
      const at = ring.tail & (ring.capacity - 1);
      const kind = ring.view.getUint32(at + 12, true);
      if (kind === WRAP) ring.move(TAIL, ring.capacity - at);
      else if (ring.view.getBigUint64(at, true) >= offset && !(kind === GAP && ring.view.getBigUint64(at, true) === offset)) return at;
      else ring.move(TAIL, entryBytes(ring.view.getUint32(at + 8, true)));
    }
    return undefined;
  }
}

function refusal(kind: number, ahead: boolean): number {
  if (ahead) return kind === GAP ? READ_GAP : READ_SKIPPED;
  return kind === SKIP ? READ_SKIPPED : READ_DAMAGED;
}
