import { createPublicKey, type JsonWebKey, randomBytes, X509Certificate } from 'node:crypto';
import { z } from 'zod';
import { readTimeUs } from '../../contract/iso-time.js';
import type { SecretBox } from '../../contract/secret-box.js';
import { hashToken } from '../../contract/token.js';
import { textSchema } from '../../http/input.js';
import type { Device } from '../registry/device.js';
import { isTokenTooShort } from '../registry/device-id.js';
import { tokenSchema } from '../registry/input.js';
import { newToken } from '../registry/new-device.js';
import { contextOf } from './credential.js';
import type { NewCredential } from './device-credentials.js';

/** RFC 4279 §5.3: keys of up to 64 bytes are taken everywhere. */
const PSK_BYTES_MAX = 64;
/** A shorter key could be found by trying: a client shows by its handshake whether a guess is right. */
const PSK_BYTES_MIN = 8;
const PSK_RANDOM_BYTES = 16;
const RSA_BITS_MIN = 2048;

const time = z.string('must be an ISO 8601 time with a zone').transform((text, context) => {
  const us = readTimeUs(text);
  if (us !== undefined) return Math.floor(Number(us) / 1000);
  context.addIssue({ code: 'custom', message: 'must be an ISO 8601 time with a zone' });
  return z.NEVER;
});

const bounds = { not_before: time.optional(), expires_at: time.optional() };
const hex = (what: string) =>
  textSchema((text) => (/^([0-9a-fA-F]{2})+$/.test(text) ? undefined : `must be ${what} in hexadecimal digits`));
const pem = textSchema((text) => (text.includes('-----BEGIN ') ? undefined : 'must be PEM'));

const byType = z.discriminatedUnion(
  'type',
  [
    z.strictObject({ type: z.literal('token'), token: tokenSchema.optional(), ...bounds }),
    z.strictObject({ type: z.literal('psk'), key: z.string('must be a string').optional(), key_hex: hex('a key').optional(), ...bounds }),
    z.strictObject({
      type: z.literal('x509'),
      certificate: pem.optional(),
      fingerprint: z.string('must be a string').optional(),
      ...bounds,
    }),
    z.strictObject({ type: z.literal('jwt'), public_key: z.union([pem, z.record(z.string(), z.unknown())]), ...bounds }),
  ],
  'must be token, psk, x509 or jwt',
);

export const newCredentialSchema = byType;
export type CredentialInput = z.infer<typeof newCredentialSchema>;

/** A credential to be made, and the secret of it that is shown this once. */
export interface Made {
  readonly credential: NewCredential;
  readonly secret: { readonly token?: string; readonly key?: string; readonly key_hex?: string; readonly identity?: string };
}

/** What the input asks for; a text: what is wrong with it. */
export function madeOf(input: CredentialInput, { tenant, id }: Device, box: SecretBox): Made | string {
  const notBeforeMs = input.not_before ?? null;
  const expiresMs = input.expires_at ?? null;
  if (notBeforeMs !== null && expiresMs !== null && expiresMs <= notBeforeMs) return 'expires_at must be after not_before';
  const common = { type: input.type, notBeforeMs, expiresMs, fingerprint: null, secret: null, shown: null };
  if (input.type === 'token') {
    const token = input.token ?? newToken();
    if (isTokenTooShort(token)) return 'token must have 8 characters or more';
    return { credential: { ...common, secret: hashToken(tenant, id, token) }, secret: { token } };
  }
  if (input.type === 'psk') return pskOf(input, common, { tenant, id }, box);
  if (input.type === 'jwt') {
    const key = publicKeyOf(input.public_key);
    return typeof key === 'string' ? key : { credential: { ...common, shown: { ...key } }, secret: {} };
  }
  return certificateOf(input, common);
}

function pskOf(
  { key, key_hex: digits }: Extract<CredentialInput, { type: 'psk' }>,
  common: NewCredential,
  { tenant, id }: Pick<Device, 'tenant' | 'id'>,
  box: SecretBox,
): Made | string {
  if (key !== undefined && digits !== undefined) return 'key must not stand beside key_hex';
  const made = digits === undefined ? Buffer.from(key ?? randomBytes(PSK_RANDOM_BYTES).toString('hex')) : Buffer.from(digits, 'hex');
  if (made.length < PSK_BYTES_MIN || made.length > PSK_BYTES_MAX) return `key must have ${PSK_BYTES_MIN} to ${PSK_BYTES_MAX} bytes`;
  const text = /^[\x20-\x7e]*$/.test(made.toString('latin1')) ? { key: made.toString('latin1') } : {};
  const identity = tenant === 'default' ? id : `${tenant}/${id}`;
  return {
    credential: { ...common, secret: box.seal(made, contextOf(tenant, id)) },
    secret: { ...text, key_hex: made.toString('hex'), identity },
  };
}

function certificateOf({ certificate, fingerprint }: Extract<CredentialInput, { type: 'x509' }>, common: NewCredential): Made | string {
  if ((certificate === undefined) === (fingerprint === undefined)) return 'certificate or fingerprint must be given, and not both';
  if (fingerprint !== undefined) {
    const digits = fingerprint.replaceAll(':', '').toLowerCase();
    if (!/^[0-9a-f]{64}$/.test(digits)) return 'fingerprint must be SHA-256 in 64 hexadecimal digits, with or without colons';
    return { credential: { ...common, fingerprint: digits }, secret: {} };
  }
  try {
    const read = new X509Certificate(certificate as string);
    const shown = { subject: read.subject, issuer: read.issuer, serial: read.serialNumber, valid_to: new Date(read.validTo).toISOString() };
    return { credential: { ...common, fingerprint: read.fingerprint256.replaceAll(':', '').toLowerCase(), shown }, secret: {} };
  } catch {
    return 'certificate must be a certificate in PEM';
  }
}

function publicKeyOf(given: string | Readonly<Record<string, unknown>>): JsonWebKey | string {
  const problem = 'public_key must be a public key in PEM or JWK: RSA of 2048 bits or more, P-256, P-384, P-521 or Ed25519';
  try {
    const isPrivate = typeof given === 'string' ? given.includes('PRIVATE KEY') : 'd' in given || 'k' in given;
    if (isPrivate) return 'public_key must not be a private or secret key: it belongs to the device alone';
    const key = typeof given === 'string' ? createPublicKey(given) : createPublicKey({ key: given as JsonWebKey, format: 'jwk' });
    const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key;
    const isFit =
      type === 'ed25519' ||
      (type === 'rsa' && (details?.modulusLength ?? 0) >= RSA_BITS_MIN) ||
      (type === 'ec' && ['prime256v1', 'secp384r1', 'secp521r1'].includes(details?.namedCurve ?? ''));
    return isFit ? key.export({ format: 'jwk' }) : problem;
  } catch {
    return problem;
  }
}
