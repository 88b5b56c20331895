import fastq from 'fastq';
import type { Sql, TransactionSql } from 'postgres';
import { METRICS_MAX } from '../../../assembly/abi/limits.js';
import type { Database } from '../../contract/database.js';
import { splitMetricName } from '../../contract/metric-name.js';
import { type NameCount, NameCounts, type NameLimits, type Namer, NO_LIMITS } from './name-limits.js';

export type NumberedName = [name: string, number: number];

/** Names that a device may not bring: some limit is reached. */
export interface RefusedNames {
  readonly namer: Namer | undefined;
  readonly limit: NameCount;
  readonly names: readonly string[];
}

export interface MetricNamesOptions {
  /** All that kernels have room for. */
  readonly metricsMax?: number;
  readonly limits?: NameLimits;
}

interface MetricRow {
  readonly id: number;
  readonly name: string;
  /** Null where it is not known. */
  readonly device: number | null;
  readonly device_name: string | null;
  readonly tenant_id: string | null;
  readonly device_class: string | null;
}

interface Asked {
  readonly names: readonly string[];
  readonly device: number | undefined;
}

/** A device whose names were refused for want of room is refused further ones for so long without a look at the database. */
const REST_MS = 10_000;
const RESTING_MAX = 10_000;

/** Whoever numbers names holds this lock, so that the limits hold for all processes together. */
const NUMBERING_LOCK = 7_305_112_014;

const columns = (sql: Sql | TransactionSql) => sql`
  metric.id, metric.name, device.id as device, device.name as device_name, device.tenant_id, device.device_class
  from metrics metric left join devices device on device.id = metric.device_id`;
const selectAll = (sql: Sql) => sql<MetricRow[]>`select ${columns(sql)} order by metric.id`;

/** The names of metrics and their numbers: kernels, rows and the live view know metrics by number. */
export class MetricNames {
  static async load(database: Database, options: MetricNamesOptions = {}): Promise<MetricNames> {
    const metricNames = new MetricNames(database, options);
    await metricNames.refresh();
    return metricNames;
  }

  /** The names as they were when the database was last there; `reload` follows once it is. */
  static restore(database: Database, entries: readonly NumberedName[], options: MetricNamesOptions = {}): MetricNames {
    const metricNames = new MetricNames(database, options);
    for (const [name, number] of entries) metricNames.#adopt(name, number);
    return metricNames;
  }

  readonly #database: Database;
  readonly #metricsMax: number;
  readonly #numbers = new Map<string, number>();
  readonly #names = new Map<number, string>();
  /** Of base names with tagged series: their numbers. */
  readonly #tagged = new Map<string, number[]>();
  readonly #counts: NameCounts;
  /** Devices that were refused names for want of their own room, and until when nobody is asked again, on the monotonic clock, ms. */
  readonly #full = new Map<number, { readonly refused: Omit<RefusedNames, 'names'>; readonly untilMs: number }>();
  /** Tells other processes that metrics were numbered. */
  tell: () => Promise<void> = async () => {};
  /** Hears of every name that is left out for want of room. */
  refused: (refused: RefusedNames) => void = () => {};
  /** One addition at a time, so that two kernels that meet a name at once get one number for it. */
  readonly #adding = fastq.promise((asked: Asked) => this.#add(asked), 1);

  private constructor(database: Database, { metricsMax = METRICS_MAX, limits = NO_LIMITS }: MetricNamesOptions) {
    this.#database = database;
    this.#metricsMax = metricsMax;
    this.#counts = new NameCounts(limits);
  }

  /** Takes up what other processes numbered. */
  async refresh(): Promise<void> {
    this.#adoptRows(await this.#database.run(selectAll));
  }

