import uPlot from 'uplot';
import type { Value } from './answer.js';
import { chartOptions } from './chart-options.js';
import { element, setHidden, setText } from './element.js';
import { formatAge, formatClock, formatValue } from './format.js';
import type { MetricPanel, PanelEvents } from './metric-panel.js';
import { Series } from './series.js';
import { onPaletteChange } from './theme.js';

/** A number over time. Points go into the series at once and to the canvas with the next `draw`. */
export class MetricChart implements MetricPanel {
  readonly kind = 'chart';
  readonly root: HTMLElement;
  readonly #series = new Series();
  readonly #plot: uPlot;
  readonly #value = element('output', { class: 'chart-value' }, '–');
  readonly #when = element('span', { class: 'chart-when' });
  readonly #summary = element('span', { class: 'chart-summary' });
  readonly #notice = element('p', { class: 'chart-notice' }, 'Loading …');
  readonly #canvasBox: HTMLElement;
  readonly #resize: ResizeObserver;
  readonly #stopPalette: () => void;
  #loaded = false;
  #hovered = false;
  /** The newest point inside the window drawn last; undefined when there is none. */
  #newest: { ms: number; value: number } | undefined;

  constructor(metric: string, syncKey: string, events: PanelEvents) {
    const remove = element('button', { type: 'button', class: 'quiet close', 'aria-label': `Hide the chart of ${metric}` }, '×');
    remove.addEventListener('click', () => events.hide(metric));
    this.#canvasBox = element('div', { class: 'chart-box' }, this.#notice);
    const head = element(
      'figcaption',
      {},
      element('span', { class: 'chart-name' }, metric),
      this.#value,
      this.#when,
      this.#summary,
      remove,
    );
    this.root = element('figure', { class: 'chart', 'aria-label': `Chart of ${metric}` }, head, this.#canvasBox);
    this.root.dataset.metric = metric;
    const options = chartOptions(syncKey, {
      gapMs: () => this.#series.gapMs(),
      painted: () => this.#mark(),
      hovered: (index) => this.#hover(index),
      zoomed: (fromMs, toMs) => events.zoom(fromMs, toMs),
      reset: () => events.resume(),
    });
    this.#plot = new uPlot(options, this.#series.view(), this.#canvasBox);
    this.#resize = new ResizeObserver(() => this.#fit());
    this.#resize.observe(this.#canvasBox);
    this.#stopPalette = onPaletteChange(() => this.#plot.redraw(false, true));
  }

  get lastMs(): number {
    return this.#series.lastMs;
  }

  add(ms: number, value: Value): void {
    if (typeof value === 'number' || typeof value === 'boolean') this.#series.add(ms, Number(value));
  }

  loaded(): void {
    this.#loaded = true;
  }

  draw(fromMs: number, toMs: number): void {
    this.#newest = newestUntil(this.#series, toMs);
    if (!this.#hovered) this.#showNewest();
    this.#plot.batch(() => {
      this.#plot.setData(this.#series.view(), false);
      this.#plot.setScale('x', { min: fromMs, max: toMs });
    });
  }

  tick(fromMs: number, toMs: number, nowMs: number): void {
    const [times, values] = this.#series.view();
    let [low, high, sum, count] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 0];
    for (let at = times.length - 1; at >= 0 && times[at]! >= fromMs; at--) {
      if (times[at]! > toMs) continue;
      const value = values[at]!;
      if (value < low) low = value;
      if (value > high) high = value;
      sum += value;
      count++;
    }
    setText(this.#summary, count > 0 ? `min ${formatValue(low)}  max ${formatValue(high)}  mean ${formatValue(sum / count, 4)}` : '');
    setHidden(this.#notice, count > 0);
    if (count === 0) setText(this.#notice, this.#emptyText(nowMs));
  }

  close(): void {
    this.#resize.disconnect();
    this.#stopPalette();
    this.#plot.destroy();
    this.root.remove();
  }

  #emptyText(nowMs: number): string {
    if (this.#series.length > 0) return `Nothing in this window. Newest point: ${formatAge(this.#series.lastMs, nowMs)}.`;
    return this.#loaded ? 'Nothing in this window yet. Waiting for data …' : 'Loading …';
  }

  #showNewest(): void {
    setText(this.#value, this.#newest ? formatValue(this.#newest.value) : '–');
    setText(this.#when, this.#newest ? formatClock(this.#newest.ms) : '');
  }

  #hover(index: number | undefined): void {
    this.#hovered = index !== undefined;
    const [times, values] = this.#series.view();
    if (index === undefined || index >= times.length) this.#showNewest();
    else {
      setText(this.#value, formatValue(values[index]!));
      setText(this.#when, formatClock(times[index]!));
    }
  }

  /** What the canvas shows and since when: tests read it, and so can a person who doubts the chart. */
  #mark(): void {
    if (!this.#newest) return;
    const [ts, value] = [String(this.#newest.ms), String(this.#newest.value)];
    if (this.root.dataset.lastTs === ts && this.root.dataset.lastValue === value) return;
    this.root.dataset.lastTs = ts;
    this.root.dataset.lastValue = value;
    this.root.dataset.paintedMs = String(performance.timeOrigin + performance.now());
  }

  #fit(): void {
    const { clientWidth: width, clientHeight: height } = this.#canvasBox;
    if (width > 0 && height > 0 && (width !== this.#plot.width || height !== this.#plot.height)) this.#plot.setSize({ width, height });
  }
}

/** A paused chart goes on collecting points that it does not show. */
function newestUntil(series: Series, toMs: number): { ms: number; value: number } | undefined {
  const [times, values] = series.view();
  let at = times.length - 1;
  while (at >= 0 && times[at]! > toMs) at--;
  return at < 0 ? undefined : { ms: times[at]!, value: values[at]! };
}
