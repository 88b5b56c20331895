import {
  BLOCK_AT_RECORDS,
  BLOCK_DONE,
  BLOCK_HASH_MISMATCH,
  BLOCK_MALFORMED,
  BLOCK_NEEDS_BATCH,
  BLOCK_NEEDS_CODECS,
  BLOCK_NEEDS_METRICS,
  BLOCK_NEEDS_PART,
  BLOCK_NEEDS_SCHEMAS,
  BLOCK_OF_OTHER_PARTITION,
  BLOCK_OF_OTHER_VERSION,
  BLOCK_OUT_OF_PLACE,
} from '../../assembly/abi/block.js';
import { BLOCK_BYTES_MAX, MIB } from '../../assembly/abi/limits.js';
import {
  CAPTURES_AT_BYTES,
  CAPTURES_AT_ENTRIES,
  CAPTURES_AT_SKIPPED,
  CAPTURES_HEADER_BYTES,
  CAPTURES_OFFSET,
  INPUT_BYTES,
  INPUT_OFFSET,
  LATEST_OFFSET,
  LIVE_HEADER_BYTES,
  LIVE_OFFSET,
} from '../../assembly/abi/pipeline.js';
import { STAGE_BYTES, STAGE_OFFSET } from '../../assembly/abi/regions.js';
import { STATEMENT_AT_RUNS } from '../../assembly/abi/state.js';
import {
  type BlockSource,
  READ_BELOW_START,
  READ_DAMAGED,
  READ_GAP,
  READ_NOTHING_YET,
  type SourceRecord,
} from '../contract/block-source.js';
import { codecFailure } from '../contract/codecs/codec-codes.js';
import type { CodecPlan, CodecRuns } from '../contract/codecs/codec-plan.js';
import type { NumberRange } from '../contract/database-identity.js';
import type { PartitionAudit } from '../contract/ledger.js';
import type { RowBatch } from '../contract/threads/store.js';
import { KernelMemory, loadKernel } from '../host/kernel.js';
import { KernelCodecs } from '../host/kernel-codecs.js';
import { LaidSchemas, type SchemaImages, wantedSchemas } from '../host/laid-schemas.js';
import { fillPowers } from '../host/powers.js';
import { fillProfiles } from '../host/profiles.js';
import { type Progress, ProgressWord } from '../host/progress.js';
import { Auditor } from './auditor.js';
import { Batches } from './batches.js';
import type { CheckpointFolder } from './checkpoints/folder.js';
import { checkpointBytes, layCheckpoint } from './checkpoints/format.js';
import { type ReportRefusal, type Restored, restoreCheckpoint } from './checkpoints/restore.js';
import { BLOCK_MISSING, type Gap, Gaps } from './gaps.js';
import type { PipelineKernel } from './kernel.js';
import { unknownNames } from './unknown-names.js';

/** What a step wants from the thread that runs it. */
export interface PartitionEvents {
  batch(batch: RowBatch): void;
  unknownMetrics(partition: number, device: number, names: string[]): void;
  /** It met schema versions that are not laid, and stands still until they are. */
  unknownSchemas(partition: number, numbers: readonly number[]): void;
  halted(partition: number, message: string): void;
  audited(audit: PartitionAudit): void;
  gap(partition: number, gap: Gap): void;
  /** Blocks of one writer that should be before the record at `offset` and never came. */
  missing(partition: number, offset: bigint, blocks: number): void;
}

/**
 * A partition runs this much of the log before another has its turn, which brings its own state into the processor's cache. Reads are
 * shorter (INPUT_BYTES), so that what was read is still in the cache when it is run.
 */
export const TURN_BYTES = 2 * MIB;

/** What a kernel refuses a block for. Those with a code are passed over: their bytes are not what the log was given, or not there. */
const refusals = new Map<number, { readonly cause: string; readonly code?: string }>([
  [BLOCK_HASH_MISMATCH, { cause: 'its checksum does not match', code: 'block_body_damaged' }],
  [BLOCK_OUT_OF_PLACE, { cause: 'it was written to another place: it is here twice or out of order', code: 'block_misplaced' }],
  [BLOCK_OF_OTHER_PARTITION, { cause: 'it belongs to another partition', code: 'block_foreign' }],
  [BLOCK_OF_OTHER_VERSION, { cause: 'it was written by another version' }],
  [BLOCK_MALFORMED, { cause: 'it is malformed' }],
]);

