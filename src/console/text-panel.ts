import type { Value } from './answer.js';
import { element, setHidden, setText } from './element.js';
import { formatClock, formatMoment, formatValue } from './format.js';
import type { MetricPanel, PanelEvents } from './metric-panel.js';

/** Entries kept and lines on the page; a line is made once and shows whichever entry its place holds. */
const entriesMax = 100;

/** A metric whose values are text: each change with its time, newest first. */
export class TextPanel implements MetricPanel {
  readonly kind = 'text';
  readonly root: HTMLElement;
  readonly #value = element('output', { class: 'chart-value' }, '–');
  readonly #notice = element('p', { class: 'chart-notice' }, 'Loading …');
  readonly #list = element('ol', { class: 'text-log', tabindex: 0, 'aria-label': 'Changes, newest first' });
  /** Ascending by time. */
  readonly #entries: { ms: number; text: string }[] = [];
  #loaded = false;

  constructor(metric: string, events: PanelEvents) {
    const remove = element('button', { type: 'button', class: 'quiet close', 'aria-label': `Hide ${metric}` }, '×');
    remove.addEventListener('click', () => events.hide(metric));
    const head = element('figcaption', {}, element('span', { class: 'chart-name' }, metric), this.#value, remove);
    this.root = element('figure', { class: 'chart text', 'aria-label': `Values of ${metric}` }, head, this.#notice, this.#list);
    this.root.dataset.metric = metric;
  }

  get lastMs(): number {
    return this.#entries.at(-1)?.ms ?? Number.NEGATIVE_INFINITY;
  }

  add(ms: number, value: Value): void {
    let at = this.#entries.length;
    while (at > 0 && this.#entries[at - 1]!.ms > ms) at--;
    if (this.#entries[at - 1]?.ms === ms) return;
    this.#entries.splice(at, 0, { ms, text: formatValue(value) });
    // Repeats carry no news: of a run of equal values only the first stays.
    const { text } = this.#entries[at]!;
    if (this.#entries[at - 1]?.text === text) this.#entries.splice(at, 1);
    else if (this.#entries[at + 1]?.text === text) this.#entries.splice(at + 1, 1);
    if (this.#entries.length > entriesMax) this.#entries.shift();
  }

  loaded(): void {
    this.#loaded = true;
  }

  draw(): void {
    const newest = this.#entries.at(-1);
    setText(this.#value, newest?.text ?? '–');
    setHidden(this.#notice, newest !== undefined);
    while (this.#list.childElementCount < this.#entries.length) {
      this.#list.append(element('li', {}, element('time'), element('span', { class: 'text-value' })));
    }
    for (const [index, line] of [...this.#list.children].entries()) {
      const entry = this.#entries[this.#entries.length - 1 - index];
      setHidden(line as HTMLElement, entry === undefined);
      if (!entry) continue;
      setText(line.firstElementChild!, formatClock(entry.ms));
      line.firstElementChild!.setAttribute('title', formatMoment(entry.ms));
      setText(line.lastElementChild!, entry.text);
    }
    if (newest) this.root.dataset.lastValue = newest.text;
  }

  tick(): void {
    if (this.#entries.length === 0) setText(this.#notice, this.#loaded ? 'Nothing in this window yet. Waiting for data …' : 'Loading …');
  }

  close(): void {
    this.root.remove();
  }
}
