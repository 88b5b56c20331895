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
  #askedMs = Number.NEGATIVE_INFINITY;
  #asking = false;

  constructor(private readonly api: Api) {}

  /** MQTT's own port until the appliance has said which one it listens on. */
  get mqttPort(): number {
    return this.health.value.stats?.mqtt_port ?? 1883;
  }

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
    const [readiness, lag, stats] = await Promise.all([readReadiness(), this.api.lag(), this.api.stats()]);
    this.#asking = false;
    this.health.value = { ...readiness, lag: lag.ok ? lag.value : undefined, stats: stats.ok ? stats.value : undefined };
  }
}
