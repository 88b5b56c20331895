import { useState } from 'preact/hooks';
import type { AccessList } from '../data/access.js';
import { CommandLine } from './command-line.js';
import { TextField } from './fields.js';
import { FormDialog } from './form-dialog.js';

/** The dialog that makes a service client and shows its secret, which is shown only this once. */
export function ServiceAdd({ model, tenant, onClose }: { model: AccessList; tenant: string; onClose: () => void }) {
  const [name, setName] = useState('');
  return (
    <FormDialog
      title="Add a service client"
      action="Add service client"
      submit={() => model.addService(name.trim())}
      outcome={({ name: made, username, secret }) => (
        <>
          <h2>{made} can connect</h2>
          <p>
            It connects over MQTT with this user name and this password. The password is shown only now: Spillway keeps no more than a hash
            of it.
          </p>
          <CommandLine label="User name" command={username} />
          <CommandLine label="Password" command={secret} />
        </>
      )}
      onClose={onClose}
    >
      <TextField
        id="service-name"
        label={`Name in tenant ${tenant}`}
        hint="It may use no topic until a rule for service:NAME allows it."
        placeholder="dashboard"
        required
        value={name}
        onChange={setName}
      />
    </FormDialog>
  );
}
