#!/usr/bin/env node
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Logger } from 'pino';
import type { Appliance } from './cli/appliance.js';
import { runCli } from './cli/program.js';
import { checkpointStoreOf } from './config/settings/checkpoints.js';
import { rolesOf } from './config/settings/process.js';
import type { Config } from './config/table.js';
import type { NumberRange } from './contract/database-identity.js';
import type { DeviceEntry } from './contract/devices.js';
import { authority, reachableHost } from './contract/host-address.js';
import { AlertBook } from './control/alerts/alert-book.js';
import { Alerts } from './control/alerts/alerts.js';
import { nodeRules } from './control/alerts/node-rules.js';
import { ChangeFeed } from './control/changes/change-feed.js';
import { followRegistries } from './control/changes/shared-registries.js';
import { Deployment, type DeploymentOptions } from './control/deployment/deployment.js';
import { WATCHES_MAX } from './control/deployment/messages.js';
import { NotifyChannel } from './control/deployment/notify-channel.js';
import { AdminKeys } from './control/keys/admin-keys.js';
import { Ledger } from './control/ledger/ledger.js';
import { LiveHub } from './control/live/live-hub.js';
import { MetricNames, type NumberedName } from './control/metrics/metric-names.js';
import { Queries } from './control/queries/queries.js';
import { Registry } from './control/registry/registry.js';
import type { Services } from './control/services.js';
import { namesIn, PublishedReadings, publishAlerts, publishDeadLetters } from './control/topics/publishers.js';
import { type HttpServer, startHttp } from './http/server.js';
import { listenWaiting, type WaitingServer } from './http/waiting-server.js';
import { loadAddon } from './kafka/client.js';
import { ALERT_TOPIC, DEAD_LETTER_TOPIC, type KafkaSettings, NORMALIZED_TOPIC } from './kafka/conf.js';
import { SideTopic } from './kafka/side-topic.js';
import { chooseLog, type LogChoice } from './log/choice.js';
import { ThreadedDataPlane } from './plane/data-plane.js';
import { assertPortsFree, type WantedPort } from './plane/free-ports.js';
import { type ConnectionShares, connectionShares } from './reactor/open-files.js';
import { AtomicTextFile } from './state/atomic-text-file.js';
import { adoptLog, setLogAside } from './state/log-commands.js';
import { LogMarkFile } from './state/log-mark.js';
import { pairLogWithDatabase } from './state/log-pairing.js';
import { readOrCreateText } from './state/read-or-create-text.js';
import { makeStateFolder } from './state/state-folder.js';
import { lockStateFolder } from './state/state-lock.js';
import { tlsListener } from './state/tls-files.js';
import { awaitDatabase } from './store/await-database.js';
import { ControlDatabase } from './store/control-database.js';
import { prepareDatabase } from './store/database.js';
import { startSupervised } from './store/embedded/supervised.js';
import { StoredIdentity } from './store/identity.js';
import { readOffsets, takeOffsets } from './store/offsets.js';
import { batchRows } from './store/write/batch-rows.js';
import { Exposition } from './telemetry/exposition.js';
import { HeldLines } from './telemetry/held-lines.js';
import { createLog } from './telemetry/log.js';
import type { Report } from './telemetry/report.js';

const PUBLISH_DEVICES_MAX = 10_000;
/** How often one process looks how far others are. */
const FOLLOW_MS = 2000;

/** In a terminal the first lines say where to go, and the log follows them. */
const heldLog = process.stdout.isTTY ? new HeldLines(process.stdout) : undefined;
process.once('exit', () => heldLog?.release());

/** What every part of a starting appliance is made of. */
interface StartContext {
  readonly config: Config;
  readonly log: Logger;
  readonly choice: LogChoice;
  /** Names this run of this process to others that meet it at the database. */
  readonly owner: string;
  readonly databaseUrl: string;
  readonly database: ControlDatabase;
  readonly databaseId: string;
  readonly lostDevices: readonly NumberRange[];
  /** Marks the log with what it will hold, before it holds it. Undefined: there is no log. */
  readonly mark: LogMarkFile | undefined;
  readonly shares: ConnectionShares;
  /** Committed offsets by partition. */
  readonly committed: readonly bigint[];
  /** What was started, to be ended in the opposite order. */
  readonly cleanups: (() => Promise<unknown>)[];
  readonly event: Report;
}

