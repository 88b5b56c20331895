import { createHash } from 'node:crypto';
import type { TransactionSql } from 'postgres';
import { TIME_ZONES_MAX } from '../../../assembly/abi/block.js';
import { ApiFailure } from '../../contract/api-errors.js';
import type { Database } from '../../contract/database.js';
import type { TimeZoneSource } from '../../contract/time-zone.js';
import { recordChange } from '../audit/record.js';
import type { Device } from '../registry/device.js';

/** What is kept of them outside the database. */
export interface KeptTimeZones {
  /** Names of zones, by the number that messages are stamped with. */
  readonly numbers: readonly (readonly [number: number, name: string])[];
  /** Names of the zones of tenants. */
  readonly tenants: readonly (readonly [tenant: string, name: string])[];
}

/** In which time zone a time is read that names none: that of its device, else that of its tenant. */
export class TimeZones implements TimeZoneSource {
  static async load(database: Database): Promise<TimeZones> {
    const zones = new TimeZones(database);
    await zones.refresh();
    return zones;
  }

  /** As it was when the database was last there; `refresh` follows once it is. */
  static restore(database: Database, kept: KeptTimeZones): TimeZones {
    const zones = new TimeZones(database);
    zones.#take(kept);
    return zones;
  }

  readonly #database: Database;
  readonly #names = new Map<number, string>();
  readonly #numbers = new Map<string, number>();
  #tenants: ReadonlyMap<string, string> = new Map();
  /** Tells other processes that something changed. */
  tell: () => Promise<void> = async () => {};
  /** Called when something changed. */
  changed: () => void = () => {};
  /** Resolves when messages of devices are read as it says here; of one tenant or of all. */
  assign: (tenant?: string) => Promise<unknown> = async () => {};

  private constructor(database: Database) {
    this.#database = database;
  }

  /** Number of the zone of a device; 0: it has none. */
  numberOf({ tenant, details }: Pick<Device, 'tenant' | 'details'>): number {
    const name = details.timeZone ?? this.#tenants.get(tenant);
    return name === undefined ? 0 : (this.#numbers.get(name) ?? 0);
  }

  ofTenant(tenant: string): string | undefined {
    return this.#tenants.get(tenant);
  }

  nameOf(number: number): string | undefined {
    return this.#names.get(number);
  }

  kept(): KeptTimeZones {
    return { numbers: [...this.#names], tenants: [...this.#tenants] };
  }

  async find(number: number): Promise<string | undefined> {
    // Another process may have numbered it a moment ago.
    if (!this.#names.has(number)) this.#take(await this.#read());
    return this.nameOf(number);
  }

  /** Gives numbers to zones that have none; resolves when this and other processes know them. */
  async ensure(names: readonly string[]): Promise<ApiFailure | undefined> {
    const unknown = [...new Set(names)].filter((name) => !this.#numbers.has(name));
    if (unknown.length === 0) return undefined;
    const work = async (sql: TransactionSql) => {
      await sql`lock table time_zones in exclusive mode`;
      const rows = await sql<{ number: number; name: string }[]>`select number, name from time_zones`;
      const taken = new Map(rows.map(({ number, name }) => [number, name]));
      const there = new Set(taken.values());
      for (const name of unknown.filter((one) => !there.has(one))) {
        const number = freeNumber(name, taken);
        taken.set(number, name);
        await sql`insert into time_zones (number, name) values (${number}, ${name})`;
      }
    };
    try {
      await this.#database.run((sql) => sql.begin(work));
    } catch (error) {
      if (error instanceof Exhausted) return new ApiFailure('time_zones_exhausted', `number the time zone ${unknown[0]}`);
      throw error;
    }
    this.#take(await this.#read());
    await this.tell();
  }

  /** Sets the zone of a tenant; undefined: it has none. Resolves when the gateways of this process act on it. */
  async set(tenant: string, name: string | undefined): Promise<ApiFailure | undefined> {
    const failure = name === undefined ? undefined : await this.ensure([name]);
    if (failure) return failure;
    await this.#database.run((sql) =>
      sql.begin(async (transaction) => {
        const before = this.ofTenant(tenant) ?? null;
        if (name === undefined) await transaction`delete from tenant_time_zones where tenant_id = ${tenant}`;
        else {
          await transaction`
            insert into tenant_time_zones (tenant_id, name) values (${tenant}, ${name})
            on conflict (tenant_id) do update set name = excluded.name`;
        }
        const target = `time zone of tenant ${tenant}`;
        await recordChange(transaction, { tenant, target, before: { time_zone: before }, after: { time_zone: name ?? null } });
      }),
    );
    await this.refresh();
    await this.tell();
  }

  /** Takes up what is in the database; when it resolves, the gateways act on it. */
  async refresh(): Promise<void> {
    const found = await this.#read();
    const before = this.#tenants;
    const isNumbered = found.numbers.some(([number]) => !this.#names.has(number));
    this.#take(found);
    // A device may have named a zone whose number was not known here.
    if (isNumbered) return void (await this.assign());
    const changed = new Set([...before.keys(), ...this.#tenants.keys()]);
    for (const tenant of changed) if (before.get(tenant) !== this.#tenants.get(tenant)) await this.assign(tenant);
  }

  async #read(): Promise<KeptTimeZones> {
    return this.#database.run(async (sql) => {
      const numbers = await sql<{ number: number; name: string }[]>`select number, name from time_zones order by number`;
      const tenants = await sql<{ tenant: string; name: string }[]>`select tenant_id as tenant, name from tenant_time_zones`;
      return {
        numbers: numbers.map(({ number, name }) => [number, name] as const),
        tenants: tenants.map(({ tenant, name }) => [tenant, name] as const),
      };
    });
  }

  #take({ numbers, tenants }: KeptTimeZones): void {
    for (const [number, name] of numbers) {
      this.#names.set(number, name);
      this.#numbers.set(name, number);
    }
    this.#tenants = new Map(tenants);
    this.changed();
  }
}

class Exhausted extends Error {}

/**
 * The number follows from the name, as far as it can: a database that was restored from a backup gives a zone the number that messages in
 * the log already carry.
 */
function freeNumber(name: string, taken: ReadonlyMap<number, string>): number {
  const first = createHash('sha256').update(name).digest().readUInt32LE() % TIME_ZONES_MAX;
  for (let step = 0; step < TIME_ZONES_MAX; step++) {
    const number = ((first + step) % TIME_ZONES_MAX) + 1;
    if (!taken.has(number)) return number;
  }
  throw new Exhausted();
}
