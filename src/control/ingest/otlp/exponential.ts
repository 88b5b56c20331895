import { digitsOf, type Json, numberOf, objectOf } from './values.js';

/** Quantiles that are read from the buckets of an exponential histogram: its bounds change with its scale, so they make no lasting series. */
const QUANTILES = [0.5, 0.9, 0.99] as const;
/** More buckets than any exporter keeps; the SDKs have 160. */
const BUCKETS_MAX = 10_000;
/** Scales of the data model; of others base and bounds are no finite numbers. */
const SCALE_MIN = -10;
const SCALE_MAX = 20;

interface Bucket {
  readonly value: number;
  readonly count: number;
}

/**
 * Quantiles of an exponential histogram's data point, or why it cannot be read; none of a histogram of nothing. A bucket's values count as
 * the geometric middle of its bounds, so a quantile is off by the square root of base 2^(2^-scale) at most, and lies within `min` and
 * `max` where the point has them.
 */
export function quantilesOf(point: Json): (readonly [quantile: number, value: number])[] | string {
  const scale = numberOf(point.scale) ?? 0;
  if (!Number.isInteger(scale) || scale < SCALE_MIN || scale > SCALE_MAX) return 'the scale is out of range';
  const [positive, negative] = [bucketsOf(point.positive, scale), bucketsOf(point.negative, scale)];
  if (!positive || !negative) return 'a bucket is no number, or there are too many';
  const zero = Number(digitsOf(point.zeroCount) ?? 0);
  const below = negative.map(({ value, count }) => ({ value: -value, count })).reverse();
  const ascending = [...below, { value: 0, count: zero }, ...positive];
  const total = ascending.reduce((sum, { count }) => sum + count, 0);
  if (total === 0) return [];
  const [min, max] = [numberOf(point.min) ?? -Number.MAX_VALUE, numberOf(point.max) ?? Number.MAX_VALUE];
  return QUANTILES.map((quantile) => [quantile, Math.min(Math.max(valueAt(ascending, quantile * total), min), max)] as const);
}

function valueAt(ascending: readonly Bucket[], rank: number): number {
  let seen = 0;
  for (const { value, count } of ascending) {
    seen += count;
    if (count > 0 && seen >= rank) return value;
  }
  return ascending.findLast(({ count }) => count > 0)?.value ?? 0;
}

/** Bucket `index` holds values above base^index up to base^(index + 1). */
function bucketsOf(value: unknown, scale: number): Bucket[] | undefined {
  const { offset, bucketCounts } = objectOf(value);
  const counts = Array.isArray(bucketCounts) ? bucketCounts.map(digitsOf) : [];
  if (counts.length > BUCKETS_MAX || counts.some((count) => count === undefined || count.startsWith('-'))) return undefined;
  const first = numberOf(offset) ?? 0;
  return counts.map((count, index) => {
    const middle = 2 ** ((first + index + 0.5) * 2 ** -scale);
    return { value: Math.min(middle, Number.MAX_VALUE), count: Number(count) };
  });
}
