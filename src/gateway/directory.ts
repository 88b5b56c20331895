import {
  DEVICE_ACTIVE,
  DEVICE_AT_ID_BYTES,
  DEVICE_AT_NAME_OFFSET,
  DEVICE_AT_NUMBER,
  DEVICE_AT_SCHEMA,
  DEVICE_AT_STATUS,
  DEVICE_AT_TENANT_BYTES,
  DEVICE_AT_TIME_ZONE,
  DEVICE_AT_VIA,
  DEVICE_BYTES,
  DEVICE_CONNECTIONS_OFFSET,
  DEVICE_DECOMMISSIONED,
  DEVICE_INACTIVE,
  DEVICE_QUARANTINED,
  DEVICE_TOKEN_HASH_BYTES,
  DEVICE_TOKENS_OFFSET,
  DEVICES_OFFSET,
} from '../../assembly/abi/gateway.js';
import { DEVICE_ID_BYTES_MAX, TENANT_ID_BYTES_MAX } from '../../assembly/abi/limits.js';
import { STAGE_DEVICE_AT_NAME, STAGE_DEVICE_AT_TOKEN_HASH, STAGE_OFFSET } from '../../assembly/abi/regions.js';
import type { Principal } from '../contract/acl/acl.js';
import { TenantAcl } from '../contract/acl/tenant-acl.js';
import type { DeviceEntry, DeviceStatus, PreviousToken } from '../contract/devices.js';
import { Authorities } from '../contract/identity/authorities.js';
import type { NamePattern } from '../contract/identity/certificate-names.js';
import { Credentials, type ShownKey } from '../contract/identity/credentials.js';
import { Issuers } from '../contract/identity/issuers.js';
import type { IdentityNews } from '../contract/identity/news.js';
import { type IntakeLimits, UNLIMITED } from '../contract/limits/intake-limits.js';
import { partitionOf } from '../contract/partition.js';
import type { SchemaResolution } from '../contract/schemas/schema-port.js';
import { searchedToken } from '../contract/token.js';
import { TokenIndex } from '../contract/token-index.js';
import type { KernelMemory } from '../host/kernel.js';
import { Denials } from './denials.js';
import { DeviceClasses } from './device-classes.js';
import { DeviceRates } from './device-rates.js';
import type { GatewayKernel } from './kernel.js';
import { Services } from './services.js';

const STATUS_NUMBERS: Record<DeviceStatus, number> = {
  active: DEVICE_ACTIVE,
  inactive: DEVICE_INACTIVE,
  quarantined: DEVICE_QUARANTINED,
  decommissioned: DEVICE_DECOMMISSIONED,
};

const NAME_OFFSET = STAGE_OFFSET + STAGE_DEVICE_AT_NAME;
const NO_CONNECTION = 0;
const TENANT_DEFAULT = 'default';

/** The kernel's device table as the host sees it. An entry is a device's place in that table. */
export class Directory {
  readonly #kernel: GatewayKernel;
  readonly #bytes: Buffer;
  readonly #view: DataView;
  readonly #partitions: number;
  readonly #entries = new Map<number, number>();
  readonly #tokens = new TokenIndex();
  /** Entries of devices that may register others. */
  readonly #addingSubdevices = new Set<number>();
  /** By entry; few devices change their token at a time. */
  readonly #previousTokens = new Map<number, PreviousToken>();
  readonly #classes = new DeviceClasses();
  readonly #rates: DeviceRates;
  readonly #denials: Denials;
  /** Who may use which topics. */
  readonly acl = new TenantAcl();
  /** Which names of a certificate are those of a device. */
  certificateNames: readonly NamePattern[] = [];
  /** What devices may prove beside their tokens. */
  readonly credentials = new Credentials();
  /** Who signs certificates of devices. */
  readonly authorities = new Authorities();
  /** Who signs tokens for devices. */
  readonly issuers = new Issuers();
  /** Clients that are no devices. */
  readonly services = new Services();
  /** Whether there may be devices and tokens that are not known here: the database has not been there since the start. */
  isPartial = false;

  constructor(kernel: GatewayKernel, memory: KernelMemory, partitions: number, limits: IntakeLimits = UNLIMITED) {
    this.#kernel = kernel;
    this.#bytes = Buffer.from(memory.bytes.buffer);
    this.#view = memory.view;
    this.#partitions = partitions;
    this.#rates = new DeviceRates(memory.view, limits);
    this.#denials = new Denials(this.acl, this.#bytes, (entry) => this.principalOf(entry));
  }

