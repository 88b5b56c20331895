import { useState } from 'preact/hooks';
import type { Answer, Compatibility, Schema, SchemaDiff, SchemaVersions } from '../data/answer.js';
import { formatCount, formatMoment } from '../data/format.js';
import { refusalText } from '../data/refusal.js';
import { definitionText, type SchemaBook, type VersionForm } from '../data/schemas.js';
import { Facts } from './facts.js';
import { DefinitionFields } from './schema-fields.js';
import { Table } from './table.js';

type Version = SchemaVersions['versions'][number];

/** One schema: what it is for, its versions, what changed between them, and the next version. */
export function SchemaVersionsView({ model, schema }: { model: SchemaBook; schema: SchemaVersions }) {
  const versions = schema.versions.toSorted((a, b) => b.version - a.version);
  return (
    <>
      <section class="panel" aria-label="Schema">
        <Facts
          facts={[
            ['Devices read by it', formatCount(schema.devices)],
            ['Version in use', schema.pinned_version === null ? `${schema.used_version}, the latest` : `${schema.used_version}, pinned`],
            ...(schema.retired_at === null ? [] : [['Retired', formatMoment(Date.parse(schema.retired_at))] as const]),
            ['Id', schema.schema_id],
          ]}
        />
      </section>
      <h2>Versions</h2>
      {versions.map((version, at) => (
        <VersionView key={version.version} version={version} isOpen={at === 0} />
      ))}
      {versions.length > 1 && <Diff model={model} versions={versions} />}
      {versions[0] && <NextVersion key={versions[0].version} model={model} latest={versions[0]} />}
    </>
  );
}

function VersionView({ version, isOpen }: { version: Version; isOpen: boolean }) {
  return (
    <details class="schema-version" open={isOpen}>
      <summary>
        Version {version.version}, {version.format}, {version.mode}, made {formatMoment(Date.parse(version.created_at))}
      </summary>
      {version.problem && <p class="refusal">Not used: {version.problem}</p>}
      <FieldTable fields={version.fields} />
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard, too. */}
      <pre tabIndex={0}>{definitionText(version.schema_definition)}</pre>
    </details>
  );
}

function FieldTable({ fields }: { fields: Version['fields'] }) {
  if (fields.length === 0) return null;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard, too.
    <div class="field-table" tabIndex={0}>
      <Table class="" head={['Field', 'Stored as', 'Type', 'Unit', 'Range', 'Needed']}>
        {fields.map((field) => (
          <tr key={field.name}>
            <td class="id">{field.name}</td>
            <td class="id">{field.metric}</td>
            <td>{field.type}</td>
            <td>{field.unit ?? '–'}</td>
            <td>{rangeOf(field)}</td>
            <td>{field.critical ? 'critical' : field.required ? 'required' : 'no'}</td>
          </tr>
        ))}
      </Table>
    </div>
  );
}

function rangeOf({ min, max, outside }: Version['fields'][number]): string {
  if (min === null && max === null) return '–';
  return `${min ?? '…'} to ${max ?? '…'}${outside === null ? '' : `, else ${outside}`}`;
}

function Diff({ model, versions }: { model: SchemaBook; versions: readonly Version[] }) {
  const [from, setFrom] = useState(versions[1]!.version);
  const [to, setTo] = useState(versions[0]!.version);
  const [answer, setAnswer] = useState<Answer<SchemaDiff>>();
  const choose = (label: string, value: number, change: (version: number) => void) => (
    <select aria-label={label} value={value} onChange={(event) => change(Number(event.currentTarget.value))}>
      {versions.map(({ version }) => (
        <option key={version} value={version}>
          version {version}
        </option>
      ))}
    </select>
  );
  return (
    <section class="panel schema-part" aria-label="What changed">
      <h2>What changed</h2>
      <div class="row">
        {choose('From', from, setFrom)} to {choose('To', to, setTo)}
        <button type="button" onClick={() => void model.diff(from, to).then(setAnswer)}>
          Compare
        </button>
      </div>
      <div role="status">
        {answer?.ok && (
          <ul>
            {answer.value.changes.length === 0 && <li>Nothing that matters to a message.</li>}
            {answer.value.changes.map(({ path, message, breaks }) => (
              <li key={`${path} ${message}`}>
                <code>{path}</code>: {message}
                {breaks.length > 0 && <b> (not {breaks.join(' or ')} compatible)</b>}
              </li>
            ))}
          </ul>
        )}
        {answer && !answer.ok && <p class="refusal">{answer.refusal.message}</p>}
      </div>
    </section>
  );
}

function NextVersion({ model, latest }: { model: SchemaBook; latest: Version }) {
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
        <DefinitionFields form={form} isNew={false} onChange={setForm} />
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
