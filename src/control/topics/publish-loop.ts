import { setTimeout as delay } from 'node:timers/promises';
import type { Report } from '../../telemetry/report.js';
import type { topicsEvents } from './events.js';
import type { TopicLag } from './topic-record.js';

const RETRY_MS_MAX = 30_000;

/** A source of messages for one topic. */
export interface TopicSource {
  readonly topic: string;
  readonly lag: TopicLag[];
  /** How long to wait after everything is published, ms. */
  readonly lookMs: number;
  /** Publishes the messages that wait, until `isStopped` answers true. Rejects when some message may not be in the topic. */
  publish(isStopped: () => boolean): Promise<void>;
}

export type PublishEvent = Report<keyof typeof topicsEvents>;

/** Publishes the messages of a source until `stop`. After a failure it tries again, with ever longer waits. */
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

  /** Resolves when the publishing under way has ended. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { topic, lookMs } = this.#source;
    const { signal } = this.#stop;
    for (let restMs = lookMs; !signal.aborted; await this.#rest(restMs)) {
      try {
        await this.#source.publish(() => signal.aborted);
        if (this.#trouble !== '') this.#event('info', 'topic-published-again', { topic });
        [this.#trouble, restMs] = ['', lookMs];
      } catch (error) {
        this.#failed((error as Error).message);
        restMs = Math.min(restMs * 2, RETRY_MS_MAX);
      }
    }
  }

  /** Reports an outage once. */
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
