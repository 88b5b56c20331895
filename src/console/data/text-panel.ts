import { signal } from '@preact/signals';
import type { Value } from './answer.js';
import { formatValue } from './format.js';
import type { MetricPanel } from './metric-panel.js';

const entriesMax = 100;

export interface TextEntry {
  readonly ms: number;
  readonly text: string;
}

/** A metric whose values are text: each change with its time. */
export class TextPanel implements MetricPanel {
  readonly kind = 'text';
  /** Ascending by time; `draw` brings it up to date. */
  readonly entries = signal<readonly TextEntry[]>([]);
  readonly notice = signal('Loading …');
  readonly #held: TextEntry[] = [];
  #changed = false;
  #loaded = false;

  constructor(readonly metric: string) {}

  get lastMs(): number {
    return this.#held.at(-1)?.ms ?? Number.NEGATIVE_INFINITY;
  }

  add(ms: number, value: Value): void {
    const entries = this.#held;
    let at = entries.length;
    while (at > 0 && entries[at - 1]!.ms > ms) at--;
    if (entries[at - 1]?.ms === ms) return;
    const text = formatValue(value);
    entries.splice(at, 0, { ms, text });
    // Repeats carry no news: of a run of equal values only the first stays.
    if (entries[at - 1]?.text === text) entries.splice(at, 1);
    else if (entries[at + 1]?.text === text) entries.splice(at + 1, 1);
    if (entries.length > entriesMax) entries.shift();
    this.#changed = true;
  }

  loaded(): void {
    this.#loaded = true;
  }

  draw(): void {
    if (!this.#changed) return;
    this.#changed = false;
    this.entries.value = [...this.#held];
  }

  tick(): void {
    this.notice.value = this.#held.length > 0 ? '' : this.#loaded ? 'Nothing in this window yet. Waiting for data …' : 'Loading …';
  }
}
