import type { NumberRange } from '../../contract/database-identity.js';
import type { TopicRule } from '../../contract/topic-rules/topic-rule.js';
import type { KeptIdentity } from '../identity/identities.js';
import type { KeptKey } from '../keys/key-rows.js';
import type { NumberedName } from '../metrics/metric-names.js';
import type { Device, Metadata } from '../registry/device.js';
import { NO_METADATA } from '../registry/device.js';
import { type DeviceDetails, NO_DETAILS } from '../registry/device-details.js';
import type { StoredDevice } from '../registry/device-rows.js';
import type { Schema } from '../schemas/schema-version.js';
import type { KeptTimeZones } from '../time-zones/time-zones.js';
import type { RulesOfTenant } from '../topic-rules/topic-rules.js';

// A snapshot is lines of JSON, each an array that begins with its kind. A later line of the same subject replaces an earlier one, so
// that a change is one more line. Of secrets it has the hashes that the database has.
//
//   ["snapshot", header]                      the first line
//   ["lost", [[first, last], …]]              numbers of devices that the database has lost
//   ["keys", [[id, name, hash, ms, role, tenant, group, until ms], …]]   all admin keys
//   ["topic-rules", tenant, [rule, …], off]   all topic rules of a tenant, and the built-in packs that it does without
//   ["identity", text]                        JSON: who may connect, or use which topics, of a tenant
//   ["schema", schema]                        a payload schema with all its versions
//   ["time-zones", {numbers, tenants}]        all time zones
//   ["metrics", [[name, number], …]]          some metrics
//   ["deleted", [[number, tenant], …]]        some devices that were deleted
//   ["device", number, tenant, id, via, class, ms, status, metadata, hash, previous hash, until ms, firmware, schema, version, details]
//   ["offsets", ["…", …]]                     committed offsets by partition
//   ["whole"]                                 what is before it is all that there was when the snapshot was begun

export const FORMAT = 1;

/** What a snapshot is of; one of anything else is not used. */
export interface SnapshotHeader {
  readonly format: number;
  /** Id of the database. */
  readonly database: string;
  /** Version of its schema. */
  readonly schema: number;
  readonly group: string;
  readonly partitions: number;
}

/** What a start has to know of the database that it is made without. */
export interface Snapshot extends SnapshotHeader {
  readonly committed: readonly bigint[];
  readonly lostDevices: readonly NumberRange[];
  readonly keys: readonly KeptKey[];
  readonly topicRules: ReadonlyMap<string, RulesOfTenant>;
  readonly identities: readonly KeptIdentity[];
  readonly schemas: readonly Schema[];
  readonly timeZones: KeptTimeZones;
  readonly metrics: readonly NumberedName[];
  readonly devices: readonly StoredDevice[];
  readonly deleted: ReadonlyMap<number, string>;
}

type KeyLine = [
  ...[id: number, name: string, hash: string, createdAtMs: number],
  ...[role: KeptKey['role'], tenant: string | null, group: number | null, expiresAtMs: number | null],
];
type DeviceLine = [
  ...['device', number: number, tenant: string, id: string, via: number, deviceClass: string | null, registeredAtMs: number],
  ...[status: Device['status'], metadata: Metadata | null, hash: string, previousHash: string | null, untilMs: number | null],
  ...[firmwareVersion: string | null, schemaId: string | null, schemaVersion: number, details: DeviceDetails | null],
];
type Line =
  | ['snapshot', SnapshotHeader]
  | ['lost', NumberRange[]]
  | ['keys', KeyLine[]]
  | ['topic-rules', string, rules: readonly TopicRule[], off: readonly string[]]
  | ['identity', text: string]
  | ['schema', Schema]
  | ['time-zones', KeptTimeZones]
  | ['metrics', NumberedName[]]
  | ['deleted', [number, string][]]
  | DeviceLine
  | ['offsets', string[]]
  | ['whole'];

function text(line: Line): string {
  return `${JSON.stringify(line)}\n`;
}

export const lineOf = {
  snapshot: (header: SnapshotHeader) => text(['snapshot', header]),
  lost: (ranges: readonly NumberRange[]) => text(['lost', [...ranges]]),
  keys: (keys: readonly KeptKey[]) => {
    return text(['keys', keys.map(keyLine)]);
  },
  topicRules: (tenant: string, { rules, off }: RulesOfTenant) => text(['topic-rules', tenant, rules, off]),
  identity: (kept: KeptIdentity) => text(['identity', JSON.stringify(kept, withBytes)]),
  schema: (schema: Schema) => text(['schema', schema]),
  timeZones: (kept: KeptTimeZones) => text(['time-zones', kept]),
  metrics: (entries: readonly NumberedName[]) => text(['metrics', [...entries]]),
  deleted: (devices: Iterable<readonly [number, string]>) => text(['deleted', Array.from(devices, ([number, tenant]) => [number, tenant])]),
  device: ({ device, tokenHash, previousToken }: StoredDevice) => {
    const { number, tenant, id, via, deviceClass, registeredAtMs, status, metadata, details } = device;
    const bySchema = [device.firmwareVersion, device.schemaId, device.schemaVersion] as const;
    const previous = previousToken ? ([base64(previousToken.hash), previousToken.untilMs] as const) : ([null, null] as const);
    const kept = metadata === NO_METADATA ? null : metadata;
    return text([
      'device',
      number,
      tenant,
      id,
      via,
      deviceClass,
      registeredAtMs,
      status,
      kept,
      base64(tokenHash),
      ...previous,
      ...bySchema,
      details === NO_DETAILS ? null : details,
    ]);
  },
  offsets: (offsets: readonly bigint[]) => text(['offsets', offsets.map(String)]),
  whole: () => text(['whole']),
};

