import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import fastq from 'fastq';
import type { TransactionSql } from 'postgres';
import { DEVICES_MAX } from '../../../assembly/abi/limits.js';
import { ApiFailure } from '../../contract/api-errors.js';
import type { Database } from '../../contract/database.js';
import type { DeviceEntry } from '../../contract/devices.js';
import { hashToken, storedToken } from '../../contract/token.js';
import { Groups } from '../groups/groups.js';
import type { DeviceProofs } from '../identity/device-proofs.js';
import { type Changeable, changeable, type Device, entryOf, NO_METADATA } from './device.js';
import { SharedDetails } from './device-details.js';
import { isTokenTooShort, tokenProblem } from './device-id.js';
import type { DeviceUpdate } from './device-patch.js';
import {
  DECOMMISSIONED,
  type DeviceRow,
  deleteDevice,
  drawNumbers,
  insertDevices,
  loadDeleted,
  loadDevices,
  replaceToken,
  type StoredDevice,
  updateDevices,
  updateFirmware,
} from './device-rows.js';
import { DeviceTable, type Found } from './device-table.js';
import { DeviceTokens } from './device-tokens.js';
import { type NewDevice, newToken, rowProblem, type TokenChange } from './new-device.js';
import { ReadingRules, type ReadingRulesOptions } from './reading-rules.js';

export interface RegistryOptions extends ReadingRulesOptions {
  readonly database: Database;
  /** Called before a device of this number is registered or known here; throws where that cannot be noted, and then it is not. */
  readonly reserve?: (number: number) => void;
  /** Resolves when every gateway knows the devices. */
  readonly publish: (entries: readonly DeviceEntry[]) => Promise<void>;
  /** Resolves when no gateway lets the devices of these numbers in any more. */
  readonly retract: (numbers: readonly number[]) => Promise<void>;
  /** Keeps outside the database that devices are new or changed, before whoever asked for it has the answer. Never throws. */
  readonly keep?: (devices: readonly StoredDevice[]) => void;
  /** The same of devices that are deleted. */
  readonly forget?: (devices: readonly Pick<Device, 'number' | 'tenant'>[]) => void;
  /** Tells other processes that devices of these numbers are new, changed or deleted. */
  readonly tell?: (from: number, to: number) => Promise<void>;
  /** What proves devices beside their tokens. */
  readonly proofs?: Pick<DeviceProofs, 'named' | 'proves'>;
  readonly devicesMax?: number;
  readonly nowMs?: () => number;
}

const INSERT_ROWS = 5000;
/** More devices are told of as a range of numbers, which others read as a whole. */
const TOLD_ONE_BY_ONE_MAX = 16;

