import { useState } from 'preact/hooks';
import type { SchemaVersions } from '../data/answer.js';
import type { SchemaBook } from '../data/schemas.js';
import { ChoiceField } from './fields.js';
import { PayloadTrial } from './payload-trial.js';

interface SchemaTrialFormProps {
  readonly model: SchemaBook;
  readonly versions: SchemaVersions['versions'];
  /** The version that is chosen at first. */
  readonly used: number;
}

/** A payload that is tried by a version of a schema. */
export function SchemaTrialForm({ model, versions, used }: SchemaTrialFormProps) {
  const [version, setVersion] = useState(String(used));
  return (
    <section class="panel schema-part" aria-label="Try a payload">
      <h2>Try a payload</h2>
      <PayloadTrial id="schema" tryPayload={(payload) => model.try(payload, Number(version))}>
        <ChoiceField
          id="schema-tried"
          label="By version"
          options={versions.map((one) => String(one.version))}
          value={version}
          onChange={setVersion}
        />
      </PayloadTrial>
    </section>
  );
}
