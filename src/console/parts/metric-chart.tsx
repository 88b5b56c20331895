import { type Signal, untracked, useSignal, useSignalEffect } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import { formatClock, formatValue } from '../data/format.js';
import type { NumberPanel, Point } from '../data/number-panel.js';
import { palette } from '../data/theme.js';
import { chartOptions } from './chart-options.js';
import { PanelFigure } from './panel-figure.js';

interface MetricChartProps {
  readonly panel: NumberPanel;
  /** Charts of one key move their cursors together. */
  readonly syncKey: string;
  readonly onHide: () => void;
  readonly onZoom: (fromMs: number, toMs: number) => void;
  readonly onResume: () => void;
}

/** What the canvas shows and since when: tests read it, and so can a person who doubts the chart. */
interface Painted extends Point {
  readonly atMs: number;
}

/** A number over time. */
export function MetricChart(props: MetricChartProps) {
  const { panel, onHide } = props;
  const hovered = useSignal<Point | undefined>(undefined);
  const painted = useSignal<Painted | undefined>(undefined);
  const box = useRef<HTMLDivElement>(null);
  usePlot(props, box, hovered, painted);
  const shown = hovered.value ?? panel.newest.value;
  const data = {
    'data-last-ts': painted.value && String(painted.value.ms),
    'data-last-value': painted.value && String(painted.value.value),
    'data-painted-ms': painted.value && String(painted.value.atMs),
  };
  return (
    <PanelFigure
      panel={panel}
      value={shown ? formatValue(shown.value) : '–'}
      when={shown ? formatClock(shown.ms) : ''}
      summary={panel.summary}
      data={data}
      onHide={onHide}
    >
      <div ref={box} class="chart-box">
        <p class="chart-notice" hidden={panel.notice.value === ''}>
          {panel.notice}
        </p>
      </div>
    </PanelFigure>
  );
}

/** Keeps a uPlot in the box for as long as the component is there. */
function usePlot(
  { panel, syncKey, onZoom, onResume }: MetricChartProps,
  box: { readonly current: HTMLDivElement | null },
  hovered: Signal<Point | undefined>,
  painted: Signal<Painted | undefined>,
): void {
  const plot = useRef<uPlot>(undefined);
  useEffect(() => {
    const { series } = panel;
    const place = box.current!;
    const options = chartOptions(syncKey, {
      gapMs: () => series.gapMs(),
      painted: () => {
        const point = panel.newest.peek();
        const before = painted.peek();
        if (!point || (before?.ms === point.ms && before.value === point.value)) return;
        painted.value = { ...point, atMs: performance.timeOrigin + performance.now() };
      },
      hovered: (index) => {
        const [times, values] = series.view();
        hovered.value = index === undefined || index >= times.length ? undefined : { ms: times[index]!, value: values[index]! };
      },
      zoomed: onZoom,
      reset: onResume,
    });
    const made = new uPlot(options, series.view(), place);
    plot.current = made;
    const resize = new ResizeObserver(() => fit(made, place));
    resize.observe(place);
    draw(made, panel);
    return () => {
      resize.disconnect();
      made.destroy();
    };
  }, []);
  useSignalEffect(() => {
    panel.frame.value;
    if (plot.current) untracked(() => draw(plot.current!, panel));
  });
  useSignalEffect(() => {
    palette.value;
    plot.current?.redraw(false, true);
  });
}

function draw(plot: uPlot, panel: NumberPanel): void {
  const frame = panel.frame.peek();
  if (!frame) return;
  plot.batch(() => {
    plot.setData(panel.series.view(), false);
    plot.setScale('x', { min: frame.fromMs, max: frame.toMs });
  });
}

function fit(plot: uPlot, { clientWidth: width, clientHeight: height }: HTMLElement): void {
  if (width > 0 && height > 0 && (width !== plot.width || height !== plot.height)) plot.setSize({ width, height });
}
