import { adminOnly } from '../auth.js';
import { json } from '../exchange.js';
import type { Route } from '../router.js';
import type { Services } from '../services.js';

/** Which tenants there are: those that have devices. */
export function tenantRoutes({ keys, registry }: Pick<Services, 'keys' | 'registry'>): Route[] {
  const handle = () => json(200, { tenants: registry.tenants() });
  return [{ method: 'GET', pattern: '/v1/tenants', admit: adminOnly(keys), handle }];
}
