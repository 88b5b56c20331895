import type { Answer, MetricPoints, Reading, Refusal } from './answer.js';
import { seriesPointsMax } from './series.js';

const pageLimit = 10_000;
const pagesMax = 4;

export type ReadPoints = (query: { from: number; to: number; limit: number }) => Promise<Answer<MetricPoints>>;

/**
 * Reads a metric from `from` to `to`, ms of the Unix epoch, page by page and gives each page to `take`. Returns why an answer did not come, or undefined.
 * Answers ascend from `from`, so a metric too dense for the chart is read from where its newest points begin, judged by the first page.
 */
export async function readHistory(
  read: ReadPoints,
  range: { from: number; to: number; nowMs: number },
  take: (points: readonly Reading[]) => void,
): Promise<Refusal | undefined> {
  const { from, to, nowMs } = range;
  let start = from;
  for (let page = 0; page < pagesMax; page++) {
    const answer = await read({ from: start, to, limit: pageLimit });
    if (!answer.ok) return answer.refusal;
    const { points, truncated } = answer.value;
    const last = points.at(-1);
    if (!truncated || !last) {
      take(points);
      return undefined;
    }
    const lastMs = Date.parse(last.ts);
    const perMs = points.length / Math.max(1, lastMs - start);
    const newest = nowMs - seriesPointsMax / perMs;
    if (page === 0 && newest > lastMs) start = newest;
    else {
      take(points);
      // A full page within one millisecond would come again for ever.
      start = Math.max(lastMs, start + 1);
    }
  }
  return undefined;
}
