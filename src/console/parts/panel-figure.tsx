import type { ComponentChildren } from 'preact';
import type { Panel } from '../data/metric-panels.js';
import { BreakableName } from './breakable-name.js';

interface PanelFigureProps {
  readonly panel: Panel;
  /** The newest value, or the one under the cursor. */
  readonly value: string;
  /** Of the value; empty: it is not known. */
  readonly unit?: string;
  readonly when?: string;
  readonly summary?: ComponentChildren;
  readonly data?: Readonly<Record<`data-${string}`, string | undefined>>;
  readonly onHide: () => void;
  readonly children: ComponentChildren;
}

/** The frame of one metric's panel: its name, value and the button that takes it away. */
export function PanelFigure({ panel, value, unit = '', when, summary, data = {}, onHide, children }: PanelFigureProps) {
  const { metric, kind } = panel;
  const chart = kind === 'chart';
  return (
    <figure
      class={chart ? 'chart' : 'chart text'}
      aria-label={chart ? `Chart of ${metric}` : `Values of ${metric}`}
      data-metric={metric}
      {...data}
    >
      <figcaption>
        <span class="chart-name">
          <BreakableName name={metric} />
        </span>
        <output class="chart-value">{value}</output>
        {unit !== '' && <span class="unit">{unit}</span>}
        {chart && <span class="chart-when">{when}</span>}
        {chart && <span class="chart-summary">{summary}</span>}
        <button type="button" class="quiet close" aria-label={chart ? `Hide the chart of ${metric}` : `Hide ${metric}`} onClick={onHide}>
          ×
        </button>
      </figcaption>
      {children}
    </figure>
  );
}
