import { signal } from '@preact/signals';
import type { Device, Reading } from './answer.js';
import { replaces } from './newest.js';

/** One device of the fleet list: what the registry says, and its newest readings by poll and live stream. */
export class FleetRow {
  readonly device;
  /** When its last message came, ms of the Unix epoch; NaN: never. */
  readonly seenMs = signal(Number.NaN);
  /** In the order in which the metrics became known; `paint` brings it up to date. */
  readonly latest = signal<readonly (readonly [metric: string, reading: Reading])[]>([]);
  readonly #held = new Map<string, Reading>();
  #seenMs = Number.NaN;

  constructor(device: Device) {
    this.device = signal(device);
    this.show(device);
  }

  show(device: Device): void {
    this.device.value = device;
    for (const [metric, reading] of Object.entries(device.latest)) this.#keep(metric, reading);
    if (device.last_seen_at !== null) this.#see(Date.parse(device.last_seen_at));
    this.paint();
  }

  /** Takes a live reading; `paint` shows it. */
  take(metric: string, reading: Reading, receivedMs: number): void {
    this.#keep(metric, reading);
    this.#see(receivedMs);
  }

  paint(): void {
    this.latest.value = [...this.#held];
    this.seenMs.value = this.#seenMs;
  }

  #see(receivedMs: number): void {
    if (!(this.#seenMs > receivedMs)) this.#seenMs = receivedMs;
  }

  /** The poll and the live stream race; the newer device time wins. */
  #keep(metric: string, reading: Reading): void {
    const held = this.#held.get(metric);
    if (!held || replaces(reading, held)) this.#held.set(metric, reading);
  }
}
