import { alertsAnswer } from '../../contract/answers/operation.js';
import { adminOnly, type KeyCheck } from '../../http/auth.js';
import { json } from '../../http/exchange.js';
import type { RouteDoc } from '../../http/route-doc.js';
import type { Route } from '../../http/router.js';
import { describeAlert } from './alert.js';
import type { Alerts } from './alerts.js';

/** What this process has to tell its operator now. */
export function alertRoutes(alerts: Pick<Alerts, 'open'>, keys: KeyCheck): Route[] {
  const handle = () => json(200, { alerts: alerts.open.map(describeAlert) });
  const doc: RouteDoc = {
    summary: 'What an operator has to know now',
    auth: 'viewer',
    scope: 'deployment',
    answers: { 200: alertsAnswer },
    codes: [],
  };
  return [{ method: 'GET', pattern: '/v1/alerts', admit: adminOnly(keys), handle, doc }];
}
