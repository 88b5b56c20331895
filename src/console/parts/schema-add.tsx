import { useState } from 'preact/hooks';
import type { SchemaBook } from '../data/schemas.js';
import { Dialog } from './dialog.js';
import { DefinitionFields } from './schema-fields.js';

const example = `{"fields": {
  "temperature": {"type": "number", "unit": "Cel", "min": -40, "max": 125, "required": true}
}}`;

/** The dialog that makes a schema. */
export function SchemaAdd({ model, onClose }: { model: SchemaBook; onClose: () => void }) {
  const [deviceClass, setDeviceClass] = useState('');
  const [firmware, setFirmware] = useState('*');
  const [form, setForm] = useState({ format: 'json', definition: example, isMajor: false });
  const [refusal, setRefusal] = useState('');
  const submit = async (event: Event, close: () => void) => {
    event.preventDefault();
    const answer = await model.add(deviceClass.trim(), firmware.trim(), form);
    if (answer.ok) close();
    else setRefusal([answer.refusal.message, answer.refusal.wayOut].filter(Boolean).join('. '));
  };
  return (
    <Dialog label="Add a schema" onClose={onClose}>
      {(close) => (
        <form onSubmit={(event) => void submit(event, close)}>
          <h2>Add a schema</h2>
          <div class="field">
            <label for="schema-class">Device class</label>
            <input
              id="schema-class"
              required
              spellcheck={false}
              placeholder="pump"
              value={deviceClass}
              onInput={(event) => setDeviceClass(event.currentTarget.value)}
            />
          </div>
          <div class="field">
            <label for="schema-firmware">Firmware versions</label>
            <input
              id="schema-firmware"
              spellcheck={false}
              aria-describedby="schema-firmware-hint"
              value={firmware}
              onInput={(event) => setFirmware(event.currentTarget.value)}
            />
            <p id="schema-firmware-hint" class="hint">
              * is any; 1.4.2, ^1.4, or &gt;=1.2 &lt;2.
            </p>
          </div>
          <DefinitionFields form={form} isNew={true} onChange={setForm} />
          <p class="refusal" role="alert">
            {refusal}
          </p>
          <div class="actions">
            <button type="button" class="quiet" onClick={close}>
              Cancel
            </button>
            <button type="submit" class="primary">
              Add schema
            </button>
          </div>
        </form>
      )}
    </Dialog>
  );
}
