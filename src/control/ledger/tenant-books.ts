import type { DataPlane } from '../../contract/data-plane.js';
import type { Registry } from '../registry/registry.js';
import { merge, total } from './counts.js';
import type { ByReason, DoorRefusals } from './door-refusals.js';

/** Devices that are summed before others get their turn. */
const SLICE = 10_000;

/** What the devices of one tenant sum up to. */
export class TenantBook {
  readonly tenant: string;
  /** Devices that have sent something. */
  devices = 0;
  stored = 0;
  duplicate = 0;
  inFlight = 0;
  dead: ByReason = {};
  rejected: ByReason = {};
  /** More came out for one of the devices than went in. */
  isOverdrawn = false;

  constructor(tenant: string) {
    this.tenant = tenant;
  }
}

/** Sums the devices' counts by tenant, a slice of devices at a time. */
export async function sumTenants(
  plane: Pick<DataPlane, 'deviceTotals' | 'refusedMessages'>,
  registry: Pick<Registry, 'tenantOf'>,
  door: DoorRefusals,
): Promise<TenantBook[]> {
  const books = new Map<string, TenantBook>();
  const bookOf = (tenant: string): TenantBook => {
    const book = books.get(tenant) ?? new TenantBook(tenant);
    books.set(tenant, book);
    return book;
  };
  let summed = 0;
  for (const { device, stored, duplicate, dead, inFlight } of plane.deviceTotals()) {
    if (++summed % SLICE === 0) await new Promise<void>((resolve) => setImmediate(resolve));
    const tenant = registry.tenantOf(device);
    if (tenant === undefined) continue;
    const book = bookOf(tenant);
    if (stored + duplicate > 0 || total(dead) > 0) book.devices++;
    book.stored += stored;
    book.duplicate += duplicate;
    book.inFlight += inFlight;
    book.isOverdrawn ||= inFlight < 0;
    if (total(dead) > 0) book.dead = merge(book.dead, dead);
  }
  for (const { device, code, count } of plane.refusedMessages()) {
    const tenant = device === undefined ? undefined : registry.tenantOf(device);
    if (tenant !== undefined) bookOf(tenant).rejected = merge(bookOf(tenant).rejected, { [code]: count });
  }
  for (const tenant of door.tenants()) bookOf(tenant).rejected = merge(bookOf(tenant).rejected, door.ofTenant(tenant));
  return [...books.values()].sort((a, b) => (a.tenant < b.tenant ? -1 : 1));
}
