import { ApiFailure } from '../../contract/api-errors.js';
import type { Device } from '../registry/device.js';
import type { DeviceUpdate } from '../registry/device-patch.js';
import type { Registry } from '../registry/registry.js';
import type { Group } from './group.js';
import type { GroupTree } from './group-tree.js';

/** Devices of one transaction: others change devices between two of them. */
const CHANGED_AT_ONCE = 1000;

export interface Membership {
  readonly added: number;
  readonly removed: number;
  readonly unknown: readonly string[];
}

/** Devices in each group of a tenant, and with those of the groups in it. A device that is in two of them counts once. */
export function countMembers(registry: Pick<Registry, 'ofTenant'>, tenant: string, tree: GroupTree) {
  const own = new Map<number, number>();
  const nested = new Map<number, number>();
  const seen = new Set<number>();
  for (const { details } of registry.ofTenant(tenant)) {
    seen.clear();
    for (const number of details.groups) {
      own.set(number, (own.get(number) ?? 0) + 1);
      for (let at = tree.byNumber(number); at && !seen.has(at.number); at = tree.byNumber(at.parent)) {
        seen.add(at.number);
        nested.set(at.number, (nested.get(at.number) ?? 0) + 1);
      }
    }
  }
  return { own, nested };
}

/** Puts devices into a group and takes others out. */
export async function changeMembers(
  registry: Registry,
  { tenant, number }: Group,
  { add, remove }: { readonly add: readonly string[]; readonly remove: readonly string[] },
): Promise<Membership | ApiFailure> {
  const unknown = [...add, ...remove].filter((id) => !registry.get(tenant, id));
  const devicesOf = (ids: readonly string[]) => ids.flatMap((id) => registry.get(tenant, id) ?? []);
  const added = await changeAll(registry, devicesOf(add), { details: { join: [number] } });
  if (added instanceof ApiFailure) return added;
  const removed = await changeAll(registry, devicesOf(remove), { details: { leave: [number] } });
  return removed instanceof ApiFailure ? removed : { added, removed, unknown };
}

/** Takes every device out of a group; answers how many were in it. */
export async function emptyGroup(registry: Registry, { tenant, number }: Group): Promise<number | ApiFailure> {
  const devices = [...registry.ofTenant(tenant)].filter(({ details }) => details.groups.includes(number));
  return changeAll(registry, devices, { details: { leave: [number] } });
}

async function changeAll(registry: Registry, devices: readonly Device[], update: DeviceUpdate): Promise<number | ApiFailure> {
  let changed = 0;
  for (let from = 0; from < devices.length; from += CHANGED_AT_ONCE) {
    const batch = new Map(devices.slice(from, from + CHANGED_AT_ONCE).map((device) => [device, update]));
    const done = await registry.updateMany(batch);
    if (done instanceof ApiFailure) return done;
    changed += done.length;
  }
  return changed;
}
