import type { JsonWebKey } from 'node:crypto';
import type { CredentialEntry, CredentialType } from '../../contract/identity/credential.js';
import type { SecretBox } from '../../contract/secret-box.js';

/** A credential as the database has it: secrets hashed or sealed. */
export interface StoredCredential {
  readonly id: number;
  readonly type: CredentialType;
  /** x509: SHA-256 of the certificate; null: another type. */
  readonly fingerprint: string | null;
  /** token: its hash; psk: the key, sealed. */
  readonly secret: Uint8Array | null;
  /** jwt: the public key as JWK; x509: what the certificate says of its subject, where the certificate was given. */
  readonly shown: Readonly<Record<string, unknown>> | null;
  readonly notBeforeMs: number | null;
  readonly expiresMs: number | null;
  readonly createdAtMs: number;
}

/** Of a device: what its sealed secrets belong to. */
export function contextOf(tenant: string, device: string): string {
  return `psk\0${tenant}\0${device}`;
}

/** What gateways know of it; undefined: its secret cannot be opened. `context`: as `contextOf`. */
export function entryOf(stored: StoredCredential, box: SecretBox, context: string): CredentialEntry | undefined {
  const { id, type, notBeforeMs, expiresMs } = stored;
  const common = { id, notBeforeMs, expiresMs };
  if (type === 'x509') return { ...common, type, fingerprint: stored.fingerprint ?? '' };
  if (type === 'jwt') return { ...common, type, key: stored.shown as JsonWebKey };
  if (type === 'token') return { ...common, type, hash: new Uint8Array(stored.secret ?? []) };
  const key = stored.secret && box.open(stored.secret, context);
  return key ? { ...common, type, key } : undefined;
}
