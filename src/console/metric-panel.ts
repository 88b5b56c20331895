import type { Value } from './answer.js';

/** The place of one metric on the device page: a chart for numbers, a log for text. */
export interface MetricPanel {
  readonly kind: 'chart' | 'text';
  readonly root: HTMLElement;
  /** Time of the newest value held, ms of the Unix epoch; -Infinity when there is none. */
  readonly lastMs: number;
  add(ms: number, value: Value): void;
  /** History is in; what is still missing is not there. */
  loaded(): void;
  draw(fromMs: number, toMs: number): void;
  /** Once a second: summaries and ages. */
  tick(fromMs: number, toMs: number, nowMs: number): void;
  close(): void;
}

export interface PanelEvents {
  hide(metric: string): void;
  zoom(fromMs: number, toMs: number): void;
  resume(): void;
}
