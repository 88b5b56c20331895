import { nowMs } from '../data/clock.js';
import { formatClock, formatMoment, formatSpan } from '../data/format.js';
import type { State, TextPanel } from '../data/text-panel.js';
import { PanelFigure } from './panel-figure.js';

/** Lines of the list; the bar shows what lies further back. */
const linesMax = 100;
/** How many colours the style sheet has for states. */
const tones = 6;

/** A metric whose values are text: a bar of its states over time, and each with when and how long, newest first. */
export function TextHistory({ panel, onHide }: { panel: TextPanel; onHide: () => void }) {
  const states = panel.states.value;
  const newest = states.at(-1);
  const names = [...new Set(states.map(({ text }) => text))];
  const toneOf = (text: string) => names.indexOf(text) % tones;
  return (
    <PanelFigure panel={panel} value={newest?.text ?? '–'} onHide={onHide} data={{ 'data-last-value': newest?.text }}>
      <p class="chart-notice" hidden={panel.notice.value === ''}>
        {panel.notice}
      </p>
      {newest && <StateBar panel={panel} states={states} toneOf={toneOf} />}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard, too. */}
      <ol class="text-log" tabIndex={0} aria-label={`States of ${panel.metric}, newest first`}>
        {states
          .slice(-linesMax)
          .toReversed()
          .map((state) => (
            <StateLine key={state.fromMs} state={state} tone={toneOf(state.text)} last={state === newest} />
          ))}
      </ol>
    </PanelFigure>
  );
}

function StateLine({ state: { text, fromMs, toMs, readings }, tone, last }: { state: State; tone: number; last: boolean }) {
  const long = `${formatSpan(toMs - fromMs)}, ${readings === 1 ? '1 reading' : `${readings} readings`}`;
  return (
    <li>
      <time title={`${formatMoment(fromMs)} to ${formatMoment(toMs)}`}>{formatClock(fromMs)}</time>
      <span class="tone" data-tone={tone} aria-hidden="true" />
      <span class="text-value">{text}</span>
      <span class="text-span">{last ? `since then, ${long}` : long}</span>
    </li>
  );
}

/** Each state as wide as it lasted; a state lasts until the next one, the newest until its last reading. */
function StateBar({ panel, states, toneOf }: { panel: TextPanel; states: readonly State[]; toneOf: (text: string) => number }) {
  const { fromMs, toMs } = panel.frame.value ?? { fromMs: nowMs.peek() - 1, toMs: nowMs.peek() };
  const share = (ms: number) => (100 * (Math.min(Math.max(ms, fromMs), toMs) - fromMs)) / (toMs - fromMs);
  const parts = states.flatMap((state, index) => {
    const [left, right] = [share(state.fromMs), share(states[index + 1]?.fromMs ?? state.toMs)];
    return right > left ? [{ state, left, width: right - left }] : [];
  });
  return (
    <div class="state-bar" aria-hidden="true">
      {parts.map(({ state: { text, fromMs }, left, width }) => (
        <span
          key={fromMs}
          class="tone"
          data-tone={toneOf(text)}
          title={`${formatClock(fromMs)} ${text}`}
          style={{ left: `${left}%`, width: `${width}%` }}
        >
          {text}
        </span>
      ))}
      <span class="state-bar-from">{formatClock(fromMs)}</span>
      <span class="state-bar-to">{formatClock(toMs)}</span>
    </div>
  );
}
