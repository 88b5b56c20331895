import { z } from 'zod';
import { METRICS_MAX } from '../../../assembly/abi/limits.js';
import { latestAnswer, rangeAnswer } from '../../contract/answers/devices.js';
import { ApiFailure } from '../../contract/api-errors.js';
import { isoTime } from '../../contract/iso-time.js';
import { adminOnly, type KeyCheck } from '../../http/auth.js';
import { cursorSchema, writeCursor } from '../../http/cursor.js';
import { json, type Request } from '../../http/exchange.js';
import { parseQuery, timeSchema, wholeNumber } from '../../http/input.js';
import type { RouteDoc } from '../../http/route-doc.js';
import type { Route } from '../../http/router.js';
import type { MetricNames } from '../metrics/metric-names.js';
import type { Device } from '../registry/device.js';
import { deviceOf, tenantQuery } from '../registry/input.js';
import type { Registry } from '../registry/registry.js';
import { isoMicros } from './iso-micros.js';
import { type LatestSources, latestOf } from './latest.js';
import type { Queries } from './queries.js';
import { RANGE_POINTS_MAX } from './range.js';

const RANGE_DEFAULT_MS = 3_600_000;

const rangeCursorSchema = z.union([
  z.object({
    us: z.string().regex(/^-?\d{1,18}$/),
    kind: z.literal('number'),
    key: z.string().regex(/^-?\d[\d.e+-]{0,31}$/),
    metric: z.int().min(1).max(METRICS_MAX),
    given: z.int().min(1),
  }),
  z.object({
    us: z.string().regex(/^-?\d{1,18}$/),
    kind: z.literal('text'),
    key: z.string().regex(/^[\da-f]{32}$/),
    metric: z.int().min(1).max(METRICS_MAX),
    given: z.int().min(1),
  }),
]);

const rangeSchema = z.object({
  metric: z.string('must be given').min(1, 'must not be empty'),
  from: timeSchema.optional(),
  to: timeSchema.optional(),
  resolution: z.string().default('raw'),
  limit: wholeNumber(1, RANGE_POINTS_MAX, RANGE_POINTS_MAX),
  after: cursorSchema(rangeCursorSchema).optional(),
});

const rangeDoc: RouteDoc = {
  summary: 'Readings of a metric of a device by time',
  auth: 'viewer',
  scope: 'device',
  query: rangeSchema.extend(tenantQuery.shape),
  answers: { 200: rangeAnswer },
  codes: ['device_unknown', 'resolution_unsupported'],
};
const latestDoc: RouteDoc = {
  summary: 'The latest reading of each metric of a device',
  auth: 'viewer',
  scope: 'device',
  query: tenantQuery,
  answers: { 200: latestAnswer },
  codes: ['device_unknown'],
};

export interface ReadingRoutesOptions extends LatestSources {
  readonly registry: Pick<Registry, 'get' | 'groups' | 'unknown'>;
  readonly queries: Queries;
  readonly metricNames: MetricNames;
  readonly keys: KeyCheck;
}

export function readingRoutes(services: ReadingRoutesOptions): Route[] {
  const admit = adminOnly(services.keys);
  return [
    { method: 'GET', pattern: '/v1/devices/:id/metrics', doc: rangeDoc, admit, handle: (request) => range(services, request) },
    { method: 'GET', pattern: '/v1/devices/:id/metrics/latest', doc: latestDoc, admit, handle: (request) => latest(services, request) },
  ];
}

async function range(services: ReadingRoutesOptions, request: Request) {
  const device = deviceOf(services.registry, request, 'read metrics of');
  if (device instanceof ApiFailure) return device;
  const attempt = `read metrics of device ${device.id}`;
  const query = parseQuery(request.query, rangeSchema, attempt);
  if (query instanceof ApiFailure) return query;
  const { metric, resolution, limit, after, to = Date.now() } = query;
  const from = query.from ?? to - RANGE_DEFAULT_MS;
  if (resolution !== 'raw') return new ApiFailure('resolution_unsupported', attempt);
  if (from > to) return new ApiFailure('query_invalid', attempt, 'from must not be later than to');
  const metrics = await seriesOf(services, device, metric);
  const { points, next } =
    metrics.length === 0
      ? { points: [], next: undefined }
      : await services.queries.range({ device: device.number, metrics, fromMs: from, toMs: to, limit, after });
  const isMany = metrics.length > 1;
  const unitOf = await services.units.of([device]);
  return json(200, {
    device_id: device.id,
    metric,
    resolution,
    from: isoTime(from),
    to: isoTime(to),
    series: metrics.map((number) => seriesView(nameOf(services, number), (name) => unitOf(device, number, name))),
    points: points.map(({ us, metric: number, value }) => ({
      ts: isoMicros(us),
      value,
      ...(isMany && { metric: nameOf(services, number) }),
    })),
    truncated: next !== undefined,
    next: next === undefined ? null : writeCursor(next),
  });
}

/** Many devices may have series of one base name: of those it means the ones that this device has. */
async function seriesOf(services: ReadingRoutesOptions, device: Device, metric: string): Promise<number[]> {
  const known = services.metricNames.series(metric);
  if (known.length < 2) return known;
  const { devices } = await latestOf(services, [device]);
  const own = devices.get(device.number)!.metrics;
  return known.filter((number) => own.has(nameOf(services, number)));
}

function seriesView(metric: string, unitOf: (name: string) => string | undefined) {
  const unit = unitOf(metric);
  return { metric, ...(unit !== undefined && { unit }) };
}

function nameOf({ metricNames }: ReadingRoutesOptions, number: number): string {
  return metricNames.name(number) as string;
}

async function latest(services: ReadingRoutesOptions, request: Request) {
  const device = deviceOf(services.registry, request, 'read latest metrics of');
  if (device instanceof ApiFailure) return device;
  const { devices, notRunning, unavailable } = await latestOf(services, [device]);
  if (unavailable) throw unavailable;
  const { metrics } = devices.get(device.number)!;
  // Of a partition that is not running it is what the database has; newer readings may wait in the log.
  return json(200, { device_id: device.id, metrics: Object.fromEntries(metrics), partitions_not_running: notRunning });
}
