import { json } from '../exchange.js';
import type { Route } from '../router.js';
import type { Services } from '../services.js';

/** What load balancers, supervisors and Prometheus ask; none of it needs a key. */
export function healthRoutes({ plane, exposition }: Pick<Services, 'plane' | 'exposition'>): Route[] {
  return [
    { method: 'GET', pattern: '/healthz', handle: () => json(200, { status: 'ok' }) },
    {
      method: 'GET',
      pattern: '/readyz',
      handle: () => {
        const reason = plane.notReady();
        return reason === undefined ? json(200, { status: 'ready' }) : json(503, { status: 'not ready', reason });
      },
    },
    {
      method: 'GET',
      pattern: '/metrics',
      handle: async () => ({
        status: 200,
        headers: [
          ['content-type', exposition.contentType],
          ['cache-control', 'no-store'],
        ],
        body: await exposition.text(),
      }),
    },
  ];
}
