import { z } from 'zod';
import { labelSchema } from '../../http/input.js';
import type { Groups } from '../groups/groups.js';
import { detailsSchema } from './details-input.js';
import type { Device } from './device.js';
import { deviceClassSchema, deviceIdSchema, firmwareSchema, metadataSchema, statusSchema, tokenSchema } from './input.js';

/** The columns of an export, in their order. An import reads these and `token`, in any order. */
export const CSV_COLUMNS = [
  'device_id',
  'status',
  'device_class',
  'firmware_version',
  'via',
  'model',
  'serial',
  'owner',
  'time_zone',
  'lat',
  'lon',
  'location',
  'tags',
  'groups',
  'metadata',
] as const;

type Cells = Readonly<Record<string, string>>;

const cell = (schema: z.ZodType<string | null | undefined>) => schema.optional();

/** A row as an import takes it; null: an empty cell, which takes away what the device has. */
export const csvRowSchema = z.object({
  device_id: deviceIdSchema,
  token: tokenSchema.optional(),
  status: statusSchema.optional(),
  device_class: cell(deviceClassSchema.nullish()),
  firmware_version: cell(firmwareSchema.nullish()),
  via: cell(labelSchema.nullish()),
  model: detailsSchema.model,
  serial: detailsSchema.serial,
  owner: detailsSchema.owner,
  time_zone: detailsSchema.time_zone,
  location: detailsSchema.location,
  tags: detailsSchema.tags,
  groups: detailsSchema.groups,
  metadata: metadataSchema.optional(),
});
export type CsvRow = z.infer<typeof csvRowSchema>;

/** What the cells say, for the schema to judge; a text: why they cannot be read. */
export function rowOf(cells: Cells): object | string {
  const text = (name: string) => (name in cells ? cells[name]! || null : undefined);
  const isPlaced = ['lat', 'lon', 'location'].some((name) => name in cells);
  const isSomewhere = ['lat', 'lon', 'location'].some((name) => (cells[name] ?? '') !== '');
  let metadata: unknown;
  try {
    metadata = 'metadata' in cells ? JSON.parse(cells.metadata || '{}') : undefined;
  } catch {
    return 'metadata must be JSON';
  }
  return {
    device_id: cells.device_id,
    token: cells.token || undefined,
    status: cells.status || undefined,
    ...Object.fromEntries(
      ['device_class', 'firmware_version', 'via', 'model', 'serial', 'owner', 'time_zone'].map((name) => [name, text(name)]),
    ),
    location: isSomewhere ? { lat: degrees(cells.lat), lon: degrees(cells.lon), name: text('location') } : isPlaced ? null : undefined,
    tags: 'tags' in cells ? Object.fromEntries(list(cells.tags!).map(tagOf)) : undefined,
    groups: 'groups' in cells ? list(cells.groups!).map((path) => path.trim()) : undefined,
    metadata,
  };
}

/** The cells of a device in the order of the columns. */
export function cellsOf(device: Device, via: string | undefined, groups: Pick<Groups, 'of'>): string[] {
  const { details, metadata } = device;
  const tree = groups.of(device.tenant);
  const values = {
    device_id: device.id,
    status: device.status,
    device_class: device.deviceClass,
    firmware_version: device.firmwareVersion,
    via,
    model: details.model,
    serial: details.serial,
    owner: details.owner,
    time_zone: details.timeZone,
    lat: details.location?.lat,
    lon: details.location?.lon,
    location: details.location?.name,
    tags: Object.entries(details.tags)
      .map(([key, value]) => `${key}=${value}`)
      .join(';'),
    groups: details.groups
      .flatMap((number) => tree.pathOf(number) ?? [])
      .sort()
      .join(';'),
    metadata: Object.keys(metadata).length === 0 ? '' : JSON.stringify(metadata),
  } satisfies Record<(typeof CSV_COLUMNS)[number], unknown>;
  return CSV_COLUMNS.map((name) => String(values[name] ?? ''));
}

/** A line of CSV, RFC 4180 §2. */
export function csvLine(cells: readonly string[]): string {
  return `${cells.map((value) => (/[",\r\n;]|^\s|\s$/.test(value) ? `"${value.replaceAll('"', '""')}"` : value)).join(',')}\n`;
}

function degrees(value: string | undefined): number | undefined {
  return value === undefined || value.trim() === '' ? undefined : Number(value);
}

function list(value: string): string[] {
  return value.split(';').filter((part) => part !== '');
}

function tagOf(tag: string): readonly [string, string] {
  const at = tag.indexOf('=');
  return at < 0 ? [tag, ''] : [tag.slice(0, at), tag.slice(at + 1)];
}
