/** Widths of a bucket, ms: those that divide the clock evenly. */
const widths = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600].map((seconds) => seconds * 1000);
/** Fewer points than this for each pixel are drawn one by one. */
const pointsPerPixel = 1;
/** A bucket is this wide at least. */
const bucketPixels = 4;

/** Points of a chart where each stands for a span of time. */
export interface Buckets {
  readonly times: Float64Array;
  readonly mean: Float64Array;
  readonly low: Float64Array;
  readonly high: Float64Array;
}

/** How wide the buckets of a window are, ms; undefined: its points fit one by one. */
export function bucketMs(windowMs: number, points: number, pixels: number): number | undefined {
  if (points <= pixels * pointsPerPixel) return undefined;
  const wanted = (windowMs / pixels) * bucketPixels;
  return widths.find((width) => width >= wanted) ?? widths.at(-1);
}

/**
 * Lowest, mean and highest value of each bucket that has any. Buckets begin at whole multiples of their width, so that they stay as they
 * are while the window moves on. `times` ascend; a bucket's time is its middle.
 */
export function bucketed(times: Float64Array, values: Float64Array, widthMs: number): Buckets {
  const bucketsMax = Math.min(times.length, Math.floor(((times.at(-1) ?? 0) - (times[0] ?? 0)) / widthMs) + 2);
  const made = {
    times: new Float64Array(bucketsMax),
    mean: new Float64Array(bucketsMax),
    low: new Float64Array(bucketsMax),
    high: new Float64Array(bucketsMax),
  };
  let count = 0;
  for (let at = 0; at < times.length; ) {
    const start = Math.floor(times[at]! / widthMs) * widthMs;
    let [low, high, sum, many] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 0];
    for (; at < times.length && times[at]! < start + widthMs; at++) {
      const value = values[at]!;
      if (value < low) low = value;
      if (value > high) high = value;
      sum += value;
      many++;
    }
    made.times[count] = start + widthMs / 2;
    made.mean[count] = sum / many;
    made.low[count] = low;
    made.high[count] = high;
    count++;
  }
  const { times: t, mean, low, high } = made;
  return { times: t.subarray(0, count), mean: mean.subarray(0, count), low: low.subarray(0, count), high: high.subarray(0, count) };
}
