import { alertsAnswer } from '../../contract/answers/operation.js';
import { describeAlert } from '../../control/alerts/alert.js';
import { adminOnly } from '../auth.js';
import { json } from '../exchange.js';
import type { RouteDoc } from '../route-doc.js';
import type { Route } from '../router.js';
import type { Services } from '../services.js';

/** What this process has to tell its operator now. */
export function alertRoutes({ keys, alerts }: Pick<Services, 'keys' | 'alerts'>): Route[] {
  const handle = () => json(200, { alerts: alerts.open.map(describeAlert) });
  const doc: RouteDoc = { summary: 'What an operator has to know now', auth: 'admin', answers: { 200: alertsAnswer }, codes: [] };
  return [{ method: 'GET', pattern: '/v1/alerts', admit: adminOnly(keys), handle, doc }];
}
