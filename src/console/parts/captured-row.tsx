import { useMemo, useState } from 'preact/hooks';
import type { Captured } from '../data/answer.js';
import { formatBytes, formatMoment } from '../data/format.js';
import { payloadBytes, previewPayload } from '../data/payload.js';
import { Age } from './age.js';
import { Facts } from './facts.js';
import { PayloadView } from './payload-view.js';
import { ReadingsTable } from './readings-table.js';
import { TryRule } from './try-rule.js';

const lineBytesMax = 160;
const lineReadingsMax = 8;

const verdicts: Readonly<Record<Captured['verdict'], { readonly text: string; readonly status: string }>> = {
  stored: { text: 'stored', status: 'active' },
  duplicate: { text: 'duplicate', status: 'inactive' },
  dead_letter: { text: 'dead letter', status: 'dead' },
  refused: { text: 'refused', status: 'dead' },
};

/** One captured message: a line that opens to its bytes, its readings, and why it was not stored. */
export function CapturedRow({ captured }: { captured: Captured }) {
  const [opened, setOpened] = useState(false);
  const { verdict, reason, device_id: device } = captured;
  const bytes = useMemo(() => (captured.payload_base64 === null ? undefined : payloadBytes(captured.payload_base64)), [captured]);
  const line = useMemo(() => lineOf(captured, bytes), [captured]);
  return (
    <details class="letter captured" data-verdict={verdict} onToggle={() => setOpened(true)}>
      <summary>
        <Age ms={Date.parse(captured.received_at)} />
        <span class="letter-device">{verdict === 'refused' ? (device ?? 'no name') : wayOf(captured)}</span>
        <span class="tag" data-status={verdicts[verdict].status}>
          {reason ?? verdicts[verdict].text}
        </span>
        <code class="letter-payload">{line}</code>
        <span class="letter-size">{captured.payload_bytes === null ? '' : formatBytes(captured.payload_bytes)}</span>
      </summary>
      {opened && (
        <div class="letter-details">
          <CapturedFacts captured={captured} />
          <div>
            <Readings captured={captured} />
            {bytes && <PayloadView bytes={bytes} position={null} />}
            {bytes && captured.topic !== null && (
              <TryRule draft={{ topic: captured.topic, payload: bytes, device: device ?? '' }} tenant={captured.tenant} />
            )}
          </div>
        </div>
      )}
    </details>
  );
}

function CapturedFacts({ captured }: { captured: Captured }) {
  const { verdict, reason, cause, way_out: wayOut, topic, rule, decoder, prefix, schema, letter_id: letter, tenant } = captured;
  const optional: [string, string | number | null][] = [
    ['Why', cause],
    ['What helps', wayOut],
    ['Name tried', verdict === 'refused' && topic === null ? captured.device_id : null],
    ['Tenant', verdict === 'refused' ? tenant : null],
    ['Topic', topic],
    ['Topic rule', rule === null ? null : `${rule}, decoder ${decoder}`],
    ['Names begin with', prefix],
    ['Format', captured.format === 'auto' ? 'not named, seen from the bytes' : captured.format],
    ['Schema version', schema],
    ['Dead letter tried again', letter],
  ];
  return (
    <Facts
      facts={[
        ['Verdict', reason === null ? verdicts[verdict].text : `${verdicts[verdict].text}: ${reason}`],
        ['Received', formatMoment(Date.parse(captured.received_at))],
        ['Came by', wayOf(captured)],
        ...optional.flatMap(([name, text]) => (text === null ? [] : [[name, String(text)] as const])),
      ]}
    />
  );
}

function Readings({ captured: { readings, readings_total: total, verdict } }: { captured: Captured }) {
  if (verdict === 'refused' || verdict === 'dead_letter') return null;
  return (
    <ReadingsTable
      caption={readings.length < total ? `The first ${readings.length} of ${total} readings` : 'Readings'}
      readings={readings}
    />
  );
}

function wayOf({ transport, qos, dup, retained }: Captured): string {
  const way = [transport.toUpperCase(), qos === null ? '' : `QoS ${qos}`, dup ? 'sent again' : '', retained ? 'retained' : ''];
  return way.filter(Boolean).join(' ');
}

/** The readings where there are some, else what can be seen of the bytes. */
function lineOf({ readings, topic, cause }: Captured, bytes: Uint8Array | undefined): string {
  const shown = readings.slice(0, lineReadingsMax).map(({ metric, value }) => `${metric} ${value}`);
  if (shown.length > 0) return shown.join(', ');
  if (!bytes) return topic ?? cause ?? '';
  const preview = previewPayload(bytes, lineBytesMax);
  if (preview.kind === 'empty') return 'empty payload';
  return preview.kind === 'text' ? preview.text : [...bytes.subarray(0, 32)].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
}
