import { useState } from 'preact/hooks';
import type { AccessList, AclRuleForm } from '../data/access.js';
import { ChoiceField, TextField } from './fields.js';
import { FormDialog } from './form-dialog.js';

const blank: AclRuleForm = { subject: 'all', action: 'publish', filter: '', effect: 'allow' };

/** The dialog that makes a rule about topics. */
export function AclRuleAdd({ model, onClose }: { model: AccessList; onClose: () => void }) {
  const [form, setForm] = useState(blank);
  const change = (part: Partial<AclRuleForm>) => setForm({ ...form, ...part });
  return (
    <FormDialog title="Add a rule about topics" action="Add rule" submit={() => model.addRule(form)} onClose={onClose}>
      <TextField
        id="acl-subject"
        label="Who"
        hint="all, class:NAME, device:ID or service:NAME."
        required
        value={form.subject}
        onChange={(subject) => change({ subject: subject.trim() })}
      />
      <ChoiceField
        id="acl-effect"
        label="Allow or deny"
        options={['allow', 'deny']}
        value={form.effect}
        onChange={(effect) => change({ effect: effect as AclRuleForm['effect'] })}
      />
      <ChoiceField
        id="acl-action"
        label="What"
        options={['publish', 'subscribe', ['both', 'publish and subscribe']]}
        value={form.action}
        onChange={(action) => change({ action: action as AclRuleForm['action'] })}
      />
      <TextField
        id="acl-filter"
        label="Topics"
        hint="A topic filter: + is any level, # all that follow; %d stands for the id of the device, %t for the tenant."
        placeholder="plant/+/commands/#"
        required
        value={form.filter}
        onChange={(filter) => change({ filter })}
      />
    </FormDialog>
  );
}
