import { hostname } from 'node:os';
import { fileURLToPath } from 'node:url';
import { rolesOf } from '../config/settings/process.js';
import { Deployment, type DeploymentOptions } from '../control/deployment/deployment.js';
import { WATCHES_MAX } from '../control/deployment/messages.js';
import { NotifyChannel } from '../control/deployment/notify-channel.js';
import { Ledger } from '../control/ledger/ledger.js';
import { LiveHub } from '../control/live/live-hub.js';
import { Queries } from '../control/queries/queries.js';
import type { Services } from '../control/services.js';
import type { PublishedReadings } from '../control/topics/publishers.js';
import { type HttpServer, startHttp } from '../http/server.js';
import type { ThreadedDataPlane } from '../plane/data-plane.js';
import { Exposition } from '../telemetry/exposition.js';
import type { StartContext } from './start-context.js';
import { publishLetters, raiseAlerts } from './topics.js';

type Parts = Pick<Services, 'registry' | 'metricNames' | 'keys'> & { readonly plane: ThreadedDataPlane };

/** Everything that looks at the data plane from outside, and the server through which others do. */
export async function startControl(context: StartContext, parts: Parts, readings: PublishedReadings | undefined): Promise<HttpServer> {
  const { config, log, database, cleanups, event } = context;
  const { plane, registry, metricNames } = parts;
  const others = joinOthers(context, plane, { ledger: () => ledger, ownRates: () => live.ownRates });
  cleanups.push(async () => others?.close());
  const views = others ?? plane;
  const shared = others ? { watchedMax: WATCHES_MAX, othersRates: () => others.rates } : {};
  const live = new LiveHub({ plane, views, registry, metricNames, ...shared });
  cleanups.push(async () => live.close());
  const ledger = new Ledger({ plane, registry, others, event });
  cleanups.push(async () => ledger.close());
  await others?.open();
  const { alerts, alertLag } = raiseAlerts(context, plane, ledger);
  const seen = { devices: () => registry.size, live: () => live, ledger: () => ledger, others: () => others, alerts: () => alerts.states };
  const exposition = new Exposition({ plane, ...seen });
  const deadLetters = publishLetters(context, parts);
  const http = await startHttp({
    server: config.listen.httpServer,
    bind: config.listen.bind,
    port: config.listen.httpPort,
    connections: { connectionsMax: context.shares.http, unauthenticatedMax: config.listen.unauthenticatedPerAddress },
    log,
    consoleFolder: fileURLToPath(new URL('../../console', import.meta.url)),
    ...parts,
    views,
    queries: new Queries(database),
    live,
    ledger,
    alerts,
    exposition,
    topicLags: () => [...(deadLetters?.lag ?? []), ...(readings?.lag ?? []), ...alertLag()],
    roles: rolesOf(config.process),
  });
  cleanups.push(() => http.close());
  return http;
}

/** Around a Kafka log other processes may run some of the partitions. */
function joinOthers(
  { config, choice, owner, database, event }: StartContext,
  plane: ThreadedDataPlane,
  own: Pick<DeploymentOptions, 'ledger' | 'ownRates'>,
): Deployment | undefined {
  if (!choice.kafka) return undefined;
  const channel = new NotifyChannel({ database: database.notices, deployment: choice.consumerGroup, origin: owner, event });
  return new Deployment({ channel, name: `${hostname()}:${process.pid}`, partitions: config.log.partitions, plane, ...own, event });
}
