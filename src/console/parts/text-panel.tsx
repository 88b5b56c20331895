import { formatClock, formatMoment } from '../data/format.js';
import type { TextPanel } from '../data/text-panel.js';
import { PanelFigure } from './panel-figure.js';

/** A metric whose values are text: each change with its time, newest first. */
export function TextLog({ panel, onHide }: { panel: TextPanel; onHide: () => void }) {
  const entries = panel.entries.value;
  const newest = entries.at(-1);
  return (
    <PanelFigure panel={panel} value={newest?.text ?? '–'} onHide={onHide} data={{ 'data-last-value': newest?.text }}>
      <p class="chart-notice" hidden={newest !== undefined}>
        {panel.notice}
      </p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard, too. */}
      <ol class="text-log" tabIndex={0} aria-label="Changes, newest first">
        {entries.toReversed().map(({ ms, text }) => (
          <li key={ms}>
            <time title={formatMoment(ms)}>{formatClock(ms)}</time>
            <span class="text-value">{text}</span>
          </li>
        ))}
      </ol>
    </PanelFigure>
  );
}
