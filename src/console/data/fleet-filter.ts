import type { DevicePage } from './answer.js';
import { formatCount } from './format.js';

/** What a search asks of devices; an empty member is any. */
export interface FleetFilter {
  /** Any part of what names or describes a device; upper and lower case are the same. */
  readonly text: string;
  readonly status: string;
  readonly connection: '' | 'connected' | 'away';
  readonly deviceClass: string;
  /** Path of a group; the devices of the groups in it count. */
  readonly group: string;
  /** `key` or `key=value`. */
  readonly tag: string;
  /** Id of the gateway that it sends through. */
  readonly via: string;
}

export const everyDevice: FleetFilter = { text: '', status: '', connection: '', deviceClass: '', group: '', tag: '', via: '' };

export function isFiltered(filter: FleetFilter): boolean {
  return Object.values(filter).some((value) => value !== '');
}

/** The filter as `GET /v1/devices` takes it. An empty member is left out: for the server, an empty class is that of devices without one. */
export function queryOf({ text, status, connection, deviceClass, group, tag, via }: FleetFilter): Readonly<Record<string, string>> {
  const named = { q: text, status, class: deviceClass, group, tag, via, connected: connection && String(connection === 'connected') };
  const asked = Object.entries(named).filter(([, value]) => value !== '');
  return { ...Object.fromEntries(asked), ...(asked.length > 0 && { count: 'true' }) };
}

/** Which devices of how many a page shows; `first` counts from 0. */
export function positionText({ devices, total, matched }: DevicePage, first: number, isSearch: boolean): string {
  const many = devices.length;
  const range = `${formatCount(first + 1)}–${formatCount(first + many)}`;
  if (!isSearch) return many === 0 ? '' : `${range} of ${formatCount(total)} devices`;
  const rest = `among ${formatCount(total)} devices`;
  return many === 0
    ? `No match ${rest}`
    : `${range} of ${formatCount(matched ?? first + many)} ${matched === 1 ? 'match' : 'matches'} ${rest}`;
}
