import { ApiFailure } from '../../contract/api-errors.js';
import { storedToken } from '../../contract/token.js';
import { NO_METADATA } from './device.js';
import { isTokenTooShort } from './device-id.js';
import type { DeviceRow } from './device-rows.js';
import type { Fleet } from './fleet.js';
import { newToken } from './new-device.js';
import type { Registry } from './registry.js';

export interface RegisteredFleet {
  readonly created: number;
  readonly gatewaysCreated: number;
  /** Ids that were taken and are as they were, gateways first. */
  readonly kept: readonly string[];
  /** Ids and tokens of what was created, gateways first. */
  readonly tokens: readonly { readonly id: string; readonly token: string }[];
}

/** What devices of a fleet have in common. */
export interface FleetMembers {
  /** Undefined: each gets one of its own. */
  readonly token: string | undefined;
  /** Of the devices; gateways are of the class gateway. */
  readonly kind: FleetKind;
}

type FleetKind = Pick<DeviceRow, 'deviceClass' | 'firmwareVersion'>;

const HASHED_A_TURN = 2000;

/** Registers a fleet, gateways first; ids that are taken are kept as they are. */
export async function registerFleet(
  registry: Registry,
  tenant: string,
  fleet: Fleet,
  { token, kind }: FleetMembers,
): Promise<RegisteredFleet | ApiFailure> {
  if (token !== undefined && isTokenTooShort(token)) return new ApiFailure('token_too_short', 'register devices');
  const gateways = await registerIds(registry, tenant, fleet.gateways, () => 0, { token, kind: { deviceClass: 'gateway' } });
  if (gateways instanceof ApiFailure) return gateways;
  const viaOf = (index: number) => {
    const gateway = fleet.gatewayOf(index);
    return gateway === undefined ? 0 : registry.get(tenant, fleet.gateways[gateway]!)!.number;
  };
  const devices = await registerIds(registry, tenant, fleet.devices, viaOf, { token, kind });
  if (devices instanceof ApiFailure) return devices;
  const kept = [...gateways.kept, ...devices.kept];
  return {
    created: devices.created.length,
    gatewaysCreated: gateways.created.length,
    kept,
    tokens: [...gateways.created, ...devices.created],
  };
}

async function registerIds(
  registry: Registry,
  tenant: string,
  ids: readonly string[],
  viaOf: (index: number) => number,
  { token, kind }: FleetMembers,
): Promise<{ created: { id: string; token: string }[]; kept: string[] } | ApiFailure> {
  const tokens = new Map<string, string>();
  const rows: DeviceRow[] = [];
  for (const [index, id] of ids.entries()) {
    if (registry.get(tenant, id)) continue;
    const own = token ?? newToken();
    tokens.set(id, own);
    rows.push({ tenant, id, tokenHash: storedToken(tenant, id, own), via: viaOf(index), ...kind, metadata: NO_METADATA });
    // The live view and the other calls have a turn now and then.
    if (rows.length % HASHED_A_TURN === 0) await new Promise(setImmediate);
  }
  const created = await registry.createMany(rows);
  if (created instanceof ApiFailure) return created;
  // Also those that another call, or another process, registered meanwhile.
  const fresh = new Set(created.map(({ id }) => id));
  return { created: created.map(({ id }) => ({ id, token: tokens.get(id)! })), kept: ids.filter((id) => !fresh.has(id)) };
}
