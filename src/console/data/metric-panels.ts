import { computed, signal } from '@preact/signals';
import type { Value } from './answer.js';
import type { Api } from './api.js';
import { readHistory } from './metric-history.js';
import { NumberPanel } from './number-panel.js';
import type { DeviceRoute } from './route.js';
import { TextPanel } from './text-panel.js';
import type { TimeWindow } from './time-window.js';

/** Panels at a time: each holds its points in memory and draws in each frame that brings one. */
const panelsMax = 8;
/** Rows become visible this long after their live point at the latest, so what is read back is read once more after it. */
const commitMs = 2000;
/** How far before its newest point a panel reads again after a reconnection: readings may come out of order. */
const overlapMs = 90_000;
/** How soon a history that could not be read is asked for again. */
const failedMs = 5000;

export type Panel = NumberPanel | TextPanel;

/** The panels of a device page: which there are, and their points from history and from the live stream. */
export class MetricPanels {
  readonly selected = signal<readonly string[]>([]);
  readonly #open = signal<ReadonlyMap<string, Panel>>(new Map());
  /** Those of the selected metrics whose kind is known, in their order. */
  readonly list = computed(() => this.selected.value.flatMap((metric) => this.#open.value.get(metric) ?? []));
  readonly #kinds = new Map<string, Panel['kind']>();
  readonly #dirty = new Set<Panel>();
  /** How far back each panel has been read, ms of the Unix epoch. */
  readonly #readFrom = new WeakMap<Panel, number>();
  readonly #failedAtMs = new Map<Panel, number>();
  readonly #reading = new WeakSet<Panel>();
  #again: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly api: Api,
    private readonly route: DeviceRoute,
    private readonly time: TimeWindow,
    private readonly ended: AbortSignal,
  ) {}

  /** Shows these metrics; of too many the newest picks stay. */
  select(metrics: readonly string[]): void {
    this.selected.value = metrics.slice(-panelsMax);
    this.#openSelected();
  }

  /** A metric's first value says whether it is a chart or text. */
  learnKind(metric: string, kind: Panel['kind']): void {
    if (this.#kinds.has(metric)) return;
    this.#kinds.set(metric, kind);
    if (this.selected.peek().includes(metric)) this.#openSelected();
  }

  take(metric: string, ms: number, value: Value): void {
    const panel = this.#open.peek().get(metric);
    if (!panel) return;
    panel.add(ms, value);
    this.#dirty.add(panel);
  }

  /** Reads what the panels miss of their window, now and once more when all of it is committed. */
  read(): void {
    for (const panel of this.#open.peek().values()) void this.#readPanel(panel);
    this.#readAgain();
  }

  drawDirty(): void {
    if (!this.time.paused) for (const panel of this.#dirty) this.#draw(panel, Date.now());
    this.#dirty.clear();
  }

  drawAll(): void {
    const nowMs = Date.now();
    for (const panel of this.#open.peek().values()) {
      this.#draw(panel, nowMs);
      panel.tick(...this.time.range(nowMs, panel.lastMs), nowMs);
    }
  }

  tick(nowMs: number): void {
    for (const panel of this.#open.peek().values()) {
      if (!this.time.paused) this.#draw(panel, nowMs);
      panel.tick(...this.time.range(nowMs, panel.lastMs), nowMs);
      if (nowMs - (this.#failedAtMs.get(panel) ?? nowMs) >= failedMs) void this.#readPanel(panel);
    }
  }

  close(): void {
    clearTimeout(this.#again);
    this.#open.value = new Map();
  }

  #readAgain(): void {
    clearTimeout(this.#again);
    this.#again = setTimeout(() => {
      for (const panel of this.#open.peek().values()) void this.#readPanel(panel);
    }, commitMs);
  }

  async #readPanel(panel: Panel): Promise<void> {
    // A database that stands still would be asked by more and more calls.
    if (this.#failedAtMs.has(panel) && this.#reading.has(panel)) return;
    this.#reading.add(panel);
    const nowMs = Date.now();
    const { tenant, device } = this.route;
    const windowFromMs = nowMs - this.time.lengthMs;
    const readFromMs = this.#readFrom.get(panel) ?? Number.POSITIVE_INFINITY;
    const from = windowFromMs < readFromMs ? windowFromMs : Math.max(windowFromMs, panel.lastMs - overlapMs);
    this.#readFrom.set(panel, Math.min(readFromMs, from));
    // A device's clock may be ahead of this page's.
    const to = nowMs + this.time.lengthMs;
    const read = (query: { from: number; to: number; limit: number }) =>
      this.api.points(tenant, device, { metric: panel.metric, ...query, from: Math.floor(query.from) }, this.ended);
    const refusal = await readHistory(read, { from, to, nowMs }, (points) => {
      for (const point of points) panel.add(Date.parse(point.ts), point.value);
    });
    this.#reading.delete(panel);
    if (this.ended.aborted || this.#open.peek().get(panel.metric) !== panel) return;
    panel.loaded(refusal);
    if (refusal) {
      this.#readFrom.delete(panel);
      this.#failedAtMs.set(panel, Date.now());
    } else this.#failedAtMs.delete(panel);
    const range = this.time.range(Date.now(), panel.lastMs);
    panel.draw(...range);
    panel.tick(...range, Date.now());
  }

  #draw(panel: Panel, nowMs: number): void {
    panel.draw(...this.time.range(nowMs, panel.lastMs));
  }

  #openSelected(): void {
    const before = this.#open.peek();
    const open = new Map<string, Panel>();
    const fresh: Panel[] = [];
    for (const metric of this.selected.peek()) {
      const kind = this.#kinds.get(metric);
      if (!kind) continue;
      const panel = before.get(metric) ?? (kind === 'text' ? new TextPanel(metric) : new NumberPanel(metric));
      open.set(metric, panel);
      if (!before.has(metric)) fresh.push(panel);
    }
    this.#open.value = open;
    for (const panel of this.#failedAtMs.keys()) if (open.get(panel.metric) !== panel) this.#failedAtMs.delete(panel);
    for (const panel of this.#dirty) if (open.get(panel.metric) !== panel) this.#dirty.delete(panel);
    for (const panel of fresh) void this.#readPanel(panel);
    if (fresh.length > 0) this.#readAgain();
  }
}
