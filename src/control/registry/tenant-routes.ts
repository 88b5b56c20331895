import { tenantsAnswer } from '../../contract/answers/devices.js';
import { adminOnly, type KeyCheck } from '../../http/auth.js';
import { seesTenant } from '../../http/caller.js';
import { json } from '../../http/exchange.js';
import type { RouteDoc } from '../../http/route-doc.js';
import type { Route } from '../../http/router.js';
import type { Registry } from './registry.js';

/** Which tenants there are: those that have devices. */
export function tenantRoutes(registry: Pick<Registry, 'tenants'>, keys: KeyCheck): Route[] {
  const handle = () => json(200, { tenants: registry.tenants().filter(({ tenant }) => seesTenant(tenant)) });
  const doc: RouteDoc = {
    summary: 'The tenants that have devices',
    auth: 'viewer',
    scope: 'tenant',
    answers: { 200: tenantsAnswer },
    codes: [],
  };
  return [{ method: 'GET', pattern: '/v1/tenants', admit: adminOnly(keys), handle, doc }];
}
