import type { Value } from './answer.js';
import type { Api } from './api.js';
import { element, setAttribute } from './element.js';
import { MetricChart } from './metric-chart.js';
import { readHistory } from './metric-history.js';
import type { MetricPanel, PanelEvents } from './metric-panel.js';
import type { Route } from './route.js';
import { TextPanel } from './text-panel.js';
import type { TimeControls } from './time-controls.js';

/** Panels at a time: each holds its points in memory and draws in each frame that brings one. */
const panelsMax = 8;
/** Rows become visible this long after their live point at the latest, so what is read back is read once more after it. */
const commitMs = 2000;
/** How far before its newest point a panel reads again after a reconnection: readings may come out of order. */
const overlapMs = 90_000;

/** The charts of a device page: which there are, and their points from history and from the live stream. */
export class MetricPanels {
  readonly root = element('section', { class: 'charts', 'aria-label': 'Charts' });
  #selected: string[] = [];
  readonly #kinds = new Map<string, 'chart' | 'text'>();
  readonly #panels = new Map<string, MetricPanel>();
  readonly #dirty = new Set<MetricPanel>();
  readonly #events: PanelEvents;
  /** How far back each panel has been read, ms of the Unix epoch. */
  readonly #readFrom = new WeakMap<MetricPanel, number>();
  #again: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly api: Api,
    private readonly route: Extract<Route, { page: 'device' }>,
    private readonly time: TimeControls,
    private readonly ended: AbortSignal,
    onHide: (metric: string) => void,
  ) {
    this.#events = { hide: onHide, zoom: (fromMs, toMs) => time.freeze(fromMs, toMs), resume: () => time.resume() };
  }

  get selected(): readonly string[] {
    return this.#selected;
  }

  /** Shows these metrics; of too many the newest picks stay. */
  select(metrics: readonly string[]): void {
    this.#selected = metrics.slice(-panelsMax);
    for (const [metric, panel] of this.#panels) if (!this.#selected.includes(metric)) this.#remove(metric, panel);
    for (const metric of this.#selected) this.#open(metric);
    setAttribute(this.root, 'data-count', String(this.#selected.length));
  }

  /** A metric's first value says whether it is a chart or text. */
  learnKind(metric: string, kind: 'chart' | 'text'): void {
    if (this.#kinds.has(metric)) return;
    this.#kinds.set(metric, kind);
    if (this.#selected.includes(metric)) this.#open(metric);
  }

  take(metric: string, ms: number, value: Value): void {
    const panel = this.#panels.get(metric);
    if (!panel) return;
    panel.add(ms, value);
    this.#dirty.add(panel);
  }

  /** Reads what the panels miss of their window, now and once more when all of it is committed. */
  read(): void {
    for (const [metric, panel] of this.#panels) void this.#readPanel(metric, panel);
    this.#readAgain();
  }

  drawDirty(): void {
    if (!this.time.paused) for (const panel of this.#dirty) this.#drawPanel(panel, Date.now());
    this.#dirty.clear();
  }

  drawAll(): void {
    const nowMs = Date.now();
    for (const panel of this.#panels.values()) {
      this.#drawPanel(panel, nowMs);
      panel.tick(...this.time.range(nowMs, panel.lastMs), nowMs);
    }
  }

  tick(nowMs: number): void {
    for (const panel of this.#panels.values()) {
      if (!this.time.paused) this.#drawPanel(panel, nowMs);
      panel.tick(...this.time.range(nowMs, panel.lastMs), nowMs);
    }
  }

  close(): void {
    clearTimeout(this.#again);
    for (const [metric, panel] of this.#panels) this.#remove(metric, panel);
  }

  #readAgain(): void {
    clearTimeout(this.#again);
    this.#again = setTimeout(() => {
      for (const [metric, panel] of this.#panels) void this.#readPanel(metric, panel);
    }, commitMs);
  }

  async #readPanel(metric: string, panel: MetricPanel): Promise<void> {
    const nowMs = Date.now();
    const { tenant, device } = this.route;
    const windowFromMs = nowMs - this.time.windowMs;
    const readFromMs = this.#readFrom.get(panel) ?? Number.POSITIVE_INFINITY;
    const from = windowFromMs < readFromMs ? windowFromMs : Math.max(windowFromMs, panel.lastMs - overlapMs);
    this.#readFrom.set(panel, Math.min(readFromMs, from));
    // A device's clock may be ahead of this page's.
    const to = nowMs + this.time.windowMs;
    const read = (query: { from: number; to: number; limit: number }) =>
      this.api.points(tenant, device, { metric, ...query, from: Math.floor(query.from) }, this.ended);
    const done = await readHistory(read, { from, to, nowMs }, (points) => {
      for (const point of points) panel.add(Date.parse(point.ts), point.value);
    });
    if (this.ended.aborted || this.#panels.get(metric) !== panel) return;
    if (done) panel.loaded();
    else this.#readFrom.delete(panel);
    const range = this.time.range(Date.now(), panel.lastMs);
    panel.draw(...range);
    panel.tick(...range, Date.now());
  }

  #drawPanel(panel: MetricPanel, nowMs: number): void {
    panel.draw(...this.time.range(nowMs, panel.lastMs));
  }

  #open(metric: string): void {
    const kind = this.#kinds.get(metric);
    if (!kind || this.#panels.has(metric)) return;
    const sync = `${this.route.tenant}/${this.route.device}`;
    const panel = kind === 'text' ? new TextPanel(metric, this.#events) : new MetricChart(metric, sync, this.#events);
    this.#panels.set(metric, panel);
    const order = this.#selected.filter((name) => this.#panels.has(name));
    const after = this.#panels.get(order[order.indexOf(metric) + 1] ?? '');
    this.root.insertBefore(panel.root, after?.root ?? null);
    void this.#readPanel(metric, panel);
    this.#readAgain();
  }

  #remove(metric: string, panel: MetricPanel): void {
    this.#panels.delete(metric);
    this.#dirty.delete(panel);
    panel.close();
  }
}