/** Brings the whole appliance up; what was started is stopped again when a later part fails. */
async function start(config: Config, stopping: AbortSignal): Promise<Appliance> {
  const cleanups: StartContext['cleanups'] = [];
  const cleanUp = async () => {
    for (let last = cleanups.pop(); last; last = cleanups.pop()) await last();
  };
  try {
    return await bringUp(config, stopping, cleanups, cleanUp);
  } catch (error) {
    heldLog?.release();
    await cleanUp();
    throw error;
  }
}

async function bringUp(
  config: Config,
  stopping: AbortSignal,
  cleanups: StartContext['cleanups'],
  cleanUp: () => Promise<void>,
): Promise<Appliance> {
  const context = await prepare(config, stopping, cleanups);
  let stopped!: (error?: Error) => void;
  const ended = new Promise<void>((resolve, reject) => {
    stopped = (error) => (error ? reject(error) : resolve());
  });
  ended.catch(() => {});

  const metricNames = await MetricNames.load(context.database);
  const readings = publishReadings(context);
  const plane = await startPlane(context, metricNames, readings, (error) => stopped(error));
  const keys = await AdminKeys.load(context.database);
  const registry = await openRegistry(context, plane, { metricNames, keys }, readings);
  let adminKeyIsNew = false;
  const makeKey = () => {
    adminKeyIsNew = true;
    return AdminKeys.generate();
  };
  const adminKey = config.process.adminKey ?? readOrCreateText(config.process.stateFolder, 'admin-key', makeKey);
  if (!(await keys.ensure(adminKey, 'first'))) context.event('warn', 'admin-key-revoked', {});
  const http = await startControl(context, { plane, registry, metricNames, keys }, readings);
  const mqttPort = await plane.listen();

  let ending: Promise<void> | undefined;
  return {
    httpUrl: `http://${authority(reachableHost(config.listen.bind), http.port)}`,
    httpPort: http.port,
    mqttPort,
    mqttsPort: plane.mqttsPort,
    adminKey,
    adminKeyIsNew,
    databaseUrl: context.databaseUrl,
    showLog: () => heldLog?.release(),
    stopped: ended,
    stop: () => {
      ending ??= cleanUp().then(() => stopped());
      return ending;
    },
  };
}

/** The state folder for this process alone, and the database at this build's schema. */
async function prepare(config: Config, stopping: AbortSignal, cleanups: StartContext['cleanups']): Promise<StartContext> {
  const { stateFolder } = config.process;
  const log = createLog(config.process.logLevel, heldLog);
  if (config.log.kind === 'none')
    log.warn('what is acknowledged is kept nowhere until it is stored: SPILLWAY_LOG=none is for benches only');
  makeStateFolder(stateFolder);
  const hasRunBefore = existsSync(join(stateFolder, 'admin-key')) || existsSync(join(stateFolder, 'log', 'log.json'));
  cleanups.push(await lockStateFolder(stateFolder));
  await assertPortsFree(config.listen.bind, wantedPorts(config));
  const databaseUrl = config.store.databaseUrl ?? (await embeddedUrl(stateFolder, cleanups, log));
  const choice = chooseLog(config, () => readOrCreateText(stateFolder, 'node-name', newName));
  const event: StartContext['event'] = (level, name, fields) => log[level](fields, name);
  const prepareOnce = () => prepareDatabase(databaseUrl, choice.consumerGroup, config.log.partitions, { event });
  // On a first start a database that is not there is a mistake in its address more often than an outage.
  const committed = await (hasRunBefore ? whileWaiting(config, event, stopping, prepareOnce) : prepareOnce());
  const database = new ControlDatabase(databaseUrl, event);
  cleanups.push(() => database.close());
  const identity = new StoredIdentity(database);
  const mark = config.log.kind === 'none' ? undefined : new LogMarkFile(stateFolder);
  const isLogShared = choice.kafka !== undefined;
  const databaseId = mark ? await pairLogWithDatabase({ stateFolder, mark, identity, isLogShared, event }) : (await identity.read()).id;
  const lostDevices = await identity.lostDevices();
  const shares = connectionShares(config.listen.httpConnections, config.listen.gateways);
  return {
    config,
    log,
    choice,
    shares,
    owner: newName(),
    databaseUrl,
    database,
    databaseId,
    lostDevices,
    mark,
    committed,
    cleanups,
    event,
  };
}

