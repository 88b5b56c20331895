import type { StoredLatest } from './stored-latest.js';

/** Latest values, and devices without any, that are held at a time; those that were read longest ago go first. */
const HELD_MAX = 500_000;
/** What somebody else writes into the tables is seen after this. */
const AGE_MS_MAX = 600_000;
/** After a page of devices could not be read, as long as the attempt took is waited, times this, before the next one. */
const REST_FACTOR = 4;

export interface LatestCacheOptions {
  readonly read: (devices: readonly number[]) => Promise<readonly StoredLatest[]>;
  readonly heldMax?: number;
  readonly nowMs?: () => number;
}

interface Entry {
  readonly readMs: number;
  readonly values: Promise<readonly StoredLatest[]>;
  /** What it counts for in HELD_MAX. */
  weight: number;
}

/**
 * The latest values that the database had of devices when they were first asked for. What is stored later passes through the
 * memory of the partition's pipeline first, so memory and these values together stay right without another question to the database.
 */
export class LatestCache {
  readonly #read: LatestCacheOptions['read'];
  readonly #heldMax: number;
  readonly #nowMs: () => number;
  /** By device, in the order in which they were read. */
  readonly #entries = new Map<number, Entry>();
  #held = 0;
  #rest: { readonly untilMs: number; readonly cause: unknown } | undefined;

  constructor({ read, heldMax = HELD_MAX, nowMs = () => performance.now() }: LatestCacheOptions) {
    this.#read = read;
    this.#heldMax = heldMax;
    this.#nowMs = nowMs;
  }

  /** One question to the database at most. `stale`: those of the devices that memory does not know all about. */
  async of(devices: readonly number[], stale: ReadonlySet<number>): Promise<StoredLatest[]> {
    const nowMs = this.#nowMs();
    const isHeld = (device: number) => {
      const entry = this.#entries.get(device);
      return entry !== undefined && !stale.has(device) && nowMs - entry.readMs < AGE_MS_MAX;
    };
    const missing = devices.filter((device) => !isHeld(device));
    if (missing.length > 0) this.#load(missing, nowMs);
    const known = await Promise.all(devices.map((device) => this.#entries.get(device)?.values));
    return known.flatMap((values) => values ?? []);
  }

  #load(devices: readonly number[], nowMs: number): void {
    const isPage = devices.length > 1;
    if (isPage && this.#rest && nowMs < this.#rest.untilMs) throw this.#rest.cause;
    const reading = this.#read(devices).then(byDevice);
    for (const device of devices) {
      const entry: Entry = { readMs: nowMs, values: reading.then((found) => found.get(device) ?? []), weight: 1 };
      this.#drop(device);
      this.#entries.set(device, entry);
      this.#held++;
      entry.values.then(
        (values) => this.#weigh(device, entry, values.length),
        () => this.#entries.get(device) === entry && this.#drop(device),
      );
    }
    reading.catch((cause) => {
      const failedMs = this.#nowMs();
      if (isPage) this.#rest = { untilMs: failedMs + (failedMs - nowMs) * REST_FACTOR, cause };
    });
  }

  #weigh(device: number, entry: Entry, values: number): void {
    if (this.#entries.get(device) !== entry) return;
    entry.weight += values;
    this.#held += values;
    for (const [oldest] of this.#entries) {
      if (this.#held <= this.#heldMax) return;
      this.#drop(oldest);
    }
  }

  #drop(device: number): void {
    this.#held -= this.#entries.get(device)?.weight ?? 0;
    this.#entries.delete(device);
  }
}

function byDevice(values: readonly StoredLatest[]): Map<number, StoredLatest[]> {
  const found = new Map<number, StoredLatest[]>();
  for (const value of values) {
    const own = found.get(value.device);
    if (own) own.push(value);
    else found.set(value.device, [value]);
  }
  return found;
}
