import { createHmac } from 'node:crypto';

/**
 * What is kept of a device token: HMAC-SHA256 over the token, keyed by "tenant NUL id", so that equal
 * tokens of two devices have unequal hashes. Tokens are long random strings, so no slow hash is needed.
 */
export function hashToken(tenant: string, id: string, token: string | Uint8Array): Uint8Array {
  return createHmac('sha256', `${tenant}\0${id}`).update(token).digest();
}
