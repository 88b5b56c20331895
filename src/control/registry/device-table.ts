import type { Device } from './device.js';
import { SortedIds } from './sorted-ids.js';

interface Tenant {
  readonly devices: Map<string, Device>;
  readonly ids: SortedIds;
}

/** Devices that a search looks at before other work has its turn. */
const SEARCHED_A_TURN = 5000;

export interface Found {
  readonly devices: readonly Device[];
  /** How many devices match from the start on; undefined where that was not asked. */
  readonly matched: number | undefined;
}

const PAGE_DEVICES = 4096;

/** Devices by number, in pages: numbers are dense, and a map would cost each of them four times as much. */
class DeviceNumbers {
  readonly #pages = new Map<number, (Device | undefined)[]>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(number: number): Device | undefined {
    return this.#pages.get(Math.floor(number / PAGE_DEVICES))?.[number % PAGE_DEVICES];
  }

  set(number: number, device: Device): void {
    const index = Math.floor(number / PAGE_DEVICES);
    let page = this.#pages.get(index);
    if (!page) {
      page = new Array<Device | undefined>(PAGE_DEVICES).fill(undefined);
      this.#pages.set(index, page);
    }
    if (page[number % PAGE_DEVICES] === undefined) this.#size++;
    page[number % PAGE_DEVICES] = device;
  }

  delete(number: number): void {
    const page = this.#pages.get(Math.floor(number / PAGE_DEVICES));
    if (page?.[number % PAGE_DEVICES] === undefined) return;
    page[number % PAGE_DEVICES] = undefined;
    this.#size--;
  }

  *devices(): Generator<Device> {
    for (const page of this.#pages.values()) for (const device of page) if (device) yield device;
  }

  *numbers(): Generator<number> {
    for (const { number } of this.devices()) yield number;
  }
}

/** The devices of a deployment in memory, by number and by name. */
export class DeviceTable {
  readonly #tenants = new Map<string, Tenant>();
  readonly #byNumber = new DeviceNumbers();

  get size(): number {
    return this.#byNumber.size;
  }

  count(tenant: string): number {
    return this.#tenants.get(tenant)?.devices.size ?? 0;
  }

  /** Every tenant that has devices, in code-unit order of their names. */
  tenants(): { readonly tenant: string; readonly devices: number }[] {
    const counted = [...this.#tenants].map(([tenant, { devices }]) => ({ tenant, devices: devices.size }));
    return counted.filter(({ devices }) => devices > 0).sort((a, b) => (a.tenant < b.tenant ? -1 : 1));
  }

  get(tenant: string, id: string): Device | undefined {
    return this.#tenants.get(tenant)?.devices.get(id);
  }

  byNumber(number: number): Device | undefined {
    return this.#byNumber.get(number);
  }

  numbers(): Iterable<number> {
    return this.#byNumber.numbers();
  }

  all(): Iterable<Device> {
    return this.#byNumber.devices();
  }

  ofTenant(tenant: string): Iterable<Device> {
    return this.#tenants.get(tenant)?.devices.values() ?? [];
  }

  /** Up to `limit` devices whose ids come after `after`, in code-unit order of their ids. */
  list(tenant: string, after: string | undefined, limit: number): Device[] {
    const found = this.#tenants.get(tenant);
    return found ? found.ids.page(after, limit).map((id) => found.devices.get(id)!) : [];
  }

  /**
   * As `list`, of those that match; other work has its turn meanwhile. A device that is added or deleted during the search, or between two
   * pages of one, is in the pages or not, and no other is left out or shown twice.
   */
  async search(
    tenant: string,
    matches: (device: Device) => boolean,
    { after, limit, isCounted }: { readonly after: string | undefined; readonly limit: number; readonly isCounted: boolean },
  ): Promise<Found> {
    const devices: Device[] = [];
    let matched = 0;
    let at = isCounted ? undefined : after;
    while (true) {
      const page = this.list(tenant, at, SEARCHED_A_TURN);
      for (const device of page) {
        if (!matches(device)) continue;
        matched++;
        const isAsked = after === undefined || device.id > after;
        if (isAsked && devices.length < limit && devices.push(device) === limit && !isCounted) return { devices, matched: undefined };
      }
      if (page.length < SEARCHED_A_TURN) return { devices, matched: isCounted ? matched : undefined };
      at = page.at(-1)!.id;
      await new Promise(setImmediate);
    }
  }

  add(device: Device): void {
    let tenant = this.#tenants.get(device.tenant);
    if (!tenant) {
      tenant = { devices: new Map(), ids: new SortedIds() };
      this.#tenants.set(device.tenant, tenant);
    }
    if (!tenant.devices.has(device.id)) tenant.ids.add(device.id);
    tenant.devices.set(device.id, device);
    this.#byNumber.set(device.number, device);
  }

  delete({ number, tenant, id }: Pick<Device, 'number' | 'tenant' | 'id'>): void {
    this.#byNumber.delete(number);
    const own = this.#tenants.get(tenant);
    if (own?.devices.get(id)?.number !== number) return;
    own.devices.delete(id);
    own.ids.delete(id);
  }

  /** Sorts what was added, so that the first who lists need not wait for it. */
  settle(): void {
    for (const { ids } of this.#tenants.values()) ids.page(undefined, 0);
  }
}
