import '../style/letters.css';
import '../style/readings.css';
import '../style/debug.css';
import { useState } from 'preact/hooks';
import type { Capture } from '../data/answer.js';
import { nowMs } from '../data/clock.js';
import type { Context } from '../data/context.js';
import { DebugCapture } from '../data/debug-capture.js';
import { formatCount, formatSpan } from '../data/format.js';
import { type DebugRoute, formatRoute } from '../data/route.js';
import { CapturedRow } from '../parts/captured-row.js';
import { EmptyState } from '../parts/empty-state.js';
import { Notice } from '../parts/notice.js';
import { useModel } from '../parts/use-model.js';

const spans = [
  [60, '1 minute'],
  [300, '5 minutes'],
  [600, '10 minutes'],
] as const;

/** Messages of a device as they come, with what became of each; or clients that are not let in. */
export function DebugPage({ context, route }: { context: Context; route: DebugRoute }) {
  const model = useModel(() => new DebugCapture(context, route));
  const { tenant, device } = route;
  const capture = model.capture.value;
  return (
    <main id="content">
      <div class="page-head">
        <nav aria-label="Path">
          <a class="back" href={formatRoute({ page: 'fleet', tenant })}>
            Devices
          </a>
          {device !== undefined && (
            <>
              {' / '}
              <a class="back" href={formatRoute({ page: 'device', tenant, device, metrics: [] })}>
                {device}
              </a>
            </>
          )}
        </nav>
        <h1 tabIndex={-1}>{device === undefined ? 'Refused clients' : 'Debug'}</h1>
        <span class="position" role="status">
          {capture ? positionOf(capture) : ''}
        </span>
        <Controls model={model} />
      </div>
      <Lead route={route} />
      <Notice refusal={model.refusal.value} live={context.live} />
      <div class="letters">
        {model.captured.value.map((captured) => (
          <CapturedRow key={captured.number} captured={captured} />
        ))}
      </div>
      {model.known.value && model.captured.value.length === 0 && <Nothing capture={capture} route={route} />}
    </main>
  );
}

function Controls({ model }: { model: DebugCapture }) {
  const [seconds, setSeconds] = useState<number>(spans[0][0]);
  const [busy, setBusy] = useState(false);
  const running = model.capture.value?.state === 'running';
  const run = async () => {
    setBusy(true);
    await (running ? model.stop() : model.start(seconds));
    setBusy(false);
  };
  return (
    <div class="capture-controls">
      {running ? (
        <Left model={model} />
      ) : (
        <select aria-label="For how long" value={seconds} onChange={(event) => setSeconds(Number(event.currentTarget.value))}>
          {spans.map(([value, text]) => (
            <option key={value} value={value}>
              {text}
            </option>
          ))}
        </select>
      )}
      <button type="button" class={running ? '' : 'primary'} disabled={busy || !model.known.value} onClick={() => void run()}>
        {running ? 'Stop' : 'Start capture'}
      </button>
    </div>
  );
}

function Left({ model }: { model: DebugCapture }) {
  const endsMs = Date.parse(model.capture.value?.ends_at ?? '');
  return <span class="capture-left">{formatSpan(Math.max(0, Math.ceil((endsMs - nowMs.value) / 1000) * 1000))} left</span>;
}

function positionOf({ state, messages, dropped, skipped }: Capture): string {
  const parts = [
    `${formatCount(messages)} ${messages === 1 ? 'message' : 'messages'}`,
    dropped > 0 ? `${formatCount(dropped)} older ones not kept` : '',
    skipped > 0 ? `${formatCount(skipped)} more skipped, as too many came at once` : '',
    state === 'ended' ? 'ended' : '',
  ];
  return parts.filter(Boolean).join(', ');
}

function Lead({ route: { tenant, device } }: { route: DebugRoute }) {
  if (device === undefined) {
    return (
      <p class="lead">
        Clients of any tenant that were not let in, over MQTT or HTTP, by the name that they tried: unknown devices, wrong tokens. Tokens
        are never shown.
      </p>
    );
  }
  return (
    <p class="lead">
      Each message of this device with its bytes, its readings, and why it was not stored. Nothing is written down: messages stay in memory
      for ten minutes after the capture. A device that is not let in by its name is among the{' '}
      <a href={formatRoute({ page: 'debug', tenant })}>refused clients</a>.
    </p>
  );
}

function Nothing({ capture, route }: { capture: Capture | undefined; route: DebugRoute }) {
  if (capture?.state === 'running') {
    return (
      <EmptyState title={route.device === undefined ? 'Waiting for clients that are refused' : 'Waiting for messages'}>
        <p>Whatever comes shows up here within a second.</p>
      </EmptyState>
    );
  }
  return (
    <EmptyState title={capture ? 'Nothing came while the capture ran' : 'No capture runs'}>
      <p>
        Start a capture to see {route.device === undefined ? 'who is refused' : 'what this device sends'} from now on. From a shell:{' '}
        <code>npx spillway trace {route.device === undefined ? '--unknown' : '--device ID'}</code>
      </p>
    </EmptyState>
  );
}
