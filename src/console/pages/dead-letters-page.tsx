import { useState } from 'preact/hooks';
import type { Context } from '../data/context.js';
import { DeadLetters, lettersMax } from '../data/dead-letters.js';
import { formatCount } from '../data/format.js';
import { CommandLine } from '../parts/command-line.js';
import { DeadLetterRow } from '../parts/dead-letter-row.js';
import { EmptyState } from '../parts/empty-state.js';
import { Notice } from '../parts/notice.js';
import { useModel } from '../parts/use-model.js';

/** Messages that were taken in but could not be decoded, and rows that the database refused, newest first. */
export function DeadLettersPage({ context, tenant }: { context: Context; tenant: string }) {
  const model = useModel(() => new DeadLetters(context, tenant));
  const [reason, setReason] = useState('');
  const letters = model.letters.value ?? [];
  const shown = reason === '' ? letters : letters.filter((letter) => letter.reason === reason);
  const reasons = [...new Set(letters.map((letter) => letter.reason))];
  const all = letters.length === lettersMax ? `the newest ${formatCount(lettersMax)}` : `${formatCount(letters.length)} in all`;
  const counted = letters.length === 0 ? '' : reason === '' ? all : `${formatCount(shown.length)} of ${all}`;
  return (
    <main id="content">
      <div class="page-head">
        <h1 tabIndex={-1}>Dead letters</h1>
        <select aria-label="Reason" value={reason} onChange={(event) => setReason(event.currentTarget.value)}>
          <option value="">Any reason</option>
          {reasons.map((name) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
        <span class="position" role="status">
          {model.letters.value || model.refusal.value ? counted : 'Loading dead letters …'}
        </span>
      </div>
      <p class="lead">
        Messages that Spillway took in and acknowledged but could not decode, and single rows that the database refused. Nothing is lost:
        they are kept here.
      </p>
      <Notice refusal={model.refusal.value} live={context.live} />
      <div class="letters">
        {shown.map((letter) => (
          <DeadLetterRow key={letter.id} letter={letter} />
        ))}
      </div>
      {model.letters.value?.length === 0 && <NothingDead />}
    </main>
  );
}

function NothingDead() {
  return (
    <EmptyState title="No dead letters">
      <p>Every message so far could be decoded and stored. A payload is a JSON object with "metrics", and optionally "ts" and "seq":</p>
      <CommandLine label="Payload" command='{"ts": "2026-01-31T12:00:00Z", "metrics": {"temperature": 21.5, "door": "open"}, "seq": 42}' />
    </EmptyState>
  );
}
