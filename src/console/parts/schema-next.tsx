import { useState } from 'preact/hooks';
import type { Answer, Compatibility, Schema, SchemaVersions } from '../data/answer.js';
import { refusalText } from '../data/refusal.js';
import { formatRoute } from '../data/route.js';
import { definitionText, type SchemaBook, type VersionForm } from '../data/schemas.js';
import { shadowDraft } from '../data/shadow-draft.js';
import { DefinitionFields } from './schema-fields.js';

type Version = SchemaVersions['versions'][number];

interface NextVersionProps {
  readonly model: SchemaBook;
  readonly schema: SchemaVersions;
  readonly latest: Version;
}

/** The form that checks the next version of a schema, tries it in a shadow run, and makes it. */
export function NextVersion({ model, schema, latest }: NextVersionProps) {
  const [form, setForm] = useState<VersionForm>({ format: '', definition: definitionText(latest.schema_definition), isMajor: false });
  const [checked, setChecked] = useState<Answer<Compatibility>>();
  const [made, setMade] = useState<Answer<Schema>>();
  const refusal = [checked, made].find((answer) => answer !== undefined && !answer.ok);
  return (
    <section class="panel schema-part" aria-label="Next version">
      <h2>Next version</h2>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          setChecked(undefined);
          void model.addVersion(form).then(setMade);
        }}
      >
        <DefinitionFields form={form} isNew={false} codecFormats={model.codecFormats.value} onChange={setForm} />
        <label>
          <input type="checkbox" checked={form.isMajor} onChange={(event) => setForm({ ...form, isMajor: event.currentTarget.checked })} />{' '}
          A new major version, which need not be compatible
        </label>
        <p class="refusal" role="alert">
          {refusal && !refusal.ok && refusalText(refusal.refusal)}
        </p>
        <div role="status">{checked?.ok && <Checked found={checked.value} />}</div>
        <div class="row">
          <button
            type="button"
            onClick={() => {
              setMade(undefined);
              void model.compare(form).then(setChecked);
            }}
          >
            Check compatibility
          </button>
          <a
            class="button"
            href={formatRoute({ page: 'shadow-runs', tenant: schema.tenant })}
            onClick={() => {
              shadowDraft.value = {
                ...form,
                deviceClass: schema.device_class,
                firmware: schema.firmware_version,
                format: form.format || latest.format,
              };
            }}
          >
            Try in a shadow run
          </a>
          <button type="submit" class="primary">
            Make version
          </button>
        </div>
      </form>
    </section>
  );
}

function Checked({ found: { compatible, compatibility, version, incompatibilities, remarks } }: { found: Compatibility }) {
  return (
    <>
      <p>
        {compatible
          ? `Compatible with version ${version} (${compatibility}).`
          : `Not compatible with version ${version} (${compatibility}): only a new major version may say so.`}
      </p>
      <ul>
        {incompatibilities.map(({ path, message }) => (
          <li key={`${path} ${message}`}>
            <code>{path}</code>: {message}
          </li>
        ))}
        {remarks.map((remark) => (
          <li key={remark}>{remark}</li>
        ))}
      </ul>
    </>
  );
}
