import { z } from 'zod';
import { metricNamesAnswer } from '../../contract/answers/metric-names.js';
import { ApiFailure } from '../../contract/api-errors.js';
import { adminOnly, type KeyCheck } from '../../http/auth.js';
import { json, type Request } from '../../http/exchange.js';
import { parseQuery } from '../../http/input.js';
import type { RouteDoc } from '../../http/route-doc.js';
import type { Route } from '../../http/router.js';
import type { MetricNames } from './metric-names.js';
import type { LimitKind } from './name-limits.js';

const SHOWN_MAX = 100;

const query = z.object({ tenant: z.string().optional() });
const doc: RouteDoc = {
  summary: 'How many names of metrics there are, and whose devices brought them',
  auth: 'viewer',
  scope: 'deployment',
  query,
  answers: { 200: metricNamesAnswer },
  codes: ['query_invalid'],
};

export interface MetricNameRoutesOptions {
  readonly metricNames: MetricNames;
  readonly keys: KeyCheck;
}

export function metricNameRoutes({ metricNames, keys }: MetricNameRoutesOptions): Route[] {
  const handle = (request: Request) => counts(metricNames, request);
  return [{ method: 'GET', pattern: '/v1/metric-names', doc, admit: adminOnly(keys), handle }];
}

function counts(metricNames: MetricNames, request: Request) {
  const asked = parseQuery(request.query, query, 'count the names of metrics');
  if (asked instanceof ApiFailure) return asked;
  const [total, ...all] = metricNames.counts();
  const of = (kind: LimitKind) =>
    all
      .filter((one) => one.kind === kind && (asked.tenant === undefined || one.tenant === asked.tenant))
      .sort((a, b) => b.names - a.names)
      .slice(0, SHOWN_MAX);
  return json(200, {
    names: total!.names,
    max: total!.max,
    tenants: of('tenant').map(({ tenant, names, max }) => ({ tenant, names, max })),
    classes: of('class').map(({ tenant, deviceClass, names, max }) => ({ tenant, device_class: deviceClass, names, max })),
    devices: of('device').map(({ tenant, deviceId, deviceClass = null, names, max }) => {
      return { tenant, device_id: deviceId, device_class: deviceClass, names, max };
    }),
  });
}
