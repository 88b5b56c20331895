import {
  BATCH_AT_DEADS,
  BATCH_AT_DEADS_BYTES,
  BATCH_AT_READINGS,
  BATCH_AT_READINGS_BYTES,
  BATCH_AT_RECORDS,
  BATCH_AT_REPLAYED,
  BATCH_AT_SLOT,
  BATCH_AT_TEXTS,
  BATCH_AT_TEXTS_BYTES,
  BATCH_BYTES,
  BATCH_HEAD_OFFSET,
  BATCH_READINGS_BYTES,
  BATCH_REPLAYED_OFFSET,
  BATCH_REPLAYED_SLOT_BYTES,
  BATCH_SLOTS,
  BATCH_TEXT_BYTES,
  BATCHES_OFFSET,
} from '../../assembly/abi/pipeline.js';
import type { BatchPart, BatchStreams, CopyStream, RowBatch } from '../contract/threads/store.js';
import type { KernelMemory } from '../host/kernel.js';
import type { PipelineKernel } from './kernel.js';

/** What the open batch covers. */
interface Span {
  to: bigint;
  lastReceiveUs: number;
  openedMs: number;
}

/**
 * The row batches of one partition. The kernel fills one slot; sealed slots belong to the store thread
 * until it has committed them. With every slot at the store there is no open batch, the kernel takes no
 * block, and what arrives waits in the log: that is how a slow database is felt upstream.
 */
export class Batches {
  readonly #partition: number;
  readonly #kernel: PipelineKernel;
  readonly #memory: KernelMemory;
  readonly #free: number[] = [];
  /** Behind the last sealed batch: batches follow one another without a gap, also where the log has one. */
  #sealedTo: bigint;
  #span: Span | undefined;
  #open: boolean;
  #slot = 0;
  /** What the open batch held before, and its messages. */
  #parts: BatchPart[] = [];
  #records = 0;
  /**
   * A block waits for metric names in its middle: its first rows are in the open batch. Sealed now, they would be
   * committed below an offset that lies before them, and after a crash once more.
   */
  #hasPart = false;
  #committing = 0;
  /** Where the open batch has to end, as it ended before a crash: its rows are known elsewhere by their places in it. */
  #cut: bigint | undefined;

  constructor(partition: number, kernel: PipelineKernel, memory: KernelMemory, committed: bigint, announced?: bigint) {
    this.#partition = partition;
    this.#kernel = kernel;
    this.#memory = memory;
    this.#sealedTo = committed;
    this.#cut = announced;
    for (let slot = BATCH_SLOTS - 1; slot >= 1; slot--) this.#free.push(slot);
    kernel.openBatch(0);
    this.#open = true;
  }

  /** Whether a block can be run now. */
  get ready(): boolean {
    return this.#open && (this.#hasPart || (this.#kernel.batchHasRoom() !== 0 && !this.#isAtCut));
  }

  /** Where the open batch has to end; undefined: anywhere. */
  get cut(): bigint | undefined {
    return this.#cut;
  }

