import { type Acknowledgement, meaningOf } from '../../contract/acknowledgement.js';
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
        const acknowledgement = describe(plane.acknowledgement());
        if (reason === undefined) return json(200, { status: 'ready', acknowledgement });
        return json(503, { status: 'not ready', reason, acknowledgement });
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

/** Null while it is not known. */
function describe(acknowledgement: Acknowledgement | undefined) {
  if (!acknowledgement) return null;
  const { copies, copiesConfigured, copiesMin } = acknowledgement;
  return { copies, copies_configured: copiesConfigured, copies_min: copiesMin ?? null, meaning: meaningOf(acknowledgement) };
}
