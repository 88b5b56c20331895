import type { OverRate } from '../contract/limits/over-rate.js';

/** A device that was over its rate so long ago is forgotten. */
const KEPT_MS = 60_000;
/** At this many devices those that are over it no longer are looked for. */
const KEPT_MAX = 10_000;

/** Devices that were over a rate lately. */
export class OverRates {
  readonly #devices = new Map<number, OverRate>();

  note(devices: readonly OverRate[], nowMs = Date.now()): void {
    for (const over of devices) this.#devices.set(over.device, over);
    if (this.#devices.size < KEPT_MAX) return;
    for (const [device, { untilMs }] of this.#devices) if (untilMs + KEPT_MS < nowMs) this.#devices.delete(device);
  }

  of(device: number): OverRate | undefined {
    return this.#devices.get(device);
  }
}
