import { formatClock } from '../data/format.js';
import { windows } from '../data/time-window.js';
import type { WatchedDevice } from '../data/watched-device.js';

/** Which span of time the charts show. */
export function TimeControls({ model }: { model: WatchedDevice }) {
  const { time } = model;
  const frozen = time.frozen.value;
  const pause = () => (frozen ? model.resume() : model.freeze(...time.range(Date.now())));
  return (
    <div class="time">
      <span class="frozen" role="status">
        {frozen ? `Paused: ${formatClock(frozen.fromMs)} – ${formatClock(frozen.toMs)}` : ''}
      </span>
      {/* biome-ignore lint/a11y/useSemanticElements: a fieldset cannot be laid out as a row of joined buttons in every browser. */}
      <div class="segments" role="group" aria-label="Time window">
        {windows.map(({ label, minutes }) => (
          <button key={label} type="button" aria-pressed={minutes === time.minutes.value} onClick={() => model.showWindow(minutes)}>
            {label}
          </button>
        ))}
      </div>
      <button
        type="button"
        class="pause"
        aria-pressed={frozen !== undefined}
        title="Stop the charts; readings are still taken. Drag over a chart to look closer."
        onClick={pause}
      >
        {frozen ? 'Resume' : 'Pause'}
      </button>
    </div>
  );
}
