import type { Command } from 'commander';
import type { AlertsAnswer, LagAnswer, StatsAnswer } from '../contract/answers/operation.js';
import { type AdminApi, adminApi, type Readiness } from './admin-api.js';
import { CommandFailure } from './command-failure.js';
import { configOf } from './options.js';
import { grouped, table } from './output.js';
import { spanOf, withAge } from './reading-text.js';
import { type WatchOptions, watched, withWatch } from './watch.js';

/** What an appliance answered; null where it did not, with the reason in `failures`. */
interface Situation {
  readonly readiness: Readiness;
  readonly stats: StatsAnswer | null;
  readonly lag: LagAnswer | null;
  readonly alerts: AlertsAnswer['alerts'] | null;
  readonly failures: readonly { code: string; message: string }[];
}

export function addStatusCommand(program: Command): void {
  withWatch(program.command('status'))
    .summary('whether the appliance is ready, its rates, lag and alerts')
    .description(
      'Whether a running appliance takes messages in, what an acknowledgement means, its rates, lag and alerts. Exit code 0: it is ready, 1: it is not.',
    )
    .action(status);
}

export function addAlertsCommand(program: Command): void {
  withWatch(program.command('alerts'))
    .summary('what an operator has to know now')
    .description('Alerts of a running appliance; deploy/RUNBOOK.md says what to do about each.')
    .action(alerts);
}

async function status(options: WatchOptions): Promise<void> {
  const api = adminApi(configOf(options), options.url);
  await watched(options, async (output) => {
    const situation = await situationOf(api);
    const { readiness, stats, lag, alerts: raised, failures } = situation;
    output.text(...linesOf(situation));
    output.document({ ...readiness, stats, lag, alerts: raised, failures });
    if (readiness.status === 'ready' && failures.length === 0) return;
    const cause = readiness.status === 'ready' ? failures[0]?.message : readiness.reason;
    const [code, verb] =
      readiness.status === 'ready' ? ['status_incomplete', 'show the whole status'] : ['appliance_not_ready', 'take messages in'];
    throw new CommandFailure(code, `cannot ${verb}: ${cause}`, {
      wayOut: 'look for the cause in npx spillway alerts and in the log of the appliance; deploy/RUNBOOK.md says what to do',
    });
  });
}

async function situationOf(api: AdminApi): Promise<Situation> {
  const readiness = await api.readiness();
  const failures: { code: string; message: string }[] = [];
  const answered = async <Answer>(path: string) =>
    api.get<Answer>(path).catch((error: unknown) => {
      if (!(error instanceof CommandFailure)) throw error;
      failures.push({ code: error.code, message: error.message });
      return null;
    });
  const [stats, lag, alerts] = await Promise.all([
    answered<StatsAnswer>('/v1/stats'),
    answered<LagAnswer>('/v1/pipeline/lag'),
    answered<AlertsAnswer>('/v1/alerts'),
  ]);
  return { readiness, stats, lag, alerts: alerts?.alerts ?? null, failures };
}

function linesOf({ readiness, stats, lag, alerts, failures }: Situation): string[] {
  const raised = alerts?.filter(({ state }) => state === 'raised');
  const unknown = 'not known';
  const rates = stats && `${grouped(stats.messages_per_second)} messages/s, ${grouped(stats.readings_per_second)} readings/s`;
  return [
    readiness.status === 'ready' ? 'ready' : `not ready: ${readiness.reason}`,
    ...table([
      ['  acknowledgement', readiness.acknowledgement?.meaning ?? unknown],
      ['  running for', stats ? spanOf(stats.uptime_seconds * 1000) : unknown],
      ['  devices', stats ? grouped(stats.devices) : unknown],
      ['  connections', stats ? grouped(stats.connections) : unknown],
      ['  rates', rates ?? unknown],
      ['  lag', lag ? lagText(lag) : unknown],
      ['  alerts', raised ? `${raised.length === 0 ? 'none' : grouped(raised.length)} raised` : unknown],
    ]),
    ...(raised ?? []).map(({ severity, rule, message }) => `    ${severity} ${rule}: ${message}`),
    ...failures.map(({ message }) => `  not known: ${message}`),
  ];
}

/** How far the database is behind the log. */
export function lagText({ lag_bytes: bytes, lag_ms: ms, catch_up_seconds: seconds }: LagAnswer): string {
  const end = seconds === null ? 'it does not shrink' : seconds === 0 ? 'the database keeps up' : `gone in ${spanOf(seconds * 1000)}`;
  return `${grouped(bytes)} bytes, ${spanOf(ms)}: ${end}`;
}

async function alerts(options: WatchOptions): Promise<void> {
  const api = adminApi(configOf(options), options.url);
  await watched(options, async (output) => {
    const answer = await api.get<AlertsAnswer>('/v1/alerts');
    const rows = answer.alerts.map((alert) => [
      alert.severity,
      alert.rule,
      alert.node,
      withAge(alert.raised_at),
      withAge(alert.cleared_at),
      alert.message,
    ]);
    if (rows.length === 0) output.text('No alert is raised.');
    else output.text(...table([['SEVERITY', 'RULE', 'NODE', 'RAISED', 'CLEARED', 'MESSAGE'], ...rows]));
    output.document(answer);
  });
}
