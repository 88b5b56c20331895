/** Points of one metric that the console holds at most; the oldest go first. */
export const seriesPointsMax = 20_000;

const pointsFirst = 512;
/** Intervals that `gapMs` looks at: enough for a median, cheap enough for every frame. */
const gapSample = 64;

/** The newest points of one metric, ascending by time, at most one a millisecond, in two flat arrays. */
export class Series {
  #times: Float64Array;
  #values: Float64Array;
  #end = 0; // Points held; they start at index 0.
  readonly #pointsMax: number;

  constructor(pointsMax = seriesPointsMax) {
    this.#pointsMax = pointsMax;
    this.#times = new Float64Array(Math.min(pointsFirst, pointsMax));
    this.#values = new Float64Array(this.#times.length);
  }

  get length(): number {
    return this.#end;
  }

  /** Time of the newest point, ms of the Unix epoch; -Infinity when there is none. */
  get lastMs(): number {
    return this.length > 0 ? this.#times[this.#end - 1]! : Number.NEGATIVE_INFINITY;
  }

  /** Views over the points; valid until the next `add`. */
  view(): [times: Float64Array, values: Float64Array] {
    return [this.#times.subarray(0, this.#end), this.#values.subarray(0, this.#end)];
  }

  /** Adds a point where its time belongs; a point of the same time replaces the older one, so refetching a range is harmless. */
  add(ms: number, value: number): void {
    let at = this.#end === 0 || this.#times[this.#end - 1]! <= ms ? this.#end : this.#firstAfter(ms);
    if (at > 0 && this.#times[at - 1] === ms) {
      this.#values[at - 1] = value;
      return;
    }
    if (this.#end === this.#pointsMax) {
      // The oldest quarter goes at once, so that a full series does not move all its points for each new one.
      const dropped = Math.max(1, this.#end >> 2);
      if (at < dropped) return;
      this.#drop(dropped);
      at -= dropped;
    } else if (this.#end === this.#times.length) this.#grow();
    this.#times.copyWithin(at + 1, at, this.#end);
    this.#values.copyWithin(at + 1, at, this.#end);
    this.#times[at] = ms;
    this.#values[at] = value;
    this.#end++;
  }

  /** A silence longer than this is a gap: five times the usual interval between the newest points, three seconds at least. */
  gapMs(): number {
    const first = Math.max(1, this.#end - gapSample);
    const intervals: number[] = [];
    for (let at = first; at < this.#end; at++) intervals.push(this.#times[at]! - this.#times[at - 1]!);
    intervals.sort((a, b) => a - b);
    return Math.max(3000, 5 * (intervals[intervals.length >> 1] ?? 0));
  }

  #firstAfter(ms: number): number {
    let low = 0;
    let high = this.#end;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#times[middle]! <= ms) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #drop(oldest: number): void {
    this.#times.copyWithin(0, oldest, this.#end);
    this.#values.copyWithin(0, oldest, this.#end);
    this.#end -= oldest;
  }

  #grow(): void {
    const length = Math.min(this.#times.length * 2, this.#pointsMax);
    this.#times = grown(this.#times, length);
    this.#values = grown(this.#values, length);
  }
}

function grown(from: Float64Array, length: number): Float64Array {
  const larger = new Float64Array(length);
  larger.set(from);
  return larger;
}
