import { signal } from '@preact/signals';

export const windows: readonly { readonly label: string; readonly minutes: number }[] = [
  { label: '1 min', minutes: 1 },
  { label: '5 min', minutes: 5 },
  { label: '15 min', minutes: 15 },
  { label: '1 h', minutes: 60 },
];
export const minutesFirst = 15;

/** Which span of time the charts show: a window that ends now, or one that somebody stopped. */
export class TimeWindow {
  readonly minutes = signal(minutesFirst);
  readonly frozen = signal<{ readonly fromMs: number; readonly toMs: number } | undefined>(undefined);

  get lengthMs(): number {
    return this.minutes.peek() * 60_000;
  }

  get paused(): boolean {
    return this.frozen.peek() !== undefined;
  }

  /** `newestMs`: a device whose clock runs ahead keeps its newest point in sight, as far as one window. */
  range(nowMs: number, newestMs = Number.NEGATIVE_INFINITY): [fromMs: number, toMs: number] {
    const frozen = this.frozen.peek();
    if (frozen) return [frozen.fromMs, frozen.toMs];
    const toMs = newestMs > nowMs && newestMs < nowMs + this.lengthMs ? newestMs : nowMs;
    return [toMs - this.lengthMs, toMs];
  }

  freeze(fromMs: number, toMs: number): void {
    this.frozen.value = { fromMs, toMs };
  }

  resume(): void {
    this.frozen.value = undefined;
  }
}
