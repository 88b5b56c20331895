/**
 * Counts latencies in buckets 1/64 of an octave wide: the bucket is the exponent and the first six bits of
 * the mantissa of the number in ms, read off its bits, so that recording costs next to nothing.
 */
const BITS = 6;
const LOWEST_EXPONENT = -14;
const OCTAVES = 40;

export class AckLatency {
  readonly buckets: Float64Array;
  readonly #number = new Float64Array(1);
  readonly #words = new Uint32Array(this.#number.buffer);

  constructor(buckets?: ArrayLike<number>) {
    this.buckets = buckets ? Float64Array.from(buckets) : new Float64Array(OCTAVES << BITS);
  }

  record(ms: number): void {
    this.#number[0] = Math.max(ms, 2 ** LOWEST_EXPONENT);
    const bucket = ((this.#words[1] as number) >>> (20 - BITS)) - ((1023 + LOWEST_EXPONENT) << BITS);
    this.buckets[Math.min(bucket, this.buckets.length - 1)]! += 1;
  }

  add(other: AckLatency): void {
    for (let bucket = 0; bucket < this.buckets.length; bucket++) this.buckets[bucket]! += other.buckets[bucket] as number;
  }

  /** The upper edge of the bucket that holds the percentile, ms; undefined when nothing was recorded. */
  percentile(percent: number): number | undefined {
    const total = this.buckets.reduce((sum, count) => sum + count, 0);
    let left = Math.ceil((total * percent) / 100);
    for (let bucket = 0; bucket < this.buckets.length && total > 0; bucket++) {
      left -= this.buckets[bucket] as number;
      if (left <= 0) return 2 ** (LOWEST_EXPONENT + (bucket >> BITS)) * (1 + ((bucket & ((1 << BITS) - 1)) + 1) / (1 << BITS));
    }
    return undefined;
  }
}
