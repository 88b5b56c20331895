import { useState } from 'preact/hooks';
import type { CodecList } from '../data/codecs.js';
import { TextField } from './fields.js';
import { FormDialog } from './form-dialog.js';

/** The dialog that uploads a codec, or its next version. */
export function CodecAdd({ model, onClose }: { model: CodecList; onClose: () => void }) {
  const [name, setName] = useState('');
  const [module, setModule] = useState<Blob>(new Blob());
  return (
    <FormDialog title="Upload a codec" action="Upload" submit={() => model.add(name.trim(), module)} onClose={onClose}>
      <TextField
        id="codec-name"
        label="Name"
        hint="One that is there gets its next version."
        placeholder="water-meter"
        required
        value={name}
        onChange={setName}
      />
      <div class="field">
        <label for="codec-module">Module</label>
        <input
          id="codec-module"
          type="file"
          accept=".wasm,application/wasm"
          required
          onChange={(event) => setModule(event.currentTarget.files?.[0] ?? new Blob())}
        />
      </div>
    </FormDialog>
  );
}