  /** Takes up what is in the database in place of what was known here; whether all that was known still holds. */
  async reload(): Promise<boolean> {
    const rows = await this.#database.run(selectAll);
    const known = this.names();
    this.#numbers.clear();
    this.#names.clear();
    this.#tagged.clear();
    this.#counts.clear();
    this.#adoptRows(rows);
    return known.every(([name, number]) => this.#numbers.get(name) === number);
  }

  get size(): number {
    return this.#numbers.size;
  }

  /** How many names there are, and by whose devices, of as many as there may be: the total first. */
  counts(): NameCount[] {
    return [this.#total(), ...this.#counts.all()];
  }

  names(): NumberedName[] {
    return [...this.#numbers];
  }

  number(name: string): number | undefined {
    return this.#numbers.get(name);
  }

  /**
   * The metrics that a name means: the one of this name, and of a base name also those with tags. `name{}`: the base name alone.
   */
  series(name: string): number[] {
    const own = this.#numbers.get(name.endsWith('{}') ? name.slice(0, -2) : name);
    return [...(own === undefined ? [] : [own]), ...(this.#tagged.get(name) ?? [])];
  }

  name(number: number): string | undefined {
    return this.#names.get(number);
  }

  /**
   * Numbers for the names: of those known, and of as many new ones as there is room for; 'full' when
   * that is none of them, so that asking again for what was left out ends. `device`: who brings them.
   */
  add(names: readonly string[], device?: number): Promise<NumberedName[] | 'full'> {
    return this.#adding.push({ names, device });
  }

  async #add({ names, device }: Asked): Promise<NumberedName[] | 'full'> {
    const fresh = [...new Set(names)].filter((name) => !this.#numbers.has(name));
    if (fresh.length > 0 && !this.#refuseAtOnce(fresh, device)) await this.#number(fresh, device);
    const known = names.flatMap((name): NumberedName[] => {
      const number = this.#numbers.get(name);
      return number === undefined ? [] : [[name, number]];
    });
    return known.length === 0 && names.length > 0 ? 'full' : known;
  }

  /** A device without any room left does not cost a question to the database with each name that it makes up. */
  #refuseAtOnce(names: readonly string[], device: number | undefined): boolean {
    const full = device === undefined ? undefined : this.#full.get(device);
    if (full === undefined || performance.now() > full.untilMs) return false;
    this.refused({ ...full.refused, names });
    return true;
  }

  async #number(fresh: readonly string[], device: number | undefined): Promise<void> {
    const { rows, room, refused } = await this.#database.run((sql) => sql.begin((tx) => this.#insert(tx, fresh, device)));
    // What a transaction says holds once it is committed.
    this.#adoptRows(rows);
    if (rows.length > 0) await this.tell();
    if (!refused) return;
    if (room === 0 && device !== undefined) this.#rest(device, refused);
    this.refused(refused);
  }

  #rest(device: number, { namer, limit }: RefusedNames): void {
    if (this.#full.size >= RESTING_MAX) this.#full.clear();
    this.#full.set(device, { refused: { namer, limit }, untilMs: performance.now() + REST_MS });
  }

  async #insert(tx: TransactionSql, fresh: readonly string[], device: number | undefined) {
    await tx`select pg_advisory_xact_lock(${NUMBERING_LOCK}::bigint)`;
    const selectFresh = () => tx<MetricRow[]>`select ${columns(tx)} where metric.name = any(${fresh}::text[]) order by metric.id`;
    const there = await selectFresh();
    const isThere = new Set(there.map(({ name }) => name));
    const missing = fresh.filter((name) => !isThere.has(name));
    const namer = device === undefined ? undefined : await namerOf(tx, device);
    const { room, least } = await this.#room(tx, namer);
    const refused = missing.length > room ? { namer, limit: least, names: missing.slice(room) } : undefined;
    if (missing.length === 0 || room === 0) return { rows: [...there], room, refused };
    // Only names that are not there: each row that is offered takes a number, whether it is inserted or not.
    await tx`insert into metrics (name, device_id)
      select fresh.name, ${namer?.device ?? null}::int from unnest(${missing.slice(0, room)}::text[]) with ordinality fresh (name, place)
      where not exists (select from metrics where metrics.name = fresh.name) order by place`;
    return { rows: [...(await selectFresh())], room, refused };
  }

  async #room(tx: TransactionSql, namer: Namer | undefined): Promise<{ room: number; least: NameCount }> {
    // Numbers are given out once, so what is left of them is what counts, not how many names there are.
    const [row] = await tx<[{ used: number }]>`select case when is_called then last_value else last_value - 1 end::float8 as used
      from metrics_id_seq`;
    const total = { room: Math.max(0, this.#metricsMax - Math.max(row.used, this.size)), least: this.#total() };
    const own = namer && this.#counts.roomOf(namer);
    return own && own.room < total.room ? own : total;
  }

  #total(): NameCount {
    return { kind: 'total', names: this.size, max: this.#metricsMax };
  }

  #adoptRows(rows: readonly MetricRow[]): void {
    for (const { id, name, device, device_name, tenant_id, device_class } of rows) {
      if (!this.#names.has(id) && id <= this.#metricsMax && device !== null) {
        this.#counts.count({ device, id: device_name as string, tenant: tenant_id as string, deviceClass: device_class });
      }
      this.#adopt(name, id);
    }
  }

  /** Kernels have room for so many numbers: one beyond is as good as none. */
  #adopt(name: string, number: number): void {
    if (number > this.#metricsMax) return;
    this.#numbers.set(name, number);
    if (this.#names.has(number)) return;
    this.#names.set(number, name);
    const base = splitMetricName(name).name;
    if (base === name) return;
    const tagged = this.#tagged.get(base);
    if (tagged) tagged.push(number);
    else this.#tagged.set(base, [number]);
  }
}

async function namerOf(tx: TransactionSql, device: number): Promise<Namer | undefined> {
  const [row] = await tx<{ name: string; tenant_id: string; device_class: string | null }[]>`
    select name, tenant_id, device_class from devices where id = ${device}`;
  return row && { device, id: row.name, tenant: row.tenant_id, deviceClass: row.device_class };
}
