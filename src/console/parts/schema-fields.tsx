import type { VersionForm } from '../data/schemas.js';

const formats = ['json', 'ndjson', 'cbor', 'msgpack', 'protobuf', 'senml-json', 'senml-cbor', 'cayenne', 'line-protocol', 'text', 'auto'];

interface DefinitionFieldsProps {
  readonly form: VersionForm;
  readonly isNew: boolean;
  /** Formats that are codecs of the tenant. */
  readonly codecFormats: readonly string[];
  readonly onChange: (form: VersionForm) => void;
}

/** Format and definition of a version. */
export function DefinitionFields({ form, isNew, codecFormats, onChange }: DefinitionFieldsProps) {
  return (
    <>
      <div class="field">
        <label for="schema-format">Format of the payload</label>
        <select id="schema-format" value={form.format} onChange={(event) => onChange({ ...form, format: event.currentTarget.value })}>
          {!isNew && <option value="">as before</option>}
          {[...formats, ...codecFormats].map((format) => (
            <option key={format} value={format}>
              {format}
            </option>
          ))}
        </select>
      </div>
      <div class="field">
        <label for="schema-definition">Definition</label>
        <textarea
          id="schema-definition"
          rows={12}
          spellcheck={false}
          required
          aria-describedby="schema-definition-hint"
          value={form.definition}
          onInput={(event) => onChange({ ...form, definition: event.currentTarget.value })}
        />
        <p id="schema-definition-hint" class="hint">
          A field map, JSON Schema, or the text of a .proto file.
        </p>
      </div>
    </>
  );
}
