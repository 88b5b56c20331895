import { signal } from '@preact/signals';

const samplesMax = 300;

/** The last five minutes of a rate, one sample a second; NaN is a second that nobody saw. */
export class RateHistory {
  /** Rises with each sample. */
  readonly version = signal(0);
  readonly #ring = new Float64Array(samplesMax).fill(Number.NaN);
  #next = 0;

  push(sample: number): void {
    this.#ring[this.#next % samplesMax] = sample;
    this.#next++;
    this.version.value++;
  }

  /** Oldest first. */
  samples(): Float64Array {
    const oldest = this.#next % samplesMax;
    const ordered = new Float64Array(samplesMax);
    ordered.set(this.#ring.subarray(oldest));
    ordered.set(this.#ring.subarray(0, oldest), samplesMax - oldest);
    return ordered;
  }
}
