import { batch, signal } from '@preact/signals';
import type { Answer, Compatibility, Refusal, Schema, SchemaDiff, Schemas, SchemaVersions } from './answer.js';
import type { Context } from './context.js';

const path = '/v1/schemas';
const refreshMs = 15_000;

/** What a new version says; an empty format is that of the version before. */
export interface VersionForm {
  readonly format: string;
  readonly definition: string;
  /** It need not be compatible with the one before. */
  readonly isMajor: boolean;
}

/** The payload schemas of a tenant, and one of them with its versions where the address names it. */
export class SchemaBook {
  /** Undefined before the first answer. */
  readonly schemas = signal<readonly Schema[] | undefined>(undefined);
  readonly opened = signal<SchemaVersions | undefined>(undefined);
  readonly refusal = signal<Refusal | undefined>(undefined);
  readonly #ended = new AbortController();
  readonly #stop: () => void;
  #loadAtMs = 0;

  constructor(
    private readonly context: Context,
    private readonly tenant: string,
    private readonly id: string | undefined,
  ) {
    this.#stop = context.live.onReturn(() => void this.load());
    void this.load();
  }

  tick(nowMs: number): void {
    if (nowMs >= this.#loadAtMs) void this.load();
  }

  close(): void {
    this.#ended.abort();
    this.#stop();
  }

  async load(): Promise<void> {
    this.#loadAtMs = Date.now() + refreshMs;
    const [list, one] = await Promise.all([
      this.#get<Schemas>(path),
      this.id === undefined ? undefined : this.#get<SchemaVersions>(this.#own),
    ]);
    if (this.#ended.signal.aborted) return;
    const refused = [list, one].find((answer) => answer !== undefined && !answer.ok);
    batch(() => {
      this.refusal.value = refused && !refused.ok ? refused.refusal : undefined;
      if (list.ok) this.schemas.value = list.value.schemas;
      if (one?.ok) this.opened.value = one.value;
    });
  }

  /** A schema for a class and a range of firmware versions, or its next version. */
  async add(deviceClass: string, firmware: string, form: VersionForm): Promise<Answer<Schema>> {
    const target = { tenant: this.tenant, device_class: deviceClass, firmware_version: firmware || '*' };
    return this.#made(await this.#post<Schema>(path, { ...target, ...bodyOf(form), major: form.isMajor }));
  }

  async addVersion(form: VersionForm): Promise<Answer<Schema>> {
    return this.#made(await this.#post<Schema>(`${this.#own}/versions`, { ...bodyOf(form), major: form.isMajor }));
  }

  /** Whether a definition would be compatible; nothing is made. */
  compare(form: VersionForm): Promise<Answer<Compatibility>> {
    return this.#post(`${this.#own}/compatibility`, bodyOf(form));
  }

  diff(from: number, to: number): Promise<Answer<SchemaDiff>> {
    return this.#post(`${this.#own}/diff`, { from, to });
  }

  get #own(): string {
    return `${path}/${encodeURIComponent(this.id ?? '')}`;
  }

  #get<T>(at: string): Promise<Answer<T>> {
    return this.context.api.call('GET', at, { tenant: this.tenant }, undefined, this.#ended.signal);
  }

  #post<T>(at: string, body: unknown): Promise<Answer<T>> {
    const query = at === path ? {} : { tenant: this.tenant };
    return this.context.api.call('POST', at, query, body, this.#ended.signal);
  }

  async #made<T>(answer: Answer<T>): Promise<Answer<T>> {
    if (answer.ok) await this.load();
    return answer;
  }
}

/** JSON is sent as what it says, any other text, such as that of a .proto file, as a text. */
function bodyOf({ format, definition }: VersionForm) {
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
