/** Counts of latencies by the highest ns of their bucket, as the generator lays them out. */
export class Latency {
  readonly #counts = new Map<number, number>();
  #maxNs = 0;

  add(buckets: readonly (readonly [number, number])[], maxNs: number): void {
    for (const [highestNs, count] of buckets) this.#counts.set(highestNs, (this.#counts.get(highestNs) ?? 0) + count);
    this.#maxNs = Math.max(this.#maxNs, maxNs);
  }

  get count(): number {
    return [...this.#counts.values()].reduce((sum, count) => sum + count, 0);
  }

  get maxMs(): number | undefined {
    return this.#counts.size === 0 ? undefined : this.#maxNs / 1e6;
  }

  /** The upper edge of the bucket that holds the percentile, ms; undefined when nothing was recorded. */
  percentileMs(percent: number): number | undefined {
    let left = Math.ceil((this.count * percent) / 100);
    for (const [highestNs, count] of [...this.#counts].sort(([a], [b]) => a - b)) {
      left -= count;
      if (left <= 0) return Math.min(highestNs, this.#maxNs) / 1e6;
    }
    return undefined;
  }
}
