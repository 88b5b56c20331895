import { alertsAnswer } from '../../contract/answers/operation.js';
import { adminOnly } from '../../http/auth.js';
import { json } from '../../http/exchange.js';
import type { RouteDoc } from '../../http/route-doc.js';
import type { Route } from '../../http/router.js';
import type { Services } from '../services.js';
import { describeAlert } from './alert.js';

/** What this process has to tell its operator now. */
export function alertRoutes({ keys, alerts }: Pick<Services, 'keys' | 'alerts'>): Route[] {
  const handle = () => json(200, { alerts: alerts.open.map(describeAlert) });
  const doc: RouteDoc = { summary: 'What an operator has to know now', auth: 'admin', answers: { 200: alertsAnswer }, codes: [] };
  return [{ method: 'GET', pattern: '/v1/alerts', admit: adminOnly(keys), handle, doc }];
}
