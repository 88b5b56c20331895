import type { Refusal, Value } from './answer.js';

/** What the device page shows of one metric over time: a chart of numbers or a list of texts. */
export interface MetricPanel {
  readonly kind: 'chart' | 'text';
  readonly metric: string;
  /** Time of the newest value held, ms of the Unix epoch; -Infinity when there is none. */
  readonly lastMs: number;
  add(ms: number, value: Value): void;
  /** The history has been read, so that what is still missing is not there; or it could not be, for this reason. */
  loaded(refusal: Refusal | undefined): void;
  draw(fromMs: number, toMs: number): void;
  /** Once a second: summaries and ages. */
  tick(fromMs: number, toMs: number, nowMs: number): void;
}

export function historyMissing({ message }: Refusal): string {
  return `The history is not available: ${message}. It is tried again every few seconds.`;
}
