import { useState } from 'preact/hooks';
import type { Replay } from '../data/answer.js';
import type { Api } from '../data/api.js';
import { formatCount } from '../data/format.js';
import { LetterReplay } from '../data/letter-replay.js';
import type { LetterFilter } from '../data/route.js';
import { FormDialog } from './form-dialog.js';
import { useModel } from './use-model.js';

interface ReplayLettersProps {
  readonly api: Api;
  readonly tenant: string;
  /** Of the letters that the page shows. */
  readonly filter: LetterFilter;
  readonly isEmpty: boolean;
  readonly onEnd: () => void;
}

/** A button that sends all letters of the filter through the pipeline again, after a question, and how far that is. */
export function ReplayLetters({ api, tenant, filter, isEmpty, onEnd }: ReplayLettersProps) {
  const model = useModel(() => new LetterReplay(api, tenant, onEnd));
  const [asking, setAsking] = useState(false);
  const replay = model.replay.value;
  return (
    <div class="letter-replay">
      <button type="button" disabled={isEmpty || replay?.state === 'running'} onClick={() => setAsking(true)}>
        Replay all
      </button>
      {replay && <Progress replay={replay} />}
      {asking && (
        <FormDialog title="Replay dead letters" action="Replay" submit={() => model.start(filter)} onClose={() => setAsking(false)}>
          <p>
            {scopeOf(filter)} of tenant {tenant}, those included that the page has no room for, go through the pipeline again, by the rules
            and schemas as they are now. Each is stored once; what still cannot be decoded is a dead letter again.
          </p>
        </FormDialog>
      )}
    </div>
  );
}

function scopeOf({ device, device_class: named, reason }: LetterFilter): string {
  const parts = [reason && `with reason ${reason}`, device && `of device ${device}`, named && `of class ${named}`].filter(Boolean);
  return ['All dead letters', ...parts].join(' ');
}

function Progress({ replay: { state, letters, replayed, dead_again: dead, refused, cause } }: { replay: Replay }) {
  // A letter that is dead again went through the pipeline, too.
  const done = replayed + refused;
  const counts = [
    `${formatCount(replayed - dead)} stored`,
    dead > 0 ? `${formatCount(dead)} dead again` : '',
    refused > 0 ? `${formatCount(refused)} refused` : '',
  ].filter(Boolean);
  return (
    <>
      <progress aria-label="Replayed" max={Math.max(1, letters)} value={done} />
      <span role="status" data-replay={state}>
        {state === 'running' ? `Replaying: ${formatCount(done)} of ${formatCount(letters)}` : `${endings[state]}: ${counts.join(', ')}`}
        {cause === null ? '' : `. ${cause}`}
      </span>
    </>
  );
}

const endings = { done: 'Replayed', failed: 'The replay failed', stopped: 'The replay was stopped' } as const;
