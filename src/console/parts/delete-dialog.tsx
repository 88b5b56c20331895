import { useState } from 'preact/hooks';
import type { Answer } from '../data/answer.js';
import { refusalText } from '../data/refusal.js';
import { Dialog } from './dialog.js';

interface DeleteDialogProps {
  /** What is done to it: Delete, unless it is called otherwise. */
  readonly action?: string;
  /** What is deleted. */
  readonly what: string;
  /** What deleting it does. */
  readonly about: string;
  readonly remove: () => Promise<Answer<unknown>>;
  readonly onClose: () => void;
}

/** Asks once more before something is deleted. */
export function DeleteDialog({ action = 'Delete', what, about, remove, onClose }: DeleteDialogProps) {
  const [refusal, setRefusal] = useState('');
  const run = async (close: () => void) => {
    const answer = await remove();
    if (answer.ok) close();
    else setRefusal(refusalText(answer.refusal));
  };
  return (
    <Dialog label={`${action} ${what}`} onClose={onClose}>
      {(close) => (
        <section>
          <h2>
            {action} {what}
          </h2>
          <p>{about}</p>
          <p class="refusal" role="alert">
            {refusal}
          </p>
          <div class="actions">
            <button type="button" class="quiet" onClick={close}>
              Cancel
            </button>
            <button type="button" class="primary" onClick={() => void run(close)}>
              {action}
            </button>
          </div>
        </section>
      )}
    </Dialog>
  );
}
