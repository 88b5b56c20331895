import { METRIC_NAME_BYTES_MAX } from '../../../../assembly/abi/limits.js';
import { metricName } from '../../../contract/metric-name.js';
import type { Device } from '../../registry/device.js';
import type { NamedDevices } from '../named-devices.js';
import { PointMessages } from './messages.js';
import { type DataPoint, pointsOf } from './points.js';
import { type StartTimes, secondsOf } from './start-times.js';
import { attributesOf, type Json, objectOf, objectsOf, textOf } from './values.js';

/** Resource attributes that may name a gateway device's sub-device, in their order. */
const DEVICE_ATTRIBUTES = ['device.id', 'service.instance.id', 'host.name'] as const;
/** Of these a device is registered: SDKs make a `service.instance.id` of their own at each start, so only known ones count. */
const LASTING_ATTRIBUTES = ['device.id', 'host.name'] as const;
/** What SDKs say who are not told the name of their service. */
const UNNAMED_SERVICE = /^unknown_service\b/;
/** Characters that no metric's name has. */
const UNNAMEABLE = /\p{Cc}|\p{Surrogate}/u;

/** More data points than collectors send at once; a larger request is refused, and has to be divided. */
export const POINTS_MAX = 50_000;

export interface TranslatedRequest {
  readonly messages: PointMessages;
  readonly points: number;
  readonly rejected: Rejections;
  /** Starts of counts that the messages say. */
  readonly starts: readonly (readonly [device: number, series: string, start: string])[];
  /** Units of metrics by their names. */
  readonly units: readonly StatedUnit[];
}

export type StatedUnit = readonly [device: number, metric: string, unit: string];

/** Data points that are not taken, and why the first is not. */
export class Rejections {
  points = 0;
  cause = '';

  add(points: number, cause: string): void {
    if (this.points === 0) this.cause = cause;
    this.points += points;
  }
}

export interface Translation {
  readonly device: Device;
  readonly named: NamedDevices;
  readonly starts: StartTimes;
}

/** The messages that a request of data points is; undefined: it has more of them than one may have. */
export async function translate(request: Json, { device, named, starts }: Translation): Promise<TranslatedRequest | undefined> {
  const messages = new PointMessages();
  const rejected = new Rejections();
  const said: [number, string, string][] = [];
  const units: StatedUnit[] = [];
  let points = 0;
  for (const { resource, scopeMetrics } of objectsOf(request.resourceMetrics)) {
    const attributes = attributesOf(objectOf(resource).attributes);
    const number = await deviceOf(named, device, attributes);
    const service = serviceTag(attributes, device.id);
    for (const { scope, metrics } of objectsOf(scopeMetrics)) {
      const { tags, ...of } = scopeOf(objectOf(scope), service);
      let version = of.version && starts.isNew(number, ...of.version) ? of.version : undefined;
      for (const metric of objectsOf(metrics)) {
        for (const point of pointsOf(metric)) {
          if (++points > POINTS_MAX) return undefined;
          const values = typeof point === 'string' ? point : namedValues(point, tags);
          if (typeof values === 'string') {
            rejected.add(1, values);
            continue;
          }
          const { timeNs, startNs } = point as DataPoint;
          units.push(...unitsOf(number, textOf(metric.unit), point as DataPoint, values));
          const [first] = values;
          if (startNs !== '' && first && starts.isNew(number, first[0], startNs)) {
            said.push([number, first[0], startNs]);
            values.push([nameOf(point as DataPoint, tags, '.start_time'), secondsOf(startNs)]);
          }
          if (version && first) {
            said.push([number, ...version]);
            values.push([version[0], JSON.stringify(version[1])]);
            version = undefined;
          }
          messages.add(number, timeNs, values);
        }
      }
    }
  }
  return { messages, points, rejected, starts: said, units };
}

interface Scope {
  readonly tags: readonly Tag[];
  /** The metric that has the version as a text, and the version. */
  readonly version?: readonly [metric: string, version: string] | undefined;
}

/**
 * A scope is part of a metric's identity, its version is not: with each release of a library all of its series would begin anew. So the
 * version is a text of its own, said when it changes.
 */
function scopeOf(scope: Json, service: readonly Tag[]): Scope {
  const [name, version] = [textOf(scope.name), textOf(scope.version)];
  const tags: readonly Tag[] = [...service, ['otel.scope.name', name]];
  const metric = metricName('otel.scope.version', tags);
  const isSaid = name !== '' && version !== '' && Buffer.byteLength(metric) <= METRIC_NAME_BYTES_MAX && !UNNAMEABLE.test(metric + version);
  return { tags, ...(isSaid && { version: [metric, version] }) };
}

function unitsOf(
  device: number,
  unit: string,
  point: DataPoint,
  values: readonly (readonly [name: string, value: string])[],
): StatedUnit[] {
  if (unit === '') return [];
  return values.flatMap(([name], index): StatedUnit[] => (point.values[index]?.isCount ? [] : [[device, name, unit]]));
}

/** Values by the names of their metrics, or why one of them has none. */
function namedValues(point: DataPoint, service: readonly Tag[]): [name: string, value: string][] | string {
  const values: [string, string][] = [];
  for (const { suffix, value, tag } of point.values) {
    const name = nameOf(point, service, suffix, tag);
    if (Buffer.byteLength(name) > METRIC_NAME_BYTES_MAX) {
      return `${point.metric}: the name and its attributes have more than ${METRIC_NAME_BYTES_MAX} bytes`;
    }
    if (UNNAMEABLE.test(name)) return 'a name or an attribute holds control characters';
    values.push([name, value]);
  }
  return values;
}

type Tag = readonly [key: string, value: string];

function nameOf({ metric, attributes }: DataPoint, service: readonly Tag[], suffix: string, tag?: Tag): string {
  return metricName(metric + suffix, [...service, ...attributes, ...(tag ? [tag] : [])]);
}

/** Two services of one device have metrics of the same names: the service tells them apart. */
function serviceTag(attributes: ReadonlyMap<string, string>, deviceId: string): Tag[] {
  const name = attributes.get('service.name') ?? '';
  return name === deviceId || UNNAMED_SERVICE.test(name) ? [] : [['service.name', name]];
}

/** Number of the device whose the resource's points are: the token's, or of a gateway device the one that an attribute names. */
async function deviceOf(named: NamedDevices, device: Device, attributes: ReadonlyMap<string, string>): Promise<number> {
  if (!named.isGateway(device)) return device.number;
  for (const name of DEVICE_ATTRIBUTES) {
    const known = named.find(device, attributes.get(name) ?? '');
    if (known !== undefined) return known;
  }
  for (const name of LASTING_ATTRIBUTES) {
    const id = attributes.get(name) ?? '';
    const number = id === '' ? undefined : await named.obtain(device, id);
    if (number !== undefined) return number;
  }
  return device.number;
}
