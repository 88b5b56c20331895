import fastq from 'fastq';
import type { Sql } from 'postgres';
import { METRICS_MAX } from '../../../assembly/abi/limits.js';
import type { Database } from '../../contract/database.js';
import { splitMetricName } from '../../contract/metric-name.js';

export type NumberedName = [name: string, number: number];

interface MetricRow {
  readonly id: number;
  readonly name: string;
}

const selectAll = (sql: Sql) => sql<MetricRow[]>`select id, name from metrics order by id`;

/** The names of metrics and their numbers: kernels, rows and the live view know metrics by number. */
export class MetricNames {
  static async load(database: Database, metricsMax: number = METRICS_MAX): Promise<MetricNames> {
    const metricNames = new MetricNames(database, metricsMax);
    await metricNames.refresh();
    return metricNames;
  }

  /** The names as they were when the database was last there; `reload` follows once it is. */
  static restore(database: Database, entries: readonly NumberedName[], metricsMax: number = METRICS_MAX): MetricNames {
    const metricNames = new MetricNames(database, metricsMax);
    for (const [name, number] of entries) metricNames.#adopt(name, number);
    return metricNames;
  }

  readonly #database: Database;
  readonly #metricsMax: number;
  readonly #numbers = new Map<string, number>();
  readonly #names = new Map<number, string>();
  /** Of base names with tagged series: their numbers. */
  readonly #tagged = new Map<string, number[]>();
  /** Tells other processes that metrics were numbered. */
  tell: () => Promise<void> = async () => {};
  /** One addition at a time, so that two kernels that meet a name at once get one number for it. */
  readonly #adding = fastq.promise((names: readonly string[]) => this.#add(names), 1);

  private constructor(database: Database, metricsMax: number) {
    this.#database = database;
    this.#metricsMax = metricsMax;
  }

  /** Takes up what other processes numbered. */
  async refresh(): Promise<void> {
    const rows = await this.#database.run(selectAll);
    for (const { id, name } of rows) this.#adopt(name, id);
  }

  /** Takes up what is in the database in place of what was known here; whether all that was known still holds. */
  async reload(): Promise<boolean> {
    const rows = await this.#database.run(selectAll);
    const known = this.names();
    this.#numbers.clear();
    this.#names.clear();
    this.#tagged.clear();
    for (const { id, name } of rows) this.#adopt(name, id);
    return known.every(([name, number]) => this.#numbers.get(name) === number);
  }

  get size(): number {
    return this.#numbers.size;
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
   * that is none of them, so that asking again for what was left out ends.
   */
  add(names: readonly string[]): Promise<NumberedName[] | 'full'> {
    // One add at a time: a name that two partitions meet at once is inserted by the first and known to
    // the second, so no number is burnt on a conflict.
    return this.#adding.push(names);
  }

  async #add(names: readonly string[]): Promise<NumberedName[] | 'full'> {
    const fresh = [...new Set(names)].filter((name) => !this.#numbers.has(name)).slice(0, this.#metricsMax - this.size);
    if (fresh.length > 0) {
      // The insert has no effect on a name that another process added; the select answers for both.
      await this.#database.run((sql) => sql`insert into metrics (name) select unnest(${fresh}::text[]) on conflict (name) do nothing`);
      const rows = await this.#database.run((sql) => sql<MetricRow[]>`select id, name from metrics where name = any(${fresh}::text[])`);
      for (const { id, name } of rows) this.#adopt(name, id);
      await this.tell();
    }
    const known = names.flatMap((name): NumberedName[] => {
      const number = this.#numbers.get(name);
      return number === undefined ? [] : [[name, number]];
    });
    return known.length === 0 && names.length > 0 ? 'full' : known;
  }

  /** Kernels have room for so many numbers: one beyond, where earlier ones were skipped, is as good as none. */
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
