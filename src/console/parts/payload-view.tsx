import { useState } from 'preact/hooks';
import { formatBytes } from '../data/format.js';
import { previewPayload, shownByte } from '../data/payload.js';

const bytesMax = 16_384;

/** A payload as text where it is text, and as hex, with the byte marked for which it was refused. */
export function PayloadView({ bytes, position }: { bytes: Uint8Array; position: number | null }) {
  const [hex, setHex] = useState(false);
  const preview = previewPayload(bytes, bytesMax, hex);
  const [from, to] = (position === null ? undefined : shownByte(preview, bytes, position)) ?? [0, 0];
  // Bytes that are no text have only the one view.
  const turns = hex || preview.kind === 'text';
  return (
    <section class="payload" aria-label="Payload">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard, too. */}
      <pre tabIndex={0}>
        {preview.text.slice(0, from)}
        {to > 0 && <mark>{preview.text.slice(from, to)}</mark>}
        {preview.kind === 'empty' ? '(empty)' : preview.text.slice(to)}
      </pre>
      <div class="payload-foot">
        <p class="hint">{preview.bytesLeft > 0 ? `${formatBytes(preview.bytesLeft)} more` : ''}</p>
        <button type="button" class="quiet" hidden={!turns} onClick={() => setHex(!hex)}>
          {hex ? 'Show as text' : 'Show as hex'}
        </button>
      </div>
    </section>
  );
}
