import '../style/fields.css';
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import type { Answer } from '../data/answer.js';
import { refusalText } from '../data/refusal.js';
import { Dialog } from './dialog.js';

interface FormDialogProps<T> {
  readonly title: string;
  /** What the button says that submits the form. */
  readonly action: string;
  readonly submit: () => Promise<Answer<T>>;
  /** What is shown in place of the form afterwards, such as a secret; without it the dialog closes. */
  readonly outcome?: (value: T) => ComponentChildren;
  readonly onClose: () => void;
  /** The fields. */
  readonly children: ComponentChildren;
}

/** A form in a dialog, which stays open with the reason when it is refused. */
export function FormDialog<T>({ title, action, submit, outcome, onClose, children }: FormDialogProps<T>) {
  const [busy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState('');
  const [done, setDone] = useState<{ readonly value: T }>();
  const run = async (event: Event, close: () => void) => {
    event.preventDefault();
    setBusy(true);
    const answer = await submit();
    setBusy(false);
    if (!answer.ok) setRefusal(refusalText(answer.refusal));
    else if (outcome) setDone(answer);
    else close();
  };
  return (
    <Dialog label={title} onClose={onClose}>
      {(close) =>
        done && outcome ? (
          <section>
            {outcome(done.value)}
            <div class="actions">
              <button type="button" class="primary" onClick={close}>
                Done
              </button>
            </div>
          </section>
        ) : (
          <form onSubmit={(event) => void run(event, close)}>
            <h2>{title}</h2>
            {children}
            <p class="refusal" role="alert">
              {refusal}
            </p>
            <div class="actions">
              <button type="button" class="quiet" onClick={close}>
                Cancel
              </button>
              <button type="submit" class="primary" disabled={busy}>
                {action}
              </button>
            </div>
          </form>
        )
      }
    </Dialog>
  );
}
