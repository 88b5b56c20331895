import { useState } from 'preact/hooks';
import type { SchemaVersions } from '../data/answer.js';
import { formatCount, formatMoment } from '../data/format.js';
import { refusalText } from '../data/refusal.js';
import { definitionText, type SchemaBook } from '../data/schemas.js';
import { DeleteDialog } from './delete-dialog.js';
import { Facts } from './facts.js';
import { SchemaChanges } from './schema-changes.js';
import { NextVersion } from './schema-next.js';
import { SchemaTrialForm } from './schema-trial.js';
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
        {schema.retired_at === null && <Retire model={model} schema={schema} />}
      </section>
      <h2>Versions</h2>
      {versions.map((version, at) => (
        <VersionView key={version.version} model={model} schema={schema} version={version} isOpen={at === 0} />
      ))}
      {versions[0] && <SchemaTrialForm model={model} versions={versions} used={schema.used_version} />}
      {versions.length > 1 && <SchemaChanges model={model} versions={versions} />}
      {versions[0] && schema.retired_at === null && (
        <NextVersion key={versions[0].version} model={model} schema={schema} latest={versions[0]} />
      )}
    </>
  );
}

function Retire({ model, schema }: { model: SchemaBook; schema: SchemaVersions }) {
  const [asking, setAsking] = useState(false);
  return (
    <div class="panel-actions">
      <button type="button" onClick={() => setAsking(true)}>
        Retire
      </button>
      {asking && (
        <DeleteDialog
          action="Retire"
          what={`the schema of ${schema.device_class}, firmware ${schema.firmware_version}`}
          about="Devices are read by it no more, but those that are pinned to it. That cannot be undone."
          remove={() => model.retire()}
          onClose={() => setAsking(false)}
        />
      )}
    </div>
  );
}

interface VersionViewProps {
  readonly model: SchemaBook;
  readonly schema: SchemaVersions;
  readonly version: Version;
  readonly isOpen: boolean;
}

function VersionView({ model, schema, version, isOpen }: VersionViewProps) {
  return (
    <details class="schema-version" open={isOpen}>
      <summary>
        Version {version.version}, {version.format}, {version.mode}, made {formatMoment(Date.parse(version.created_at))}
      </summary>
      {version.problem && <p class="refusal">Not used: {version.problem}</p>}
      {schema.retired_at === null && <Pin model={model} schema={schema} version={version.version} />}
      <FieldTable fields={version.fields} />
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard, too. */}
      <pre tabIndex={0}>{definitionText(version.schema_definition)}</pre>
    </details>
  );
}

/** Which version is used: the latest, unless one is pinned. */
function Pin({ model, schema: { pinned_version: pinned }, version }: Pick<VersionViewProps, 'model' | 'schema'> & { version: number }) {
  const [refusal, setRefusal] = useState('');
  const run = async (wanted: number | undefined) => {
    const answer = await model.pin(wanted);
    setRefusal(answer.ok ? '' : refusalText(answer.refusal));
  };
  return (
    <div class="row">
      {pinned === version ? (
        <button type="button" onClick={() => void run(undefined)}>
          Use the latest again
        </button>
      ) : (
        <button type="button" onClick={() => void run(version)}>
          Use version {version} for good
        </button>
      )}
      <span class="refusal" role="alert">
        {refusal}
      </span>
    </div>
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
