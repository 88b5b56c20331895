import '../style/fields.css';
import type { ComponentChildren } from 'preact';

interface FieldProps {
  readonly id: string;
  readonly label: string;
  readonly hint?: ComponentChildren;
  readonly value: string;
  readonly onChange: (value: string) => void;
}

interface TextFieldProps extends FieldProps {
  readonly type?: 'text' | 'number' | 'datetime-local';
  readonly required?: boolean;
  readonly placeholder?: string;
}

/** One line of text under its label. */
export function TextField({ type = 'text', required = false, placeholder = '', ...field }: TextFieldProps) {
  return (
    <Labelled {...field}>
      <input
        id={field.id}
        // Every one of these types takes these attributes, which the union of them in the types of Preact does not see.
        type={type as 'text'}
        required={required}
        placeholder={placeholder}
        autocomplete="off"
        spellcheck={false}
        value={field.value}
        aria-describedby={hintIdOf(field)}
        onInput={(event) => field.onChange(event.currentTarget.value)}
      />
    </Labelled>
  );
}

interface AreaFieldProps extends FieldProps {
  readonly rows?: number;
  readonly required?: boolean;
  readonly placeholder?: string;
}

/** Lines of text that machines read. */
export function AreaField({ rows = 6, required = false, placeholder = '', ...field }: AreaFieldProps) {
  return (
    <Labelled {...field}>
      <textarea
        id={field.id}
        rows={rows}
        required={required}
        placeholder={placeholder}
        spellcheck={false}
        value={field.value}
        aria-describedby={hintIdOf(field)}
        onInput={(event) => field.onChange(event.currentTarget.value)}
      />
    </Labelled>
  );
}

interface ChoiceFieldProps extends FieldProps {
  /** Values with what they are called; a value alone is its own name. */
  readonly options: readonly (string | readonly [value: string, name: string])[];
}

/** One of several. */
export function ChoiceField({ options, ...field }: ChoiceFieldProps) {
  return (
    <Labelled {...field}>
      <select
        id={field.id}
        value={field.value}
        aria-describedby={hintIdOf(field)}
        onChange={(event) => field.onChange(event.currentTarget.value)}
      >
        {options.map((option) => {
          const [value, name] = typeof option === 'string' ? [option, option] : option;
          return (
            <option key={value} value={value}>
              {name}
            </option>
          );
        })}
      </select>
    </Labelled>
  );
}

function Labelled({ id, label, hint, children }: FieldProps & { readonly children: ComponentChildren }) {
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children}
      {hint !== undefined && (
        <p id={`${id}-hint`} class="hint">
          {hint}
        </p>
      )}
    </div>
  );
}

function hintIdOf({ id, hint }: FieldProps): string | undefined {
  return hint === undefined ? undefined : `${id}-hint`;
}