  /** The log ends before the cut, for this process at least, or has a gap there. */
  forgetCut(): void {
    if (!this.#isAtCut) this.#cut = undefined;
  }

  /** Batches at the store. */
  get committing(): number {
    return this.#committing;
  }

  /**
   * Whether there is a batch to seal: blocks were run whose offset is in no sealed batch yet, and none only in part. Rows of
   * part of a block would be committed under an offset before it, and come again after a crash. A batch that has no more room
   * before its cut is another one than that before the crash, and ends where it may.
   */
  get pending(): boolean {
    if (!this.#span || this.#hasPart) return false;
    return this.#cut === undefined || this.#isAtCut || this.#kernel.batchHasRoom() === 0;
  }

  get #isAtCut(): boolean {
    return this.#cut !== undefined && this.#span !== undefined && this.#span.to >= this.#cut;
  }

  /** Notes whether a block was begun and not ended in the open batch. */
  holdPart(hasPart: boolean): void {
    this.#hasPart = hasPart;
  }

  /** Notes that the block that ends at `to` is in the open batch. */
  extend(to: bigint, lastReceiveUs: number, nowMs: number): void {
    if (!this.#span) this.#span = { to, lastReceiveUs, openedMs: nowMs };
    this.#span.to = to;
    this.#span.lastReceiveUs = lastReceiveUs;
  }

  /**
   * How long the open batch may still wait, ms; infinite when it is empty, and while the store has an earlier one:
   * it would only stand in line there, and a larger batch costs the store less a row. The store rings when it is done.
   * Batches are due at times `everyMs` apart, so none gets older than that, and each partition's `phaseMs` after the first's:
   * due together, their transactions took all cores at once from those who acknowledge.
   */
  dueInMs(nowMs: number, everyMs: number, phaseMs: number): number {
    if (this.#committing > 0 || !this.#span) return Number.POSITIVE_INFINITY;
    const { openedMs } = this.#span;
    const ticks = Math.floor((openedMs - phaseMs) / everyMs) + 1;
    return Math.max(0, ticks * everyMs + phaseMs - nowMs);
  }

  /** Takes the open batch for the store. */
  seal(): RowBatch {
    const span = this.#span;
    if (!span || !this.#open || this.#hasPart) throw new Error('no block is in the open batch');
    this.#kernel.sealBatch();
    const batch = this.#describe(span);
    this.#sealedTo = span.to;
    this.#span = undefined;
    this.#cut = undefined;
    this.#open = false;
    this.#committing++;
    this.#openNext();
    return batch;
  }

  /**
   * Takes what the open batch holds out of its slot, which is empty then: the block at hand needs more room. The rows stay with the batch, so that
   * they are committed with the rest of the block.
   */
  sealPart(): void {
    this.#kernel.sealBatch();
    this.#parts.push(this.#copyStreams());
    this.#records += this.#word(BATCH_AT_RECORDS);
    this.#kernel.openBatch(this.#slot);
  }

  /** The store has committed the batch in `slot`. */
  release(slot: number): void {
    this.#free.push(slot);
    this.#committing--;
    this.#openNext();
  }

  #openNext(): void {
    if (this.#open) return;
    const slot = this.#free.pop();
    if (slot === undefined) return;
    this.#kernel.openBatch(slot);
    this.#slot = slot;
    this.#open = true;
  }

  #word(at: number): number {
    return this.#memory.view.getUint32(BATCH_HEAD_OFFSET + at, true);
  }

  #describe(span: Span): RowBatch {
    const parts = this.#parts;
    const records = this.#records + this.#word(BATCH_AT_RECORDS);
    this.#parts = [];
    this.#records = 0;
    return {
      kind: 'batch',
      partition: this.#partition,
      slot: this.#word(BATCH_AT_SLOT),
      from: this.#sealedTo,
      to: span.to,
      lastReceiveUs: span.lastReceiveUs,
      records,
      sorted: true,
      parts,
      ...this.#streams(),
    };
  }

  /** The streams of the batch that was sealed last, in the partition's memory. */
  #streams(): BatchStreams {
    const slot = this.#word(BATCH_AT_SLOT);
    const base = BATCHES_OFFSET + slot * BATCH_BYTES;
    const stream = (offset: number, rows: number, bytes: number): CopyStream => {
      return { offset, rows: this.#word(rows), bytes: this.#word(bytes) };
    };
    return {
      readings: stream(base, BATCH_AT_READINGS, BATCH_AT_READINGS_BYTES),
      texts: stream(base + BATCH_READINGS_BYTES, BATCH_AT_TEXTS, BATCH_AT_TEXTS_BYTES),
      deads: stream(base + BATCH_READINGS_BYTES + BATCH_TEXT_BYTES, BATCH_AT_DEADS, BATCH_AT_DEADS_BYTES),
      replayed: { offset: BATCH_REPLAYED_OFFSET + slot * BATCH_REPLAYED_SLOT_BYTES, letters: this.#word(BATCH_AT_REPLAYED) },
    };
  }

  /** The same, copied to memory of their own. */
  #copyStreams(): BatchPart {
    const { readings, texts, deads, replayed } = this.#streams();
    const ids = { offset: replayed.offset, bytes: replayed.letters * 8 };
    const sources = [ids, readings, texts, deads];
    const memory = new SharedArrayBuffer(sources.reduce((sum, { bytes }) => sum + bytes, 0));
    const to = new Uint8Array(memory);
    let at = 0;
    const moved = sources.map(({ offset, bytes }) => {
      to.set(this.#memory.bytes.subarray(offset, offset + bytes), at);
      at += bytes;
      return at - bytes;
    });
    const [, readingsAt, textsAt, deadsAt] = moved as [number, number, number, number];
    return {
      memory,
      readings: { ...readings, offset: readingsAt },
      texts: { ...texts, offset: textsAt },
      deads: { ...deads, offset: deadsAt },
      replayed: { offset: 0, letters: replayed.letters },
    };
  }
}
