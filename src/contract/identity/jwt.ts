import { type KeyObject, verify } from 'node:crypto';

/** Of a token, RFC 7519 §4.1; only those that are read here. */
export interface JwtClaims {
  readonly iss?: unknown;
  readonly aud?: unknown;
  readonly exp?: unknown;
  readonly nbf?: unknown;
  readonly [name: string]: unknown;
}

export interface JwtRules {
  /** Those that a token may be signed by. */
  readonly algorithms: readonly string[];
  readonly issuer?: string | undefined;
  readonly audience?: string | undefined;
}

export interface JwtKey {
  /** Key id; undefined: it has none. */
  readonly kid: string | undefined;
  /** The one algorithm that the key is for; undefined: any that fits it. */
  readonly alg: string | undefined;
  readonly key: KeyObject;
}

export type JwtVerdict =
  | { readonly kind: 'valid'; readonly claims: JwtClaims; readonly expMs: number }
  | { readonly kind: 'invalid'; readonly why: string }
  /** It names a key that is not known here. */
  | { readonly kind: 'key-unknown'; readonly kid: string };

interface Algorithm {
  readonly keyType: 'rsa' | 'ec' | 'ed25519';
  readonly hash: string | null;
  readonly curve?: string;
  readonly isPss?: boolean;
}

/**
 * Signatures by RFC 7518 §3.1 and RFC 8037. No `none`, and no HMAC: whoever has a public key could sign with it, were it taken for a
 * secret (RFC 8725 §2.1).
 */
const algorithms: Readonly<Record<string, Algorithm>> = {
  RS256: { keyType: 'rsa', hash: 'sha256' },
  RS384: { keyType: 'rsa', hash: 'sha384' },
  RS512: { keyType: 'rsa', hash: 'sha512' },
  PS256: { keyType: 'rsa', hash: 'sha256', isPss: true },
  PS384: { keyType: 'rsa', hash: 'sha384', isPss: true },
  PS512: { keyType: 'rsa', hash: 'sha512', isPss: true },
  ES256: { keyType: 'ec', hash: 'sha256', curve: 'prime256v1' },
  ES384: { keyType: 'ec', hash: 'sha384', curve: 'secp384r1' },
  ES512: { keyType: 'ec', hash: 'sha512', curve: 'secp521r1' },
  EdDSA: { keyType: 'ed25519', hash: null },
};

export const JWT_ALGORITHMS: readonly string[] = Object.keys(algorithms);

const TOKEN_BYTES_MAX = 8192;
/** Clocks of those that make tokens may be wrong by so much. */
const LEEWAY_MS = 30_000;
/** RFC 7518 §3.3. */
const RSA_BITS_MIN = 2048;
const RSA_PKCS1_PSS_PADDING = 6;
const DIGEST_SALT = -1;
const PART = /^[A-Za-z0-9_-]+$/;

/** Whether a text has the form of a signed token: RFC 7515 §7.1. It says nothing of its worth. */
export function looksLikeJwt(text: string): boolean {
  return text.startsWith('eyJ') && text.split('.').length === 3;
}

/** The issuer that a token names, before anything of it is verified. */
export function claimedIssuer(token: string): string | undefined {
  const iss = token.length > TOKEN_BYTES_MAX ? undefined : readObject(token.split('.')[1] ?? '')?.iss;
  return typeof iss === 'string' ? iss : undefined;
}

/** Whether one of the keys has signed the token, and whether its claims hold now. */
export function verifyJwt(token: string, keys: readonly JwtKey[], rules: JwtRules, nowMs: number): JwtVerdict {
  if (token.length > TOKEN_BYTES_MAX) return invalid(`it has more than ${TOKEN_BYTES_MAX} bytes`);
  const parts = token.split('.');
  if (parts.length !== 3 || !parts.every((part) => PART.test(part))) return invalid('it is no signed token');
  const [head, body, signature] = parts as [string, string, string];
  const header = readObject(head);
  const claims = readObject(body);
  if (!header || !claims) return invalid('its parts are not JSON objects');
  const { alg, kid, crit } = header;
  // RFC 7515 §4.1.11: what must be understood, and is not.
  if (crit !== undefined) return invalid('it has extensions that must be understood (crit)');
  const algorithm = typeof alg === 'string' && rules.algorithms.includes(alg) ? algorithms[alg] : undefined;
  if (!algorithm) return invalid(`its algorithm ${JSON.stringify(alg)} is not allowed`);
  const named = typeof kid === 'string' ? keys.filter((key) => key.kid === kid) : keys;
  if (named.length === 0) return typeof kid === 'string' ? { kind: 'key-unknown', kid } : invalid('there is no key');
  const fitting = named.filter((key) => (key.alg === undefined || key.alg === alg) && fits(key.key, algorithm));
  const signed = Buffer.from(`${head}.${body}`);
  const bytes = Buffer.from(signature, 'base64url');
  if (!fitting.some(({ key }) => isSigned(signed, bytes, key, algorithm))) return invalid('no key has signed it');
  return checkClaims(claims, rules, nowMs);
}

function checkClaims(claims: JwtClaims, { issuer, audience }: JwtRules, nowMs: number): JwtVerdict {
  const { exp, nbf, iss, aud } = claims;
  if (typeof exp !== 'number' || !Number.isFinite(exp)) return invalid('it does not say until when it is valid (exp)');
  if (exp * 1000 <= nowMs) return invalid('it is no longer valid (exp)');
  if (nbf !== undefined && (typeof nbf !== 'number' || nbf * 1000 > nowMs + LEEWAY_MS)) return invalid('it is not valid yet (nbf)');
  if (issuer !== undefined && iss !== issuer) return invalid('it is of another issuer (iss)');
  if (audience !== undefined && ![aud].flat().includes(audience)) return invalid('it is for another audience (aud)');
  return { kind: 'valid', claims, expMs: exp * 1000 };
}

function isSigned(signed: Uint8Array, signature: Uint8Array, key: KeyObject, { hash, keyType, isPss }: Algorithm): boolean {
  const padding = isPss ? { padding: RSA_PKCS1_PSS_PADDING, saltLength: DIGEST_SALT } : {};
  const encoding = keyType === 'ec' ? ({ dsaEncoding: 'ieee-p1363' } as const) : {};
  try {
    return verify(hash, signed, { key, ...padding, ...encoding }, signature);
  } catch {
    return false;
  }
}

function fits(key: KeyObject, { keyType, curve }: Algorithm): boolean {
  const { namedCurve, modulusLength } = key.asymmetricKeyDetails ?? {};
  if (key.type !== 'public' || key.asymmetricKeyType !== keyType) return false;
  return keyType === 'rsa' ? (modulusLength ?? 0) >= RSA_BITS_MIN : curve === undefined || namedCurve === curve;
}

function readObject(part: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function invalid(why: string): JwtVerdict {
  return { kind: 'invalid', why };
}
