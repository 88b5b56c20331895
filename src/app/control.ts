import { hostname } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { plainHttpBind, proxiesOf } from '../config/settings/listen.js';
import { rolesOf } from '../config/settings/process.js';
import type { RecentLog } from '../contract/recent-log.js';
import type { TlsMaterial } from '../contract/tls-material.js';
import type { Codecs } from '../control/codecs/codecs.js';
import { NotifyChannel } from '../control/deployment/notify-channel.js';
import type { Identities } from '../control/identity/identities.js';
import type { AdminKeys } from '../control/keys/admin-keys.js';
import type { MetricNames } from '../control/metrics/metric-names.js';
import type { Registry } from '../control/registry/registry.js';
import type { Schemas } from '../control/schemas/schemas.js';
import type { TimeZones } from '../control/time-zones/time-zones.js';
import type { TopicRules } from '../control/topic-rules/topic-rules.js';
import type { PublishedReadings } from '../control/topics/publishers.js';
import { RequestMetrics } from '../http/request-metrics.js';
import { type HttpServer, startHttp } from '../http/server.js';
import { ALERT_TOPIC, DEAD_LETTER_TOPIC } from '../kafka/conf.js';
import { RecentFileLog } from '../log/file/recent.js';
import type { ThreadedDataPlane } from '../plane/data-plane.js';
import { checkTls } from '../sockets/tls-options.js';
import { AtomicTextFile } from '../state/atomic-text-file.js';
import { httpsOf, tlsMaterial } from '../state/tls-files.js';
import { TlsWatch } from '../state/tls-watch.js';
import { closeParts, makeParts, openParts, routesOf } from './parts.js';
import type { StartContext } from './start-context.js';
import { publishLetters, sideTopic, topicName } from './topics.js';

interface Registries {
  readonly plane: ThreadedDataPlane;
  readonly registry: Registry;
  readonly metricNames: MetricNames;
  readonly keys: AdminKeys;
  readonly topicRules: TopicRules;
  readonly identities: Identities;
  readonly schemas: Schemas;
  readonly timeZones: TimeZones;
  readonly codecs: Codecs;
}

/** Everything that looks at the data plane from outside, and the server through which others do. */
export async function startControl(
  context: StartContext,
  registries: Registries,
  readings: PublishedReadings | undefined,
): Promise<HttpServer> {
  const { config, database, log, cleanups, event } = context;
  const letters = publishLetters(context, registries);
  const node = config.process.nodeName ?? hostname();
  const keeper = new AtomicTextFile(config.process.stateFolder, 'alerts');
  // What listens follows below.
  let renewed: (material: TlsMaterial) => void = () => {};
  const tls = tlsMaterial(config.listen, config.identity);
  const watch = tls && watchTls(context, tls, (material) => renewed(material));
  const made = makeParts({
    ...registries,
    recentLog: recentLogOf(context, registries.plane),
    database,
    certificates: watch && (() => watch.certificates),
    deployment: deploymentOf(context, node),
    letters: { limits: config.letters, topic: letters && topicName(context, DEAD_LETTER_TOPIC) },
    alerts: { keeper, node, port: sideTopic(context, ALERT_TOPIC), format: config.kafka.format },
    topics: [...(letters ? [letters] : []), ...(readings ? [{ topicLags: () => readings.lag }] : [])],
    auditDays: config.audit.days,
    event,
  });
  const { parts, exposition, sockets, changed } = made;
  cleanups.push(() => closeParts(parts));
  await openParts(parts);
  const http = await startHttp({
    server: config.listen.httpServer,
    bind: plainHttpBind(config.listen),
    port: config.listen.httpPort,
    https: httpsOf(config.listen),
    proxies: proxiesOf(config.listen),
    mqttPort: () => registries.plane.ports.bridge,
    connections: { connectionsMax: context.shares.http, unauthenticatedMax: config.listen.unauthenticatedPerAddress },
    log,
    consoleFolder: fileURLToPath(new URL('../../console', import.meta.url)),
    routes: routesOf(parts, rolesOf(config.process)),
    sockets,
    changed,
    metrics: new RequestMetrics(exposition.registry),
  });
  renewed = (material) => {
    http.renewTls(material);
    registries.plane.renewTls(material);
  };
  cleanups.push(() => http.close());
  return http;
}

/** Follows the files of TLS, also when the process is asked to by SIGHUP. */
function watchTls({ config, cleanups, event }: StartContext, used: TlsMaterial, apply: (material: TlsMaterial) => void): TlsWatch {
  const read = () => tlsMaterial(config.listen, config.identity) ?? used;
  const watch = new TlsWatch(used, { read, check: checkTls, apply, event });
  const look = () => watch.look();
  process.on('SIGHUP', look);
  cleanups.push(async () => {
    process.off('SIGHUP', look);
    watch.close();
  });
  return watch;
}

/** Around a Kafka log other processes may run some of the partitions. */
function deploymentOf({ config, choice, owner, database, event }: StartContext, node: string) {
  if (!choice.kafka) return undefined;
  const channel = new NotifyChannel({ database: database.notices, deployment: choice.consumerGroup, origin: owner, event });
  return { channel, name: `${node}:${process.pid}`, partitions: config.log.partitions };
}

/** The files of the log, where it has files. */
function recentLogOf({ choice, config }: StartContext, plane: ThreadedDataPlane): RecentLog | undefined {
  if (choice.kafka) return undefined;
  const bounds = () =>
    plane.lag().map(({ partition, startOffset, durableOffset }) => ({ partition, start: startOffset, durable: durableOffset }));
  return new RecentFileLog(join(config.process.stateFolder, 'log'), bounds);
}
