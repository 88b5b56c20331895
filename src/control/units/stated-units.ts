import { UNIT_BYTES_MAX } from '../../../assembly/abi/pipeline.js';
import type { Database } from '../../contract/database.js';
import type { UnitReport } from '../../contract/unit-report.js';
import type { Report } from '../../telemetry/report.js';
import type { unitsEvents } from './events.js';

const UNPRINTABLE = /\p{Cc}|\p{Surrogate}/u;
/** One statement writes so many. */
const BATCH = 1000;
/** So many wait for the database; of others the device's next message after a restart tells again. */
const PENDING_MAX = 100_000;
/** What was written lately is not written again: kernels report a series more than once. */
const WRITTEN_MAX = 65_536;

/** Devices whose units are held, and how long what another process writes is not seen, ms. */
const HELD_MAX = 100_000;
const AGE_MS_MAX = 60_000;

interface Held {
  readonly readMs: number;
  readonly units: ReadonlyMap<number, string>;
}

const NO_UNITS: ReadonlyMap<number, string> = new Map();

/** Units that devices state of their metrics, by series; the database has them. */
export class StatedUnits {
  readonly #database: Pick<Database, 'run'>;
  readonly #event: Report<keyof typeof unitsEvents>;
  /** By series, as `keyOf` names it. */
  readonly #pending = new Map<string, UnitReport>();
  readonly #written = new Map<string, string>();
  /** By device. */
  readonly #held = new Map<number, Held>();
  #writing: Promise<void> | undefined;

  constructor(database: Pick<Database, 'run'>, event: Report<keyof typeof unitsEvents>) {
    this.#database = database;
    this.#event = event;
  }

  /** A text that is too long, or that no database keeps, is no unit. */
  add(report: UnitReport): void {
    if (report.unit === '' || Buffer.byteLength(report.unit) > UNIT_BYTES_MAX || UNPRINTABLE.test(report.unit)) return;
    const key = keyOf(report);
    if (this.#written.get(key) === report.unit && !this.#pending.has(key)) return;
    if (this.#pending.size >= PENDING_MAX) return;
    this.#pending.set(key, report);
    this.#writing ??= this.#write();
  }

  /** Resolves when everything that was stated is written, or could not be. */
  async settled(): Promise<void> {
    await this.#writing;
  }

  /** Of devices, by their numbers: unit by number of the metric. Rejects with DatabaseUnavailable. */
  async of(devices: readonly number[]): Promise<ReadonlyMap<number, ReadonlyMap<number, string>>> {
    const nowMs = performance.now();
    const isFresh = (device: number) => nowMs - (this.#held.get(device)?.readMs ?? Number.NEGATIVE_INFINITY) < AGE_MS_MAX;
    const read = await this.#read(devices.filter((device) => !isFresh(device)));
    if (this.#held.size + read.size > HELD_MAX) this.#held.clear();
    for (const [device, units] of read) this.#held.set(device, { readMs: nowMs, units });
    return new Map(devices.map((device) => [device, read.get(device) ?? this.#held.get(device)?.units ?? NO_UNITS]));
  }

  /** Units of each of the devices, as the database has them. */
  async #read(devices: readonly number[]): Promise<ReadonlyMap<number, ReadonlyMap<number, string>>> {
    const found = new Map(devices.map((device) => [device, new Map<number, string>()]));
    if (devices.length === 0) return found;
    const rows = await this.#database.run(
      (sql) => sql<UnitReport[]>`
        select device_id as device, metric_id as metric, unit from series_units where device_id = any(${[...devices]}::int[])`,
    );
    for (const { device, metric, unit } of rows) found.get(device)?.set(metric, unit);
    return found;
  }

  async #write(): Promise<void> {
    // What comes while one batch is written goes with the next.
    await Promise.resolve();
    while (this.#pending.size > 0) {
      const batch = [...this.#pending].slice(0, BATCH);
      for (const [key] of batch) this.#pending.delete(key);
      try {
        await this.#store(batch.map(([, report]) => report));
      } catch (error) {
        for (const [key, report] of batch) if (!this.#pending.has(key)) this.#pending.set(key, report);
        this.#event('warn', 'units-not-noted', { series: this.#pending.size, cause: (error as Error).message });
        break;
      }
      for (const [key, { device, unit }] of batch) {
        this.#written.set(key, unit);
        this.#held.delete(device);
      }
      if (this.#written.size > WRITTEN_MAX) this.#written.clear();
    }
    this.#writing = undefined;
  }

  async #store(reports: readonly UnitReport[]): Promise<void> {
    const column = <Name extends keyof UnitReport>(name: Name) => reports.map((report) => report[name]);
    await this.#database.run(
      (sql) => sql`
        insert into series_units (device_id, metric_id, unit)
        select * from unnest(${column('device')}::int[], ${column('metric')}::int[], ${column('unit')}::text[])
        on conflict (device_id, metric_id) do update set unit = excluded.unit where series_units.unit <> excluded.unit`,
    );
  }
}

function keyOf({ device, metric }: UnitReport): string {
  return `${device}/${metric}`;
}
