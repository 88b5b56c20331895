import { setTimeout as delay } from 'node:timers/promises';

const RETRY_MS_MAX = 30_000;

export interface PublishLoopOptions {
  readonly topic: string;
  /** How long it rests when all is published. */
  readonly lookMs: number;
  /** Publishes what waits; `isStopped` tells it to leave the rest to a later life. */
  readonly turn: (isStopped: () => boolean) => Promise<void>;
  readonly event: (level: 'info' | 'warn', name: string, fields: Record<string, string | number>) => void;
}

/** Publishes to a topic turn by turn, until `stop`. A turn that failed is made again, after ever longer rests. */
export class PublishLoop {
  readonly #options: PublishLoopOptions;
  readonly #stop = new AbortController();
  #trouble = '';
  #running: Promise<void> | undefined;

  constructor(options: PublishLoopOptions) {
    this.#options = options;
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
    const { topic, lookMs, turn, event } = this.#options;
    const { signal } = this.#stop;
    for (let restMs = lookMs; !signal.aborted; await this.#rest(restMs)) {
      try {
        await turn(() => signal.aborted);
        if (this.#trouble !== '') event('info', 'topic-published-again', { topic });
        [this.#trouble, restMs] = ['', lookMs];
      } catch (error) {
        this.#failed((error as Error).message);
        restMs = Math.min(restMs * 2, RETRY_MS_MAX);
      }
    }
  }

  /** An outage is told once. */
  #failed(cause: string): void {
    const { topic, event } = this.#options;
    if (cause !== this.#trouble && !this.#stop.signal.aborted) event('warn', 'topic-not-published', { topic, cause });
    this.#trouble = cause;
  }

  async #rest(ms: number): Promise<void> {
    await delay(ms, undefined, { signal: this.#stop.signal }).catch(() => undefined);
  }
}