  /** Adds or replaces a device; its entry, or undefined when the kernel cannot take it. */
  put(device: DeviceEntry): number | undefined {
    const name = this.#stageName(device.tenant, device.id);
    if (!name) return undefined;
    this.#bytes.set(device.tokenHash.subarray(0, DEVICE_TOKEN_HASH_BYTES), STAGE_OFFSET + STAGE_DEVICE_AT_TOKEN_HASH);
    const partition = partitionOf(device.number, this.#partitions);
    const status = STATUS_NUMBERS[device.status];
    const { number, via, schema = 0, timeZone = 0 } = device;
    const known = this.#entries.get(number);
    const viaBefore = known === undefined ? 0 : this.viaOf(known);
    const entry = this.#kernel.addDevice(number, via, status, partition, schema, name.tenantBytes, name.idBytes);
    if (entry < 0) return undefined;
    this.#bytes[this.#at(entry) + DEVICE_AT_TIME_ZONE] = timeZone;
    this.#entries.set(device.number, entry);
    this.#tokens.set(entry, device.tokenHash);
    this.#classes.set(entry, device.deviceClass);
    this.#denials.judge(entry, device.tenant);
    this.#rates.put(entry, device);
    this.#rates.viaChanged(viaBefore, via, (gateway) => this.#entries.get(gateway));
    if (device.addsSubdevices) this.#addingSubdevices.add(entry);
    else this.#addingSubdevices.delete(entry);
    if (device.previousToken) this.#previousTokens.set(entry, device.previousToken);
    else this.#previousTokens.delete(entry);
    return entry;
  }

  /** Forgets a device. Its entry stays, because counts of its number are read there, but no name leads to it any more. */
  delete(number: number): void {
    const entry = this.#entries.get(number);
    if (entry === undefined) return;
    this.#rates.viaChanged(this.viaOf(entry), 0, (gateway) => this.#entries.get(gateway));
    this.#view.setUint32(this.#at(entry) + DEVICE_AT_VIA, 0, true);
    this.#entries.delete(number);
    this.#previousTokens.delete(entry);
    this.#tokens.delete(entry);
    this.#addingSubdevices.delete(entry);
    this.#bytes[this.#at(entry) + DEVICE_AT_STATUS] = DEVICE_DECOMMISSIONED;
    // The kernel compares lengths first, and no id is empty.
    this.#bytes[this.#at(entry) + DEVICE_AT_ID_BYTES] = 0;
  }

  find(tenant: string, id: string): number | undefined {
    const name = this.#stageName(tenant, id);
    const entry = name ? this.#kernel.findDevice(name.tenantBytes, name.idBytes) : -1;
    return entry < 0 ? undefined : entry;
  }

  /** The name of the one device whose present token this seems to be: the token has to be verified. */
  byToken(token: string): { readonly tenant: string; readonly id: string } | undefined {
    const entry = this.#tokens.find(searchedToken(token));
    return entry === undefined ? undefined : this.nameOf(entry);
  }

  entryOf(number: number): number | undefined {
    return this.#entries.get(number);
  }

  numberOf(entry: number): number {
    return this.#view.getUint32(this.#at(entry) + DEVICE_AT_NUMBER, true);
  }

  addsSubdevices(entry: number): boolean {
    return this.#addingSubdevices.has(entry);
  }

  viaOf(entry: number): number {
    return this.#view.getUint32(this.#at(entry) + DEVICE_AT_VIA, true);
  }

  nameOf(entry: number): { readonly tenant: string; readonly id: string } {
    const tenantAt = this.#view.getUint32(this.#at(entry) + DEVICE_AT_NAME_OFFSET, true);
    const tenantEnd = tenantAt + (this.#bytes[this.#at(entry) + DEVICE_AT_TENANT_BYTES] as number);
    const idAt = tenantEnd + 1;
    const idEnd = idAt + (this.#bytes[this.#at(entry) + DEVICE_AT_ID_BYTES] as number);
    return { tenant: this.#bytes.toString('utf8', tenantAt, tenantEnd), id: this.#bytes.toString('utf8', idAt, idEnd) };
  }

  /** The device as rules about topics know it. */
  principalOf(entry: number): Principal {
    const { tenant, id } = this.nameOf(entry);
    return { kind: 'device', tenant, name: id, deviceClass: this.#classes.of(entry) };
  }

  /** Whether a rule denies the device to publish on the topic, whatever it is to mean. */
  denies(entry: number, topic: string): boolean {
    return this.#denials.areOf(entry) && this.acl.denies(this.principalOf(entry), topic);
  }

  /**
   * The device that a client of TLS-PSK or DTLS calls itself, `DEVICE` or `TENANT/DEVICE`, and the keys that count now: RFC 4279 §5.1.
   * Undefined: there is no such device, or it may not connect.
   */
  pskOf(identity: string, nowMs: number): { readonly entry: number; readonly keys: readonly ShownKey[] } | undefined {
    const slash = identity.indexOf('/');
    const entry = this.find(slash < 0 ? TENANT_DEFAULT : identity.slice(0, slash), identity.slice(slash + 1));
    if (entry === undefined || !this.isActive(entry)) return undefined;
    return { entry, keys: this.credentials.pskOf(this.numberOf(entry), nowMs) };
  }

  /** Takes what is new of who may connect and use which topics. Answers the ids of service clients, or of issuers, that are no longer valid. */
  setIdentity(news: IdentityNews): number[] {
    if (news.subject === 'services') return this.services.set(news.tenant, news.services);
    if (news.subject === 'issuers') return this.issuers.set(news.tenant, news.issuers);
    if (news.subject === 'authorities') this.authorities.set(news.tenant, news.authorities);
    else if (news.subject === 'acl') this.#denials.set(news.tenant, news.rules, this.#entries.values());
    else this.credentials.set(news.device, news.credentials);
    return [];
  }

  isActive(entry: number): boolean {
    return this.#bytes[this.#at(entry) + DEVICE_AT_STATUS] === DEVICE_ACTIVE;
  }

  /** A copy: what is compared in constant time must not be shared memory. */
  tokenHash(entry: number): Uint8Array {
    const at = DEVICE_TOKENS_OFFSET + entry * DEVICE_TOKEN_HASH_BYTES;
    return Buffer.from(this.#bytes.subarray(at, at + DEVICE_TOKEN_HASH_BYTES));
  }

  /** The token that is valid beside the present one, or undefined. */
  previousToken(entry: number, nowMs: number): PreviousToken | undefined {
    const previous = this.#previousTokens.get(entry);
    if (!previous || previous.untilMs > nowMs) return previous;
    this.#previousTokens.delete(entry);
    return undefined;
  }

  /** The device's live connection. */
  connectionOf(entry: number): number | undefined {
    const word = this.#view.getUint32(DEVICE_CONNECTIONS_OFFSET + entry * 4, true);
    return word === NO_CONNECTION ? undefined : word - 1;
  }

  setConnection(entry: number, connection: number | undefined): void {
    const word = connection === undefined ? NO_CONNECTION : connection + 1;
    this.#view.setUint32(DEVICE_CONNECTIONS_OFFSET + entry * 4, word, true);
  }

  /** From now on messages of these devices are read by these schema versions. A device that is not known here has none to read. */
  setSchemas({ devices, numbers, timeZones }: SchemaResolution): void {
    for (const [index, number] of devices.entries()) {
      const entry = this.#entries.get(number);
      if (entry === undefined) continue;
      this.#view.setUint32(this.#at(entry) + DEVICE_AT_SCHEMA, numbers[index]!, true);
      this.#bytes[this.#at(entry) + DEVICE_AT_TIME_ZONE] = timeZones[index]!;
    }
  }

  #at(entry: number): number {
    return DEVICES_OFFSET + entry * DEVICE_BYTES;
  }

  #stageName(tenant: string, id: string): { tenantBytes: number; idBytes: number } | undefined {
    const tenantBytes = Buffer.byteLength(tenant);
    const idBytes = Buffer.byteLength(id);
    if (tenantBytes > TENANT_ID_BYTES_MAX || idBytes > DEVICE_ID_BYTES_MAX) return undefined;
    this.#bytes.write(`${tenant}\0${id}`, NAME_OFFSET);
    return { tenantBytes, idBytes };
  }
}
