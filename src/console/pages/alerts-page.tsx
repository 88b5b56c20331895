import { Alerts } from '../data/alerts.js';
import type { Alert } from '../data/answer.js';
import type { Context } from '../data/context.js';
import { formatRoute, tenantDefault } from '../data/route.js';
import { Age } from '../parts/age.js';
import { EmptyState } from '../parts/empty-state.js';
import { Notice } from '../parts/notice.js';
import { useModel } from '../parts/use-model.js';

/** What the appliance itself has to tell its operator now. */
export function AlertsPage({ context }: { context: Context }) {
  const model = useModel(() => new Alerts(context));
  const raised = model.raised.value;
  return (
    <main id="content">
      <div class="page-head">
        <h1 tabIndex={-1}>Alerts</h1>
        <span class="position" role="status">
          {raised ? `${raised.length} raised` : model.refusal.value ? '' : 'Loading alerts …'}
        </span>
      </div>
      <Notice refusal={model.refusal.value} live={context.live} />
      {raised && raised.length > 0 && <AlertTable alerts={raised} />}
      {raised?.length === 0 && (
        <EmptyState title="No alerts">
          <p>Everything that Spillway watches of itself is as it should be. What each alert means is in its runbook, deploy/RUNBOOK.md.</p>
        </EmptyState>
      )}
    </main>
  );
}

function AlertTable({ alerts }: { alerts: readonly Alert[] }) {
  return (
    <table class="fleet alerts">
      <thead>
        <tr>
          {['Alert', 'Severity', 'Raised', 'What was found'].map((name) => (
            <th key={name} scope="col">
              {name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {alerts.map((alert) => (
          <tr key={alert.id}>
            <td class="device">
              <b>{alert.rule}</b>
              <span class="about">{alert.node}</span>
            </td>
            <td class="status">
              <span class="tag" data-status={alert.severity === 'critical' ? 'dead' : 'inactive'}>
                {alert.severity}
              </span>
            </td>
            <td class="seen">
              <Age ms={Date.parse(alert.raised_at)} />
            </td>
            <td>{alert.link === null ? alert.message : <a href={lettersOf(alert.link)}>{alert.message}</a>}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** The page that shows what a call for dead letters answers. */
function lettersOf(link: string): string {
  const query = new URL(link, location.href).searchParams;
  const named = (name: string) => (query.get(name) ? { [name]: query.get(name) as string } : {});
  return formatRoute({ page: 'dead-letters', tenant: query.get('tenant') ?? tenantDefault, ...named('device_class'), ...named('reason') });
}