/** Waits for the database and meanwhile says so to those who ask. No device is let in: whose numbers it has only the database tells. */
async function whileWaiting<Result>(
  { listen }: Config,
  event: StartContext['event'],
  signal: AbortSignal,
  attempt: () => Promise<Result>,
): Promise<Result> {
  let server: WaitingServer | undefined;
  let reason = '';
  const waiting = async (cause: string) => {
    reason = cause;
    server ??= await listenWaiting(listen.bind, listen.httpPort, () => reason);
    event('warn', 'database-awaited', { cause, http_port: server.port });
  };
  try {
    return await awaitDatabase(attempt, { waiting, signal });
  } finally {
    await server?.close();
  }
}

function wantedPorts({ listen, process: settings }: Config): WantedPort[] {
  const http = { port: listen.httpPort, setting: 'SPILLWAY_HTTP_PORT' };
  if (!rolesOf(settings).has('gateway')) return [http];
  const mqtts = listen.mqttsPort === undefined ? [] : [{ port: listen.mqttsPort, setting: 'SPILLWAY_MQTTS_PORT' }];
  return [http, { port: listen.mqttPort, setting: 'SPILLWAY_MQTT_PORT' }, ...mqtts];
}

async function embeddedUrl(stateFolder: string, cleanups: StartContext['cleanups'], log: Logger): Promise<string> {
  const server = await startSupervised(join(stateFolder, 'postgres'), (level, name, fields) => log[level](fields, name));
  cleanups.push(() => server.stop());
  return server.url;
}

const threadEntries = {
  gateway: new URL('./gateway/thread.js', import.meta.url),
  log: new URL('./log/file/thread.js', import.meta.url),
  pipeline: new URL('./pipeline/thread.js', import.meta.url),
  checkpoint: new URL('./pipeline/checkpoints/thread.js', import.meta.url),
  store: new URL('./store/write/thread.js', import.meta.url),
};

async function startPlane(
  context: StartContext,
  metricNames: MetricNames,
  readings: PublishedReadings | undefined,
  failed: (error: Error) => void,
): Promise<ThreadedDataPlane> {
  const { config, log, choice, owner, databaseUrl, database, committed, cleanups } = context;
  const { kafka, topic, consumerGroup, openLog } = choice;
  const roles = rolesOf(config.process);
  const { stateFolder } = config.process;
  const plane = await ThreadedDataPlane.start({
    entries: threadEntries,
    listen: config.listen,
    stopSeconds: config.process.stopSeconds,
    log: config.log,
    store: config.store,
    checkpoints: config.checkpoints,
    tls: tlsListener(config.listen),
    connectionsMax: context.shares.gateway,
    runsGateways: roles.has('gateway'),
    logFolder: join(stateFolder, 'log'),
    checkpointFolder: join(config.checkpoints.folder ?? join(stateFolder, 'checkpoints'), topic ?? ''),
    checkpointStore: checkpointStoreOf(config.checkpoints, topic),
    openLog,
    topic,
    consumerGroup,
    owner,
    databaseUrl: config.store.kind === 'null' ? null : databaseUrl,
    databaseId: context.databaseId,
    lostDevices: context.lostDevices,
    committed,
    runsPipelines: roles.has('pipeline'),
    take: (partitions) => database.run((sql) => takeOffsets(sql, consumerGroup, owner, partitions)),
    metrics: () => metricNames.names(),
    addMetrics: (names) => addMetrics(context, metricNames, names),
    publish: readings?.publish,
    // A gateway takes messages in without the database: its readiness does not depend on it.
    databaseTrouble: () => (roles.has('pipeline') || roles.has('control') ? database.trouble : undefined),
    event: (thread, { level, name, fields }) => log[level]({ thread, ...fields }, name),
    failed,
  });
  cleanups.push(async () => {
    if (!(await plane.stop())) log.warn('not everything was committed in time; the log keeps it for the next start');
  });
  if (!kafka) return plane;
  const follow = () => void database.run((sql) => readOffsets(sql, consumerGroup)).then((offsets) => plane.follow(offsets), ignoreOutage);
  const following = setInterval(follow, FOLLOW_MS);
  cleanups.push(async () => clearInterval(following));
  return plane;
}

/** The mark has the numbers before a kernel knows them: checkpoints hold them from then on. */
async function addMetrics({ mark }: StartContext, metricNames: MetricNames, names: readonly string[]): Promise<NumberedName[] | 'full'> {
  const numbered = await metricNames.add([...names]);
  if (numbered !== 'full') mark?.raise('metrics', Math.max(...numbered.map(([, number]) => number)));
  return numbered;
}

/** The store tells of a database that is down. */
function ignoreOutage(): void {}

