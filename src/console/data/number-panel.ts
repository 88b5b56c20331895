import { signal } from '@preact/signals';
import type { Value } from './answer.js';
import { formatAge, formatValue } from './format.js';
import type { MetricPanel } from './metric-panel.js';
import { Series } from './series.js';

export interface Point {
  readonly ms: number;
  readonly value: number;
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
  #loaded = false;

  constructor(readonly metric: string) {}

  get lastMs(): number {
    return this.series.lastMs;
  }

  add(ms: number, value: Value): void {
    if (typeof value === 'number' || typeof value === 'boolean') this.series.add(ms, Number(value));
  }

  loaded(): void {
    this.#loaded = true;
  }

  draw(fromMs: number, toMs: number): void {
    const newest = newestUntil(this.series, toMs);
    const shown = this.newest.peek();
    if (newest?.ms !== shown?.ms || newest?.value !== shown?.value) this.newest.value = newest;
    this.frame.value = { fromMs, toMs };
  }

  tick(fromMs: number, toMs: number, nowMs: number): void {
    const [times, values] = this.series.view();
    let [low, high, sum, count] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 0];
    for (let at = times.length - 1; at >= 0 && times[at]! >= fromMs; at--) {
      if (times[at]! > toMs) continue;
      const value = values[at]!;
      if (value < low) low = value;
      if (value > high) high = value;
      sum += value;
      count++;
    }
    this.summary.value = count > 0 ? `min ${formatValue(low)}  max ${formatValue(high)}  mean ${formatValue(sum / count, 4)}` : '';
    this.notice.value = count > 0 ? '' : this.#emptyText(nowMs);
  }

  #emptyText(nowMs: number): string {
    if (this.series.length > 0) return `Nothing in this window. Newest point: ${formatAge(this.series.lastMs, nowMs)}.`;
    return this.#loaded ? 'Nothing in this window yet. Waiting for data …' : 'Loading …';
  }
}

/** A paused chart goes on collecting points that it does not show. */
function newestUntil(series: Series, toMs: number): Point | undefined {
  const [times, values] = series.view();
  let at = times.length - 1;
  while (at >= 0 && times[at]! > toMs) at--;
  return at < 0 ? undefined : { ms: times[at]!, value: values[at]! };
}
