import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import type { CheckpointToPipeline, PipelineToCheckpoint } from '../../contract/threads/checkpoint.js';
import { type Progress, ProgressWord } from '../../host/progress.js';
import type { Partition } from '../partition.js';
import { KEPT } from './folder.js';

/** Room is made with this much to spare, so that a state that grows does not need new room each time. */
const IMAGE_SPARE = 1.25;

/** What it has to know of a partition. */
export type CheckpointSource = Pick<Partition, 'number' | 'position' | 'drained' | 'restoredFrom' | 'takeCheckpoint'>;

interface Entry {
  readonly partition: CheckpointSource;
  /** Offsets of the published ones, ascending. */
  kept: bigint[];
  /** `held`: it is written, and the database has not committed as much as it knows. */
  phase: 'idle' | 'writing' | 'held' | 'publishing';
  /** Of the one that is under way. */
  offset: bigint;
  takenMs: number;
  dueMs: number;
  failing: boolean;
  /** The one of the shutdown was tried. */
  isLast: boolean;
}

/**
 * When a pipeline thread takes checkpoints. It copies the state of one partition at a time into an image that
 * the checkpoint thread writes aside. A checkpoint is published only once the rows of everything it knows are
 * committed: used before that, it would make the rows between duplicates, and they would be lost.
 */
export class CheckpointSchedule {
  readonly #entries: Entry[];
  readonly #port: MessagePort;
  readonly #progress: Progress;
  readonly #everyMs: number;
  #image = new SharedArrayBuffer(0);
  /** The image is at the checkpoint thread, or a larger one is on its way. */
  #isLent = false;

  constructor(partitions: readonly CheckpointSource[], port: MessagePort, progress: Progress, everyMs: number, nowMs: number) {
    this.#port = port;
    this.#progress = progress;
    this.#everyMs = everyMs;
    this.#entries = partitions.map((partition, index) => ({
      partition,
      kept: [...partition.restoredFrom],
      phase: 'idle',
      offset: 0n,
      takenMs: 0,
      // Spread over the interval, as each takes the pipeline a moment.
      dueMs: nowMs + (everyMs * (index + 1)) / partitions.length,
      failing: false,
      isLast: false,
    }));
  }

  /** Does the work that is due in this round of the thread's loop; copies at most one state. */
  advance(nowMs: number, stopping: boolean): void {
    for (let got = receiveMessageOnPort(this.#port); got; got = receiveMessageOnPort(this.#port)) {
      this.#receive(got.message as CheckpointToPipeline);
    }
    for (const entry of this.#entries) {
      if (entry.phase === 'held' && entry.offset <= this.#committed(entry)) {
        entry.phase = 'publishing';
        this.#post({ kind: 'publish', partition: entry.partition.number, offset: entry.offset });
      }
      this.#tellFloor(entry);
    }
    for (const entry of this.#entries) {
      if (!this.#isLent && this.#isDue(entry, nowMs, stopping)) this.#take(entry, nowMs, stopping);
    }
  }

  /** Whether the checkpoints of the shutdown are on the disk, or cannot be. */
  get settled(): boolean {
    return this.#entries.every((entry) =>
      entry.phase === 'idle' ? entry.isLast || !hasMoved(entry) : entry.phase === 'held' && entry.offset > this.#committed(entry),
    );
  }

  #isDue(entry: Entry, nowMs: number, stopping: boolean): boolean {
    if (entry.phase !== 'idle' || !hasMoved(entry)) return false;
    return stopping ? entry.partition.drained && !entry.isLast : nowMs >= entry.dueMs;
  }

  #take(entry: Entry, nowMs: number, stopping: boolean): void {
    const startedMs = performance.now();
    const takenMs = Date.now();
    const image = entry.partition.takeCheckpoint(takenMs, (bytes) => this.#room(bytes));
    if (image === 'no room') return;
    entry.isLast = stopping;
    // Within a block that waits for something; soon it will not.
    if (image === 'no state') return;
    entry.offset = entry.partition.position;
    entry.takenMs = takenMs;
    entry.dueMs = nowMs + this.#everyMs;
    entry.phase = 'writing';
    this.#isLent = true;
    const copyMs = performance.now() - startedMs;
    const { number } = entry.partition;
    this.#post({ kind: 'write', partition: number, offset: entry.offset, image: this.#image, bytes: image.length, copyMs });
  }

  /** Of the image that is there; or none, and a larger one is made by who has the time. */
  #room(bytes: number): Uint8Array | undefined {
    if (this.#image.byteLength >= bytes) return new Uint8Array(this.#image, 0, bytes);
    this.#isLent = true;
    this.#post({ kind: 'make-room', bytes: Math.ceil(bytes * IMAGE_SPARE) });
    return undefined;
  }

  #receive(answer: CheckpointToPipeline): void {
    if (answer.kind === 'room') {
      this.#image = answer.image;
      this.#isLent = false;
      return;
    }
    const entry = this.#entries.find(({ partition }) => partition.number === answer.partition);
    if (!entry) return;
    if (entry.phase === 'writing') this.#isLent = false;
    entry.failing = answer.kind === 'failed';
    entry.phase = answer.kind === 'written' ? 'held' : 'idle';
    if (answer.kind !== 'published') return;
    entry.kept = [...entry.kept, entry.offset].slice(-KEPT);
    this.#progress.set(answer.partition, ProgressWord.checkpoint, entry.offset);
    this.#progress.set(answer.partition, ProgressWord.checkpointMs, BigInt(entry.takenMs));
  }

  /** The log below the older checkpoint is not needed for the state. A disk that takes none must not fill up with log, too. */
  #tellFloor({ partition, kept, failing }: Entry): void {
    const floor = failing ? undefined : kept[0];
    this.#progress.set(partition.number, ProgressWord.stateFloor, floor ?? partition.position);
  }

  #committed({ partition }: Entry): bigint {
    return this.#progress.get(partition.number, ProgressWord.committed);
  }

  #post(message: PipelineToCheckpoint): void {
    this.#port.postMessage(message);
  }
}

/** Whether blocks were run since the newest checkpoint. */
function hasMoved({ partition, kept }: Entry): boolean {
  return partition.position !== (kept.at(-1) ?? 0n);
}
