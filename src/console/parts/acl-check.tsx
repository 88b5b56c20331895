import { useState } from 'preact/hooks';
import type { AccessList, AclQuestion } from '../data/access.js';
import type { AclCheck } from '../data/answer.js';
import { refusalText } from '../data/refusal.js';

/** Asks whether a client may use a topic, and shows the verdict with its reason. */
export function AclCheckForm({ model }: { model: AccessList }) {
  const [question, setQuestion] = useState<AclQuestion>({ kind: 'device', name: '', action: 'publish', topic: '' });
  const [verdict, setVerdict] = useState<AclCheck>();
  const [refusal, setRefusal] = useState('');
  const change = (part: Partial<AclQuestion>) => {
    setQuestion({ ...question, ...part });
    setVerdict(undefined);
    setRefusal('');
  };
  const submit = async (event: Event) => {
    event.preventDefault();
    const answer = await model.check(question);
    setVerdict(answer.ok ? answer.value : undefined);
    setRefusal(answer.ok ? '' : refusalText(answer.refusal));
  };
  return (
    <section class="panel acl-check" aria-label="Check">
      <h2>Check</h2>
      <form onSubmit={(event) => void submit(event)}>
        <select
          aria-label="Kind of client"
          value={question.kind}
          onChange={(event) => change({ kind: event.currentTarget.value as AclQuestion['kind'] })}
        >
          <option value="device">Device</option>
          <option value="service">Service client</option>
        </select>
        <input
          type="text"
          aria-label="Name of the client"
          placeholder={question.kind === 'device' ? 'dev-000001' : 'dashboard'}
          required
          value={question.name}
          autocomplete="off"
          spellcheck={false}
          onInput={(event) => change({ name: event.currentTarget.value.trim() })}
        />
        <select
          aria-label="What it wants to do"
          value={question.action}
          onChange={(event) => change({ action: event.currentTarget.value as AclQuestion['action'] })}
        >
          <option value="publish">publish to</option>
          <option value="subscribe">subscribe to</option>
        </select>
        <input
          type="text"
          class="topic"
          aria-label="Topic"
          placeholder="plant/hall/commands/start"
          required
          value={question.topic}
          autocomplete="off"
          spellcheck={false}
          onInput={(event) => change({ topic: event.currentTarget.value })}
        />
        <button type="submit">Check</button>
      </form>
      <p class="verdict" role="status">
        {verdict && (
          <>
            <b data-allowed={verdict.allowed}>{verdict.allowed ? 'Allowed' : 'Denied'}</b>: {verdict.why}.
          </>
        )}
      </p>
      <p class="refusal" role="alert">
        {refusal}
      </p>
    </section>
  );
}
