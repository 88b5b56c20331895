import { createHmac } from 'node:crypto';

/**
 * What is kept of a device token: HMAC-SHA256 over the token, keyed by "tenant NUL id", so that equal
 * tokens of two devices have unequal hashes. Tokens are long random strings, so no slow hash is needed.
 */
export function hashToken(tenant: string, id: string, token: string | Uint8Array): Uint8Array {
  return createHmac('sha256', `${tenant}\0${id}`).update(token).digest();
}

/** Bytes of `hashToken`. */
export const HASH_BYTES = 32;
/** Bytes of `searchedToken`. */
export const SEARCHED_BYTES = 8;

/**
 * By what a device is found that says nothing but its token. It is short, and made of the token alone: who finds a device by it has to
 * verify the token with `hashToken`.
 */
export function searchedToken(token: string | Uint8Array): Uint8Array {
  return createHmac('sha256', 'spillway device token').update(token).digest().subarray(0, SEARCHED_BYTES);
}

/** What the registry stores of a token: `hashToken`, then `searchedToken`. Tokens of older builds have the first alone. */
export function storedToken(tenant: string, id: string, token: string): Uint8Array {
  return Buffer.concat([hashToken(tenant, id, token), searchedToken(token)]);
}
