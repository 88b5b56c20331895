import { type Signal, signal } from '@preact/signals';
import type { LatestReading, Value } from './answer.js';
import { formatUnit } from './format.js';
import { replaces } from './newest.js';

export interface MetricRow {
  readonly metric: string;
  readonly value: Signal<Value>;
  /** Time of the value, ms of the Unix epoch. */
  readonly tsMs: Signal<number>;
  /** As people write it; empty: it is not known. */
  readonly unit: Signal<string>;
}

/** The latest value of each metric of a device. */
export class MetricList {
  /** By name; a new array each time that a metric is new. */
  readonly rows = signal<readonly MetricRow[]>([]);
  readonly #byName = new Map<string, { reading: LatestReading; readonly row: MetricRow }>();

  /** Of a metric as people write it; empty: it is not known. */
  unitOf(metric: string): string {
    return this.#byName.get(metric)?.row.unit.value ?? '';
  }

  /** Takes a reading unless a newer one is there. Returns whether the metric is new to the list. */
  take(metric: string, reading: LatestReading): boolean {
    const tsMs = Date.parse(reading.ts);
    const held = this.#byName.get(metric);
    if (held) {
      // Live readings come without it.
      if (reading.unit !== undefined) held.row.unit.value = formatUnit(reading.unit);
      if (!replaces(reading, held.reading)) return false;
      held.reading = reading;
      held.row.tsMs.value = tsMs;
      held.row.value.value = reading.value;
      return false;
    }
    const unit = signal(reading.unit === undefined ? '' : formatUnit(reading.unit));
    this.#byName.set(metric, { reading, row: { metric, value: signal(reading.value), tsMs: signal(tsMs), unit } });
    this.rows.value = Array.from(this.#byName.values(), ({ row }) => row).sort((a, b) => (a.metric < b.metric ? -1 : 1));
    return true;
  }
}
