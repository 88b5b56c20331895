import type { JsonWebKey } from 'node:crypto';

export type CredentialType = 'token' | 'psk' | 'x509' | 'jwt';

/** One way in which a device may prove who it is, beside its token, as gateways know it. */
export type CredentialEntry = {
  readonly id: number;
  /** ms of the Unix epoch; null: without a bound. */
  readonly notBeforeMs: number | null;
  readonly expiresMs: number | null;
} & (
  | { readonly type: 'token' /** `hashToken(tenant, device, token)`. */; readonly hash: Uint8Array }
  | { readonly type: 'psk'; readonly key: Uint8Array }
  | { readonly type: 'x509' /** SHA-256 of the certificate, lower-case hexadecimal digits. */; readonly fingerprint: string }
  | { readonly type: 'jwt' /** Of which the device signs its tokens with the private half. */; readonly key: JsonWebKey }
);

export function isInForce({ notBeforeMs, expiresMs }: Pick<CredentialEntry, 'notBeforeMs' | 'expiresMs'>, nowMs: number): boolean {
  return (notBeforeMs ?? 0) <= nowMs && nowMs < (expiresMs ?? Number.POSITIVE_INFINITY);
}
