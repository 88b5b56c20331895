import { ApiFailure } from '../contract/api-errors.js';
import type { AdminKeys } from '../control/keys/admin-keys.js';
import type { RequestHead } from './exchange.js';

/** The token of `Authorization: Bearer <token>`, RFC 6750 §2.1; undefined when there is none. */
export function bearerToken(authorization: string): string | undefined {
  return /^Bearer +([\x21-\x7e]+) *$/i.exec(authorization)?.[1];
}

/** Lets in who has an admin key. */
export function adminOnly(keys: Pick<AdminKeys, 'verify'>): (head: RequestHead) => ApiFailure | undefined {
  return ({ authorization, method, path }) => {
    const key = bearerToken(authorization);
    return key !== undefined && keys.verify(key) ? undefined : new ApiFailure('admin_key_invalid', `answer ${method} ${path}`);
  };
}