/** Every device of the deployment, in memory; the database is written first, then memory, then the gateways. */
export class Registry {
  /** Reads all devices. The caller gives them to the gateways, with `entries()`. */
  static async load(options: RegistryOptions): Promise<Registry> {
    const registry = new Registry(options);
    await registry.groups.refresh();
    for await (const batch of loadDevices(options.database, registry.#shared)) for (const stored of batch) registry.#adopt(stored);
    for (const { number, tenant } of await loadDeleted(options.database)) registry.#deleted.set(number, tenant);
    registry.#table.settle();
    return registry;
  }

  /** The devices as they were when the database was last there; `refresh` follows once it is. */
  static restore(options: RegistryOptions, devices: Iterable<StoredDevice>, deleted: ReadonlyMap<number, string>): Registry {
    const registry = new Registry(options);
    registry.#isPartial = true;
    for (const stored of devices) registry.#adopt(stored);
    for (const [number, tenant] of deleted) registry.#deleted.set(number, tenant);
    return registry;
  }

  readonly groups: Groups;
  readonly #database: Database;
  readonly #reserve: NonNullable<RegistryOptions['reserve']>;
  readonly #publish: RegistryOptions['publish'];
  readonly #retract: RegistryOptions['retract'];
  readonly #keep: NonNullable<RegistryOptions['keep']>;
  readonly #forgetKept: NonNullable<RegistryOptions['forget']>;
  #isPartial = false;
  readonly #tell: NonNullable<RegistryOptions['tell']>;
  readonly #rules: ReadingRules;
  readonly #proofs: RegistryOptions['proofs'];
  readonly #devicesMax: number;
  readonly #nowMs: () => number;
  readonly #table = new DeviceTable();
  readonly #shared = new SharedDetails();
  readonly #tokens: DeviceTokens;
  /** Tenants of devices that were deleted, by number. */
  readonly #deleted = new Map<number, string>();
  /** Devices that were deleted since the start: gateways hold their places until the next one. */
  #retracted = 0;
  /** Devices being inserted: they count against the limit before they have numbers. */
  #reserved = 0;
  /** One change at a time: two in flight could reach the database and the gateways in different orders. */
  readonly #changing = fastq.promise((work: () => Promise<unknown>) => work(), 1);

  private constructor(options: RegistryOptions) {
    const { database, reserve = () => {}, publish, retract, keep = () => {}, forget = () => {} } = options;
    const { tell = async () => {}, devicesMax = DEVICES_MAX, nowMs = Date.now } = options;
    [this.#keep, this.#forgetKept] = [keep, forget];
    this.#rules = new ReadingRules(options);
    this.groups = new Groups(database);
    this.#database = database;
    this.#reserve = reserve;
    this.#publish = publish;
    this.#retract = retract;
    this.#nowMs = nowMs;
    this.#tokens = new DeviceTokens(nowMs);
    this.#tell = tell;
    this.#devicesMax = devicesMax;
    this.#proofs = options.proofs;
  }

  /** Whether a device or a token that is not known here may be valid: the database has not been there since the start. */
  get isPartial(): boolean {
    return this.#isPartial;
  }

  get size(): number {
    return this.#table.size;
  }

  count(tenant: string): number {
    return this.#table.count(tenant);
  }

  /** Every tenant that has devices, in code-unit order of their names. */
  tenants(): { readonly tenant: string; readonly devices: number }[] {
    return this.#table.tenants();
  }

  get(tenant: string, id: string): Device | undefined {
    return this.#table.get(tenant, id);
  }

  byNumber(number: number): Device | undefined {
    return this.#table.byNumber(number);
  }

  /** How many devices are registered `via` the device of this number. */
  children(number: number): number {
    let count = 0;
    for (const { via } of this.#table.all()) if (via === number) count++;
    return count;
  }

  /** How many devices of a tenant are read by schema versions of these numbers. */
  readBy(tenant: string, schemas: ReadonlySet<number>): number {
    let count = 0;
    for (const { schema } of this.#table.ofTenant(tenant)) if (schemas.has(schema)) count++;
    return count;
  }

  /** The tenant of a device, also of one that was deleted. */
  tenantOf(number: number): string | undefined {
    return this.#table.byNumber(number)?.tenant ?? this.#deleted.get(number);
  }

  /** Up to `limit` devices whose ids come after `after`, in code-unit order of their ids. */
  list(tenant: string, after: string | undefined, limit: number): Device[] {
    return this.#table.list(tenant, after, limit);
  }

  ofTenant(tenant: string): Iterable<Device> {
    return this.#table.ofTenant(tenant);
  }

  /** As `list`, of those that match; see `DeviceTable`. */
  search(...search: Parameters<DeviceTable['search']>): Promise<Found> {
    return this.#table.search(...search);
  }

  /** What a gateway must know, of every device. */
  *entries(): Generator<DeviceEntry> {
    for (const device of this.#table.all()) yield this.#entry(device);
  }

  /** Every device as the database has it. */
  *stored(): Generator<StoredDevice> {
    for (const device of this.#table.all()) yield this.#storedOf(device);
  }

  /** Numbers and tenants of the devices that were deleted. */
  deleted(): Iterable<readonly [number: number, tenant: string]> {
    return this.#deleted;
  }

  /** The device whose token this is; whether it may publish is for the caller to ask. */
  authenticateDevice(tenant: string, id: string, token: string): Device | ApiFailure {
    const device = this.get(tenant, id);
    // Unknown devices cost the same time and get the same answer, so ids cannot be probed.
    const given = hashToken(tenant, id, token);
    if (this.#tokens.accepts(device?.number, given) && device) return device;
    const isProved = device !== undefined && this.#proofs?.proves(device, token, given, this.#nowMs());
    if (isProved) return isProved === true ? device : isProved;
    return this.unknown('credentials_invalid', `authenticate device ${id}`);
  }

  /** The refusal of a device, or of its token, that is not known here. */
  unknown(code: 'credentials_invalid' | 'device_unknown', attempt: string): ApiFailure {
    if (!this.#isPartial) return new ApiFailure(code, attempt);
    return new ApiFailure('database_unavailable', attempt, 'the database is away, and before it went no such device or token was known');
  }

  /** The one device that has this token, or that an issuer signed it for; undefined: there is none, or there are more. */
  byToken(token: string): Device | undefined {
    const device = this.byNumber(this.#tokens.find(token) ?? 0);
    if (device && this.#tokens.accepts(device.number, hashToken(device.tenant, device.id, token))) return device;
    const named = this.#proofs?.named(token, this.#nowMs());
    return named && this.get(named.tenant, named.id);
  }

  /** Registers one device; when it resolves, the device can connect with the token. */
  async create(input: NewDevice): Promise<{ device: Device; token: string } | ApiFailure> {
    const {
      tenant,
      id = randomUUID(),
      token = newToken(),
      deviceClass = null,
      firmwareVersion = null,
      metadata = NO_METADATA,
      details,
    } = input;
    const attempt = `register device ${id}`;
    const problem = rowProblem(tenant, id, token);
    if (problem !== undefined) return new ApiFailure('body_invalid', attempt, problem);
    if (isTokenTooShort(token)) return new ApiFailure('token_too_short', attempt);
    const via = input.via === undefined ? 0 : this.get(tenant, input.via)?.number;
    if (via === undefined) return new ApiFailure('gateway_unknown', attempt, `via names ${input.via}, which is no device of the tenant`);
    if (this.get(tenant, id)) return new ApiFailure('device_exists', attempt);
    const tokenHash = storedToken(tenant, id, token);
    const created = await this.createMany([{ tenant, id, tokenHash, via, deviceClass, firmwareVersion, metadata, details }]);
    if (created instanceof ApiFailure) return created;
    return created[0] ? { device: created[0], token } : new ApiFailure('device_exists', attempt);
  }

  /** Registers the devices whose ids are free, and answers those. Ids, tenants and gateways were checked. */
  async createMany(rows: readonly DeviceRow[]): Promise<Device[] | ApiFailure> {
    const free = rows.filter((row) => !this.get(row.tenant, row.id));
    const unnumbered = await this.#rules.prepare(free.map(({ details }) => details));
    if (unnumbered) return unnumbered;
    if (this.size + this.#retracted + this.#reserved + free.length > this.#devicesMax) {
      return new ApiFailure('devices_exhausted', `register ${free.length} devices`, `the registry holds ${this.#devicesMax} at most`);
    }
    this.#reserved += free.length;
    const created: Device[] = [];
    try {
      for (let from = 0; from < free.length; from += INSERT_ROWS) {
        const batch = free.slice(from, from + INSERT_ROWS);
        const numbers = await this.#database.run((sql) => drawNumbers(sql, batch.length));
        const refusal = this.#refuseNumbers(numbers.at(-1)!);
        if (refusal) return refusal;
        const inserted = await this.#transact((sql) => insertDevices(sql, batch, numbers));
        for (const { device } of inserted) device.details = this.#shared.share(device.details);
        const devices = inserted.map((stored) => this.#adoptNew(stored));
        created.push(...devices);
        await this.#publishAndKeep(devices);
        const [first, last] = [inserted[0]?.device, inserted.at(-1)?.device];
        if (first && last) await this.#tell(first.number, last.number);
      }
    } finally {
      this.#reserved -= free.length;
    }
    return created;
  }

  /** Why devices up to this number cannot be registered: a row whose number is not noted would be one that no gateway lets in. */
  #refuseNumbers(highest: number): ApiFailure | undefined {
    try {
      this.#reserve(highest);
    } catch (error) {
      return new ApiFailure('state_unwritable', 'register devices', (error as Error).message);
    }
  }

  /** Changes a device; when it resolves, the gateways act on it. */
  update(device: Device, change: DeviceUpdate): Promise<Device | ApiFailure> {
    return this.#inTurn(async () => {
      const changed = await this.#update(new Map([[device, change]]));
      return changed instanceof ApiFailure ? changed : device;
    });
  }

  /** Changes devices of one tenant, all or none; answers those that are different now, on which the gateways then act. */
  updateMany(changes: ReadonlyMap<Device, DeviceUpdate>): Promise<readonly Device[] | ApiFailure> {
    return this.#inTurn(() => this.#update(changes));
  }

  /** Gives a device a new token; when it resolves, the gateways take it. `previousUntilMs`: until when the one before is valid, too. */
  rotateToken(device: Device, change: TokenChange): Promise<{ token: string; previousUntilMs: number | undefined } | ApiFailure> {
    return this.#inTurn(() => this.#rotateToken(device, change));
  }

  /**
   * Deletes a device; when it resolves, it is cut off. Its readings stay under its number, which no device gets again; its id can be
   * registered anew.
   */
  delete(device: Device): Promise<Device | ApiFailure> {
    return this.#inTurn(async () => {
      if (!(await this.#transact((sql) => deleteDevice(sql, device.number)))) return this.#explain(device, `delete device ${device.id}`);
      await this.#forget([device]);
      await this.#tell(device.number, device.number);
      return device;
    });
  }

  /** Takes up what another process wrote: all devices, or those of some numbers; when it resolves, the gateways act on it. */
  refresh(from?: number, to?: number): Promise<void> {
    return this.#inTurn(() => this.#refresh(from, to));
  }

  /** Notes what devices, by number, said of their firmware; when it resolves, the gateways read them by the schema for it. */
  noteFirmware(versions: ReadonlyMap<number, string>): Promise<void> {
    return this.#inTurn(async () => {
      const noted = await this.#database.run((sql) => updateFirmware(sql, versions));
      const devices = noted.flatMap((number) => this.#table.byNumber(number) ?? []);
      for (const device of devices) device.firmwareVersion = versions.get(device.number) as string;
      this.#keep(devices.map((device) => this.#storedOf(device)));
      await this.#rules.assign(devices);
      await this.#tellOf(noted);
    });
  }

  async #tellOf(numbers: readonly number[]): Promise<void> {
    if (numbers.length <= TOLD_ONE_BY_ONE_MAX) for (const number of numbers) await this.#tell(number, number);
    else await this.#tell(Math.min(...numbers), Math.max(...numbers));
  }

  /** Looks anew by which schema and in which time zone devices are read, those of a tenant or all; resolves to how many changed. */
  assignSchemas(tenant?: string): Promise<number> {
    return this.#inTurn(() => this.#rules.assign(tenant === undefined ? this.#table.all() : this.#table.ofTenant(tenant)));
  }

  #transact<T>(work: (sql: TransactionSql) => Promise<T>): Promise<T> {
    return this.#database.run((sql) => sql.begin(work) as Promise<T>);
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    return this.#changing.push(work) as Promise<T>;
  }

  async #refresh(from?: number, to?: number): Promise<void> {
    const isAll = from === undefined && to === undefined;
    if (isAll) await this.groups.refresh();
    // A row goes only where the database was restored from a backup that is older than the row.
    const gone = new Set(isAll ? this.#table.numbers() : []);
    await this.#forgetDeleted(from, to);
    for await (const batch of loadDevices(this.#database, this.#shared, from, to)) {
      // First: what is adopted here without having been published would pass for known the next time.
      if (batch.length > 0) this.#reserve(batch.at(-1)!.device.number);
      const fresh: Device[] = [];
      for (const stored of batch) {
        gone.delete(stored.device.number);
        const known = this.#table.byNumber(stored.device.number);
        if (known && this.#isSame(known, stored)) continue;
        if (known) this.#change(known, stored.device);
        else this.#adopt(stored);
        this.#tokens.set(stored.device.number, stored);
        fresh.push(known ?? stored.device);
      }
      if (fresh.length > 0) await this.#publishAndKeep(fresh);
    }
    await this.#forget([...gone].flatMap((number) => this.#table.byNumber(number) ?? []));
    if (isAll) this.#isPartial = false;
  }

  async #publishAndKeep(devices: readonly Device[]): Promise<void> {
    this.#keep(devices.map((device) => this.#storedOf(device)));
    await this.#publish(devices.map((device) => this.#entry(device)));
  }

  /** Before devices are adopted: one of them may have the id of one that was deleted. */
  async #forgetDeleted(from?: number, to?: number): Promise<void> {
    const deleted = await loadDeleted(this.#database, from, to);
    for (const { number, tenant } of deleted) this.#deleted.set(number, tenant);
    await this.#forget(deleted.flatMap(({ number }) => this.#table.byNumber(number) ?? []));
  }

  async #forget(devices: readonly Device[]): Promise<void> {
    if (devices.length === 0) return;
    for (const device of devices) {
      this.#table.delete(device);
      this.#tokens.delete(device.number);
      this.#deleted.set(device.number, device.tenant);
    }
    this.#retracted += devices.length;
    this.#forgetKept(devices);
    await this.#retract(devices.map(({ number }) => number));
  }

  async #update(changes: ReadonlyMap<Device, DeviceUpdate>): Promise<readonly Device[] | ApiFailure> {
    const unnumbered = await this.#rules.prepare(Array.from(changes.values(), ({ details }) => details));
    if (unnumbered) return unnumbered;
    const updates = new Map([...changes].map(([{ number }, update]) => [number, update]));
    const { updated, known, problem } = await this.#transact((sql) => updateDevices(sql, updates));
    const refused = [...changes.keys()].find(({ number }) => (problem ? number === problem.number : !known.has(number)));
    if (refused && (!problem || problem.cause === DECOMMISSIONED)) return this.#explain(refused, `change device ${refused.id}`);
    if (refused) return new ApiFailure('body_invalid', `change device ${refused.id}`, problem!.cause);
    const devices = updated.flatMap(({ number, after }) => {
      const device = this.#table.byNumber(number);
      if (device) this.#change(device, after);
      return device ?? [];
    });
    if (devices.length > 0) await this.#publishAndKeep(devices);
    await this.#tellOf(devices.map(({ number }) => number));
    return devices;
  }

  #change(device: Device, stored: Pick<Device, Changeable>): void {
    for (const member of changeable) Object.assign(device, { [member]: stored[member] });
    device.details = this.#shared.share(device.details);
    this.#rules.resolve(device);
  }

  async #rotateToken(device: Device, { token = newToken(), graceSeconds }: TokenChange) {
    const { number, tenant, id } = device;
    const attempt = `change the token of device ${id}`;
    const problem = tokenProblem(token);
    if (problem !== undefined) return new ApiFailure('body_invalid', attempt, `token ${problem}`);
    if (isTokenTooShort(token)) return new ApiFailure('token_too_short', attempt);
    const tokenHash = storedToken(tenant, id, token);
    if (this.#tokens.holds(number, { tokenHash, previousToken: this.#tokens.previous(number) }))
      return new ApiFailure('body_invalid', attempt, 'token must differ from the present one');
    const untilMs = graceSeconds > 0 ? this.#nowMs() + graceSeconds * 1000 : undefined;
    const replaced = await this.#transact((sql) => replaceToken(sql, number, tokenHash, untilMs));
    if (!replaced) return this.#explain(device, attempt);
    this.#tokens.set(number, { tokenHash, ...replaced });
    await this.#publishAndKeep([device]);
    await this.#tell(number, number);
    return { token, previousUntilMs: replaced.previousToken?.untilMs };
  }

  /** Why the database did not take a change, which another process may have made impossible. */
  async #explain(device: Device, attempt: string): Promise<ApiFailure> {
    await this.#refresh(device.number, device.number);
    const isThere = this.#table.byNumber(device.number) !== undefined;
    return isThere ? new ApiFailure('device_decommissioned', attempt) : new ApiFailure('device_unknown', attempt, 'it was deleted');
  }

  #entry(device: Device): DeviceEntry {
    return entryOf(device, this.#tokens.present(device.number), this.#tokens.previous(device.number));
  }

  #storedOf(device: Device): StoredDevice {
    const { number } = device;
    return { device, tokenHash: this.#tokens.present(number), previousToken: this.#tokens.previous(number) };
  }

  #isSame(known: Device, stored: StoredDevice): boolean {
    const isSame = changeable.every((member) => isDeepStrictEqual(known[member], stored.device[member]));
    return isSame && this.#tokens.holds(known.number, stored);
  }

  /** A refresh may have read the row before the answer to its insert was here. */
  #adoptNew(stored: StoredDevice): Device {
    const known = this.#table.byNumber(stored.device.number);
    if (known) return known;
    stored.device.details = this.#shared.share(stored.device.details);
    this.#adopt(stored);
    return stored.device;
  }

  #adopt(stored: StoredDevice): void {
    const { device } = stored;
    this.#rules.resolve(device);
    this.#table.add(device);
    this.#tokens.set(device.number, stored);
  }
}
