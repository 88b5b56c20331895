import uPlot from 'uplot';
import { formatClock, formatClockMinutes } from '../data/format.js';
import { palette } from '../data/theme.js';
import { constantRange, formatTicks } from '../data/ticks.js';

export interface ChartEvents {
  /** A silence longer than this breaks the line, ms. */
  gapMs(): number;
  /** Every value is 0 or 1. */
  twoStates(): boolean;
  /** Each point stands for a bucket, with its lowest and highest value beside it. */
  inBuckets(): boolean;
  painted(): void;
  /** The point under the cursor, or undefined when the cursor left. */
  hovered(index: number | undefined): void;
  zoomed(fromMs: number, toMs: number): void;
  reset(): void;
}

const font = '11px system-ui, sans-serif';
const minuteMs = 60_000;
/** uPlot's own range of an axis: a tenth of room, and zero where it is near. */
const roomy = { pad: 0.1, soft: 0, mode: 3 } as const;

const linear = uPlot.paths.linear!();
const stepped = uPlot.paths.stepped!({ align: 1 });

/** How a metric's chart looks and reacts. Times are ms of the Unix epoch; colours are read when drawn, so a theme change needs no new chart. */
export function chartOptions(syncKey: string, events: ChartEvents): uPlot.Options {
  const axis: uPlot.Axis = {
    stroke: () => palette.peek().muted,
    grid: { stroke: () => palette.peek().grid, width: 1 },
    ticks: { show: false },
    font,
  };
  const edge: uPlot.Series = { show: false, stroke: 'transparent', points: { show: false } };
  return {
    width: 300,
    height: 120,
    ms: 1,
    padding: [8, 12, 0, 0],
    legend: { show: false },
    cursor: {
      y: false,
      sync: { key: syncKey },
      drag: { x: true, y: false, setScale: false },
      bind: {
        dblclick: () => () => {
          events.reset();
          return null;
        },
      },
    },
    scales: { x: { time: true, auto: false }, y: { range: (_plot, low, high) => range(low, high, events.twoStates()) } },
    axes: [
      {
        ...axis,
        space: 80,
        size: 24,
        gap: 4,
        values: (_plot, splits, _axis, _space, stepMs) => splits.map(stepMs >= minuteMs ? formatClockMinutes : formatClock),
      },
      {
        ...axis,
        space: 28,
        gap: 6,
        size: (_plot, values) => 18 + 6.5 * Math.max(4, ...(values ?? []).map((text) => text.length)),
        values: (_plot, splits) => tickTexts(splits),
        filter: (_plot, splits) => splits.map((split) => (events.twoStates() && split !== 0 && split !== 1 ? null : split)),
      },
    ],
    series: [{}, valueSeries(events), edge, { ...edge }],
    bands: [{ series: [3, 2], fill: () => palette.peek().accentSoft }],
    hooks: {
      draw: [() => events.painted()],
      setCursor: [(plot) => events.hovered(plot.cursor.left! >= 0 ? (plot.cursor.idx ?? undefined) : undefined)],
      setSelect: [(plot) => select(plot, events)],
    },
  };
}

function valueSeries(events: ChartEvents): uPlot.Series {
  return {
    stroke: () => palette.peek().accent,
    fill: () => (events.inBuckets() ? 'transparent' : palette.peek().accentSoft),
    // From the bottom of the chart, also where values are negative.
    fillTo: (plot) => plot.scales.y!.min ?? 0,
    width: 1.5,
    paths: (plot, series, first, last) => (events.twoStates() && !events.inBuckets() ? stepped : linear)(plot, series, first, last),
    gaps: (plot, _series, first, last) => gaps(plot, first, last, events.gapMs()),
    points: { size: 4, space: 12, filter: (plot, _series, shown, _gaps) => (shown ? null : lonePoints(plot, events.gapMs())) },
  };
}

/** `null`: a line without a number. */
function tickTexts(splits: readonly (number | null)[]): string[] {
  const texts = formatTicks(splits.filter((split) => split !== null));
  return splits.map((split) => (split === null ? '' : texts.shift()!));
}

function range(low: number | null, high: number | null, twoStates: boolean): [number, number] {
  if (low === null || high === null) return [0, 1];
  if (twoStates) return [-0.1, 1.1];
  return constantRange(low, high) ?? (uPlot.rangeNum(low, high, { min: roomy, max: roomy }) as [number, number]);
}

function select(plot: uPlot, events: ChartEvents): void {
  const { left, width } = plot.select;
  if (width < 4) return;
  const [fromMs, toMs] = [plot.posToVal(left, 'x'), plot.posToVal(left + width, 'x')];
  plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
  events.zoomed(fromMs, toMs);
}

/** Pixel ranges where the device was silent: a straight line there would claim values nobody measured. */
function gaps(plot: uPlot, first: number, last: number, gapMs: number): uPlot.Series.Gaps {
  const times = plot.data[0];
  const found: uPlot.Series.Gaps = [];
  for (let at = first + 1; at <= last; at++) {
    if (times[at]! - times[at - 1]! > gapMs) found.push([plot.valToPos(times[at - 1]!, 'x', true), plot.valToPos(times[at]!, 'x', true)]);
  }
  return found;
}

/** Points with a silence on both sides: no line passes through them, so they are drawn as dots. */
function lonePoints(plot: uPlot, gapMs: number): number[] | null {
  const times = plot.data[0];
  const found: number[] = [];
  const silent = (at: number) => at < 1 || at >= times.length || times[at]! - times[at - 1]! > gapMs;
  for (let at = 0; at < times.length; at++) if (silent(at) && silent(at + 1)) found.push(at);
  return found.length > 0 ? found : null;
}
