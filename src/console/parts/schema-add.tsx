import { useState } from 'preact/hooks';
import type { SchemaBook } from '../data/schemas.js';
import { TextField } from './fields.js';
import { FormDialog } from './form-dialog.js';
import { DefinitionFields } from './schema-fields.js';

const example = `{"fields": {
  "temperature": {"type": "number", "unit": "Cel", "min": -40, "max": 125, "required": true}
}}`;

/** The dialog that makes a schema. */
export function SchemaAdd({ model, onClose }: { model: SchemaBook; onClose: () => void }) {
  const [deviceClass, setDeviceClass] = useState('');
  const [firmware, setFirmware] = useState('*');
  const [form, setForm] = useState({ format: 'json', definition: example, isMajor: false });
  return (
    <FormDialog
      title="Add a schema"
      action="Add schema"
      submit={() => model.add(deviceClass.trim(), firmware.trim(), form)}
      onClose={onClose}
    >
      <TextField id="schema-class" label="Device class" placeholder="pump" required value={deviceClass} onChange={setDeviceClass} />
      <TextField
        id="schema-firmware"
        label="Firmware versions"
        hint="* is any; 1.4.2, ^1.4, or >=1.2 <2."
        value={firmware}
        onChange={setFirmware}
      />
      <DefinitionFields form={form} isNew={true} codecFormats={model.codecFormats.value} onChange={setForm} />
    </FormDialog>
  );
}
