import { ApiFailure } from '../../contract/api-errors.js';
import { deviceIdProblem } from './device-id.js';

/** Devices numbered from 1, each connected by the gateway that its number falls to. */
export interface FleetPlan {
  readonly count: number;
  /** As printf: one %d or %06d. */
  readonly idFormat: string;
  readonly viaFormat: string | undefined;
  readonly perGateway: number;
}

export interface Fleet {
  readonly gateways: readonly string[];
  readonly devices: readonly string[];
  /** Index in `gateways` of the device at `index`; undefined: no gateway. */
  gatewayOf(index: number): number | undefined;
}

/** The ids of a fleet, or the member that cannot be. */
export function planFleet(plan: FleetPlan): Fleet | ApiFailure {
  const { count, idFormat, viaFormat, perGateway } = plan;
  const devices = numbered(idFormat, count, 'id_format');
  if (devices instanceof ApiFailure) return devices;
  if (viaFormat === undefined) return { gateways: [], devices, gatewayOf: () => undefined };
  const gateways = numbered(viaFormat, Math.ceil(count / perGateway), 'via_format');
  if (gateways instanceof ApiFailure) return gateways;
  const ofDevices = new Set(devices);
  const both = gateways.find((id) => ofDevices.has(id));
  if (both !== undefined) return invalid('via_format', `${both} would be a gateway and a device at once`);
  return { gateways, devices, gatewayOf: (index) => Math.floor(index / perGateway) };
}

function numbered(format: string, count: number, member: string): string[] | ApiFailure {
  const parts = /^([^%]*)%(?:0(\d{1,2}))?d([^%]*)$/.exec(format);
  if (!parts) return invalid(member, 'must hold one %d or %06d and no other %');
  const [, before = '', width = '0', after = ''] = parts;
  const idOf = (number: number) => before + String(number).padStart(Number(width), '0') + after;
  const problem = deviceIdProblem(idOf(count));
  if (problem !== undefined) return invalid(member, problem);
  return Array.from({ length: count }, (_, index) => idOf(index + 1));
}

function invalid(member: string, problem: string): ApiFailure {
  return new ApiFailure('body_invalid', 'register devices', `${member} ${problem}`);
}
