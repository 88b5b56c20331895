import { useState } from 'preact/hooks';
import type { CredentialMade } from '../data/answer.js';
import { type Credential, type CredentialForm, type CredentialList, newCredential } from '../data/credentials.js';
import { CommandLine } from './command-line.js';
import { AreaField, ChoiceField, TextField } from './fields.js';
import { FormDialog } from './form-dialog.js';

export const typeNames: Readonly<Record<Credential['type'], string>> = {
  token: 'Token',
  psk: 'Pre-shared key',
  x509: 'Certificate',
  jwt: 'Key for JWTs',
};

interface CredentialAddProps {
  readonly model: CredentialList;
  readonly device: string;
  readonly onClose: () => void;
}

/** The dialog that makes a credential of a device and shows its secret, which is shown only this once. */
export function CredentialAdd({ model, device, onClose }: CredentialAddProps) {
  const [form, setForm] = useState(newCredential);
  const change = (part: Partial<CredentialForm>) => setForm({ ...form, ...part });
  return (
    <FormDialog
      title={`Add a credential of ${device}`}
      action="Add credential"
      submit={() => model.add(form)}
      outcome={(made) => <Secret made={made} />}
      onClose={onClose}
    >
      <ChoiceField
        id="credential-type"
        label="Type"
        options={Object.entries(typeNames)}
        value={form.type}
        onChange={(type) => change({ type: type as Credential['type'], material: '' })}
      />
      <Material form={form} change={change} />
      <TextField
        id="credential-from"
        label="Valid from"
        hint="Empty: from now on."
        type="datetime-local"
        value={form.validFrom}
        onChange={(validFrom) => change({ validFrom })}
      />
      <TextField
        id="credential-until"
        label="Valid until"
        hint="Empty: until it is revoked."
        type="datetime-local"
        value={form.validUntil}
        onChange={(validUntil) => change({ validUntil })}
      />
    </FormDialog>
  );
}

function Material({ form, change }: { form: CredentialForm; change: (part: Partial<CredentialForm>) => void }) {
  const field = { id: 'credential-material', value: form.material, onChange: (material: string) => change({ material }) };
  if (form.type === 'token') return <TextField {...field} label="Token" hint="Empty: Spillway makes one." />;
  if (form.type === 'x509')
    return <AreaField {...field} label="Certificate" hint="In PEM; or its SHA-256 fingerprint in hexadecimal digits." required />;
  if (form.type === 'jwt')
    return <AreaField {...field} label="Public key" hint="In PEM or as a JWK. The private key stays with the device." required />;
  return (
    <>
      <TextField {...field} label="Key" hint="Empty: Spillway makes one. The device names itself as the dialog says afterwards." />
      <ChoiceField
        id="credential-form"
        label="Key is"
        options={[
          ['text', 'text'],
          ['hex', 'bytes in hexadecimal digits'],
        ]}
        value={form.isHex ? 'hex' : 'text'}
        onChange={(value) => change({ isHex: value === 'hex' })}
      />
    </>
  );
}

function Secret({ made }: { made: CredentialMade }) {
  const hasSecret = made.type === 'token' || made.type === 'psk';
  return (
    <>
      <h2>{typeNames[made.type]} is added</h2>
      <p>{hasSecret ? 'Write it down: it is shown only now.' : 'The device can connect with it now. Its secret stays with the device.'}</p>
      {made.token !== undefined && <CommandLine label="Token" command={made.token} />}
      {made.identity !== undefined && <CommandLine label="Identity" command={made.identity} />}
      {made.key !== undefined && <CommandLine label="Key" command={made.key} />}
      {made.key_hex !== undefined && <CommandLine label="Key in hexadecimal digits" command={made.key_hex} />}
    </>
  );
}
