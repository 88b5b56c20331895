import type { Lag, Stats } from './answer.js';
import { type Api, readReadiness } from './api.js';
import { learnMqttPort } from './guide.js';

export interface Health {
  readonly state: 'unknown' | 'ready' | 'not ready' | 'away';
  readonly reason: string;
  readonly lag: Lag | undefined;
  readonly stats: Stats | undefined;
}

const pollMs = 2000;

/** Asks every two seconds how the appliance is, while somebody looks. */
export class Status {
  health: Health = { state: 'unknown', reason: '', lag: undefined, stats: undefined };
  #askedMs = Number.NEGATIVE_INFINITY;
  #asking = false;
  readonly #listeners = new Set<(health: Health) => void>();

  constructor(private readonly api: Api) {}

  onChange(listener: (health: Health) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
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
    this.health = { ...readiness, lag: lag.ok ? lag.value : undefined, stats: stats.ok ? stats.value : undefined };
    if (stats.ok) learnMqttPort(stats.value.mqtt_port);
    for (const listener of this.#listeners) listener(this.health);
  }
}
