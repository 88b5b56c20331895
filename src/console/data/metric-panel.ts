import type { Value } from './answer.js';

/** What the device page shows of one metric over time: a chart of numbers or a list of texts. */
export interface MetricPanel {
  readonly kind: 'chart' | 'text';
  readonly metric: string;
  /** Time of the newest value held, ms of the Unix epoch; -Infinity when there is none. */
  readonly lastMs: number;
  add(ms: number, value: Value): void;
  /** The history has been read; what is still missing is not there. */
  loaded(): void;
  draw(fromMs: number, toMs: number): void;
  /** Once a second: summaries and ages. */
  tick(fromMs: number, toMs: number, nowMs: number): void;
}
