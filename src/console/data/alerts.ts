import { batch, signal } from '@preact/signals';
import type { Alert, Refusal } from './answer.js';
import type { Context } from './context.js';

const refreshMs = 5000;

/** The alerts that are raised now. */
export class Alerts {
  /** Newest first; undefined before the first answer. */
  readonly raised = signal<readonly Alert[] | undefined>(undefined);
  readonly refusal = signal<Refusal | undefined>(undefined);
  #loadAtMs = 0;
  #closed = false;

  constructor(private readonly context: Context) {}

  tick(nowMs: number): void {
    if (nowMs < this.#loadAtMs) return;
    this.#loadAtMs = nowMs + refreshMs;
    void this.#load();
  }

  close(): void {
    this.#closed = true;
  }

  async #load(): Promise<void> {
    const answer = await this.context.api.alerts();
    if (this.#closed) return;
    batch(() => {
      this.refusal.value = answer.ok ? undefined : answer.refusal;
      if (answer.ok) this.raised.value = answer.value.alerts.toSorted((a, b) => (a.raised_at < b.raised_at ? 1 : -1));
    });
  }
}
