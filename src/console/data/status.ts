import { signal } from '@preact/signals';
import type { Lag, Stats } from './answer.js';
import { type Api, readReadiness } from './api.js';

export interface Health {
  readonly state: 'unknown' | 'ready' | 'not ready' | 'away';
  readonly reason: string;
  readonly lag: Lag | undefined;
  readonly stats: Stats | undefined;
}

const pollMs = 2000;

/** Asks every two seconds how the appliance is, while somebody looks. */
export class Status {
  readonly health = signal<Health>({ state: 'unknown', reason: '', lag: undefined, stats: undefined });
  /** The port of MQTT without TLS; undefined until the appliance has named it. */
  readonly mqttPort = signal<number | undefined>(undefined);
  #askedMs = Number.NEGATIVE_INFINITY;
  #asking = false;

  constructor(private readonly api: Api) {}

  tick(nowMs: number): void {
    if (!this.#asking && nowMs - this.#askedMs >= pollMs) void this.#ask(nowMs);
  }

  /** Something happened: the next tick asks, however short ago the last one was. */
  expire(): void {
    this.#askedMs = Number.NEGATIVE_INFINITY;
  }

  async #ask(nowMs: number): Promise<void> {
    this.#asking = true;
    this.#askedMs = nowMs;
    // Each as it comes: one answer that is held up does not hold up the others.
    const learn = (part: Partial<Health>) => {
      this.health.value = { ...this.health.peek(), ...part };
    };
    await Promise.all([
      readReadiness().then(learn),
      this.api.lag().then((lag) => learn({ lag: lag.ok ? lag.value : undefined })),
      this.api.stats().then((stats) => {
        if (stats.ok) this.mqttPort.value = stats.value.mqtt_port;
        learn({ stats: stats.ok ? stats.value : undefined });
      }),
    ]);
    this.#asking = false;
  }
}
