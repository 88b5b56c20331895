import { useState } from 'preact/hooks';
import type { RuleForm, TopicRuleList } from '../data/topic-rules.js';
import { FormDialog } from './form-dialog.js';

interface RuleEditorProps {
  readonly model: TopicRuleList;
  readonly form: RuleForm;
  readonly isNew: boolean;
  readonly onClose: () => void;
}

/** Formats beside the decoders of the built-in rules; the appliance names all when it refuses one. */
const formats = ['json', 'ndjson', 'cbor', 'msgpack', 'senml-json', 'senml-cbor', 'text', 'line-protocol', 'cayenne', 'ignore'];

type TextField = 'name' | 'pattern' | 'device' | 'decoder' | 'prefix' | 'value_name';

const fields: readonly {
  readonly member: TextField;
  readonly label: string;
  readonly hint: string;
  readonly required: boolean;
  readonly placeholder: string;
}[] = [
  { member: 'name', label: 'Name', hint: 'Of the rule, for people.', required: true, placeholder: 'site sensors' },
  {
    member: 'pattern',
    label: 'Topics',
    hint: 'A topic filter: + is any level, # all that follow, and a level may have a name in braces.',
    required: true,
    placeholder: 'site/{room}/{device}',
  },
  {
    member: 'device',
    label: 'Whose readings',
    hint: 'connection, level:NAME, member:PATH of the payload, or members.',
    required: true,
    placeholder: 'level:device',
  },
  { member: 'decoder', label: 'Decoder', hint: 'A format, a convention, or ignore.', required: true, placeholder: 'json' },
  {
    member: 'prefix',
    label: 'Names of metrics begin with',
    hint: 'Empty: nothing. {room} stands for that level.',
    required: false,
    placeholder: '{room}',
  },
  {
    member: 'value_name',
    label: 'Metric of a bare value',
    hint: 'Where the whole payload is one value. Empty: value.',
    required: false,
    placeholder: 'temperature',
  },
];

/** The dialog that makes a topic rule, or changes one. */
export function RuleEditor({ model, form, isNew, onClose }: RuleEditorProps) {
  const [edited, setEdited] = useState(form);
  const title = isNew ? 'Add a topic rule' : `Edit ${form.name}`;
  const lists: Partial<Record<TextField, readonly string[]>> = {
    decoder: [...new Set([...formats, ...(model.rules.value ?? []).map(({ decoder }) => decoder)])],
    device: ['connection', 'members'],
  };
  return (
    <FormDialog title={title} action={isNew ? 'Add rule' : 'Save'} submit={() => model.save(edited, isNew)} onClose={onClose}>
      {fields.map(({ member, label, hint, required, placeholder }) => (
        <div key={member} class="field">
          <label for={`rule-${member}`}>{label}</label>
          <input
            id={`rule-${member}`}
            value={edited[member]}
            required={required}
            readOnly={member === 'name' && !isNew}
            placeholder={placeholder}
            list={lists[member] && `rule-${member}-list`}
            aria-describedby={`rule-${member}-hint`}
            autocomplete="off"
            spellcheck={false}
            onInput={(event) => setEdited({ ...edited, [member]: event.currentTarget.value })}
          />
          {lists[member] && (
            <datalist id={`rule-${member}-list`}>
              {lists[member].map((value) => (
                <option key={value} value={value} />
              ))}
            </datalist>
          )}
          <p id={`rule-${member}-hint`} class="hint">
            {hint}
          </p>
        </div>
      ))}
      <Unregistered edited={edited} onChange={setEdited} />
    </FormDialog>
  );
}

function Unregistered({ edited, onChange }: { edited: RuleForm; onChange: (form: RuleForm) => void }) {
  return (
    <div class="field">
      <label for="rule-unregistered">Readings of a device that is not registered</label>
      <select
        id="rule-unregistered"
        value={edited.unregistered}
        onChange={(event) => onChange({ ...edited, unregistered: event.currentTarget.value as RuleForm['unregistered'] })}
      >
        <option value="prefix">are the connection’s, named after the device</option>
        <option value="own">are the connection’s, under their names</option>
        <option value="refuse">refuse the message</option>
      </select>
    </div>
  );
}
