import type { Reading } from './answer.js';
import { element, setHidden, setText } from './element.js';
import { formatAge, formatCount, formatMoment, formatValue } from './format.js';

const rowsMax = 200;
/** From this many metrics on there is a box to search them. */
const searchFrom = 12;

interface Row {
  readonly root: HTMLTableRowElement;
  readonly check: HTMLInputElement;
  readonly value: HTMLElement;
  readonly age: HTMLElement;
  tsMs: number;
}

/** All metrics of a device with their latest values; it is also the picker of what to chart. */
export class MetricTable {
  readonly root: HTMLElement;
  readonly #rows = new Map<string, Row>();
  readonly #body = element('tbody');
  readonly #search = element('input', { type: 'search', placeholder: 'Search metrics', 'aria-label': 'Search metrics', hidden: true });
  readonly #left = element('p', { class: 'hint', hidden: true });
  #stale = false;

  constructor(private readonly onPick: (metric: string, on: boolean) => void) {
    this.#search.addEventListener('input', () => this.#arrange());
    const heads = ['Metric', 'Latest', 'Age'].map((name) => element('th', { scope: 'col' }, name));
    const table = element('table', { class: 'metrics' }, element('thead', {}, element('tr', {}, ...heads)), this.#body);
    this.root = element('section', { class: 'panel', 'aria-label': 'Latest values' }, this.#search, table, this.#left);
  }

  get names(): string[] {
    return [...this.#rows.keys()].sort();
  }

  /** Shows a reading unless a newer one is there. Returns whether the metric is new to the table. */
  take(metric: string, reading: Reading): boolean {
    const tsMs = Date.parse(reading.ts);
    const held = this.#rows.get(metric);
    if (held && held.tsMs > tsMs) return false;
    const row = held ?? this.#add(metric);
    row.tsMs = tsMs;
    setText(row.value, formatValue(reading.value));
    return !held;
  }

  pick(metrics: readonly string[]): void {
    for (const [metric, row] of this.#rows) row.check.checked = metrics.includes(metric);
  }

  tick(nowMs: number): void {
    if (this.#stale) this.#arrange();
    for (const row of this.#rows.values()) {
      if (!row.root.isConnected) continue;
      setText(row.age, formatAge(row.tsMs, nowMs).replace(' ago', ''));
      row.age.title = formatMoment(row.tsMs);
    }
  }

  #add(metric: string): Row {
    const check = element('input', { type: 'checkbox' });
    check.addEventListener('change', () => this.onPick(metric, check.checked));
    const value = element('td', { class: 'value' });
    const age = element('td', { class: 'age' });
    const root = element(
      'tr',
      {},
      element('td', {}, element('label', {}, check, element('span', { class: 'metric-name' }, metric))),
      value,
      age,
    );
    root.dataset.metric = metric;
    const row: Row = { root, check, value, age, tsMs: Number.NEGATIVE_INFINITY };
    this.#rows.set(metric, row);
    this.#stale = true;
    return row;
  }

  /** Puts the rows that match into order; more than fit on a page wait for a search. */
  #arrange(): void {
    this.#stale = false;
    const text = this.#search.value.trim().toLowerCase();
    const names = this.names.filter((name) => name.toLowerCase().includes(text));
    this.#body.replaceChildren(...names.slice(0, rowsMax).map((name) => this.#rows.get(name)!.root));
    setHidden(this.#search, this.#rows.size < searchFrom);
    setHidden(this.#left, names.length <= rowsMax);
    setText(this.#left, names.length > rowsMax ? `${formatCount(names.length - rowsMax)} more: search to see them.` : '');
  }
}
