import { MIB } from '../../../../assembly/abi/limits.js';
import { PIPELINE_END } from '../../../../assembly/abi/state.js';
import type { CheckpointStart } from '../../../contract/threads/checkpoint.js';
import { type Progress, ProgressWord } from '../../../host/progress.js';
import type { ObjectStore } from '../../../object-store/client.js';
import { StoreFailure } from '../../../object-store/failure.js';
import type { StoredObject } from '../../../object-store/listing.js';
import type { Report } from '../../../telemetry/report.js';
import type { checkpointEvents } from '../events.js';
import { type CheckpointFolder, checkpointName, offsetOfName } from '../folder.js';
import { checkCheckpoint } from '../format.js';
import { refusals } from '../refusals.js';

/** The longest time that a claimed partition waits for the store, ms. After that its topic is read again. */
const TAKE_UP_MS_MAX = 15_000;
/** Checkpoints that are fetched at a time; each is in memory until it is on the disk. */
const FETCHES_MAX = 4;
/** A checkpoint has no more than all the memory of a partition, and a header. */
const CHECKPOINT_BYTES_MAX = PIPELINE_END + MIB;

type Owned = CheckpointStart['partitions'][number];

/** A checkpoint in the store. */
export interface Stored {
  readonly offset: bigint;
  readonly modifiedMs: number;
}

/**
 * Before partitions are run: brings into the folder what the store has newer of them, checked as a restore checks it.
 * Answers the stored checkpoints of each partition, ascending; undefined: the store did not answer. Failures are reported, and cost a
 * longer replay.
 */
export async function takeUp(
  store: ObjectStore,
  folder: CheckpointFolder,
  owned: readonly Owned[],
  progress: Progress,
  report: Report<keyof typeof checkpointEvents>,
): Promise<ReadonlyMap<number, readonly Stored[]> | undefined> {
  const signal = AbortSignal.timeout(TAKE_UP_MS_MAX);
  const listed = await store.list('', signal);
  if (listed instanceof StoreFailure) {
    report('warn', 'checkpoint-store-away', { ...listed.fields, partitions: owned.map(({ number }) => number).join() });
    return undefined;
  }
  const stored = new Map(owned.map(({ number }) => [number, storedOf(number, listed)]));
  const fetching = new Fetching(store, folder, progress, report, signal);
  const waiting = [...owned];
  const fetchNext = async () => {
    for (let one = waiting.shift(); one && !fetching.isAway; one = waiting.shift())
      await fetching.fetchNewer(one, stored.get(one.number) ?? []);
  };
  await Promise.all(Array.from({ length: FETCHES_MAX }, fetchNext));
  return stored;
}

/** A partition's checkpoints among these objects, ascending. */
export function storedOf(partition: number, objects: readonly StoredObject[]): Stored[] {
  const own = objects.flatMap(({ key, modifiedMs }) => {
    const offset = offsetOfName(partition, key);
    return offset === undefined ? [] : [{ offset, modifiedMs }];
  });
  return own.sort((a, b) => (a.offset < b.offset ? -1 : 1));
}

class Fetching {
  readonly #store: ObjectStore;
  readonly #folder: CheckpointFolder;
  readonly #progress: Progress;
  readonly #report: Report<keyof typeof checkpointEvents>;
  readonly #signal: AbortSignal;
  isAway = false;

  constructor(
    store: ObjectStore,
    folder: CheckpointFolder,
    progress: Progress,
    report: Report<keyof typeof checkpointEvents>,
    signal: AbortSignal,
  ) {
    this.#store = store;
    this.#folder = folder;
    this.#progress = progress;
    this.#report = report;
    this.#signal = signal;
  }

  async fetchNewer(owned: Owned, stored: readonly Stored[]): Promise<void> {
    try {
      const local = this.#folder.list(owned.number);
      // What the database does not know was of another one. It would take the places of what is fetched.
      for (const offset of local) if (offset > owned.committed) this.#folder.remove(owned.number, offset);
      const newest = local.find((offset) => offset <= owned.committed);
      const newer = stored.filter(({ offset }) => offset <= owned.committed && (newest === undefined || offset > newest));
      for (const { offset } of newer.reverse()) if (this.isAway || (await this.#fetch(owned, offset))) return;
    } catch (error) {
      const { message, syscall } = error as NodeJS.ErrnoException;
      // Only the disk may fail; a broken invariant stops the process.
      if (syscall === undefined) throw error;
      this.#report('warn', 'checkpoint-failed', { partition: owned.number, message });
    }
  }

  /** Whether the checkpoint is in the folder now. */
  async #fetch({ number, committed }: Owned, offset: bigint): Promise<boolean> {
    const startedMs = performance.now();
    const where = { partition: number, offset: String(offset) };
    const bytes = await this.#store.get(checkpointName(number, offset), CHECKPOINT_BYTES_MAX, this.#signal);
    if (bytes instanceof StoreFailure) {
      this.isAway = bytes.isAway;
      this.#report('warn', 'checkpoint-not-fetched', { ...where, ...bytes.fields });
      return false;
    }
    // Where the log begins is known when the partition starts, and looked at then.
    const { partitions } = this.#progress;
    const database = this.#progress.get(number, ProgressWord.database);
    const meta = checkCheckpoint(bytes, { partition: number, partitions, committed, logStart: 0n, database });
    if (typeof meta === 'string' || meta.offset !== offset) {
      const code = typeof meta === 'string' ? meta : 'checkpoint_malformed';
      const message = `cannot use the checkpoint of partition ${number} at offset ${offset} in the object store: ${refusals[code]}`;
      this.#report('warn', 'checkpoint-refused', { ...where, code, message });
      return false;
    }
    this.#folder.write(number, offset, bytes);
    this.#folder.publish(number, offset);
    this.#report('info', 'checkpoint-fetched', { ...where, bytes: bytes.length, ms: Math.round(performance.now() - startedMs) });
    return true;
  }
}
