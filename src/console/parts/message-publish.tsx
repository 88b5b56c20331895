import { useState } from 'preact/hooks';
import { formatCount } from '../data/format.js';
import type { MessageForm, RetainedPages } from '../data/retained.js';
import { AreaField, ChoiceField, TextField } from './fields.js';
import { FormDialog } from './form-dialog.js';

const blank: MessageForm = { topic: '', payload: '', qos: 1, retain: false };

/** The dialog that publishes a message to the subscribers of its topic, and says how many get it. */
export function MessagePublish({ model, tenant, onClose }: { model: RetainedPages; tenant: string; onClose: () => void }) {
  const [form, setForm] = useState(blank);
  const change = (part: Partial<MessageForm>) => setForm({ ...form, ...part });
  return (
    <FormDialog
      title="Publish a message"
      action="Publish"
      submit={() => model.publish(form)}
      outcome={({ clients }) => (
        <>
          <h2>The message is published</h2>
          <p>
            {clients === 0
              ? 'Nobody subscribes to its topic now.'
              : `${formatCount(clients)} ${clients === 1 ? 'client gets' : 'clients get'} it, those included for whom it waits.`}
          </p>
        </>
      )}
      onClose={onClose}
    >
      <TextField
        id="message-topic"
        label={`Topic in tenant ${tenant}`}
        hint="Telemetry is sent by devices, not from here."
        placeholder="plant/hall/setpoint"
        required
        value={form.topic}
        onChange={(topic) => change({ topic })}
      />
      <AreaField id="message-payload" label="Payload" rows={4} value={form.payload} onChange={(payload) => change({ payload })} />
      <ChoiceField
        id="message-qos"
        label="QoS"
        options={[
          ['0', '0: at most once'],
          ['1', '1: at least once'],
          ['2', '2: exactly once'],
        ]}
        value={String(form.qos)}
        onChange={(qos) => change({ qos: Number(qos) as MessageForm['qos'] })}
      />
      <label>
        <input type="checkbox" checked={form.retain} onChange={(event) => change({ retain: event.currentTarget.checked })} /> Retain it for
        who subscribes later
      </label>
    </FormDialog>
  );
}
