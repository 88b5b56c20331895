import type { Answer, Device, DevicePage } from './answer.js';

/** Devices one search step reads at most, so that a search over a million devices stays a series of short steps. */
const scannedMax = 20_000;
const searchLimit = 1000;

export interface FleetFilter {
  readonly text: string;
  readonly status: string;
  readonly connection: '' | 'connected' | 'away';
}

export interface FleetPage {
  readonly devices: readonly Device[];
  readonly total: number;
  /** Where the next page starts; null at the end of the registry. */
  readonly next: string | null;
  /** Devices read to find these. */
  readonly scanned: number;
}

export type ReadDevices = (after: string | undefined, limit: number) => Promise<Answer<DevicePage>>;

export function isFiltered(filter: FleetFilter): boolean {
  return filter.text !== '' || filter.status !== '' || filter.connection !== '';
}

/** Upper and lower case are the same; the text may be any part of the id, the class or the gateway's id. */
export function matches(device: Device, filter: FleetFilter): boolean {
  if (filter.status !== '' && device.status !== filter.status) return false;
  if (filter.connection !== '' && device.connected !== (filter.connection === 'connected')) return false;
  const text = filter.text.toLowerCase();
  return text === '' || [device.device_id, device.device_class, device.via].some((name) => name?.toLowerCase().includes(text));
}

/** Reads the registry in id order from the one after `after` until `count` devices match, the registry ends or the step is used up. */
export async function scanFleet(
  read: ReadDevices,
  filter: FleetFilter,
  count: number,
  after: string | undefined,
): Promise<Answer<FleetPage>> {
  const found: Device[] = [];
  let scanned = 0;
  let cursor = after;
  const limit = isFiltered(filter) ? searchLimit : count;
  while (true) {
    const answer = await read(cursor, limit);
    if (!answer.ok) return answer;
    const { devices, total, next } = answer.value;
    for (const [index, device] of devices.entries()) {
      scanned++;
      if (!matches(device, filter)) continue;
      found.push(device);
      if (found.length < count) continue;
      const more = index < devices.length - 1 || next !== null;
      return { ok: true, value: { devices: found, total, next: more ? device.device_id : null, scanned } };
    }
    if (next === null || scanned >= scannedMax) return { ok: true, value: { devices: found, total, next, scanned } };
    cursor = next;
  }
}
