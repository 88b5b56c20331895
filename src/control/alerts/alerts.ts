import { randomUUID } from 'node:crypto';
import type { Alert } from './alert.js';
import type { AlertBook } from './alert-book.js';
import type { Finding, Rule, SubjectRule } from './rule.js';

const LOOK_MS = 1000;

export interface AlertsOptions {
  readonly rules: readonly (Rule | SubjectRule)[];
  readonly book: AlertBook;
  readonly node: string;
  readonly nowMs?: () => number;
}

/** Looks at each rule every second, and raises and clears its alert. An alert of an earlier process stays raised, or is cleared. */
export class Alerts {
  readonly #options: AlertsOptions;
  readonly #nowMs: () => number;
  readonly #timer: NodeJS.Timeout;
  /** By rule and subject, since when it has been otherwise than its alert says; absent: it is not. */
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

  /** Every rule, and whether an alert of it holds. */
  get states(): readonly (readonly [rule: string, isOpen: boolean])[] {
    return this.#options.rules.map(({ name }) => [name, this.open.some(({ rule }) => rule === name)]);
  }

  look(): void {
    for (const rule of this.#options.rules) {
      if ('find' in rule) this.#judge(rule, null, findingOf(rule));
      else this.#judgeEach(rule);
    }
    this.#clearStrangers();
  }

  #judgeEach(rule: SubjectRule): void {
    const found = rule.findEach();
    const open = this.open.flatMap((alert) => (alert.rule === rule.name && alert.subject !== null ? [alert.subject] : []));
    const head = keyOf(rule, '');
    const waiting = [...this.#otherwiseMs.keys()].flatMap((key) => (key.startsWith(head) ? [key.slice(head.length)] : []));
    for (const subject of new Set([...open, ...waiting, ...found.keys()])) this.#judge(rule, subject, found.get(subject));
  }

  #judge(rule: Rule | SubjectRule, subject: string | null, found: Finding | undefined): void {
    const alert = this.open.find((one) => one.rule === rule.name && one.subject === subject);
    const key = keyOf(rule, subject);
    if ((found !== undefined) === (alert !== undefined)) {
      this.#otherwiseMs.delete(key);
      return;
    }
    const nowMs = this.#nowMs();
    const sinceMs = this.#otherwiseMs.get(key) ?? nowMs;
    this.#otherwiseMs.set(key, sinceMs);
    if (nowMs - sinceMs < (alert ? rule.clearAfterMs : rule.raiseAfterMs)) return;
    this.#otherwiseMs.delete(key);
    if (alert) this.#options.book.clear(alert, nowMs);
    else if (found) this.#raise(rule, subject, found, nowMs);
  }

  #raise({ name: rule, severity }: Rule | SubjectRule, subject: string | null, { message, link }: Finding, raisedMs: number): void {
    const { book, node } = this.#options;
    book.raise({ id: randomUUID(), rule, subject, severity, node, message, link: link ?? null, raisedMs, clearedMs: null });
  }

  /** Alerts of rules that an earlier version had. */
  #clearStrangers(): void {
    const { rules, book } = this.#options;
    for (const alert of this.open) if (!rules.some(({ name }) => name === alert.rule)) book.clear(alert, this.#nowMs());
  }
}

function findingOf(rule: Rule): Finding | undefined {
  const message = rule.find();
  return message === undefined ? undefined : { message };
}

function keyOf({ name }: Rule | SubjectRule, subject: string | null): string {
  return subject === null ? name : `${name} ${subject}`;
}
