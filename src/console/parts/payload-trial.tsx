import '../style/readings.css';
import '../style/topic-rules.css';
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import type { Answer, SchemaTrial } from '../data/answer.js';
import { formatCount } from '../data/format.js';
import { refusalText } from '../data/refusal.js';
import { bytesOf, noPayload, PayloadField } from './payload-field.js';
import { ReadingsTable } from './readings-table.js';

/** What a payload would become. */
export type TriedPayload = Pick<SchemaTrial, 'readings' | 'reason' | 'cause'> & { readonly fuel_used?: number; readonly fuel_max?: number };

interface PayloadTrialProps {
  readonly id: string;
  readonly tryPayload: (payload: Uint8Array) => Promise<Answer<TriedPayload>>;
  /** Fields before the payload. */
  readonly children?: ComponentChildren;
}

/** A form that tries a payload and shows the readings that it would be. Nothing is stored. */
export function PayloadTrial({ id, tryPayload, children }: PayloadTrialProps) {
  const [payload, setPayload] = useState(noPayload);
  const [busy, setBusy] = useState(false);
  const [tried, setTried] = useState<TriedPayload>();
  const [problem, setProblem] = useState('');
  const run = async () => {
    const bytes = bytesOf(payload);
    setTried(undefined);
    setProblem(typeof bytes === 'string' ? bytes : '');
    if (typeof bytes === 'string') return;
    setBusy(true);
    const answer = await tryPayload(bytes);
    setBusy(false);
    setProblem(answer.ok ? '' : refusalText(answer.refusal));
    if (answer.ok) setTried(answer.value);
  };
  return (
    <>
      <form
        class="payload-trial"
        onSubmit={(event) => {
          event.preventDefault();
          void run();
        }}
      >
        {children}
        <PayloadField id={id} value={payload} onChange={setPayload} />
        <p class="refusal" role="alert">
          {problem}
        </p>
        <button type="submit" class="primary" disabled={busy}>
          Try
        </button>
      </form>
      <div role="status">{tried && <Outcome tried={tried} />}</div>
    </>
  );
}

function Outcome({ tried: { readings, reason, cause, fuel_used: used, fuel_max: max } }: { tried: TriedPayload }) {
  return (
    <div class="outcome">
      {reason !== undefined && (
        <p class="refusal">
          It would be a dead letter, {reason}: {cause ?? ''}
        </p>
      )}
      {used !== undefined && (
        <p>
          {formatCount(used)} of {formatCount(max)} instructions
        </p>
      )}
      {readings.length > 0 && (
        <ReadingsTable caption={readings.length === 1 ? '1 reading' : `${readings.length} readings`} readings={readings} />
      )}
      {readings.length === 0 && reason === undefined && <p>No readings.</p>}
    </div>
  );
}
