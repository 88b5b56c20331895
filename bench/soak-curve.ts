import { middleOf, rounded } from './median.js';

/** What was seen at a moment of a soak. */
export interface Sample {
  readonly seconds: number;
  readonly rssBytes: number;
  readonly heapBytes: number;
  readonly lagBytes: number;
}

export interface Flatness {
  /** Least squares over the last two thirds. */
  readonly bytesPerMinute: number;
  /** What that makes over the last two thirds, as a share of their median. */
  readonly growth: number;
  /** null: too short to judge by. */
  readonly flat: boolean | null;
}

/** A process that has come up still fills its pools; after a third of the time it should not any more. */
const warmUpShare = 1 / 3;
const growthMax = 0.05;
const judgedSecondsMin = 120;

/** Whether resident memory stays where it is. */
export function flatnessOf(curve: readonly Sample[]): Flatness {
  const end = curve.at(-1)?.seconds ?? 0;
  const late = curve.filter(({ seconds }) => seconds >= end * warmUpShare);
  const mean = (of: (sample: Sample) => number) => late.reduce((sum, sample) => sum + of(sample), 0) / Math.max(1, late.length);
  const [meanSeconds, meanBytes] = [mean(({ seconds }) => seconds), mean(({ rssBytes }) => rssBytes)];
  let covariance = 0;
  let variance = 0;
  for (const { seconds, rssBytes } of late) {
    covariance += (seconds - meanSeconds) * (rssBytes - meanBytes);
    variance += (seconds - meanSeconds) ** 2;
  }
  const slope = variance === 0 ? 0 : covariance / variance;
  const median = late.length === 0 ? 0 : middleOf(late.map(({ rssBytes }) => rssBytes).sort((a, b) => a - b));
  const span = late.length === 0 ? 0 : end - late[0]!.seconds;
  const growth = median === 0 ? 0 : (slope * span) / median;
  return { bytesPerMinute: Math.round(slope * 60), growth: rounded(growth), flat: span < judgedSecondsMin ? null : growth < growthMax };
}

const bars = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/** One line of a chart from 0 to the highest value; each column is the highest of its samples. */
export function chartOf(values: readonly number[], columns = 60): string {
  const highest = Math.max(1, ...values);
  const width = Math.min(columns, values.length);
  return Array.from({ length: width }, (_, column) => {
    const part = values.slice(Math.floor((column * values.length) / width), Math.floor(((column + 1) * values.length) / width));
    return bars[Math.min(bars.length - 1, Math.floor((Math.max(...part) / highest) * bars.length))];
  }).join('');
}
