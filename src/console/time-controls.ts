import { element, setAttribute, setText } from './element.js';
import { formatClock } from './format.js';

const windows: readonly [label: string, minutes: number][] = [
  ['1 min', 1],
  ['5 min', 5],
  ['15 min', 15],
  ['1 h', 60],
];
const minutesFirst = 15;

/** Which span of time the charts show: a window that ends now, or one that somebody stopped. */
export class TimeControls {
  readonly root: HTMLElement;
  windowMs = minutesFirst * 60_000;
  #frozen: { fromMs: number; toMs: number } | undefined;
  readonly #choices: HTMLButtonElement[];
  readonly #pause = element('button', { type: 'button', class: 'pause', 'aria-pressed': 'false' }, 'Pause');
  readonly #note = element('span', { class: 'frozen', role: 'status' });

  constructor(private readonly onChange: (changed: 'window' | 'pause') => void) {
    this.#choices = windows.map(([label, minutes]) => {
      const choice = element('button', { type: 'button', 'aria-pressed': String(minutes === minutesFirst) }, label);
      choice.addEventListener('click', () => this.#choose(choice, minutes));
      return choice;
    });
    this.#pause.addEventListener('click', () => (this.#frozen ? this.resume() : this.freeze(...this.range(Date.now()))));
    this.#pause.title = 'Stop the charts; readings are still taken. Drag over a chart to look closer.';
    const group = element('div', { class: 'segments', role: 'group', 'aria-label': 'Time window' }, ...this.#choices);
    this.root = element('div', { class: 'time' }, this.#note, group, this.#pause);
  }

  get paused(): boolean {
    return this.#frozen !== undefined;
  }

  /** `newestMs`: a device whose clock runs ahead keeps its newest point in sight, as far as one window. */
  range(nowMs: number, newestMs = Number.NEGATIVE_INFINITY): [fromMs: number, toMs: number] {
    if (this.#frozen) return [this.#frozen.fromMs, this.#frozen.toMs];
    const toMs = newestMs > nowMs && newestMs < nowMs + this.windowMs ? newestMs : nowMs;
    return [toMs - this.windowMs, toMs];
  }

  freeze(fromMs: number, toMs: number): void {
    this.#frozen = { fromMs, toMs };
    this.#show();
    this.onChange('pause');
  }

  resume(): void {
    this.#frozen = undefined;
    this.#show();
    this.onChange('pause');
  }

  #choose(choice: HTMLButtonElement, minutes: number): void {
    this.windowMs = minutes * 60_000;
    this.#frozen = undefined;
    for (const other of this.#choices) setAttribute(other, 'aria-pressed', String(other === choice));
    this.#show();
    this.onChange('window');
  }

  #show(): void {
    const frozen = this.#frozen;
    setText(this.#pause, frozen ? 'Resume' : 'Pause');
    setAttribute(this.#pause, 'aria-pressed', String(frozen !== undefined));
    setText(this.#note, frozen ? `Paused: ${formatClock(frozen.fromMs)} – ${formatClock(frozen.toMs)}` : '');
  }
}
