import { z } from 'zod';
import { count, next, partitions, time } from './shared.js';

/** As the schema names it that the device has now; absent: it names none. */
const unit = z.string().optional();
const reading = z.strictObject({ value: z.union([z.number(), z.string()]), ts: time });
/** `received_at`: null where the reading is known to the database alone. */
const latest = z.record(z.string(), reading.extend({ unit, received_at: time.nullable() }));

const device = z.strictObject({
  device_id: z.string(),
  tenant: z.string(),
  number: z.int(),
  status: z.enum(['active', 'inactive', 'quarantined', 'decommissioned']),
  via: z.string().nullable(),
  device_class: z.string().nullable(),
  firmware_version: z.string().nullable(),
  /** By which its messages are read; null: none. `pinned`: the device names it, whatever its class and firmware. */
  schema: z.strictObject({ schema_id: z.string(), version: count, number: count, pinned: z.boolean() }).nullable(),
  model: z.string().nullable(),
  serial: z.string().nullable(),
  owner: z.string().nullable(),
  /** Of the IANA database; null: that of the tenant, where it has one. */
  time_zone: z.string().nullable(),
  location: z.strictObject({ lat: z.number(), lon: z.number(), name: z.string().nullable() }).nullable(),
  tags: z.record(z.string(), z.string()),
  /** Paths of the groups that it is in. */
  groups: z.array(z.string()),
  metadata: z.record(z.string(), z.unknown()),
  registered_at: time,
  last_seen_at: time.nullable(),
  connected: z.boolean(),
  /** The code of the rate that it is over at this process; null: none. */
  throttled: z.string().nullable(),
  latest,
});

/** `latest_complete`: false where the database was not there in time, and metrics that only it knows are missing. */
const gaps = { latest_complete: z.boolean(), partitions_not_running: partitions };
export const deviceAnswer = device.extend(gaps);
export const devicesAnswer = z.strictObject({
  devices: z.array(device),
  ...gaps,
  /** Devices of the tenant. */
  total: count,
  /** Those that match, where the query asked for `count`. */
  matched: count.optional(),
  next,
});
export const registeredAnswer = z.strictObject({
  device_id: z.string(),
  tenant: z.string(),
  auth_token: z.string(),
  number: z.int(),
  status: z.literal('active'),
  via: z.string().nullable(),
  registered_at: time,
});
export const bulkAnswer = z.strictObject({
  created: count,
  gateways_created: count,
  existing: count,
  existing_ids: z.array(z.string()),
  first: z.string(),
  last: z.string(),
  tenant: z.string(),
  auth_token: z.string().optional(),
  devices: z.array(z.strictObject({ device_id: z.string(), auth_token: z.string() })).optional(),
});
export const importAnswer = z.strictObject({
  dry_run: z.boolean(),
  /** rows = created + updated + unchanged + failed */
  rows: count,
  created: count,
  updated: count,
  unchanged: count,
  failed: count,
  groups_created: count,
  /** Of rows that failed, the first thousand; `line` of the file, from 1 on. */
  problems: z.array(z.strictObject({ line: count, device_id: z.string().nullable(), reason: z.string() })),
  problems_left_out: count,
  /** Of devices that were created without a token of their own in the file. */
  tokens: z.array(z.strictObject({ device_id: z.string(), auth_token: z.string() })),
});
export const rotatedAnswer = z.strictObject({
  device_id: z.string(),
  tenant: z.string(),
  auth_token: z.string(),
  previous_valid_until: time.nullable(),
});
export const deletedAnswer = z.strictObject({ device_id: z.string(), tenant: z.string(), number: z.int(), deleted: z.literal(true) });
export const tenantsAnswer = z.strictObject({ tenants: z.array(z.strictObject({ tenant: z.string(), devices: count })) });
export const tenantTimeZoneAnswer = z.strictObject({ tenant: z.string(), time_zone: z.string().nullable() });

export const rangeAnswer = z.strictObject({
  device_id: z.string(),
  metric: z.string(),
  resolution: z.literal('raw'),
  from: time,
  to: time,
  /** Those of the device that the metric names: of a base name, those with tags too. */
  series: z.array(z.strictObject({ metric: z.string(), unit })),
  /** `metric`: where there are several series. */
  points: z.array(reading.extend({ metric: z.string().optional() })),
  truncated: z.boolean(),
  next,
});
export const latestAnswer = z.strictObject({
  device_id: z.string(),
  metrics: latest,
  partitions_not_running: partitions,
});

export type DeviceAnswer = z.infer<typeof deviceAnswer>;
export type DevicesAnswer = z.infer<typeof devicesAnswer>;
export type RegisteredAnswer = z.infer<typeof registeredAnswer>;
export type BulkAnswer = z.infer<typeof bulkAnswer>;
export type ImportAnswer = z.infer<typeof importAnswer>;
export type RotatedAnswer = z.infer<typeof rotatedAnswer>;
export type DeletedAnswer = z.infer<typeof deletedAnswer>;
export type TenantsAnswer = z.infer<typeof tenantsAnswer>;
export type TenantTimeZoneAnswer = z.infer<typeof tenantTimeZoneAnswer>;
export type RangeAnswer = z.infer<typeof rangeAnswer>;
export type LatestAnswer = z.infer<typeof latestAnswer>;
