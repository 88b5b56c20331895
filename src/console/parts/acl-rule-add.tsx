import { useState } from 'preact/hooks';
import type { AccessList, AclRuleForm } from '../data/access.js';
import { Dialog } from './dialog.js';

const blank: AclRuleForm = { subject: 'all', action: 'publish', filter: '', effect: 'allow' };

/** The dialog that makes a rule about topics. */
export function AclRuleAdd({ model, onClose }: { model: AccessList; onClose: () => void }) {
  const [form, setForm] = useState(blank);
  const [busy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState('');
  const submit = async (event: Event, close: () => void) => {
    event.preventDefault();
    setBusy(true);
    const refused = await model.addRule(form);
    setBusy(false);
    if (refused) setRefusal([refused.message, refused.wayOut].filter(Boolean).join('. '));
    else close();
  };
  return (
    <Dialog label="Add a rule about topics" onClose={onClose}>
      {(close) => (
        <form onSubmit={(event) => void submit(event, close)}>
          <h2>Add a rule about topics</h2>
          <Fields form={form} onChange={(part) => setForm({ ...form, ...part })} />
          <p class="refusal" role="alert">
            {refusal}
          </p>
          <div class="actions">
            <button type="button" class="quiet" onClick={close}>
              Cancel
            </button>
            <button type="submit" class="primary" disabled={busy}>
              Add rule
            </button>
          </div>
        </form>
      )}
    </Dialog>
  );
}

function Fields({ form, onChange }: { form: AclRuleForm; onChange: (part: Partial<AclRuleForm>) => void }) {
  return (
    <>
      <div class="field">
        <label for="acl-subject">Who</label>
        <input
          id="acl-subject"
          value={form.subject}
          required
          aria-describedby="acl-subject-hint"
          autocomplete="off"
          spellcheck={false}
          onInput={(event) => onChange({ subject: event.currentTarget.value.trim() })}
        />
        <p id="acl-subject-hint" class="hint">
          all, class:NAME, device:ID or service:NAME.
        </p>
      </div>
      <div class="field">
        <label for="acl-effect">Allow or deny</label>
        <select
          id="acl-effect"
          value={form.effect}
          onChange={(event) => onChange({ effect: event.currentTarget.value as AclRuleForm['effect'] })}
        >
          <option value="allow">allow</option>
          <option value="deny">deny</option>
        </select>
      </div>
      <div class="field">
        <label for="acl-action">What</label>
        <select
          id="acl-action"
          value={form.action}
          onChange={(event) => onChange({ action: event.currentTarget.value as AclRuleForm['action'] })}
        >
          <option value="publish">publish</option>
          <option value="subscribe">subscribe</option>
          <option value="both">publish and subscribe</option>
        </select>
      </div>
      <div class="field">
        <label for="acl-filter">Topics</label>
        <input
          id="acl-filter"
          value={form.filter}
          required
          placeholder="plant/+/commands/#"
          aria-describedby="acl-filter-hint"
          autocomplete="off"
          spellcheck={false}
          onInput={(event) => onChange({ filter: event.currentTarget.value })}
        />
        <p id="acl-filter-hint" class="hint">
          A topic filter: + is any level, # all that follow; %d stands for the id of the device, %t for the tenant.
        </p>
      </div>
    </>
  );
}
