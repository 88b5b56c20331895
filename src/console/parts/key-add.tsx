import { useEffect, useState } from 'preact/hooks';
import type { Key, KeyForm, KeyList } from '../data/keys.js';
import { CommandLine } from './command-line.js';
import { ChoiceField, TextField } from './fields.js';
import { FormDialog } from './form-dialog.js';

/** The dialog that makes a key and shows it, which it does only this once. */
export function KeyAdd({ model, tenant, onClose }: { model: KeyList; tenant: string; onClose: () => void }) {
  const [form, setForm] = useState<KeyForm>({ name: '', role: 'viewer', tenant, group: '', validUntil: '' });
  const [groups, setGroups] = useState<readonly string[]>([]);
  const change = (part: Partial<KeyForm>) => setForm({ ...form, ...part });
  useEffect(() => {
    let isStale = false;
    void model.groupsOf(form.tenant).then((paths) => isStale || setGroups(paths));
    return () => {
      isStale = true;
    };
  }, [form.tenant]);
  return (
    <FormDialog
      title="Add a key"
      action="Add key"
      submit={() => model.add(form)}
      outcome={({ name, key }) => (
        <>
          <h2>{name} may use Spillway</h2>
          <p>This is the key. It is shown only now: Spillway keeps no more than a hash of it.</p>
          <CommandLine label="Key" command={key} />
        </>
      )}
      onClose={onClose}
    >
      <TextField
        id="key-name"
        label="Name"
        hint="Whose it is: the audit log names it with each change."
        placeholder="grafana"
        required
        value={form.name}
        onChange={(name) => change({ name })}
      />
      <ChoiceField
        id="key-role"
        label="Role"
        options={[
          ['viewer', 'viewer: reads'],
          ['operator', 'operator: reads, and changes devices'],
          ['admin', 'admin: everything'],
        ]}
        value={form.role}
        onChange={(role) => change({ role: role as Key['role'] })}
      />
      <TextField
        id="key-tenant"
        label="Tenant"
        hint="Empty: all tenants."
        value={form.tenant}
        onChange={(value) => change({ tenant: value.trim(), group: '' })}
      />
      {groups.length > 0 && (
        <ChoiceField
          id="key-group"
          label="Devices of group"
          options={[['', 'any'], ...groups]}
          value={form.group}
          onChange={(group) => change({ group })}
        />
      )}
      <TextField
        id="key-until"
        label="Valid until"
        hint="Empty: until it is revoked."
        type="datetime-local"
        value={form.validUntil}
        onChange={(validUntil) => change({ validUntil })}
      />
    </FormDialog>
  );
}
