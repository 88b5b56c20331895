import { signal } from '@preact/signals';
import type { Answer, Codecs, Compatibility, Schema, SchemaDiff, Schemas, SchemaTrial, SchemaVersions } from './answer.js';
import type { Context } from './context.js';
import { PageModel } from './page-model.js';
import { base64Of } from './payload.js';

const path = '/v1/schemas';

/** What a new version says; an empty format is that of the version before. */
export interface VersionForm {
  readonly format: string;
  readonly definition: string;
  /** It need not be compatible with the one before. */
  readonly isMajor: boolean;
}

/** The payload schemas of a tenant, and one of them with its versions where the address names it. */
export class SchemaBook extends PageModel {
  /** Undefined before the first answer. */
  readonly schemas = signal<readonly Schema[] | undefined>(undefined);
  readonly opened = signal<SchemaVersions | undefined>(undefined);
  /** Formats of the codecs of the tenant. */
  readonly codecFormats = signal<readonly string[]>([]);

  constructor(
    context: Context,
    tenant: string,
    private readonly id: string | undefined,
  ) {
    super(context, tenant);
  }

  /** A schema for a class and a range of firmware versions, or its next version. */
  add(deviceClass: string, firmware: string, form: VersionForm): Promise<Answer<Schema>> {
    const target = { tenant: this.tenant, device_class: deviceClass, firmware_version: firmware || '*' };
    return this.change('POST', path, { ...target, ...bodyOf(form), major: form.isMajor });
  }

  addVersion(form: VersionForm): Promise<Answer<Schema>> {
    return this.change('POST', `${this.#own}/versions`, { ...bodyOf(form), major: form.isMajor }, { tenant: this.tenant });
  }

  /** Whether a definition would be compatible; nothing is made. */
  compare(form: VersionForm): Promise<Answer<Compatibility>> {
    return this.call('POST', `${this.#own}/compatibility`, bodyOf(form), { tenant: this.tenant });
  }

  diff(from: number, to: number): Promise<Answer<SchemaDiff>> {
    return this.call('POST', `${this.#own}/diff`, { from, to }, { tenant: this.tenant });
  }

  /** What a payload would become by a version; nothing is stored. */
  try(payload: Uint8Array, version: number): Promise<Answer<SchemaTrial>> {
    const body = { payload_base64: base64Of(payload), version };
    return this.call('POST', `${this.#own}/test`, body, { tenant: this.tenant });
  }

  /** Uses one version for good; without one, the latest from now on. */
  pin(version: number | undefined): Promise<Answer<unknown>> {
    const query = { tenant: this.tenant };
    return version === undefined
      ? this.change('POST', `${this.#own}/unpin`, {}, query)
      : this.change('POST', `${this.#own}/pin`, { version }, query);
  }

  retire(): Promise<Answer<unknown>> {
    return this.change('DELETE', this.#own, undefined, { tenant: this.tenant });
  }

  protected sources() {
    const list = this.source<Schemas>(path, ({ schemas }) => {
      this.schemas.value = schemas;
    });
    const one = this.source<SchemaVersions>(this.#own, (opened) => {
      this.opened.value = opened;
    });
    const codecs = this.source<Codecs>('/v1/codecs', ({ codecs: found }) => {
      this.codecFormats.value = found.map(({ format }) => format);
    });
    return this.id === undefined ? [list, codecs] : [list, codecs, one];
  }

  get #own(): string {
    return `${path}/${encodeURIComponent(this.id ?? '')}`;
  }
}

/** JSON is sent as what it says, any other text, such as that of a .proto file, as a text. */
export function bodyOf({ format, definition }: VersionForm) {
  return { ...(format && { format }), schema_definition: parsed(definition) };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** A definition as people read and edit it. */
export function definitionText(definition: unknown): string {
  return typeof definition === 'string' ? definition : JSON.stringify(definition, null, 2);
}
