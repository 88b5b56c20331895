import { ApiFailure } from '../contract/api-errors.js';
import { mayAs, type Principal } from './caller.js';
import type { RouteDoc } from './route-doc.js';

/** Whether a call needs the key of an operator, of whatever role. */
export function isOperatorsCall({ auth }: Pick<RouteDoc, 'auth'>): boolean {
  return auth !== 'device' && auth !== 'nothing';
}

/**
 * Why who calls may not make this call, or undefined. A route that does not say that it keeps to the tenant, or to the group, of its
 * caller is closed to those who have one.
 */
export function rightsProblem({ auth, scope = 'deployment' }: RouteDoc, principal: Principal | undefined, attempt: string) {
  if (auth === 'device' || auth === 'nothing') return undefined;
  if (!principal) return new ApiFailure('admin_key_invalid', attempt);
  if (!mayAs(principal.role, auth))
    return new ApiFailure('role_insufficient', attempt, `it needs the role ${auth}, and this is ${principal.role}`);
  if (principal.tenant !== null && scope === 'deployment') {
    return new ApiFailure('scope_forbidden', attempt, `it is about all tenants, and the key is of tenant ${principal.tenant}`);
  }
  if (principal.group !== null && scope !== 'device') {
    return new ApiFailure('scope_forbidden', attempt, 'it is about more than the devices of a group, and the key is of one');
  }
  return undefined;
}
