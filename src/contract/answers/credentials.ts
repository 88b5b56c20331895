import { z } from 'zod';
import { time } from './shared.js';

const credential = z.strictObject({
  id: z.int(),
  type: z.enum(['token', 'psk', 'x509', 'jwt']),
  /** x509: SHA-256 of the certificate. */
  fingerprint: z.string().optional(),
  /** x509: of the certificate, where it was given. */
  certificate: z.strictObject({ subject: z.string(), issuer: z.string(), serial: z.string(), valid_to: time }).optional(),
  /** jwt: JWK. */
  public_key: z.record(z.string(), z.unknown()).optional(),
  not_before: time.nullable(),
  expires_at: time.nullable(),
  created_at: time,
});

export const credentialsAnswer = z.strictObject({ device_id: z.string(), tenant: z.string(), credentials: z.array(credential) });

/** A secret is shown this once. */
export const credentialMadeAnswer = credential.extend({
  device_id: z.string(),
  tenant: z.string(),
  token: z.string().optional(),
  /** psk: the key as text, where it is printable, and what the client has to call itself. */
  key: z.string().optional(),
  key_hex: z.string().optional(),
  identity: z.string().optional(),
});

export const credentialRevokedAnswer = z.strictObject({ device_id: z.string(), tenant: z.string(), id: z.int(), revoked: z.literal(true) });

export type CredentialsAnswer = z.infer<typeof credentialsAnswer>;
export type CredentialMadeAnswer = z.infer<typeof credentialMadeAnswer>;
export type CredentialRevokedAnswer = z.infer<typeof credentialRevokedAnswer>;
