import { randomUUID } from 'node:crypto';
import type { Alert } from './alert.js';
import type { AlertBook } from './alert-book.js';
import type { Rule } from './rule.js';

const LOOK_MS = 1000;

export interface AlertsOptions {
  readonly rules: readonly Rule[];
  readonly book: AlertBook;
  readonly node: string;
  readonly nowMs?: () => number;
}

/** Looks at each rule every second, and raises and clears its alert. An alert of an earlier process stays raised, or is cleared. */
export class Alerts {
  readonly #options: AlertsOptions;
  readonly #nowMs: () => number;
  readonly #timer: NodeJS.Timeout;
  /** By rule, since when it has been otherwise than its alert says; absent: it is not. */
  readonly #otherwiseMs = new Map<string, number>();

  constructor(options: AlertsOptions) {
    this.#options = options;
    this.#nowMs = options.nowMs ?? Date.now;
    this.#timer = setInterval(() => this.look(), LOOK_MS).unref();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  /** Those that hold, oldest first. */
  get open(): readonly Alert[] {
    return this.#options.book.open;
  }

  /** Every rule, and whether its alert holds. */
  get states(): readonly (readonly [rule: string, isOpen: boolean])[] {
    return this.#options.rules.map(({ name }) => [name, this.#alertOf(name) !== undefined]);
  }

  look(): void {
    for (const rule of this.#options.rules) this.#judge(rule);
    this.#clearStrangers();
  }

  #judge(rule: Rule): void {
    const found = rule.find();
    const alert = this.#alertOf(rule.name);
    if ((found !== undefined) === (alert !== undefined)) {
      this.#otherwiseMs.delete(rule.name);
      return;
    }
    const nowMs = this.#nowMs();
    const sinceMs = this.#otherwiseMs.get(rule.name) ?? nowMs;
    this.#otherwiseMs.set(rule.name, sinceMs);
    if (nowMs - sinceMs < (alert ? rule.clearAfterMs : rule.raiseAfterMs)) return;
    this.#otherwiseMs.delete(rule.name);
    if (alert) this.#options.book.clear(alert, nowMs);
    else if (found !== undefined) this.#raise(rule, found, nowMs);
  }

  #raise({ name, severity }: Rule, message: string, raisedMs: number): void {
    const { book, node } = this.#options;
    book.raise({ id: randomUUID(), rule: name, severity, node, message, raisedMs, clearedMs: null });
  }

  #alertOf(rule: string): Alert | undefined {
    return this.open.find((alert) => alert.rule === rule);
  }

  /** Alerts of rules that an earlier version had. */
  #clearStrangers(): void {
    const { rules, book } = this.#options;
    for (const alert of this.open) if (!rules.some(({ name }) => name === alert.rule)) book.clear(alert, this.#nowMs());
  }
}
