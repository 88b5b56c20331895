import {
  DEVICE_AT_INTERVAL,
  DEVICE_AT_SLACK,
  DEVICE_AT_TENANT,
  DEVICE_BYTES,
  DEVICES_OFFSET,
  TENANT_AT_BYTES_INTERVAL,
  TENANT_AT_BYTES_SLACK,
  TENANT_AT_INTERVAL,
  TENANT_AT_SLACK,
  TENANT_BYTES,
  TENANTS_MAX,
  TENANTS_OFFSET,
} from '../../assembly/abi/gateway.js';
import type { IntakeLimits } from '../contract/limits/intake-limits.js';
import { pacingOf, type Rate, rateOf, times } from '../contract/limits/rate.js';

/** A device as its rate depends on it. */
interface RatedDevice {
  readonly number: number;
  readonly tenant: string;
}

/** Lays the rates of devices and tenants into the tables of the kernel, which compares each message with them. */
export class DeviceRates {
  readonly #view: DataView;
  readonly #limits: IntakeLimits;
  readonly #deviceRate: Rate;
  /** Where tenants have their entries, in the order in which their first devices came. */
  readonly #tenants = new Map<string, number>();
  /** By number: how many devices are registered that the device may publish for. */
  readonly #subdevices = new Map<number, number>();

  constructor(view: DataView, limits: IntakeLimits) {
    this.#view = view;
    this.#limits = limits;
    this.#deviceRate = rateOf(limits.deviceRate);
  }

  /** The device was added or changed. */
  put(entry: number, { number, tenant }: RatedDevice): void {
    this.#view.setUint32(atOf(entry) + DEVICE_AT_TENANT, this.#tenantAt(tenant), true);
    this.#lay(entry, number);
  }

  /** A device that had the gateway device `before` has `now`; 0: none. `entryOf` answers the entry of a number. */
  viaChanged(before: number, now: number, entryOf: (number: number) => number | undefined): void {
    if (before === now) return;
    this.#count(before, -1, entryOf);
    this.#count(now, 1, entryOf);
  }

  #count(gateway: number, change: number, entryOf: (number: number) => number | undefined): void {
    if (gateway === 0) return;
    const count = (this.#subdevices.get(gateway) ?? 0) + change;
    if (count > 0) this.#subdevices.set(gateway, count);
    else this.#subdevices.delete(gateway);
    const entry = entryOf(gateway);
    if (entry !== undefined) this.#lay(entry, gateway);
  }

  #lay(entry: number, number: number): void {
    const rate = times(this.#deviceRate, 1 + (this.#subdevices.get(number) ?? 0));
    this.#layRate(atOf(entry), { interval: DEVICE_AT_INTERVAL, slack: DEVICE_AT_SLACK }, rate);
  }

  /** The entry of the tenant, or 0: no tenant has a limit. Those that find no room have the last one together, for which no limit holds. */
  #tenantAt(tenant: string): number {
    if (this.#limits.tenantRate === 0 && this.#limits.tenantBytesPerSecond === 0) return 0;
    const known = this.#tenants.get(tenant);
    if (known !== undefined) return known;
    const number = Math.min(this.#tenants.size, TENANTS_MAX - 1);
    const at = TENANTS_OFFSET + number * TENANT_BYTES;
    this.#tenants.set(tenant, at);
    if (number === TENANTS_MAX - 1) return at;
    this.#layRate(at, { interval: TENANT_AT_INTERVAL, slack: TENANT_AT_SLACK }, rateOf(this.#limits.tenantRate));
    const bytes = rateOf(this.#limits.tenantBytesPerSecond);
    this.#layRate(at, { interval: TENANT_AT_BYTES_INTERVAL, slack: TENANT_AT_BYTES_SLACK }, bytes);
    return at;
  }

  #layRate(at: number, fields: { readonly interval: number; readonly slack: number }, rate: Rate): void {
    const { intervalMs, slackMs } = pacingOf(rate);
    this.#view.setFloat32(at + fields.interval, intervalMs, true);
    this.#view.setFloat32(at + fields.slack, slackMs, true);
  }
}

function atOf(entry: number): number {
  return DEVICES_OFFSET + entry * DEVICE_BYTES;
}
