import { ApiFailure } from '../contract/api-errors.js';
import type { RequestHead } from './exchange.js';

/** The token of `Authorization: Bearer <token>`, RFC 6750 §2.1; undefined when there is none. */
export function bearerToken(authorization: string): string | undefined {
  return /^Bearer +([\x21-\x7e]+) *$/i.exec(authorization)?.[1];
}

/** The keys of operators. */
export interface KeyCheck {
  verify(key: string): boolean;
}

/** Lets in who has an admin key. */
export function adminOnly(keys: KeyCheck): (head: RequestHead) => ApiFailure | undefined {
  return ({ authorization, method, path }) => {
    const key = bearerToken(authorization);
    return key !== undefined && keys.verify(key) ? undefined : new ApiFailure('admin_key_invalid', `answer ${method} ${path}`);
  };
}
