import { useState } from 'preact/hooks';
import { formatBytes } from '../data/format.js';
import { previewPayload } from '../data/payload.js';

const bytesMax = 16_384;

/** A payload as text where it is text, and as hex. */
export function PayloadView({ bytes }: { bytes: Uint8Array }) {
  const [hex, setHex] = useState(false);
  const preview = previewPayload(bytes, bytesMax, hex);
  // Bytes that are no text have only the one view.
  const turns = hex || preview.kind === 'text';
  return (
    <section class="payload" aria-label="Payload">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard, too. */}
      <pre tabIndex={0}>{preview.kind === 'empty' ? '(empty)' : preview.text}</pre>
      <div class="payload-foot">
        <p class="hint">{preview.bytesLeft > 0 ? `${formatBytes(preview.bytesLeft)} more` : ''}</p>
        <button type="button" class="quiet" hidden={!turns} onClick={() => setHex(!hex)}>
          {hex ? 'Show as text' : 'Show as hex'}
        </button>
      </div>
    </section>
  );
}
