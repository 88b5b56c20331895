import { useState } from 'preact/hooks';
import type { TopicRuleList } from '../data/topic-rules.js';
import { TextField } from './fields.js';
import { FormDialog } from './form-dialog.js';

/** In which time zone times of the tenant are read that name none. */
export function TenantTimeZone({ model }: { model: TopicRuleList }) {
  const [asked, setAsked] = useState(false);
  const zone = model.timeZone.value;
  if (zone === undefined) return null;
  return (
    <p class="time-zone">
      {zone === null
        ? 'Times that name no time zone are left out: their messages have the time of receipt.'
        : `Times that name no time zone are read as those of ${zone}, unless their device has a time zone of its own.`}{' '}
      <button type="button" class="quiet" onClick={() => setAsked(true)}>
        Change time zone
      </button>
      {asked && <TimeZoneDialog model={model} zone={zone ?? ''} onClose={() => setAsked(false)} />}
    </p>
  );
}

function TimeZoneDialog({ model, zone, onClose }: { model: TopicRuleList; zone: string; onClose: () => void }) {
  const [value, setValue] = useState(zone);
  return (
    <FormDialog title="Time zone of the tenant" action="Save" submit={() => model.setTimeZone(value.trim())} onClose={onClose}>
      <TextField
        id="time-zone"
        label="Time zone"
        hint="A name of the IANA database, such as Europe/Berlin; empty for none."
        placeholder="Europe/Berlin"
        value={value}
        onChange={setValue}
      />
    </FormDialog>
  );
}
