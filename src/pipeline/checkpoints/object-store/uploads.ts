import { type Progress, ProgressWord } from '../../../host/progress.js';
import type { ObjectStore } from '../../../object-store/client.js';
import { StoreFailure } from '../../../object-store/failure.js';
import type { Report } from '../../../telemetry/report.js';
import type { checkpointEvents } from '../events.js';
import { type CheckpointFolder, checkpointName, KEPT, partitionName } from '../folder.js';
import { takenMsOf } from '../format.js';
import { type Stored, storedOf } from './take-up.js';

/** Checkpoints that are sent at a time; each is in memory until it is stored. */
const UPLOADS_MAX = 4;
/** How long a store that fails is left alone, ms: at first, and at most. */
const RETRY_MS_MIN = 500;
const RETRY_MS_MAX = 30_000;
/** A store that keeps failing is reported once, then again after so many attempts. */
const REPORT_EVERY = 20;

/**
 * Copies published checkpoints into the object store and removes there all but the last two of a partition. Nobody waits
 * for it but the end of the thread: what a store that fails misses is replayed from the topic, should it be needed.
 */
export class CheckpointUploads {
  readonly #store: ObjectStore;
  readonly #folder: CheckpointFolder;
  readonly #progress: Progress;
  readonly #report: Report<keyof typeof checkpointEvents>;
  /** The newest published offset of each partition that is not in the store yet. */
  readonly #pending = new Map<number, bigint>();
  /** What the store has of each partition, ascending; no entry: it did not say yet. */
  readonly #stored = new Map<number, bigint[]>();
  #failures = 0;
  #clearFailures = 0;
  /** While it runs; it ends when there is nothing to do. */
  #sending: Promise<void> | undefined;
  #isEnding = false;
  #wake: () => void = () => {};

  constructor(store: ObjectStore, folder: CheckpointFolder, progress: Progress, report: Report<keyof typeof checkpointEvents>) {
    this.#store = store;
    this.#folder = folder;
    this.#progress = progress;
    this.#report = report;
  }

  /** What was found when partitions were taken up. Of what only the folder has, the newest goes into the store. */
  begin(found: ReadonlyMap<number, readonly Stored[]>, committed: (partition: number) => bigint): void {
    for (const [partition, stored] of found) {
      this.#know(partition, stored);
      const isUsable = (offset: bigint) => offset <= committed(partition);
      const newest = stored.findLast(({ offset }) => isUsable(offset));
      if (newest) this.#tell(partition, newest.offset, newest.modifiedMs);
      const local = this.#localOffsets(partition).find(isUsable);
      if (local !== undefined && (newest === undefined || local > newest.offset)) this.add(partition, local);
    }
  }

  /** This checkpoint is published in the folder. */
  add(partition: number, offset: bigint): void {
    this.#pending.set(partition, offset);
    this.#sending ??= this.#send().finally(() => {
      this.#sending = undefined;
    });
  }

  /** Sends the checkpoints that wait, each once; reports those that are not stored when an upload fails or the deadline passes. */
  async finish(msMax: number): Promise<void> {
    this.#isEnding = true;
    this.#wake();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, msMax);
    });
    await Promise.race([this.#sending, late]);
    clearTimeout(timer);
    for (const [partition, offset] of this.#pending) {
      const message = `cannot store the last checkpoint of partition ${partition}: the object store did not take it within ${msMax} ms`;
      this.#report('warn', 'checkpoint-not-stored', { partition, offset: String(offset), message });
    }
  }

  async #send(): Promise<void> {
    while (this.#pending.size > 0) {
      const batch = [...this.#pending].slice(0, UPLOADS_MAX);
      const failures = (await Promise.all(batch.map(([partition, offset]) => this.#upload(partition, offset)))).filter(
        (answer) => answer !== undefined,
      );
      const [failure] = failures;
      if (!failure) continue;
      this.#failed(failure);
      if (this.#isEnding) return;
      await this.#rest();
    }
  }

  async #upload(partition: number, offset: bigint): Promise<StoreFailure | undefined> {
    const startedMs = performance.now();
    const bytes = this.#read(partition, offset);
    if (bytes) {
      const failure = await this.#store.put(checkpointName(partition, offset), bytes);
      if (failure) return failure;
      this.#tell(partition, offset, takenMsOf(bytes));
      this.#report('debug', 'checkpoint-stored', {
        ...{ partition, offset: String(offset), bytes: bytes.length, ms: Math.round(performance.now() - startedMs) },
      });
      if (this.#failures > 0) this.#report('info', 'checkpoint-store-recovered', { failures: this.#failures });
      this.#failures = 0;
      await this.#clear(partition, offset);
    }
    // A newer one may have been published meanwhile.
    if (this.#pending.get(partition) === offset) this.#pending.delete(partition);
    return undefined;
  }

  /** Removes what is neither this one nor the one before it: also what lies above it, which was of another database. */
  async #clear(partition: number, offset: bigint): Promise<void> {
    if (!this.#stored.has(partition)) {
      const listed = await this.#store.list(`${partitionName(partition)}/`);
      if (listed instanceof StoreFailure) return this.#notCleared(listed);
      this.#know(partition, storedOf(partition, listed));
    }
    const stored = (this.#stored.get(partition) ?? []).filter((one) => one < offset);
    const gone = (this.#stored.get(partition) ?? []).filter((one) => one > offset || !stored.slice(1 - KEPT).includes(one));
    const left = [...stored.slice(1 - KEPT), offset];
    for (const one of gone.filter((one) => one !== offset)) {
      const failure = await this.#store.remove(checkpointName(partition, one));
      if (!failure) continue;
      this.#notCleared(failure);
      left.push(one);
    }
    this.#stored.set(partition, left.sort(ascending));
  }

  /** It costs room there, and is tried again with the next checkpoint. */
  #notCleared(failure: StoreFailure): void {
    if (this.#clearFailures++ % REPORT_EVERY === 0) this.#report('warn', 'checkpoint-store-not-cleared', failure.fields);
  }

  #know(partition: number, stored: readonly Stored[]): void {
    this.#stored.set(
      partition,
      stored.map(({ offset }) => offset),
    );
  }

  #failed(failure: StoreFailure): void {
    if (this.#failures % REPORT_EVERY === 0) {
      this.#report('warn', 'checkpoint-store-failing', { ...failure.fields, failures: this.#failures + 1 });
    }
    this.#failures++;
  }

  async #rest(): Promise<void> {
    const ms = Math.min(RETRY_MS_MAX, RETRY_MS_MIN * 2 ** Math.min(this.#failures - 1, 10));
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** The file's bytes; undefined: a newer one took its place, or the disk does not give it out. */
  #read(partition: number, offset: bigint): Uint8Array<ArrayBuffer> | undefined {
    try {
      return this.#folder.read(partition, offset);
    } catch (error) {
      const { message, syscall } = error as NodeJS.ErrnoException;
      if (syscall === undefined) throw error;
      this.#report('warn', 'checkpoint-not-stored', { partition, offset: String(offset), message });
      return undefined;
    }
  }

  #localOffsets(partition: number): bigint[] {
    try {
      return this.#folder.list(partition);
    } catch {
      // The restore tells of a folder that cannot be read.
      return [];
    }
  }

  #tell(partition: number, offset: bigint, takenMs: number): void {
    this.#progress.set(partition, ProgressWord.stored, offset);
    this.#progress.set(partition, ProgressWord.storedMs, BigInt(Math.round(takenMs)));
  }
}

function ascending(a: bigint, b: bigint): number {
  return a < b ? -1 : 1;
}
