import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { TransactionSql } from 'postgres';
import { ApiFailure } from '../../contract/api-errors.js';
import { codecOf } from '../../contract/codecs/codec-name.js';
import type { Database } from '../../contract/database.js';
import type { SchemaPlan } from '../../contract/schemas/schema-plan.js';
import type { SchemaSource } from '../../contract/schemas/schema-port.js';
import type { Report } from '../../telemetry/report.js';
import { selectCodecs } from '../codecs/codec-rows.js';
import type { Codecs } from '../codecs/codecs.js';
import { type Compatibility, type Incompatibility, incompatibilities } from './compatibility.js';
import { type Definition, isRefused, told } from './definition/definition.js';
import type { FormatChoice } from './definition/formats.js';
import { readDefinition } from './definition/read-definition.js';
import type { schemasEvents } from './events.js';
import { type Resolvable, Resolver } from './resolver.js';
import { insertVersion, lockSchemas, pinVersion, retireSchema, selectSchemas } from './schema-rows.js';
import { comparableOf, definitionOf, latestOf, planOf, type Schema, type SchemaVersion, usedOf, versionOf } from './schema-version.js';

/** Every process holds all of them. */
const VERSIONS_MAX = 10_000;
const TENANT_VERSIONS_MAX = 1000;

/** What a call says of a version; what it leaves out is as in the version before. */
export interface NewVersion {
  readonly definition: unknown;
  readonly format?: FormatChoice | undefined;
  readonly mode?: SchemaPlan['mode'] | undefined;
  readonly compatibility?: Compatibility | undefined;
  /** Begins a new major version: it need not be compatible with the one before. */
  readonly isMajor?: boolean | undefined;
}

export interface NewSchema extends NewVersion {
  readonly tenant: string;
  readonly deviceClass: string;
  readonly firmwareVersion: string;
}

export interface SchemasOptions {
  readonly codecs: Pick<Codecs, 'withCodec'>;
  readonly database: Database;
  readonly event: Report<keyof typeof schemasEvents>;
}

/** A version that a call would make, with what its predecessor's devices or readers would not bear. */
export interface Draft extends Pick<SchemaVersion, 'format' | 'mode' | 'compatibility' | 'definition'> {
  readonly read: Definition;
  readonly incompatibilities: readonly Incompatibility[];
}

/** The schemas of every tenant as the database has them; devices and the calls of this process follow them. */
export class Schemas implements SchemaSource {
  static async load(options: SchemasOptions): Promise<Schemas> {
    const schemas = new Schemas(options);
    await schemas.refresh();
    return schemas;
  }

  /** The schemas as they were when the database was last there; `refresh` follows once it is. */
  static restore(options: SchemasOptions, kept: Iterable<Schema>): Schemas {
    const schemas = new Schemas(options);
    for (const schema of kept) schemas.#take(schema);
    return schemas;
  }

  readonly #database: Database;
  readonly #codecs: SchemasOptions['codecs'];
  readonly #event: SchemasOptions['event'];
  readonly #byId = new Map<string, Schema>();
  readonly #byNumber = new Map<number, SchemaVersion>();
  /** Ids of schemas by the numbers of their versions. */
  readonly #owners = new Map<number, string>();
  /** Units of the metrics of versions, by number of the version: a version never changes. */
  readonly #units = new Map<number, ReadonlyMap<string, string | null>>();
  #resolver: Resolver | undefined;
  #reading: Promise<unknown> = Promise.resolve();
  /** Tells other processes that a schema changed. */
  tell: (id: string) => Promise<void> = async () => {};
  /** Called when a schema changed. */
  changed: (id: string) => void = () => {};
  /** Resolves to how many devices of the tenant are read by another version, when every gateway of this process does so. */
  assign: (tenant: string) => Promise<number> = async () => 0;

  private constructor({ database, codecs, event }: SchemasOptions) {
    this.#database = database;
    this.#codecs = codecs;
    this.#event = event;
  }

  get(tenant: string, id: string): Schema | undefined {
    const schema = this.#byId.get(id);
    return schema?.tenant === tenant ? schema : undefined;
  }

