import * as abi from '../../assembly/abi.js';
import type { RowBatch } from '../contract/threads.js';
import { KernelMemory, loadKernel } from '../host/kernel.js';
import { type Progress, ProgressWord } from '../host/progress.js';
import { Batches } from './batches.js';
import type { PipelineKernel } from './kernel.js';

/** Where a partition reads its blocks: the log, up to what is durable. */
export interface BlockSource {
  /** Lays whole blocks from `offset` on, below `limit`, into `into`; answers their bytes. Throws when it cannot. */
  read(offset: bigint, limit: bigint, into: Uint8Array): number;
}

/** What a step wants from the thread that runs it. */
export interface PartitionEvents {
  batch(batch: RowBatch): void;
  unknownMetrics(partition: number, names: string[]): void;
  halted(partition: number, message: string): void;
}

const blockErrors = new Map<number, string>([
  [abi.BLOCK_HASH_MISMATCH, 'its checksum does not match'],
  [abi.BLOCK_OF_OTHER_VERSION, 'it was written by another version'],
  [abi.BLOCK_OF_OTHER_PARTITION, 'it belongs to another partition'],
  [abi.BLOCK_MALFORMED, 'it is malformed'],
]);

/** One partition: its kernel instance, its place in the log and its row batches. */
export class Partition {
  readonly number: number;
  readonly memory: KernelMemory;
  readonly batches: Batches;
  readonly #kernel: PipelineKernel;
  readonly #source: BlockSource;
  readonly #progress: Progress;
  readonly #events: PartitionEvents;
  /** Rows up to here are in the database: below it, blocks only rebuild state. */
  readonly #committed: bigint;
  #position: bigint;
  /** Bytes of the input region that are read and not yet run. */
  #inputAt = 0;
  #inputEnd = 0;
  #waiting: 'no' | 'for metrics' = 'no';
  #deny = false;
  #halted = false;

  constructor(
    number: number,
    memory: WebAssembly.Memory,
    committed: bigint,
    source: BlockSource,
    progress: Progress,
    events: PartitionEvents,
  ) {
    this.number = number;
    this.memory = new KernelMemory(memory);
    this.#kernel = loadKernel<PipelineKernel>('pipeline', memory);
    this.#kernel.setPartition(number);
    this.batches = new Batches(number, this.#kernel, this.memory);
    this.#source = source;
    this.#progress = progress;
    this.#events = events;
    this.#committed = committed;
    this.#position = progress.get(number, ProgressWord.start);
  }

  /** Whether the state holds everything that is committed. */
  get caughtUp(): boolean {
    return this.#position >= this.#committed;
  }

  /** Whether everything durable is run and committed, or cannot be. */
  get drained(): boolean {
    if (this.#halted) return this.batches.committing === 0;
    return (
      this.#position === this.#progress.get(this.number, ProgressWord.durable) && !this.batches.pending && this.batches.committing === 0
    );
  }

  addMetric(name: string, number: number): void {
    const { written } = new TextEncoder().encodeInto(name, this.#stage());
    this.#kernel.addMetric(written, number);
  }

  /** The names it waited for are there, or (`deny`) will not come. */
  metricsAnswered(deny: boolean): void {
    if (this.#waiting !== 'for metrics') return;
    this.#waiting = 'no';
    this.#deny = deny;
  }

  watch(device: number, on: boolean): void {
    this.#kernel.watch(device, on);
  }

  /** Latest points of a device, POINT_BYTES each. */
  latest(device: number): Uint8Array {
    return this.memory.slice(abi.LATEST_OFFSET, this.#kernel.latest(device) * abi.POINT_BYTES);
  }

  /** Readings of watched devices since the last call, POINT_BYTES each. */
  takeLive(): Uint8Array | undefined {
    const points = this.memory.view.getUint32(abi.LIVE_OFFSET, true);
    if (points === 0) return undefined;
    this.memory.view.setUint32(abi.LIVE_OFFSET, 0, true);
    return this.memory.slice(abi.LIVE_OFFSET + abi.LIVE_HEADER_BYTES, points * abi.POINT_BYTES);
  }

  /** Runs what one read of the log brings; false when there is nothing to run or no way to. */
  step(nowMs: number): boolean {
    if (this.#halted || this.#waiting !== 'no') return false;
    if (this.#inputAt === this.#inputEnd && !this.#read()) return false;
    const before = this.#position;
    while (this.#inputAt < this.#inputEnd && this.#runBlock(nowMs));
    this.#progress.set(this.number, ProgressWord.processed, this.#position);
    return this.#position !== before;
  }

  #stage(): Uint8Array {
    return this.memory.bytes.subarray(abi.STAGE_OFFSET, abi.STAGE_OFFSET + abi.STAGE_BYTES);
  }

  #read(): boolean {
    const durable = this.#progress.get(this.number, ProgressWord.durable);
    if (this.#position >= durable) return false;
    // State is rebuilt up to the committed offset, rows begin there: no read straddles it.
    const limit = this.#position < this.#committed ? this.#committed : durable;
    try {
      this.#inputAt = 0;
      this.#inputEnd = 0;
      const into = this.memory.bytes.subarray(abi.INPUT_OFFSET, abi.INPUT_OFFSET + abi.INPUT_BYTES);
      this.#inputEnd = this.#source.read(this.#position, limit, into);
    } catch (error) {
      this.#halt(error instanceof Error ? error.message : String(error));
    }
    return this.#inputEnd > 0;
  }

  /** Runs the next block of the input region; false when it must wait. */
  #runBlock(nowMs: number): boolean {
    const replay = this.#position < this.#committed;
    if (!replay && !this.batches.ready) {
      if (!this.batches.pending) return false;
      this.#events.batch(this.batches.seal());
      if (!this.batches.ready) return false;
    }
    const available = this.#inputEnd - this.#inputAt;
    const result = this.#kernel.processBlock(this.#inputAt, available, Number(this.#position), replay, this.#deny);
    this.#deny = false;
    if (result === abi.BLOCK_NEEDS_METRICS) {
      this.#waiting = 'for metrics';
      this.#events.unknownMetrics(this.number, this.#unknownNames());
      return false;
    }
    if (result !== abi.BLOCK_DONE) {
      this.#halt(blockErrors.get(result) ?? `the kernel answered ${result}`);
      return false;
    }
    const block = abi.INPUT_OFFSET + this.#inputAt;
    const bytes = abi.BLOCK_HEADER_BYTES + this.memory.view.getUint32(block + abi.BLOCK_AT_BODY_BYTES, true);
    const next = this.#position + BigInt(bytes);
    if (!replay) {
      const lastUs = Number(this.memory.view.getBigUint64(block + abi.BLOCK_AT_LAST_US, true));
      this.batches.extend(this.#position, next, lastUs, nowMs);
    }
    this.#position = next;
    this.#inputAt += bytes;
    return true;
  }

  #unknownNames(): string[] {
    const { view, bytes } = this.memory;
    const names: string[] = [];
    let at = abi.UNKNOWN_METRICS_OFFSET + 4;
    for (let left = view.getUint32(abi.UNKNOWN_METRICS_OFFSET, true); left > 0; left--) {
      const length = view.getUint16(at, true);
      names.push(Buffer.from(bytes.slice(at + 2, at + 2 + length)).toString('utf8'));
      at += 2 + length;
    }
    return names;
  }

  #halt(cause: string): void {
    this.#halted = true;
    this.#events.halted(this.number, `cannot read partition ${this.number} of the log at offset ${this.#position}: ${cause}`);
  }
}
