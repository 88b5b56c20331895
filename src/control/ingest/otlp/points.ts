import { quantilesOf } from './exponential.js';
import { attributesOf, digitsOf, type Json, numberOf, objectOf, objectsOf, textOf } from './values.js';

/** What a data point says: values of one moment, each with what its name ends with besides the attributes. */
export interface DataPoint {
  readonly metric: string;
  readonly attributes: ReadonlyMap<string, string>;
  /** Nanoseconds of the Unix epoch; '': it names no time. */
  readonly timeNs: string;
  /** When a count that only rises began, or began anew; '': it is no such count, or does not say it. */
  readonly startNs: string;
  readonly values: readonly PointValue[];
}

export interface PointValue {
  /** `.count` after the metric's name, or '' for the metric itself. */
  readonly suffix: string;
  /** A number as JSON has it. */
  readonly value: string;
  /** It is a count of measurements, which is not in the unit of the metric. */
  readonly isCount?: boolean;
  readonly tag?: readonly [key: string, value: string];
}

/** AGGREGATION_TEMPORALITY_CUMULATIVE. */
const CUMULATIVE = 2;
/** The point says that there is no value now: a gap, and not a fault. */
const NO_RECORDED_VALUE = 1;
/** 1973 in nanoseconds. A time before it has too few digits to be told from another unit. */
const TIME_NS_MIN = 100_000_000_000_000_000n;

/** The data points of a metric, or why one cannot be taken. */
export function* pointsOf(metric: Json): Generator<DataPoint | string> {
  const name = textOf(metric.name);
  for (const [kind, read] of readers) {
    if (metric[kind] === undefined || metric[kind] === null) continue;
    const data = objectOf(metric[kind]);
    for (const point of objectsOf(data.dataPoints)) yield name === '' ? 'a metric has no name' : pointOf(name, kind, data, point, read);
    return;
  }
}

function pointOf(metric: string, kind: string, data: Json, point: Json, read: Reader): DataPoint | string {
  const time = digitsOf(point.timeUnixNano) ?? '0';
  const timeNs = BigInt(time) === 0n ? '' : time;
  if (timeNs !== '' && BigInt(timeNs) < TIME_NS_MIN) return `a time of ${metric} is before 1973, or not in nanoseconds`;
  const isGap = (Number(digitsOf(point.flags) ?? 0) & NO_RECORDED_VALUE) !== 0;
  const values = isGap ? [] : read(point);
  if (typeof values === 'string') return `${metric}: ${values}`;
  const rises = kind === 'summary' || (data.aggregationTemporality === CUMULATIVE && (kind !== 'sum' || data.isMonotonic === true));
  const start = rises && !isGap ? (digitsOf(point.startTimeUnixNano) ?? '0') : '0';
  return { metric, attributes: attributesOf(point.attributes), timeNs, startNs: BigInt(start) > 0n ? start : '', values };
}

/** The values of a data point, or why it has none. */
type Reader = (point: Json) => PointValue[] | string;

const readers: readonly (readonly [kind: string, read: Reader])[] = [
  ['gauge', readNumber],
  ['sum', readNumber],
  ['histogram', readHistogram],
  ['exponentialHistogram', readExponential],
  ['summary', readSummary],
];

/** One series may come as `asInt` from one exporter and as `asDouble` from another: both are its numbers. */
function readNumber({ asInt, asDouble }: Json): PointValue[] | string {
  const value = asInt === undefined || asInt === null ? textOfNumber(numberOf(asDouble)) : digitsOf(asInt);
  if (value !== undefined) return [{ suffix: '', value }];
  return asDouble === null || asDouble !== undefined ? 'the value is not a finite number' : 'the point has no value';
}

function readHistogram(point: Json): PointValue[] | string {
  const counts = Array.isArray(point.bucketCounts) ? point.bucketCounts.map(digitsOf) : [];
  const bounds = Array.isArray(point.explicitBounds) ? point.explicitBounds.map(numberOf) : [];
  if (counts.length > 0 && counts.length !== bounds.length + 1) return 'there is not one bucket more than there are bounds';
  if (counts.includes(undefined) || bounds.includes(undefined)) return 'a bucket is no number';
  let sum = 0n;
  // Each bucket counts those below it as well, so that quantiles can be read from two of them.
  const buckets = counts.map((count, index): PointValue => {
    sum += BigInt(count!);
    return { suffix: '.bucket', isCount: true, value: String(sum), tag: ['le', index < bounds.length ? String(bounds[index]) : '+Inf'] };
  });
  return withTotals(point, buckets);
}

function readExponential(point: Json): PointValue[] | string {
  const quantiles = quantilesOf(point);
  if (typeof quantiles === 'string') return quantiles;
  return withTotals(point, quantiles.map(quantileValue));
}

function readSummary(point: Json): PointValue[] | string {
  // A field that is absent is 0, as in all of proto3.
  const quantiles = objectsOf(point.quantileValues).map(({ quantile = 0, value = 0 }) => [numberOf(quantile), numberOf(value)] as const);
  const finite = quantiles.filter((pair): pair is readonly [number, number] => pair[0] !== undefined && pair[1] !== undefined);
  return withTotals({ sum: 0, ...point }, finite.map(quantileValue));
}

function quantileValue([quantile, value]: readonly [number, number]): PointValue {
  return { suffix: '.quantile', value: String(value), tag: ['quantile', String(quantile)] };
}

function withTotals(point: Json, values: PointValue[]): PointValue[] | string {
  const count = digitsOf(point.count ?? 0);
  if (count === undefined || count.startsWith('-')) return 'the count is no whole number';
  const optional = (['sum', 'min', 'max'] as const).flatMap((name): PointValue[] => {
    const value = textOfNumber(numberOf(point[name]));
    return value === undefined ? [] : [{ suffix: `.${name}`, value }];
  });
  return [{ suffix: '.count', isCount: true, value: count }, ...optional, ...values];
}

function textOfNumber(value: number | undefined): string | undefined {
  return value === undefined ? undefined : JSON.stringify(value);
}
