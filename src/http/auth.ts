import { ApiFailure } from '../contract/api-errors.js';
import { currentCall, type Principal } from './caller.js';
import type { RequestHead } from './exchange.js';

/** The token of `Authorization: Bearer <token>`, RFC 6750 §2.1; undefined when there is none. */
export function bearerToken(authorization: string): string | undefined {
  return /^Bearer +([\x21-\x7e]+) *$/i.exec(authorization)?.[1];
}

/**
 * Tokens that a request may carry as the clients of other products send them, the likeliest first: `Bearer`, InfluxDB's `Token`, also as
 * `Token user:password`, the password of `Basic` (RFC 7617), or `p` of the query.
 */
export function clientTokens(authorization: string, query: URLSearchParams): string[] {
  const [, scheme = '', value = ''] = /^(\S+) +([\x21-\x7e]+) *$/.exec(authorization) ?? [];
  const text = scheme.toLowerCase() === 'basic' ? Buffer.from(value, 'base64').toString() : value;
  const isKnown = ['bearer', 'token', 'basic'].includes(scheme.toLowerCase());
  const password = text.slice(text.indexOf(':') + 1);
  return [...new Set([isKnown ? text : '', isKnown ? password : '', query.get('p') ?? ''])].filter((token) => token !== '');
}

/** The keys of operators. */
export interface KeyCheck {
  /** Who has this key, while it is valid. */
  find(key: string): Principal | undefined;
  /** Whether a key that is not known may be valid: the database has not been there since the start. */
  readonly isPartial: boolean;
}

/** Lets in who has a key; what it may do, the route's document says, and the dispatcher looks. */
export function adminOnly(keys: KeyCheck): (head: RequestHead) => ApiFailure | undefined {
  return ({ authorization, method, path }) => {
    const key = bearerToken(authorization);
    const principal = key === undefined ? undefined : keys.find(key);
    const call = currentCall();
    if (call) call.principal = principal;
    if (principal) return undefined;
    const attempt = `answer ${method} ${path}`;
    if (key === undefined || !keys.isPartial) return new ApiFailure('admin_key_invalid', attempt);
    return new ApiFailure('database_unavailable', attempt, 'the database is away, and before it went this admin key was not known');
  };
}
