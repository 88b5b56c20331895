import { signal } from '@preact/signals';
import type { Refusal, Value } from './answer.js';
import { formatAge, formatValue } from './format.js';
import { historyMissing, type MetricPanel } from './metric-panel.js';
import { Series } from './series.js';

export interface Point {
  readonly ms: number;
  readonly value: number;
}

/** What the window of a chart holds. */
interface Summary {
  readonly count: number;
  readonly low: number;
  readonly high: number;
  readonly mean: number;
}

/** A number over time. Points go into the series at once and to the canvas with the next `draw`. */
export class NumberPanel implements MetricPanel {
  readonly kind = 'chart';
  readonly series = new Series();
  /** The window to draw; a new object each time that there is something new to draw. */
  readonly frame = signal<{ readonly fromMs: number; readonly toMs: number } | undefined>(undefined);
  /** The newest point inside the window drawn last; undefined when there is none. */
  readonly newest = signal<Point | undefined>(undefined);
  readonly summary = signal('');
  /** Why nothing is drawn; empty when something is. */
  readonly notice = signal('Loading …');
  /** Every value so far is 0 or 1: a switch, not a quantity. */
  twoStates = true;
  #loaded = false;
  #refusal: Refusal | undefined;

  constructor(readonly metric: string) {}

  get lastMs(): number {
    return this.series.lastMs;
  }

  add(ms: number, value: Value): void {
    if (typeof value !== 'number') return;
    if (value !== 0 && value !== 1) this.twoStates = false;
    this.series.add(ms, value);
  }

  loaded(refusal: Refusal | undefined): void {
    this.#refusal = refusal;
    this.#loaded ||= refusal === undefined;
  }

  draw(fromMs: number, toMs: number): void {
    const newest = newestUntil(this.series, toMs);
    const shown = this.newest.peek();
    if (newest?.ms !== shown?.ms || newest?.value !== shown?.value) this.newest.value = newest;
    this.frame.value = { fromMs, toMs };
  }

  tick(fromMs: number, toMs: number, nowMs: number): void {
    const found = summarize(this.series, fromMs, toMs);
    this.summary.value = found.count === 0 ? '' : this.#summaryOf(found);
    this.notice.value = found.count > 0 ? '' : this.#emptyText(nowMs);
  }

  /** Of a window without its history, lowest and highest would be those of the live points alone. */
  #summaryOf(found: Summary): string {
    if (this.#refusal) return historyMissing(this.#refusal);
    return this.twoStates ? shareText(found) : summaryText(found);
  }

  #emptyText(nowMs: number): string {
    if (this.#refusal) return historyMissing(this.#refusal);
    if (this.series.length > 0) return `Nothing in this window. Newest point: ${formatAge(this.series.lastMs, nowMs)}.`;
    return this.#loaded ? 'Nothing in this window yet. Waiting for data …' : 'Loading …';
  }
}

function summarize(series: Series, fromMs: number, toMs: number): Summary {
  const [times, values] = series.view();
  let [low, high, sum, count] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 0];
  for (let at = times.length - 1; at >= 0 && times[at]! >= fromMs; at--) {
    if (times[at]! > toMs) continue;
    const value = values[at]!;
    if (value < low) low = value;
    if (value > high) high = value;
    sum += value;
    count++;
  }
  return { count, low, high, mean: sum / count };
}

function summaryText({ low, high, mean }: Summary): string {
  return `min ${formatValue(low)}  max ${formatValue(high)}  mean ${formatValue(mean, 4)}`;
}

function shareText({ low, high, mean, count }: Summary): string {
  if (low === high) return `always ${low} in this window`;
  return `1 in ${formatValue(mean * 100, 3)} % of ${count} readings`;
}

/** A paused chart still collects points, which it does not show. */
function newestUntil(series: Series, toMs: number): Point | undefined {
  const [times, values] = series.view();
  let at = times.length - 1;
  while (at >= 0 && times[at]! > toMs) at--;
  return at < 0 ? undefined : { ms: times[at]!, value: values[at]! };
}
