import uPlot from 'uplot';
import { bucketed, bucketMs } from '../data/buckets.js';
import type { NumberPanel, Point } from '../data/number-panel.js';
import { chartOptions } from './chart-options.js';

export interface DrawingEvents {
  /** Charts of one key move their cursors together. */
  readonly syncKey: string;
  painted(newest: Point): void;
  hovered(point: Point | undefined): void;
  zoomed(fromMs: number, toMs: number): void;
  reset(): void;
}

/** The place of the lowest and the highest value of each bucket among uPlot's series. */
const edges = [2, 3];

/** A panel's points on a canvas: one by one, or, where they are denser than the screen, as mean, lowest and highest of each bucket. */
export class Drawing {
  readonly #plot: uPlot;
  /** Of the buckets drawn now, ms; undefined: points are drawn one by one. */
  #bucketMs: number | undefined;

  constructor(
    place: HTMLElement,
    private readonly panel: NumberPanel,
    events: DrawingEvents,
  ) {
    const options = chartOptions(events.syncKey, {
      gapMs: () => Math.max(panel.series.gapMs(), 2.5 * (this.#bucketMs ?? 0)),
      twoStates: () => panel.twoStates,
      inBuckets: () => this.#bucketMs !== undefined,
      painted: () => {
        const newest = panel.newest.peek();
        if (newest) events.painted(newest);
      },
      hovered: (index) => events.hovered(index === undefined ? undefined : this.#pointAt(index)),
      zoomed: events.zoomed,
      reset: events.reset,
    });
    this.#plot = new uPlot(options, [[], [], [], []], place);
  }

  draw(): void {
    const frame = this.panel.frame.peek();
    if (!frame) return;
    const { fromMs, toMs } = frame;
    const [times, values] = this.panel.series.view();
    const widthMs = bucketMs(toMs - fromMs, pointsWithin(times, fromMs, toMs), this.#plot.width);
    const buckets = widthMs === undefined ? undefined : bucketed(times, values, widthMs);
    const data: uPlot.AlignedData = buckets ? [buckets.times, buckets.mean, buckets.low, buckets.high] : [times, values, values, values];
    this.#plot.batch(() => {
      if ((this.#bucketMs === undefined) !== (widthMs === undefined))
        for (const series of edges) this.#plot.setSeries(series, { show: widthMs !== undefined });
      this.#bucketMs = widthMs;
      this.#plot.setData(data, false);
      this.#plot.setScale('x', { min: fromMs, max: toMs });
    });
  }

  repaint(): void {
    this.#plot.redraw(false, true);
  }

  fit({ clientWidth: width, clientHeight: height }: HTMLElement): void {
    if (width <= 0 || height <= 0 || (width === this.#plot.width && height === this.#plot.height)) return;
    this.#plot.setSize({ width, height });
    this.draw();
  }

  close(): void {
    this.#plot.destroy();
  }

  #pointAt(index: number): Point | undefined {
    const [times, values] = this.#plot.data;
    const [ms, value] = [times[index], values?.[index]];
    return ms === undefined || value === undefined || value === null ? undefined : { ms, value };
  }
}

function pointsWithin(times: Float64Array, fromMs: number, toMs: number): number {
  let count = 0;
  for (let at = times.length - 1; at >= 0 && times[at]! >= fromMs; at--) if (times[at]! <= toMs) count++;
  return count;
}
