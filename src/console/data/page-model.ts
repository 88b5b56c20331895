import { batch, signal } from '@preact/signals';
import type { Answer, Refusal } from './answer.js';
import type { Method, Query } from './api.js';
import type { Context } from './context.js';

/** Somebody else may change what a page shows. */
const refreshMsDefault = 15_000;

/** One call whose answer a page shows. */
export interface Source {
  readonly path: string;
  readonly query: Query;
  readonly take: (value: never) => void;
}

/** What a page of a tenant shows: read when the page opens, every 15 s, after each change, and when a lost connection is back. */
export abstract class PageModel {
  /** Why the last reading failed, in part or in whole. */
  readonly refusal = signal<Refusal | undefined>(undefined);
  readonly #ended = new AbortController();
  readonly #stop: () => void;
  #loadAtMs = 0;
  /** Answers of any but the newest reading are dropped. */
  #loads = 0;

  constructor(
    protected readonly context: Context,
    protected readonly tenant: string,
  ) {
    this.#stop = context.live.onReturn(() => void this.load());
  }

  tick(nowMs: number): void {
    if (nowMs >= this.#loadAtMs) void this.load();
  }

  close(): void {
    this.#ended.abort();
    this.#stop();
  }

  async load(): Promise<void> {
    this.#loadAtMs = Date.now() + refreshMsDefault;
    const load = ++this.#loads;
    const sources = this.sources();
    const answers = await Promise.all(sources.map(({ path, query }) => this.call<never>('GET', path, undefined, query)));
    if (this.#ended.signal.aborted || load !== this.#loads) return;
    batch(() => {
      this.refusal.value = answers.flatMap((answer) => (answer.ok ? [] : [answer.refusal]))[0];
      answers.forEach((answer, at) => {
        if (answer.ok) sources[at]!.take(answer.value);
      });
    });
    this.#loadAtMs = Date.now() + this.refreshMs;
  }

  /** How long after an answer the next reading comes; asked after each answer. */
  protected get refreshMs(): number {
    return refreshMsDefault;
  }

  /** What is read; asked again at each reading, so that it may depend on what the page shows. */
  protected abstract sources(): readonly Source[];

  /** A call about the tenant, unless the query names another. */
  protected source<T>(path: string, take: (value: T) => void, query: Query = {}): Source {
    return { path, query: { tenant: this.tenant, ...query }, take };
  }

  /** A question that changes nothing; it is cut off when the page closes. */
  protected call<T>(method: Method, path: string, body?: unknown, query: Query = {}): Promise<Answer<T>> {
    return this.context.api.call<T>(method, path, query, body, this.#ended.signal);
  }

  /** A change, which is finished even if the page closes; what the page shows is read again. */
  protected async change<T>(method: Method, path: string, body?: unknown, query: Query = {}): Promise<Answer<T>> {
    const answer = await this.context.api.call<T>(method, path, query, body);
    await this.load();
    return answer;
  }
}