/** The devices of the deployment, known to the gateways of this process. */
async function openRegistry(
  context: StartContext,
  plane: ThreadedDataPlane,
  { metricNames, keys }: Pick<Services, 'metricNames' | 'keys'>,
  readings: PublishedReadings | undefined,
): Promise<Registry> {
  const { log, choice, owner, database, mark, cleanups } = context;
  const changes = choice.kafka && new ChangeFeed(database, owner);
  const registry = await Registry.load({
    database,
    // A gateway lets a device in from its registration on, and the log has its number.
    reserve: (number) => mark?.raise('devices', number),
    publish: (entries) => plane.publishDevices(entries),
    retract: (numbers) => plane.deleteDevices(numbers),
    ...(changes ? { tell: (from: number, to: number) => changes.tell({ kind: 'devices', from, to }) } : {}),
  });
  readings?.begin({ registry, names: namesIn(registry, metricNames), partitions: () => partitionsHere(plane) });
  await publishAll(plane, registry.entries());
  if (changes) {
    const failed = (error: Error) => log.error({ cause: error.message }, 'changes-not-followed');
    const unfollow = await followRegistries(changes, { registry, metricNames, keys }, failed);
    cleanups.push(async () => unfollow());
  }
  return registry;
}

async function publishAll(plane: ThreadedDataPlane, entries: Iterable<DeviceEntry>): Promise<void> {
  let batch: DeviceEntry[] = [];
  for (const entry of entries) {
    if (batch.push(entry) === PUBLISH_DEVICES_MAX) {
      await plane.publishDevices(batch);
      batch = [];
    }
  }
  if (batch.length > 0) await plane.publishDevices(batch);
}

type Parts = Pick<Services, 'registry' | 'metricNames' | 'keys'> & { readonly plane: ThreadedDataPlane };

/** Everything that looks at the data plane from outside, and the server through which others do. */
async function startControl(context: StartContext, parts: Parts, readings: PublishedReadings | undefined): Promise<HttpServer> {
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
    consoleFolder: fileURLToPath(new URL('../console', import.meta.url)),
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

/** Tells what an operator has to know at once, and publishes it where the topic is named. */
function raiseAlerts({ config, choice, cleanups, event }: StartContext, plane: ThreadedDataPlane, ledger: Ledger) {
  const port = choice.kafka && sideTopic(config, choice.kafka, ALERT_TOPIC);
  const book = new AlertBook({ keeper: new AtomicTextFile(config.process.stateFolder, 'alerts'), isPublished: port !== undefined, event });
  const alerts = new Alerts({ rules: nodeRules({ plane, ledger }), book, node: hostname() });
  cleanups.push(async () => alerts.close());
  const published = port && publishAlerts({ port, outbox: book, format: config.kafka.format, event });
  if (published) cleanups.push(published.close);
  return { alerts, alertLag: () => published?.lag ?? [] };
}

/** Undefined: the topic is not named. */
function publishLetters({ config, choice, database, cleanups, event }: StartContext, { plane, registry, metricNames }: Parts) {
  const port = choice.kafka && sideTopic(config, choice.kafka, DEAD_LETTER_TOPIC);
  if (!port) return undefined;
  const names = namesIn(registry, metricNames);
  const letters = publishDeadLetters({
    port,
    database,
    format: config.kafka.format,
    names,
    partitions: () => partitionsHere(plane),
    event,
  });
  cleanups.push(letters.close);
  return letters;
}

/** Undefined: the topic is not named. */
function publishReadings({ config, choice, cleanups, event }: StartContext) {
  const port = choice.kafka && sideTopic(config, choice.kafka, NORMALIZED_TOPIC);
  if (!port) return undefined;
  // It ends behind the data plane, which publishes until its own end.
  cleanups.push(() => port.close());
  return new PublishedReadings({ port, format: config.kafka.format, rows: batchRows, event });
}

function sideTopic(config: Config, settings: KafkaSettings, name: string): SideTopic | undefined {
  if (!config.kafka.topics?.split(',').includes(name)) return undefined;
  const topic = settings.topicPrefix + name;
  return new SideTopic({ settings, topic, partitions: config.log.partitions, byTenant: config.kafka.tenantTopics === 'on' });
}

function partitionsHere(plane: ThreadedDataPlane): number[] {
  return plane.lag().flatMap(({ partition, isHere }) => (isHere ? [partition] : []));
}

/** Names one process among others. */
function newName(): string {
  return randomBytes(8).toString('hex');
}

process.exitCode = await runCli(process.argv.slice(2), { start, loadKafka: loadAddon, adoptLog, setLogAside });
