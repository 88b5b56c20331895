import { useState } from 'preact/hooks';
import type { Answer } from '../data/answer.js';
import { refusalText } from '../data/refusal.js';
import { Dialog } from './dialog.js';

interface DeleteDialogProps {
  /** What is deleted. */
  readonly what: string;
  /** What deleting it does. */
  readonly about: string;
  readonly remove: () => Promise<Answer<unknown>>;
  readonly onClose: () => void;
}

/** Asks once more before something is deleted. */
export function DeleteDialog({ what, about, remove, onClose }: DeleteDialogProps) {
  const [refusal, setRefusal] = useState('');
  const run = async (close: () => void) => {
    const answer = await remove();
    if (answer.ok) close();
    else setRefusal(refusalText(answer.refusal));
  };
  return (
    <Dialog label={`Delete ${what}`} onClose={onClose}>
      {(close) => (
        <section>
          <h2>Delete {what}</h2>
          <p>{about}</p>
          <p class="refusal" role="alert">
            {refusal}
          </p>
          <div class="actions">
            <button type="button" class="quiet" onClick={close}>
              Cancel
            </button>
            <button type="button" class="primary" onClick={() => void run(close)}>
              Delete
            </button>
          </div>
        </section>
      )}
    </Dialog>
  );
}
