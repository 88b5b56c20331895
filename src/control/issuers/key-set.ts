import { z } from 'zod';
import type { IssuerKey } from '../../contract/identity/issuer.js';

/** A token names its key; an issuer with more of them has forgotten to take old ones away. */
const KEYS_MAX = 32;
const KEY_SET_BYTES_MAX = 64 * 1024;

// RFC 7517 §4, RFC 7518 §6, RFC 8037 §2. What is not listed here is not kept: of x5u, x5c and key_ops nothing is used.
const common = { kid: z.string().max(256).optional(), alg: z.string().max(32).optional(), use: z.string().max(32).optional() };
const publicKey = z.discriminatedUnion('kty', [
  z.object({ kty: z.literal('RSA'), n: z.string(), e: z.string(), ...common }),
  z.object({ kty: z.literal('EC'), crv: z.string(), x: z.string(), y: z.string(), ...common }),
  z.object({ kty: z.literal('OKP'), crv: z.string(), x: z.string(), ...common }),
]);
const keySet = z.object({ keys: z.array(z.looseObject({ kty: z.string() })) });

/** The keys of a set that may have signed tokens; a text: what is wrong with it. RFC 7517 §5: keys of other kinds are passed over. */
export function keysOf(value: unknown): readonly IssuerKey[] | string {
  const read = keySet.safeParse(value);
  if (!read.success) return 'it is no key set: {"keys": [{"kty": …}, …]}';
  const keys = read.data.keys.flatMap((one) => publicKey.safeParse(one).data ?? []).filter(({ use }) => use === undefined || use === 'sig');
  if (keys.length === 0) return 'it has no public key of the types RSA, EC or OKP that is for signatures';
  if (keys.length > KEYS_MAX) return `it has ${keys.length} keys, and ${KEYS_MAX} are taken at most`;
  return keys as readonly IssuerKey[];
}

/** Fetches a key set; rejects with the cause. Nothing is followed: another address is another issuer. */
export async function fetchKeys(url: string, timeoutMs: number): Promise<readonly IssuerKey[]> {
  const signal = AbortSignal.timeout(timeoutMs);
  const response = await fetch(url, { signal, redirect: 'error', headers: { accept: 'application/json' } }).catch((error: Error) => {
    throw new Error(signal.aborted ? `no answer within ${timeoutMs} ms` : causeOf(error));
  });
  if (!response.ok) {
    await response.body?.cancel();
    throw new Error(`it answers with status ${response.status}`);
  }
  const text = await limitedText(response);
  const keys = keysOf(parsed(text));
  if (typeof keys === 'string') throw new Error(keys);
  return keys;
}

async function limitedText({ body }: Response): Promise<string> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of body ?? []) {
    bytes += part.length;
    if (bytes > KEY_SET_BYTES_MAX) throw new Error(`its answer has more than ${KEY_SET_BYTES_MAX} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString();
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error('its answer is no JSON');
  }
}

/** What `fetch` hides in the causes of its error. */
function causeOf(error: Error): string {
  return error.cause instanceof Error ? error.cause.message || (error.cause as NodeJS.ErrnoException).code || error.message : error.message;
}
