import { DEVICE_ID_BYTES_MAX, TENANT_ID_BYTES_MAX } from '../../../assembly/abi/limits.js';

// `/`, `+` and `#` are structure in MQTT topics [MQTT-4.7.1], NUL separates tenant from id in kernel
// memory, and a lone surrogate has no UTF-8 form, so two ids could become one.
const FORBIDDEN = /[/+#\p{Cc}]|\p{Surrogate}/u;

/** Why `id` can be no device id, or undefined. */
export function deviceIdProblem(id: string): string | undefined {
  return nameProblem(id, DEVICE_ID_BYTES_MAX);
}

/** Why `id` can be no tenant id, or undefined. */
export function tenantIdProblem(id: string): string | undefined {
  return nameProblem(id, TENANT_ID_BYTES_MAX);
}

function nameProblem(name: string, bytesMax: number): string | undefined {
  if (name === '') return 'must not be empty';
  if (Buffer.byteLength(name) > bytesMax) return `must not be longer than ${bytesMax} bytes`;
  if (FORBIDDEN.test(name)) return 'must not hold "/", "+", "#", control characters or lone surrogates';
  // URL parsers resolve these two away, even percent-encoded, so the device could never be addressed.
  if (/^(\.|%2e){1,2}$/i.test(name)) return 'must not be "." or ".."';
  return undefined;
}

/** A shorter token could be guessed over the network. Those that were registered before stay valid. */
export const TOKEN_CHARACTERS_MIN = 8;

/** Why `token` can be no device token, or undefined: it must travel in an Authorization header. */
export function tokenProblem(token: string): string | undefined {
  return /^[\x21-\x7e]{1,512}$/.test(token) ? undefined : 'must be at most 512 printable ASCII characters without spaces';
}

export function isTokenTooShort(token: string): boolean {
  return token.length < TOKEN_CHARACTERS_MIN;
}
