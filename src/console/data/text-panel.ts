import { signal } from '@preact/signals';
import type { Refusal, Value } from './answer.js';
import { formatValue } from './format.js';
import { historyMissing, type MetricPanel } from './metric-panel.js';

/** Readings that a panel holds at most; the oldest go first. */
const readingsMax = 5000;

export interface TextReading {
  readonly ms: number;
  readonly text: string;
}

/** A run of equal values: from its first reading to its last, ms of the Unix epoch. */
export interface State {
  readonly text: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly readings: number;
}

/** A metric whose values are text: which state it was in from when to when. */
export class TextPanel implements MetricPanel {
  readonly kind = 'text';
  /** Ascending by time; `draw` brings it up to date. */
  readonly states = signal<readonly State[]>([]);
  readonly frame = signal<{ readonly fromMs: number; readonly toMs: number } | undefined>(undefined);
  readonly notice = signal('Loading …');
  /** Ascending by time, at most one a millisecond. */
  readonly #held: TextReading[] = [];
  #changed = false;
  #loaded = false;
  #refusal: Refusal | undefined;

  constructor(readonly metric: string) {}

  get lastMs(): number {
    return this.#held.at(-1)?.ms ?? Number.NEGATIVE_INFINITY;
  }

  add(ms: number, value: Value): void {
    const held = this.#held;
    let at = held.length;
    while (at > 0 && held[at - 1]!.ms > ms) at--;
    if (held[at - 1]?.ms === ms) return;
    held.splice(at, 0, { ms, text: formatValue(value) });
    if (held.length > readingsMax) held.shift();
    this.#changed = true;
  }

  loaded(refusal: Refusal | undefined): void {
    this.#refusal = refusal;
    this.#loaded ||= refusal === undefined;
  }

  draw(fromMs: number, toMs: number): void {
    this.frame.value = { fromMs, toMs };
    if (!this.#changed) return;
    this.#changed = false;
    this.states.value = statesOf(this.#held);
  }

  tick(): void {
    if (this.#refusal) this.notice.value = historyMissing(this.#refusal);
    else if (this.#held.length > 0) this.notice.value = '';
    else this.notice.value = this.#loaded ? 'Nothing in this window yet. Waiting for data …' : 'Loading …';
  }
}

/** Runs of equal values among readings that ascend by time. */
export function statesOf(readings: readonly TextReading[]): State[] {
  const states: State[] = [];
  for (const { ms, text } of readings) {
    const last = states.at(-1);
    if (last?.text === text) states[states.length - 1] = { ...last, toMs: ms, readings: last.readings + 1 };
    else states.push({ text, fromMs: ms, toMs: ms, readings: 1 });
  }
  return states;
}
