import { signal } from '@preact/signals';
import type { Answer, CredentialMade, Credentials } from './answer.js';
import type { Context } from './context.js';
import { PageModel } from './page-model.js';

export type Credential = Credentials['credentials'][number];

/** A credential as it is made; empty texts are absent. */
export interface CredentialForm {
  readonly type: Credential['type'];
  /** token and psk: the secret, which Spillway makes up where it is empty; x509: certificate or fingerprint; jwt: public key. */
  readonly material: string;
  readonly isHex: boolean;
  /** As a field for a moment has them, in the time zone of the browser. */
  readonly validFrom: string;
  readonly validUntil: string;
}

export const newCredential: CredentialForm = { type: 'token', material: '', isHex: false, validFrom: '', validUntil: '' };

/** The credentials of a device beside its token. */
export class CredentialList extends PageModel {
  /** Undefined before the first answer. */
  readonly credentials = signal<readonly Credential[] | undefined>(undefined);

  constructor(
    context: Context,
    tenant: string,
    private readonly device: string,
  ) {
    super(context, tenant);
  }

  /** The answer has the secret, which cannot be read again. */
  add(form: CredentialForm): Promise<Answer<CredentialMade>> {
    const { type, validFrom, validUntil } = form;
    const bounds = { ...(validFrom && { not_before: isoOf(validFrom) }), ...(validUntil && { expires_at: isoOf(validUntil) }) };
    return this.change('POST', this.#path, { type, ...materialOf(form), ...bounds }, { tenant: this.tenant });
  }

  revoke(id: number): Promise<Answer<unknown>> {
    return this.change('DELETE', `${this.#path}/${id}`, undefined, { tenant: this.tenant });
  }

  protected sources() {
    return [
      this.source<Credentials>(this.#path, ({ credentials }) => {
        this.credentials.value = credentials;
      }),
    ];
  }

  get #path(): string {
    return `/v1/devices/${encodeURIComponent(this.device)}/credentials`;
  }
}

/** The member of the call that a text belongs into. */
export function materialOf({ type, material, isHex }: CredentialForm): Readonly<Record<string, unknown>> {
  const text = type === 'token' || type === 'psk' ? material : material.trim();
  if (text === '' && (type === 'token' || type === 'psk')) return {};
  if (type === 'token') return { token: text };
  if (type === 'psk') return isHex ? { key_hex: text } : { key: text };
  if (type === 'x509') return text.includes('-----BEGIN ') ? { certificate: text } : { fingerprint: text };
  return { public_key: text.startsWith('{') ? jsonOf(text) : text };
}

/** A text that is no JSON is sent as it is, and the appliance says what is wrong with it. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function isoOf(local: string): string {
  return new Date(local).toISOString();
}