  /** By class, then by range. */
  of(tenant: string): Schema[] {
    const own = [...this.#byId.values()].filter((schema) => schema.tenant === tenant);
    return own.sort((a, b) => compare(a.deviceClass, b.deviceClass) || compare(a.firmwareVersion, b.firmwareVersion));
  }

  kept(): Iterable<Schema> {
    return this.#byId.values();
  }

  find(id: string): Schema | undefined {
    return this.#byId.get(id);
  }

  /** Schemas in use, and versions of all. */
  get counts(): { readonly schemas: number; readonly versions: number } {
    const used = [...this.#byId.values()].filter(({ retiredAtMs }) => retiredAtMs === undefined);
    return { schemas: used.length, versions: this.#byNumber.size };
  }

  /** Number of the version by which messages of the device are read; 0: none. */
  numberOf(device: Resolvable): number {
    this.#resolver ??= new Resolver(this.#byId.values());
    return this.#resolver.numberOf(device);
  }

  /**
   * Unit of a metric as the version of this number stores it; null: it is stored otherwise than sent, in a unit that the version does not
   * name; undefined: the version says nothing of it.
   */
  unitOf(number: number, metric: string): string | null | undefined {
    if (number === 0) return undefined;
    const known = this.#units.get(number);
    if (known) return known.get(metric);
    const version = this.#byNumber.get(number);
    const definition = version && definitionOf(version);
    if (!version || !definition || isRefused(definition)) return undefined;
    const { fields } = planOf(version, definition);
    const units = fields.flatMap(({ name, metric: stored = name, unit, scale = 1, offset = 0, divisor = 1 }): [string, string | null][] => {
      const isAsSent = stored === name && scale === 1 && offset === 0 && divisor === 1;
      return unit === undefined && isAsSent ? [] : [[stored, unit ?? null]];
    });
    this.#units.set(number, new Map(units));
    return this.unitOf(number, metric);
  }

  /** The schema that has the version of this number, and the version. */
  byNumber(number: number): { readonly schema: Schema; readonly version: SchemaVersion } | undefined {
    const [schema, version] = [this.#byId.get(this.#owners.get(number) ?? ''), this.#byNumber.get(number)];
    return schema && version && { schema, version };
  }

  /** Number of the version that is used of the schema which has the version of this number; the same where none is. */
  usedVersion(number: number): number {
    const schema = this.byNumber(number)?.schema;
    return schema && schema.retiredAtMs === undefined ? usedOf(schema).number : number;
  }

  async planOf(number: number): Promise<SchemaPlan | undefined> {
    // Another process may have made it a moment ago.
    if (!this.#byNumber.has(number))
      for (const schema of await this.#database.run((sql) => selectSchemas(sql, { number }))) this.#take(schema);
    const version = this.#byNumber.get(number);
    const definition = version && definitionOf(version);
    if (!version || !definition || isRefused(definition)) return undefined;
    const { schema } = this.byNumber(number)!;
    return this.#codecs.withCodec(schema.tenant, version.format, planOf(version, definition));
  }

  /** A plan with the codec of the tenant that the format names; undefined: there is none of that name. */
  withCodec(tenant: string, format: FormatChoice, plan: SchemaPlan): Promise<SchemaPlan | undefined> {
    return this.#codecs.withCodec(tenant, format, plan);
  }

  /** Takes up what is in the database, of one schema or of all. Of two readings the later one counts. */
  refresh(id?: string): Promise<void> {
    const reading = this.#reading.then(() => this.#read(id));
    this.#reading = reading.catch(() => {});
    return reading;
  }

  /** What a version would be after those that there are; of a new schema without any. */
  draft(attempt: string, input: NewVersion, before: Schema | undefined): Draft | ApiFailure {
    const last = before && latestOf(before);
    const format = input.format ?? last?.format;
    if (format === undefined) return new ApiFailure('body_invalid', attempt, 'format must be said of a first version');
    const { mode = last?.mode ?? 'strict', compatibility = last?.compatibility ?? 'backward', definition } = input;
    const read = readDefinition(format, definition);
    if (isRefused(read)) return new ApiFailure('schema_invalid', attempt, `schema_definition: ${told(read)}`);
    const previous = last && definitionOf(last);
    const found =
      !previous || isRefused(previous)
        ? []
        : incompatibilities(comparableOf(last, previous), comparableOf({ format, mode }, read), compatibility);
    return { format, mode, compatibility, definition, read, incompatibilities: found };
  }

  /** Makes a schema, or the next version of the one that the tenant has for this class and range. */
  async add(attempt: string, input: NewSchema): Promise<Schema | ApiFailure> {
    return this.#edit(input.tenant, (sql, all) => this.addIn(sql, attempt, input, all));
  }

  /** The same within a transaction that holds the lock, where there are these schemas; answers the id. Call `announce` once it is committed. */
  async addIn(sql: TransactionSql, attempt: string, input: NewSchema, all: readonly Schema[]): Promise<string | ApiFailure> {
    const { tenant, deviceClass, firmwareVersion } = input;
    const before = all.find(
      (one) =>
        one.tenant === tenant &&
        one.deviceClass === deviceClass &&
        one.firmwareVersion === firmwareVersion &&
        one.retiredAtMs === undefined,
    );
    const schema = before ?? { id: randomUUID(), tenant, deviceClass, firmwareVersion };
    return (await this.#addVersion(sql, attempt, input, { schema, before, all })) ?? schema.id;
  }

  /** Takes up what a transaction made of a schema, and tells other processes; resolves when the gateways of this process act on it. */
  async announce(id: string): Promise<void> {
    await this.refresh(id);
    await this.tell(id);
  }

  async addVersion(attempt: string, { tenant, id }: Schema, input: NewVersion): Promise<Schema | ApiFailure> {
    return this.#edit(tenant, async (sql, all) => {
      const schema = all.find((one) => one.id === id);
      if (!schema) return new ApiFailure('schema_id_unknown', attempt);
      if (schema.retiredAtMs !== undefined) return new ApiFailure('schema_retired', attempt);
      return (await this.#addVersion(sql, attempt, input, { schema, before: schema, all })) ?? id;
    });
  }

  /** Undefined takes the pin away: the latest version is used. */
  async pin(attempt: string, { tenant, id }: Schema, version: number | undefined): Promise<Schema | ApiFailure> {
    return this.#edit(tenant, async (sql, all) => {
      const schema = all.find((one) => one.id === id);
      if (!schema) return new ApiFailure('schema_id_unknown', attempt);
      if (schema.retiredAtMs !== undefined) return new ApiFailure('schema_retired', attempt);
      if (version !== undefined && !versionOf(schema, version)) return new ApiFailure('schema_version_unknown', attempt);
      await pinVersion(sql, id, version ?? null);
      return id;
    });
  }

  async retire({ tenant, id }: Schema): Promise<Schema | ApiFailure> {
    return this.#edit(tenant, async (sql) => {
      await retireSchema(sql, id);
      return id;
    });
  }

  async #addVersion(
    sql: TransactionSql,
    attempt: string,
    input: NewVersion,
    {
      schema,
      before,
      all,
    }: { schema: Pick<Schema, 'id' | 'tenant' | 'deviceClass' | 'firmwareVersion'>; before: Schema | undefined; all: readonly Schema[] },
  ): Promise<ApiFailure | undefined> {
    const draft = this.draft(attempt, input, before);
    if (draft instanceof ApiFailure) return draft;
    const codec = codecOf(draft.format);
    if (codec && (await selectCodecs(sql, { tenant: schema.tenant, ...codec })).length === 0) {
      return new ApiFailure('codec_unknown', attempt, `the tenant has no codec ${codec.name} of version ${codec.version}`);
    }
    const last = before && latestOf(before);
    if (last && isSame(last, draft)) return undefined;
    if (draft.incompatibilities.length > 0 && !input.isMajor) {
      const listed = draft.incompatibilities.map(({ path, message }) => `${path} ${message}`).join('; ');
      return new ApiFailure(
        'schema_incompatible',
        attempt,
        `it is not ${draft.compatibility} compatible with version ${last?.version}: ${listed}`,
      );
    }
    if (countOf(all) >= VERSIONS_MAX || countOf(all.filter(({ tenant }) => tenant === schema.tenant)) >= TENANT_VERSIONS_MAX) {
      return new ApiFailure('schemas_exhausted', attempt);
    }
    const major = (last?.major ?? 0) + (input.isMajor || !last ? 1 : 0);
    await insertVersion(sql, schema, { ...draft, version: (last?.version ?? 0) + 1, major });
    return undefined;
  }

  /** Changes schemas, which no other process changes meanwhile; resolves when the gateways of this process act on it. */
  async #edit(
    tenant: string,
    edit: (sql: TransactionSql, all: readonly Schema[]) => Promise<string | ApiFailure>,
  ): Promise<Schema | ApiFailure> {
    const work = async (sql: TransactionSql) => {
      await lockSchemas(sql);
      return edit(sql, await selectSchemas(sql));
    };
    const edited = (await this.#database.run((sql) => sql.begin(work))) as string | ApiFailure;
    if (edited instanceof ApiFailure) return edited;
    await this.announce(edited);
    const schema = this.get(tenant, edited);
    if (!schema) throw new Error(`schema ${edited} is gone from the database`);
    return schema;
  }

  async #read(id: string | undefined): Promise<void> {
    const found = await this.#database.run((sql) => selectSchemas(sql, id === undefined ? {} : { id }));
    const tenants = new Set<string>();
    const known = id === undefined ? [...this.#byId.keys()] : [];
    for (const schema of found) if (this.#take(schema)) tenants.add(schema.tenant);
    // A schema goes only where the database was restored from a backup that is older than it.
    const left = new Set(found.map((schema) => schema.id));
    for (const gone of known) if (!left.has(gone)) tenants.add(this.#forget(gone));
    for (const tenant of tenants) {
      const devices = await this.assign(tenant);
      const schema = id === undefined ? undefined : this.get(tenant, id);
      if (schema) this.#report(schema, devices);
    }
  }

  #report(schema: Schema, devices: number): void {
    const { tenant, id, deviceClass, firmwareVersion } = schema;
    const named = { tenant, schema: id, device_class: deviceClass, firmware_version: firmwareVersion };
    this.#event('info', 'schema-changed', { ...named, version: usedOf(schema).version, devices });
  }

  /** Whether it is new or changed. */
  #take(schema: Schema): boolean {
    const known = this.#byId.get(schema.id);
    // Versions stay the same objects, and so what was made of them.
    const versions = schema.versions.map((version) => this.#byNumber.get(version.number) ?? version);
    const taken = { ...schema, pinned: schema.pinned, retiredAtMs: schema.retiredAtMs, versions };
    if (known && isDeepStrictEqual(known, taken)) return false;
    this.#byId.set(schema.id, taken);
    this.#resolver = undefined;
    for (const version of versions) {
      if (this.#byNumber.has(version.number)) continue;
      this.#byNumber.set(version.number, version);
      this.#owners.set(version.number, schema.id);
      const definition = definitionOf(version);
      const { number } = version;
      const named = { tenant: schema.tenant, schema: schema.id, version: version.version, number };
      if (isRefused(definition)) this.#event('error', 'schema-not-used', { ...named, cause: told(definition) });
    }
    this.changed(schema.id);
    return true;
  }

  #forget(id: string): string {
    const { tenant, versions } = this.#byId.get(id) as Schema;
    this.#byId.delete(id);
    for (const { number } of versions) this.#byNumber.delete(number);
    this.#resolver = undefined;
    return tenant;
  }
}

function isSame(last: SchemaVersion, draft: Draft): boolean {
  const { format, mode, compatibility, definition } = last;
  return isDeepStrictEqual({ format, mode, compatibility, definition }, { ...pick(draft) });
}

/** As the database gives it back. */
function pick({ format, mode, compatibility, definition }: Draft): object {
  return { format, mode, compatibility, definition: JSON.parse(JSON.stringify(definition)) };
}

function countOf(schemas: readonly Schema[]): number {
  return schemas.reduce((sum, { versions }) => sum + versions.length, 0);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