/** One partition: its kernel instance, its place in the log and its row batches. */
export class Partition {
  readonly number: number;
  readonly memory: KernelMemory;
  readonly batches: Batches;
  readonly #kernel: PipelineKernel;
  readonly #schemas: LaidSchemas;
  readonly #codecs: KernelCodecs;
  readonly #log: BlockSource;
  readonly #progress: Progress;
  readonly #events: PartitionEvents;
  /** Rows up to here are in the database: below it, blocks only rebuild state. */
  readonly #committed: bigint;
  readonly #auditor: Auditor;
  readonly #gaps: Gaps;
  #position: bigint;
  #restoredFrom: readonly bigint[] = [];
  /** Bytes of the input region that are read and not yet run. */
  #inputAt = 0;
  #inputEnd = 0;
  #waiting: 'no' | 'for metrics' | 'for schemas' = 'no';
  #deny = false;
  #halted = false;
  /** Where a block was refused that was read again. */
  #refusedAt: bigint | undefined;
  /** Offset at which the partition must stop; undefined: it does not stop. */
  #end: bigint | undefined;

  constructor(
    number: number,
    memory: WebAssembly.Memory,
    committed: bigint,
    log: BlockSource,
    progress: Progress,
    events: PartitionEvents,
    announced?: bigint,
  ) {
    this.number = number;
    this.memory = new KernelMemory(memory);
    this.#kernel = loadKernel<PipelineKernel>('pipeline', memory);
    fillPowers(this.memory);
    fillProfiles(this.memory);
    this.#kernel.setPartition(number);
    this.#schemas = new LaidSchemas(this.memory, this.#kernel);
    this.#codecs = new KernelCodecs(this.memory, codecFailure);
    this.batches = new Batches(number, this.#kernel, this.memory, committed, announced);
    this.#log = log;
    this.#progress = progress;
    this.#events = events;
    this.#committed = committed;
    this.#position = progress.get(number, ProgressWord.start);
    this.#auditor = new Auditor(number, this.memory, progress);
    const told = (gap: Gap) => events.gap(number, gap);
    this.#gaps = new Gaps({ partition: number, log, progress, auditor: this.#auditor, committed, told });
  }

  /** Place in the log after the last block that was run. */
  get position(): bigint {
    return this.#position;
  }

  /** Offsets of the checkpoint that the state came from and of the one before it, ascending; none: from the log alone. */
  get restoredFrom(): readonly bigint[] {
    return this.#restoredFrom;
  }

  /** Counts from where the log stood at the start of the process: what ran since then runs again. */
  countFrom(offset: bigint): void {
    this.#auditor.beginAt(offset);
  }

  /** Takes up the newest checkpoint that can be used, before anything is run; the rest of the state comes from the log after it. */
  restore(folder: CheckpointFolder, refused: ReportRefusal): Restored | undefined {
    const { number, memory } = this;
    const { partitions } = this.#progress;
    const reader = { partition: number, partitions, committed: this.#committed, logStart: this.#position, database: this.#database };
    const restored = restoreCheckpoint(folder, reader, memory, this.#kernel, refused);
    if (!restored) return undefined;
    const { meta, older } = restored;
    this.#position = meta.offset;
    this.#restoredFrom = older === undefined ? [meta.offset] : [older, meta.offset];
    this.#progress.set(number, ProgressWord.checkpoint, meta.offset);
    this.#progress.set(number, ProgressWord.checkpointMs, BigInt(meta.takenMs));
    return restored;
  }

  /** Copies the state into the `room` it is given, if it is, as a checkpoint without its hash; within a block there is none. */
  takeCheckpoint(takenMs: number, room: (bytes: number) => Uint8Array | undefined): Uint8Array | 'no room' | 'no state' {
    if (this.#halted || !this.#kernel.describeState()) return 'no state';
    const image = room(checkpointBytes(this.memory));
    if (!image) return 'no room';
    const { number: partition, position: offset } = this;
    const lastUs = this.#kernel.blocksLastUs();
    const { partitions } = this.#progress;
    layCheckpoint(image, this.memory, { partition, partitions, offset, lastUs, takenMs, database: this.#database });
    return image;
  }

  /** Whether the state holds everything that is committed. */
  get caughtUp(): boolean {
    return this.#position >= this.#committed;
  }

  /** Nothing comes after the offset any more. */
  endAt(offset: bigint): void {
    this.#end = offset;
    const { cut } = this.batches;
    if (cut !== undefined && cut > offset) this.batches.forgetCut();
  }

  /** What is durable now is the last that it runs: others may go on adding to the log. */
  stop(): void {
    this.endAt(this.#end ?? this.#progress.get(this.number, ProgressWord.durable));
  }

  /** Whether everything durable is run and committed, or cannot be. */
  get drained(): boolean {
    if (this.#halted) return this.batches.committing === 0;
    const end = this.#end ?? this.#progress.get(this.number, ProgressWord.durable);
    return this.#position >= end && !this.batches.pending && this.batches.committing === 0;
  }

  /** Bytes of the log that are durable and not run. */
  get waitingBytes(): number {
    return Number(this.#progress.bytesOf(this.number, this.#progress.get(this.number, ProgressWord.durable) - this.#position));
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

  /** Schema versions are there that some partition waits for; their metrics were added before. */
  laySchemas(images: SchemaImages, codecs: readonly CodecPlan[]): void {
    this.#codecs.add(codecs);
    this.#schemas.lay(images);
    if (this.#waiting === 'for schemas') this.#waiting = 'no';
  }

  /** What codecs did since the last call. */
  takeCodecRuns(): CodecRuns[] | undefined {
    return this.#codecs.take();
  }

  /** Messages of these devices become dead letters: the database has lost them. Throws where there are more ranges than a kernel takes. */
  loseDevices(ranges: readonly NumberRange[]): void {
    for (const [first, last] of ranges) {
      if (!this.#kernel.loseDevices(first, last)) throw new Error(`cannot start partition ${this.number}: too many ranges of lost devices`);
    }
  }

  watch(device: number, on: boolean): void {
    this.#kernel.watch(device, on);
  }

  /** Latest points of a device (POINT_AT_…), with their texts. */
  latest(device: number): Uint8Array {
    return this.memory.slice(LATEST_OFFSET, this.#kernel.latest(device));
  }

  /** What became of a device's messages (STATEMENT_AT_…); empty: nothing is known of it. */
  account(device: number): Uint8Array {
    const runs = this.#kernel.account(device);
    return this.memory.slice(LATEST_OFFSET, runs < 0 ? 0 : STATEMENT_AT_RUNS + runs * 16);
  }

  /** Readings of watched devices since the last call, as `latest` has them. */
  takeLive(): Uint8Array | undefined {
    const bytes = this.memory.view.getUint32(LIVE_OFFSET, true);
    if (bytes === 0) return undefined;
    this.memory.view.setUint32(LIVE_OFFSET, 0, true);
    return this.memory.slice(LIVE_OFFSET + LIVE_HEADER_BYTES, bytes);
  }

  /** False: as many devices are captured as may be. */
  capture(device: number, on: boolean): boolean {
    return this.#kernel.capture(device, on) !== 0;
  }

  /** Messages of captured devices since the last call (CAPTURE_AT_…), and how many found no room. */
  takeCaptures(): { readonly entries: Uint8Array; readonly skipped: number } | undefined {
    const { view } = this.memory;
    const bytes = view.getUint32(CAPTURES_OFFSET + CAPTURES_AT_BYTES, true);
    if (bytes === 0) return undefined;
    const skipped = view.getUint32(CAPTURES_OFFSET + CAPTURES_AT_SKIPPED, true);
    for (const at of [CAPTURES_AT_BYTES, CAPTURES_AT_ENTRIES, CAPTURES_AT_SKIPPED]) view.setUint32(CAPTURES_OFFSET + at, 0, true);
    return { entries: this.memory.slice(CAPTURES_OFFSET + CAPTURES_HEADER_BYTES, bytes), skipped };
  }

  /** Runs what a turn's reads of the log bring; false when there is nothing to run or no way to. */
  step(nowMs: number): boolean {
    if (this.#halted || this.#waiting !== 'no') return false;
    const before = this.#position;
    this.#auditor.plan(nowMs, this.#position);
    // Where it stands already, it need not come to first.
    this.#takeAudit();
    for (let reads = TURN_BYTES / INPUT_BYTES; reads > 0 && this.#runRead(nowMs); reads--);
    return this.#position !== before;
  }

  /** Runs what one read brings; whether there may be more. */
  #runRead(nowMs: number): boolean {
    const before = this.#position;
    if (this.#inputAt === this.#inputEnd) this.#read(nowMs);
    while (this.#inputAt < this.#inputEnd && this.#runBlocks(nowMs));
    this.#progress.set(this.number, ProgressWord.processed, this.#position);
    this.#takeAudit();
    return this.#position !== before && this.#inputAt === this.#inputEnd;
  }

  #takeAudit(): void {
    const wasOpen = this.#auditor.isOpen;
    const audit = this.#auditor.at(this.#position);
    if (!wasOpen && this.#auditor.isOpen) this.#kernel.openBooks();
    if (audit) this.#events.audited(audit);
  }

  get #database(): bigint {
    return this.#progress.get(this.number, ProgressWord.database);
  }

  #stage(): Uint8Array {
    return this.memory.bytes.subarray(STAGE_OFFSET, STAGE_OFFSET + STAGE_BYTES);
  }

  #read(nowMs: number): void {
    if (this.batches.cut !== undefined && this.#position >= this.batches.cut) this.batches.forgetCut();
    const durable = this.#auditor.limit(this.#limit());
    if (this.#position >= durable) return;
    // State is rebuilt up to the committed offset, rows begin there, and a batch ends at its cut: no read straddles these.
    const { cut } = this.batches;
    const next = cut !== undefined && cut > this.#position && cut < durable ? cut : durable;
    const limit = this.#position < this.#committed ? this.#committed : next;
    const into = this.memory.bytes.subarray(INPUT_OFFSET, INPUT_OFFSET + INPUT_BYTES);
    const bytes = this.#log.read(this.number, this.#position, limit, into);
    if (bytes > 0) {
      this.#inputAt = 0;
      this.#inputEnd = bytes;
    } else if (bytes === READ_BELOW_START || bytes === READ_GAP) this.#passOver(BLOCK_MISSING, nowMs);
    // A newer version's blocks are sound, and so may records be that are none of ours: who wrote them has to be looked for.
    else if (bytes === READ_DAMAGED && this.#log.unit === 'byte' && this.#log.fault !== 'block_newer')
      this.#passOver(this.#log.fault, nowMs);
    else if (bytes !== READ_NOTHING_YET) this.#halt(this.#log.fault);
  }

  /** What it may run, audits left aside. */
  #limit(): bigint {
    return this.#end ?? this.#progress.get(this.number, ProgressWord.durable);
  }

  /** Continues after what cannot be run. A gap is in one piece, so committed offset and audits do not divide it as they do reads. */
  #passOver(code: string, nowMs: number): void {
    if (!this.#hasBatch()) return;
    const durable = this.#limit();
    const to = this.#gaps.pass(this.#position, durable > this.#committed ? durable : this.#committed, code, nowMs);
    if (to === undefined) return;
    this.#position = to;
    // The batch takes the committed offset over it: a later start does not come to it again.
    if (to > this.#committed) this.batches.extend(to, this.#kernel.blocksLastUs(), nowMs);
  }

  /** Whether what is run now has a batch to go into. */
  #hasBatch(): boolean {
    if (this.#position < this.#committed || this.batches.ready) return true;
    if (this.batches.pending) this.#events.batch(this.batches.seal());
    return this.batches.ready;
  }

  /** Runs what is left in the input region, as far as one batch takes it; false when it must wait. */
  #runBlocks(nowMs: number): boolean {
    const replay = this.#position < this.#committed;
    if (!this.#hasBatch()) return false;
    const record = this.#log.unit === 'record' ? this.#log.front(this.number) : undefined;
    if (record && this.#kernel.isRepeated(record.source, record.number)) {
      this.#auditor.repeat(this.memory.view.getUint32(INPUT_OFFSET + this.#inputAt + BLOCK_AT_RECORDS, true));
      this.#advance(this.#inputAt + record.bytes, replay, nowMs);
      return true;
    }
    // Records are run one at a time, so that each is known by its own offset.
    const end = record ? this.#inputAt + record.bytes : this.#inputEnd;
    const result = this.#kernel.processBlocks(this.#inputAt, end, this.#logOffset(), replay, this.#deny);
    this.#deny = false;
    this.batches.holdPart(!replay && isWithinBlock(result));
    if (record && result === BLOCK_DONE) this.#note(record);
    this.#advance(this.#kernel.blocksEnd(), replay, nowMs);
    if (result === BLOCK_DONE || result === BLOCK_NEEDS_BATCH) return true;
    if (result === BLOCK_NEEDS_CODECS || result === BLOCK_NEEDS_PART) {
      if (result === BLOCK_NEEDS_CODECS) this.#codecs.answer();
      else this.batches.sealPart();
      return true;
    }
    if (result === BLOCK_NEEDS_METRICS) {
      this.#waiting = 'for metrics';
      this.#events.unknownMetrics(this.number, this.#kernel.unknownMetricsDevice(), unknownNames(this.memory));
      return false;
    }
    if (result === BLOCK_NEEDS_SCHEMAS) {
      this.#waiting = 'for schemas';
      this.#events.unknownSchemas(this.number, wantedSchemas(this.memory));
      return false;
    }
    const { cause, code } = refusals.get(result) ?? { cause: `the kernel answered ${result}` };
    // Files, or records, that are all of another partition were moved there: nothing is lost until they are passed over.
    const isMoved =
      result === BLOCK_OF_OTHER_PARTITION && (this.#log.unit === 'record' || this.#log.beginsFile(this.number, this.#position));
    if (code !== undefined && !isMoved) return this.#refuse(code, record, nowMs);
    this.#halt(cause);
    return false;
  }

  /** Passes over the block at hand; whether there is something to run then. */
  #refuse(code: string, record: SourceRecord | undefined, nowMs: number): boolean {
    if (record) {
      this.#gaps.passRecord(this.#position, code, this.memory.view.getUint32(INPUT_OFFSET + this.#inputAt + BLOCK_AT_RECORDS, true));
      this.#note(record);
      this.#advance(this.#inputAt + record.bytes, this.#position < this.#committed, nowMs);
      return true;
    }
    this.#inputEnd = this.#inputAt;
    // Memory errs too: only what is read twice is wrong on the disk.
    if (this.#refusedAt === this.#position) this.#passOver(code, nowMs);
    else {
      this.#refusedAt = this.#position;
      this.#read(nowMs);
    }
    return this.#inputAt < this.#inputEnd;
  }

  #note({ source, number }: SourceRecord): void {
    const missing = this.#kernel.noteBlock(source, number);
    if (missing > 0) this.#events.missing(this.number, this.#position, missing);
  }

  /** Where the next block is for those who look for it later: its bytes follow, so records leave room for them. */
  #logOffset(): number {
    return Number(this.#log.unit === 'byte' ? this.#position : this.#position * BigInt(BLOCK_BYTES_MAX));
  }

  /** The blocks up to `inputAt` were run, or came before. */
  #advance(inputAt: number, replay: boolean, nowMs: number): void {
    if (inputAt === this.#inputAt) return;
    this.#position += this.#log.unit === 'byte' ? BigInt(inputAt - this.#inputAt) : 1n;
    this.#log.pass(this.number, this.#position);
    this.#inputAt = inputAt;
    if (!replay) this.batches.extend(this.#position, this.#kernel.blocksLastUs(), nowMs);
  }

  #halt(cause: string): void {
    this.#halted = true;
    this.#events.halted(
      this.number,
      `cannot read partition ${this.number} of the log at offset ${this.#position}: ${cause}; put right what was moved or start the newer version, or move the segment aside to go on behind it`,
    );
  }
}

/** Whether the block is run in part. */
function isWithinBlock(result: number): boolean {
  return [BLOCK_NEEDS_METRICS, BLOCK_NEEDS_SCHEMAS, BLOCK_NEEDS_CODECS, BLOCK_NEEDS_PART].includes(result);
}
