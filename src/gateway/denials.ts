import {
  DENIALS_OWN,
  DENIALS_SOME,
  DEVICE_AT_DENIALS,
  DEVICE_AT_NAME_OFFSET,
  DEVICE_AT_TENANT_BYTES,
  DEVICE_BYTES,
  DEVICES_OFFSET,
} from '../../assembly/abi/gateway.js';
import type { AclRule, Principal } from '../contract/acl/acl.js';
import type { TenantAcl } from '../contract/acl/tenant-acl.js';
import { ownTopic } from '../contract/topic-rules/own-topics.js';

/** Says in the kernel's device table which devices rules deny to publish telemetry somewhere. */
export class Denials {
  readonly #acl: TenantAcl;
  readonly #bytes: Buffer;
  readonly #principalOf: (entry: number) => Principal;

  constructor(acl: TenantAcl, bytes: Buffer, principalOf: (entry: number) => Principal) {
    this.#acl = acl;
    this.#bytes = bytes;
    this.#principalOf = principalOf;
  }

  /** The device is new, or of another class than before. */
  judge(entry: number, tenant: string): void {
    this.#bytes[atOf(entry) + DEVICE_AT_DENIALS] = this.#acl.hasDenials(tenant) ? this.#denialsOf(entry) : 0;
  }

  /** Whether rules deny the device some topic. */
  areOf(entry: number): boolean {
    return this.#bytes[atOf(entry) + DEVICE_AT_DENIALS] !== 0;
  }

  /** Replaces the rules of a tenant. `entries`: of all devices, also of other tenants. */
  set(tenant: string, rules: readonly AclRule[], entries: Iterable<number>): void {
    const had = this.#acl.hasDenials(tenant);
    this.#acl.set(tenant, rules);
    if (!had && !this.#acl.hasDenials(tenant)) return;
    const name = Buffer.from(`${tenant}\0`);
    for (const entry of entries) if (this.#isOf(entry, name)) this.judge(entry, tenant);
  }

  #denialsOf(entry: number): number {
    const who = this.#principalOf(entry);
    if (!this.#acl.deniesSome(who)) return 0;
    return DENIALS_SOME | (this.#acl.denies(who, ownTopic(who.name)) ? DENIALS_OWN : 0);
  }

  /** `name`: of the tenant, and the NUL after it. */
  #isOf(entry: number, name: Buffer): boolean {
    const at = atOf(entry);
    if (this.#bytes[at + DEVICE_AT_TENANT_BYTES] !== name.length - 1) return false;
    const nameAt = this.#bytes.readUInt32LE(at + DEVICE_AT_NAME_OFFSET);
    return this.#bytes.compare(name, 0, name.length, nameAt, nameAt + name.length) === 0;
  }
}

function atOf(entry: number): number {
  return DEVICES_OFFSET + entry * DEVICE_BYTES;
}
