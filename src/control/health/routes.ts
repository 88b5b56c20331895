import { type Acknowledgement, meaningOf } from '../../contract/acknowledgement.js';
import { healthAnswer, notReadyAnswer, readyAnswer } from '../../contract/answers/operation.js';
import type { DataPlane } from '../../contract/data-plane.js';
import { json } from '../../http/exchange.js';
import type { RouteDoc } from '../../http/route-doc.js';
import type { Route } from '../../http/router.js';
import type { Exposition } from '../../telemetry/exposition.js';

const healthDoc: RouteDoc = { summary: 'Whether the process lives', auth: 'nothing', answers: { 200: healthAnswer }, codes: [] };
const readyDoc: RouteDoc = {
  summary: 'Whether messages are taken in and committed, and what an acknowledgement means now',
  auth: 'nothing',
  answers: { 200: readyAnswer, 503: notReadyAnswer },
  codes: [],
};
const metricsDoc: RouteDoc = { summary: 'Metrics for Prometheus', auth: 'nothing', answers: { 200: 'text' }, codes: [] };

export interface HealthOptions {
  readonly plane: Pick<DataPlane, 'acknowledgement' | 'notReady'>;
  readonly exposition: Pick<Exposition, 'contentType' | 'text'>;
}

/** What load balancers, supervisors and Prometheus ask; none of it needs a key. */
export function healthRoutes({ plane, exposition }: HealthOptions): Route[] {
  return [
    { method: 'GET', pattern: '/healthz', doc: healthDoc, handle: () => json(200, { status: 'ok' }) },
    {
      method: 'GET',
      pattern: '/readyz',
      doc: readyDoc,
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
      doc: metricsDoc,
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
