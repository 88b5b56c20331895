import { useState } from 'preact/hooks';
import type { ShadowDraft } from '../data/shadow-draft.js';
import type { ShadowForm, ShadowRunList } from '../data/shadow-runs.js';
import { TextField } from './fields.js';
import { FormDialog } from './form-dialog.js';
import { DefinitionFields } from './schema-fields.js';

interface ShadowRunAddProps {
  readonly model: ShadowRunList;
  readonly draft: ShadowDraft;
  readonly onClose: () => void;
}

/** The dialog that starts a shadow run of a schema version. */
export function ShadowRunAdd({ model, draft, onClose }: ShadowRunAddProps) {
  const [form, setForm] = useState<ShadowForm>({ ...draft, percent: '100', lastMinutes: '60', liveMinutes: '0' });
  const change = (part: Partial<ShadowForm>) => setForm({ ...form, ...part });
  return (
    <FormDialog title="Start a shadow run" action="Start" submit={() => model.begin(form)} onClose={onClose}>
      <TextField
        id="shadow-class"
        label="Device class"
        placeholder="pump"
        required
        value={form.deviceClass}
        onChange={(deviceClass) => change({ deviceClass })}
      />
      <TextField id="shadow-firmware" label="Firmware versions" value={form.firmware} onChange={(firmware) => change({ firmware })} />
      <DefinitionFields form={form} isNew={true} codecFormats={model.codecFormats.value} onChange={change} />
      <TextField
        id="shadow-percent"
        label="Messages, in percent"
        type="number"
        required
        value={form.percent}
        onChange={(percent) => change({ percent })}
      />
      <TextField
        id="shadow-last"
        label="Of the last minutes"
        type="number"
        required
        value={form.lastMinutes}
        onChange={(lastMinutes) => change({ lastMinutes })}
      />
      <TextField
        id="shadow-live"
        label="And of the minutes to come"
        hint="0 ends the run with the messages that are there."
        type="number"
        required
        value={form.liveMinutes}
        onChange={(liveMinutes) => change({ liveMinutes })}
      />
    </FormDialog>
  );
}
