import { batch, type Signal, signal } from '@preact/signals';
import type { DeadLetter, LetterDepth, Refusal } from './answer.js';
import type { Context } from './context.js';
import { CursorPages } from './cursor-pages.js';
import type { LetterFilter } from './route.js';

const pageLetters = 200;
/** The counters say when there is something new; this is for a counter that was missed. */
const refreshMs = 15_000;
/** The counter moves when a message is judged, the row is there when its batch is committed. */
const commitMs = 1000;
/** How soon after an answer that did not come the next one is asked for. */
const failedMs = 3000;

/** Dead letters page by page, read again when the counters say that there are more. */
export class DeadLetters {
  /** Newest first; undefined before the first answer. */
  readonly letters = signal<readonly DeadLetter[] | undefined>(undefined);
  readonly refusal = signal<Refusal | undefined>(undefined);
  /** How many are kept of the tenant, and were removed; undefined: it is not known. */
  readonly depth = signal<LetterDepth | undefined>(undefined);
  readonly pages = new CursorPages();
  readonly filter: Signal<LetterFilter>;
  readonly #ended = new AbortController();
  readonly #stops: readonly (() => void)[];
  #dead = -1;
  #loadAtMs = Number.POSITIVE_INFINITY;
  #loading = false;

  constructor(
    private readonly context: Context,
    private readonly tenant: string,
    filter: LetterFilter,
  ) {
    this.filter = signal(filter);
    this.#stops = [
      context.status.health.subscribe(({ stats }) => {
        if (!stats) return;
        const dead = stats.counters.dead + stats.counters.rowsRefused;
        if (dead === this.#dead) return;
        this.#dead = dead;
        this.#loadAtMs = Date.now() + commitMs;
      }),
      context.live.onReturn(() => void this.#load()),
    ];
    void this.#load();
  }

  /** Shows these alone; an answer that is under way is for another question. */
  narrow(filter: LetterFilter): void {
    this.filter.value = filter;
    this.pages.reset();
    this.turned();
  }

  /** Another page is to be shown. */
  turned(): void {
    this.letters.value = undefined;
    this.#loadAtMs = 0;
    void this.#load();
  }

  tick(nowMs: number): void {
    if (nowMs >= this.#loadAtMs) void this.#load();
  }

  close(): void {
    this.#ended.abort();
    for (const stop of this.#stops) stop();
  }

  async #load(): Promise<void> {
    if (this.#loading) return;
    this.#loading = true;
    this.#loadAtMs = Date.now() + refreshMs;
    const filter = this.filter.peek();
    const { cursor } = this.pages;
    const { api } = this.context;
    const [answer, depth] = await Promise.all([
      api.deadLetters({ tenant: this.tenant, limit: pageLetters, cursor, ...filter }, this.#ended.signal),
      api.letterDepth(this.#ended.signal),
    ]);
    this.#loading = false;
    if (this.#ended.signal.aborted) return;
    if (this.filter.peek() !== filter || this.pages.cursor !== cursor) return void this.#load();
    batch(() => {
      this.refusal.value = answer.ok ? undefined : answer.refusal;
      if (answer.ok) {
        this.letters.value = answer.value.dead_letters;
        this.pages.next.value = answer.value.next;
      }
      if (depth.ok) this.depth.value = depth.value.tenants.find(({ tenant }) => tenant === this.tenant);
    });
    if (!answer.ok) this.#loadAtMs = Date.now() + failedMs;
  }
}
