import { setTimeout as delay } from 'node:timers/promises';
import type { Report } from '../../telemetry/report.js';
import type { topicsEvents } from './events.js';
import type { TopicLag } from './topic-record.js';

const RETRY_MS_MAX = 30_000;

/** What goes into one topic, turn by turn. */
export interface TopicSource {
  readonly topic: string;
  readonly lag: TopicLag[];
  /** How long it may rest when all is published. */
  readonly lookMs: number;
  /** Publishes what waits; `isStopped` tells it to leave the rest to a later life. Rejects when some of it may not be in the topic. */
  turn(isStopped: () => boolean): Promise<void>;
}

export type PublishEvent = Report<keyof typeof topicsEvents>;

/** Publishes what a source has, until `stop`. A turn that failed is made again, after ever longer rests. */
export class PublishLoop {
  readonly #source: TopicSource;
  readonly #event: PublishEvent;
  readonly #stop = new AbortController();
  #trouble = '';
  #running: Promise<void> | undefined;

  constructor(source: TopicSource, event: PublishEvent) {
    this.#source = source;
    this.#event = event;
  }

  start(): void {
    this.#running = this.#run();
  }

  /** Resolves when the turn under way is over. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { topic, lookMs } = this.#source;
    const { signal } = this.#stop;
    for (let restMs = lookMs; !signal.aborted; await this.#rest(restMs)) {
      try {
        await this.#source.turn(() => signal.aborted);
        if (this.#trouble !== '') this.#event('info', 'topic-published-again', { topic });
        [this.#trouble, restMs] = ['', lookMs];
      } catch (error) {
        this.#failed((error as Error).message);
        restMs = Math.min(restMs * 2, RETRY_MS_MAX);
      }
    }
  }

  /** An outage is told once. */
  #failed(cause: string): void {
    if (cause !== this.#trouble && !this.#stop.signal.aborted) {
      this.#event('warn', 'topic-not-published', { topic: this.#source.topic, cause });
    }
    this.#trouble = cause;
  }

  async #rest(ms: number): Promise<void> {
    await delay(ms, undefined, { signal: this.#stop.signal }).catch(() => undefined);
  }
}