/** What the lines say; undefined: there are none. Throws where they are no whole snapshot. */
export function readSnapshot(lines: Iterable<string>): Snapshot | undefined {
  const found = new Found();
  for (const line of lines) found.take(JSON.parse(line) as Line);
  return found.snapshot();
}

class Found {
  readonly #devices = new Map<number, StoredDevice>();
  readonly #deleted = new Map<number, string>();
  readonly #topicRules = new Map<string, RulesOfTenant>();
  readonly #identities = new Map<string, KeptIdentity>();
  readonly #schemas = new Map<string, Schema>();
  #timeZones: KeptTimeZones = { numbers: [], tenants: [] };
  readonly #metrics: NumberedName[] = [];
  /** One string a tenant, not one a device. */
  readonly #tenants = new Map<string, string>();
  #header: SnapshotHeader | undefined;
  #lost: NumberRange[] = [];
  #keys: KeptKey[] = [];
  #offsets: bigint[] = [];
  #isWhole = false;

  take(line: Line): void {
    if (line[0] === 'device') this.#takeDevice(line);
    else if (line[0] === 'deleted') for (const [number, tenant] of line[1]) this.#delete(number, tenant);
    else if (line[0] === 'topic-rules') this.#topicRules.set(line[1], { rules: line[2], off: line[3] });
    else if (line[0] === 'identity') this.#takeIdentity(JSON.parse(line[1], readBytes) as KeptIdentity);
    else if (line[0] === 'schema') this.#schemas.set(line[1].id, line[1]);
    else if (line[0] === 'time-zones') this.#timeZones = line[1];
    else if (line[0] === 'metrics') this.#metrics.push(...line[1]);
    else if (line[0] === 'offsets') this.#offsets = line[1].map(BigInt);
    else if (line[0] === 'keys')
      this.#keys = line[1].map(([id, name, hash, createdAtMs, role, tenant, group, expiresAtMs]) => {
        return { id, name, hash: bytes(hash), createdAtMs, role, tenant, group, expiresAtMs };
      });
    else if (line[0] === 'lost') this.#lost = line[1];
    else if (line[0] === 'snapshot') this.#header = line[1];
    else if (line[0] === 'whole') this.#isWhole = true;
    else throw new Error(`it has a line of an unknown kind, ${JSON.stringify(line[0])}`);
  }

  snapshot(): Snapshot | undefined {
    if (!this.#header) return undefined;
    if (!this.#isWhole) throw new Error('it ends before its mark of the end');
    return {
      ...this.#header,
      committed: this.#offsets,
      lostDevices: this.#lost,
      keys: this.#keys,
      topicRules: this.#topicRules,
      identities: [...this.#identities.values()],
      schemas: [...this.#schemas.values()],
      timeZones: this.#timeZones,
      metrics: this.#metrics,
      devices: [...this.#devices.values()],
      deleted: this.#deleted,
    };
  }

  #takeIdentity(kept: KeptIdentity): void {
    const key = kept.subject === 'credentials' ? kept.device : kept.tenant;
    this.#identities.set(`${kept.subject} ${key}`, kept);
  }

  #takeDevice(line: DeviceLine): void {
    const [, number, name, id, via, deviceClass, registeredAtMs, status, metadata, hash, ...later] = line;
    const [previousHash, untilMs, firmwareVersion, schemaId, schemaVersion, details] = later;
    const tenant = this.#tenants.get(name) ?? name;
    this.#tenants.set(tenant, tenant);
    const bySchema = { firmwareVersion, schemaId, schemaVersion, schema: 0, timeZone: 0 };
    const noted = { metadata: metadata ?? NO_METADATA, details: details ?? NO_DETAILS };
    const device = { number, tenant, id, via, deviceClass, registeredAtMs, status, ...noted, ...bySchema };
    const previousToken = previousHash !== null && untilMs !== null ? { hash: bytes(previousHash), untilMs } : undefined;
    this.#devices.set(number, { device, tokenHash: bytes(hash), previousToken });
  }

  #delete(number: number, tenant: string): void {
    this.#devices.delete(number);
    this.#deleted.set(number, tenant);
  }
}

function keyLine({ id, name, hash, createdAtMs, role, tenant, group, expiresAtMs }: KeptKey): KeyLine {
  return [id, name, base64(hash), createdAtMs, role, tenant, group, expiresAtMs];
}

function base64(hash: Uint8Array): string {
  return Buffer.from(hash).toString('base64');
}

/** With a buffer of its own: it may be sent to threads. */
function bytes(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'base64'));
}

/** Bytes in an object that is written as it is. */
function withBytes(_name: string, value: unknown): unknown {
  return value instanceof Uint8Array ? { bytes: base64(value) } : value;
}

function readBytes(_name: string, value: unknown): unknown {
  const isBytes = typeof value === 'object' && value !== null && Object.keys(value).join() === 'bytes';
  return isBytes ? bytes((value as { bytes: string }).bytes) : value;
}

/** Why the snapshot cannot stand in for the database that the log is of, for this build and these settings; undefined: it can. */
export function unfitness(snapshot: Snapshot, wanted: Omit<SnapshotHeader, 'format' | 'database'> & { database: string | null }) {
  const { format, database, schema, group, partitions, committed } = snapshot;
  if (format !== FORMAT) return `it is of format ${format}, this build reads ${FORMAT}`;
  if (database !== wanted.database) return `it is of database ${database}, the log of ${wanted.database ?? 'whatever comes next'}`;
  if (schema !== wanted.schema) return `it is of schema version ${schema}, this build needs ${wanted.schema}`;
  const isOther = group !== wanted.group || partitions !== wanted.partitions || committed.length !== partitions;
  return isOther ? `it is of another log, ${group} with ${partitions} partitions` : undefined;
}
