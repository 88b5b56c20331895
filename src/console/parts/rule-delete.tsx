import { useState } from 'preact/hooks';
import type { TopicRuleList } from '../data/topic-rules.js';
import { Dialog } from './dialog.js';

/** Asks once more before a topic rule is deleted. */
export function RuleDelete({ model, name, onClose }: { model: TopicRuleList; name: string; onClose: () => void }) {
  const [refusal, setRefusal] = useState('');
  const run = async (close: () => void) => {
    const refused = await model.remove(name);
    if (refused) setRefusal([refused.message, refused.wayOut].filter(Boolean).join('. '));
    else close();
  };
  return (
    <Dialog label={`Delete topic rule ${name}`} onClose={onClose}>
      {(close) => (
        <section>
          <h2>Delete topic rule {name}</h2>
          <p>Its topics are read by the rules after it from the next second on, or refused when none matches.</p>
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
