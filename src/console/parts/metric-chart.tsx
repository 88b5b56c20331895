import { type Signal, untracked, useSignal, useSignalEffect } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { formatClock, formatValue } from '../data/format.js';
import type { NumberPanel, Point } from '../data/number-panel.js';
import { palette } from '../data/theme.js';
import { Drawing } from './drawing.js';
import { PanelFigure } from './panel-figure.js';

interface MetricChartProps {
  readonly panel: NumberPanel;
  /** Empty: it is not known. */
  readonly unit: string;
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
  const { panel, unit, onHide } = props;
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
      unit={unit}
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
  const drawing = useRef<Drawing>(undefined);
  useEffect(() => {
    const place = box.current!;
    const made = new Drawing(place, panel, {
      syncKey,
      painted: (point) => {
        const before = painted.peek();
        if (before?.ms === point.ms && before.value === point.value) return;
        painted.value = { ...point, atMs: performance.timeOrigin + performance.now() };
      },
      hovered: (point) => {
        hovered.value = point;
      },
      zoomed: onZoom,
      reset: onResume,
    });
    drawing.current = made;
    const resize = new ResizeObserver(() => made.fit(place));
    resize.observe(place);
    made.draw();
    return () => {
      resize.disconnect();
      made.close();
    };
  }, []);
  useSignalEffect(() => {
    panel.frame.value;
    untracked(() => drawing.current?.draw());
  });
  useSignalEffect(() => {
    palette.value;
    drawing.current?.repaint();
  });
}
