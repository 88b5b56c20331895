import { useState } from 'preact/hooks';
import type { Answer, SchemaDiff, SchemaVersions } from '../data/answer.js';
import type { SchemaBook } from '../data/schemas.js';

type Version = SchemaVersions['versions'][number];

/** What changed between two versions of a schema. */
export function SchemaChanges({ model, versions }: { model: SchemaBook; versions: readonly Version[] }) {
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
