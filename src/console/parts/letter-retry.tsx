import { useState } from 'preact/hooks';
import type { DeadLetter, Retried } from '../data/answer.js';
import type { Api } from '../data/api.js';
import { payloadBytes, previewPayload } from '../data/payload.js';
import { refusalText } from '../data/refusal.js';

/** A longer text is tried again as it is: nobody mends it in a page. */
const editedBytesMax = 4096;

/** Tries a dead letter again, mended if its payload is a short text, and says what became of it. */
export function LetterRetry({ api, letter }: { api: Api; letter: DeadLetter }) {
  const bytes = payloadBytes(letter.payload_base64);
  const preview = previewPayload(bytes, editedBytesMax);
  const isText = preview.kind !== 'hex' && bytes.length <= editedBytesMax;
  const original = isText ? new TextDecoder().decode(bytes) : '';
  const [text, setText] = useState(original);
  const [busy, setBusy] = useState(false);
  const [outcome, setOutcome] = useState('');
  const run = async () => {
    setBusy(true);
    const answer = await api.retryLetter(letter.id, text === original ? undefined : text);
    setBusy(false);
    setOutcome(answer.ok ? wordsOf(answer.value) : refusalText(answer.refusal));
  };
  return (
    <form
      class="letter-retry"
      onSubmit={(event) => {
        event.preventDefault();
        void run();
      }}
    >
      {isText && (
        <textarea
          aria-label="Payload to try again"
          rows={Math.min(8, text.split('\n').length + 1)}
          spellcheck={false}
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
        />
      )}
      <button type="submit" disabled={busy}>
        {text === original ? 'Try again' : 'Try again, mended'}
      </button>
      <span role="status">{outcome}</span>
    </form>
  );
}

function wordsOf({ status, id, reason }: Retried): string {
  if (status === 'stored') return 'Stored.';
  return status === 'dead' ? `Still cannot be decoded: ${reason}. It is letter ${id} now.` : `Refused: ${reason}.`;
}
