import { useMemo, useState } from 'preact/hooks';
import type { DeadLetter } from '../data/answer.js';
import type { Api } from '../data/api.js';
import { formatBytes, formatMoment } from '../data/format.js';
import { payloadBytes, previewPayload } from '../data/payload.js';
import { reasonOf } from '../data/reasons.js';
import { formatRoute } from '../data/route.js';
import { Age } from './age.js';
import { Facts } from './facts.js';
import { LetterRetry } from './letter-retry.js';
import { PayloadView } from './payload-view.js';
import { TryRule } from './try-rule.js';

const lineBytesMax = 160;

/** One dead letter: a line that opens to the whole payload, why it was refused and what helps. */
export function DeadLetterRow({ api, letter }: { api: Api; letter: DeadLetter }) {
  // Built when first opened: a closed entry costs one line.
  const [opened, setOpened] = useState(false);
  const bytes = useMemo(() => payloadBytes(letter.payload_base64), [letter.payload_base64]);
  const line = useMemo(() => lineOf(bytes), [bytes]);
  return (
    <details class="letter" data-reason={letter.reason} onToggle={() => setOpened(true)}>
      <summary>
        <Age ms={Date.parse(letter.received_at)} />
        <span class="letter-device">{letter.device_id}</span>
        <span class="tag" data-status="dead">
          {letter.sqlstate === null ? letter.reason : `${letter.reason} ${letter.sqlstate}`}
        </span>
        <code class="letter-payload">{line}</code>
        <span class="letter-size">{formatBytes(bytes.length)}</span>
      </summary>
      {opened && (
        <div class="letter-details">
          <LetterFacts letter={letter} />
          <div>
            <PayloadView bytes={bytes} position={letter.position} />
            {letter.topic !== null && (
              <TryRule draft={{ topic: letter.topic, payload: bytes, device: letter.device_id ?? '' }} tenant={letter.tenant} />
            )}
          </div>
          {letter.replayed_at === null && letter.sqlstate === null && <LetterRetry api={api} letter={letter} />}
        </div>
      )}
    </details>
  );
}

function LetterFacts({ letter }: { letter: DeadLetter }) {
  const code = reasonOf(letter.reason);
  const { tenant, device_id: id } = letter;
  const device =
    tenant === null || id === null ? (
      'unknown'
    ) : (
      <>
        <a href={formatRoute({ page: 'device', tenant, device: id, metrics: [] })}>{id}</a>, tenant {tenant}
      </>
    );
  return (
    <Facts
      facts={[
        ['Why', code ? code.cause : letter.reason],
        ...(code ? [['What helps', code.wayOut] as const] : []),
        ...(letter.sqlstate === null ? [] : [['The database said', `${letter.message ?? ''} (SQLSTATE ${letter.sqlstate})`] as const]),
        ...(letter.metric === null ? [] : [['Metric', letter.metric] as const]),
        ['Device', device],
        ['Received', formatMoment(Date.parse(letter.received_at))],
        ...(letter.topic === null ? [] : [['Topic', letter.topic] as const]),
        ...(letter.field === null ? [] : [['Field', letter.field] as const]),
        ...(letter.position === null ? [] : [['At byte', String(letter.position)] as const]),
        ...(letter.replayed_at === null ? [] : [['Tried again', formatMoment(Date.parse(letter.replayed_at))] as const]),
        ['In the log', `partition ${letter.partition}, offset ${letter.log_offset}`],
      ]}
    />
  );
}

function lineOf(bytes: Uint8Array): string {
  const preview = previewPayload(bytes, lineBytesMax);
  if (preview.kind === 'empty') return 'empty payload';
  return preview.kind === 'hex' ? [...bytes.subarray(0, 32)].map((byte) => byte.toString(16).padStart(2, '0')).join(' ') : preview.text;
}
