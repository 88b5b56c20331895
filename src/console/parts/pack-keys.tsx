import { useState } from 'preact/hooks';
import type { PackKey } from '../data/answer.js';
import { formatMoment } from '../data/format.js';
import type { PackList } from '../data/packs.js';
import { DeleteDialog } from './delete-dialog.js';
import { AreaField, TextField } from './fields.js';
import { FormDialog } from './form-dialog.js';
import { Table } from './table.js';

/** The keys whose signatures are trusted, in every tenant. */
export function PackKeys({ model }: { model: PackList }) {
  const [adding, setAdding] = useState(false);
  const [dropped, setDropped] = useState<PackKey>();
  const keys = model.keys.value;
  if (keys === undefined) return null;
  return (
    <section aria-label="Trusted keys">
      <h2>Trusted keys</h2>
      <p>
        {keys.length === 0 ? 'No key is trusted: packs install only where you say so each time. ' : ''}
        <button type="button" class="quiet" onClick={() => setAdding(true)}>
          Trust a key
        </button>
      </p>
      {keys.length > 0 && (
        <Table head={['Whose', 'Key', 'Trusted since', 'Change']}>
          {keys.map((key) => (
            <tr key={key.key_id} data-pack-key={key.name}>
              <td class="id">
                <b>{key.name}</b>
              </td>
              <td>
                <code>{key.key_id}</code>
              </td>
              <td>{formatMoment(Date.parse(key.created_at))}</td>
              <td class="rule-actions">
                <button type="button" aria-label={`Distrust ${key.name}`} onClick={() => setDropped(key)}>
                  Distrust
                </button>
              </td>
            </tr>
          ))}
        </Table>
      )}
      {adding && <KeyDialog model={model} onClose={() => setAdding(false)} />}
      {dropped && (
        <DeleteDialog
          action="Distrust"
          what={`the key of ${dropped.name}`}
          about="What it signed and is installed stays; nothing that it signs is installed any more."
          remove={() => model.distrust(dropped.key_id)}
          onClose={() => setDropped(undefined)}
        />
      )}
    </section>
  );
}

function KeyDialog({ model, onClose }: { model: PackList; onClose: () => void }) {
  const [name, setName] = useState('');
  const [pem, setPem] = useState('');
  return (
    <FormDialog title="Trust a key" action="Trust" submit={() => model.trust(name.trim(), pem)} onClose={onClose}>
      <TextField id="pack-key-name" label="Whose" required placeholder="Acme" value={name} onChange={setName} />
      <AreaField
        id="pack-key-pem"
        label="Public key"
        hint="Ed25519 in PEM, the .pem file of spillway pack keygen."
        required
        placeholder="-----BEGIN PUBLIC KEY-----"
        value={pem}
        onChange={setPem}
      />
    </FormDialog>
  );
}
