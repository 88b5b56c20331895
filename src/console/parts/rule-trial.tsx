import { useEffect, useState } from 'preact/hooks';
import type { Answer, TopicRuleTrial } from '../data/answer.js';
import { base64Of, previewPayload } from '../data/payload.js';
import { refusalText } from '../data/refusal.js';
import type { TopicRuleList } from '../data/topic-rules.js';
import { trialDraft } from '../data/trial-draft.js';
import { Facts } from './facts.js';
import { bytesOf, noPayload, PayloadField, type WrittenPayload } from './payload-field.js';
import { ReadingsTable } from './readings-table.js';

/** As long as the appliance takes. */
const payloadBytesMax = 131_072;

interface Fields {
  readonly topic: string;
  readonly device: string;
  readonly payload: WrittenPayload;
}

const noFields: Fields = { topic: '', device: '', payload: noPayload };

/** A message that is tried with the rules: which one reads it, and what its readings would be. Nothing is stored. */
export function RuleTrial({ model }: { model: TopicRuleList }) {
  const [fields, setFields] = useState(draftFields);
  const [busy, setBusy] = useState(false);
  const [answer, setAnswer] = useState<Answer<TopicRuleTrial>>();
  const [problem, setProblem] = useState('');
  const run = async () => {
    const payload = bytesOf(fields.payload);
    setProblem(typeof payload === 'string' ? payload : '');
    if (typeof payload === 'string') return;
    setBusy(true);
    setAnswer(await model.try({ topic: fields.topic, payload, device: fields.device.trim() }));
    setBusy(false);
  };
  useEffect(() => {
    // What another page handed over is tried at once.
    if (trialDraft.peek()) void run();
    trialDraft.value = undefined;
  }, []);
  return (
    <section class="panel trial" aria-label="Try a message">
      <h2>Try a message</h2>
      <p class="hint">Says which rule reads the topic, and which readings the payload holds. Nothing is stored.</p>
      <form
        class="payload-trial"
        onSubmit={(event) => {
          event.preventDefault();
          void run();
        }}
      >
        <TrialFields fields={fields} onChange={setFields} />
        <p class="refusal" role="alert">
          {problem || (answer && !answer.ok ? refusalText(answer.refusal) : '')}
        </p>
        <button type="submit" class="primary" disabled={busy}>
          Try
        </button>
      </form>
      <div role="status">{answer?.ok && <Outcome trial={answer.value} />}</div>
    </section>
  );
}

function TrialFields({ fields, onChange }: { fields: Fields; onChange: (fields: Fields) => void }) {
  return (
    <div class="trial-fields">
      <div class="field">
        <label for="trial-topic">Topic</label>
        <input
          id="trial-topic"
          required
          spellcheck={false}
          placeholder="zigbee2mqtt/lamp"
          value={fields.topic}
          onInput={(event) => onChange({ ...fields, topic: event.currentTarget.value })}
        />
      </div>
      <div class="field">
        <label for="trial-device">Connected device</label>
        <input
          id="trial-device"
          spellcheck={false}
          placeholder="the one that the topic names"
          value={fields.device}
          onInput={(event) => onChange({ ...fields, device: event.currentTarget.value })}
        />
      </div>
      <div class="wide">
        <PayloadField id="trial" value={fields.payload} onChange={(payload) => onChange({ ...fields, payload })} />
      </div>
    </div>
  );
}

function Outcome({ trial: { device_id: device, rule, decoder, reason, cause, readings } }: { trial: TopicRuleTrial }) {
  return (
    <div class="outcome">
      <Facts
        facts={[
          ['Read by', rule === null ? 'no rule' : `rule ${rule}, decoder ${decoder}`],
          ['Device', device ?? 'none is named'],
          ...(reason === undefined ? [] : [['Would be', `${reason}: ${cause ?? ''}`] as const]),
        ]}
      />
      {readings.length > 0 && (
        <ReadingsTable caption={readings.length === 1 ? '1 reading' : `${readings.length} readings`} readings={readings} />
      )}
    </div>
  );
}

function draftFields(): Fields {
  const draft = trialDraft.peek();
  if (!draft) return noFields;
  const { topic, device, payload } = draft;
  const preview = previewPayload(payload, payloadBytesMax);
  const isText = preview.kind !== 'hex';
  return { topic, device, payload: isText ? { text: preview.text, form: 'text' } : { text: base64Of(payload), form: 'base64' } };
}
