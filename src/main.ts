#!/usr/bin/env node
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Logger } from 'pino';
import type { Sql } from 'postgres';
import type { Appliance } from './cli/appliance.js';
import { runCli } from './cli/program.js';
import { type CheckpointStore, parseStoreUrl } from './contract/checkpoint-store.js';
import { type Config, rolesOf } from './contract/config.js';
import type { DeviceEntry } from './contract/devices.js';
import type { RowBatch, TlsListener } from './contract/threads.js';
import { type Change, ChangeFeed } from './control/changes/change-feed.js';
import { AdminKeys } from './control/keys/admin-keys.js';
import { Ledger } from './control/ledger/ledger.js';
import { LiveHub } from './control/live/live-hub.js';
import { MetricNames } from './control/metrics/metric-names.js';
import { Queries } from './control/queries/queries.js';
import { Registry } from './control/registry/registry.js';
import { DeadLetterTopic } from './control/topics/dead-letter-topic.js';
import { LetterRows } from './control/topics/letter-rows.js';
import { NormalizedTopic } from './control/topics/normalized-topic.js';
import { type DataPlaneOptions, type Shift, ThreadedDataPlane } from './host/data-plane.js';
import { lockStateFolder, makeStateFolder } from './host/state-lock.js';
import { startHttp } from './http/server.js';
import { loadAddon } from './log/kafka/client.js';
import { DEAD_LETTER_TOPIC, type KafkaSettings, NORMALIZED_TOPIC, rawTopic } from './log/kafka/conf.js';
import { KafkaLog } from './log/kafka/kafka-log.js';
import { SideTopic } from './log/kafka/side-topic.js';
import { NoLog } from './log/no-log.js';
import { batchRows } from './store/batch-rows.js';
import { openPool, prepareDatabase } from './store/database.js';
import { readOffsets, takeOffsets } from './store/offsets.js';
import { startSupervised } from './store/supervised.js';
import { Exposition } from './telemetry/exposition.js';
import { createLog } from './telemetry/log.js';

/** Names the offsets in the database. Those of a Kafka log count other things, so its topic has a name of its own. */
const CONSUMER_GROUP = 'spillway';
const PUBLISH_DEVICES_MAX = 10_000;
/** How often one process looks how far others are. */
const FOLLOW_MS = 2000;
/** How long dead letters on their way to a topic may take at the end; what is given up is sent again by the next start. */
const LETTERS_STOP_MS_MAX = 2000;

/** Brings the whole appliance up; what was started is stopped again when a later part fails. */
async function start(config: Config): Promise<Appliance> {
  const undo: (() => Promise<unknown>)[] = [];
  const unwind = async () => {
    for (let last = undo.pop(); last; last = undo.pop()) await last();
  };
  try {
    return await bringUp(config, undo, unwind);
  } catch (error) {
    await unwind();
    throw error;
  }
}

async function bringUp(config: Config, undo: (() => Promise<unknown>)[], unwind: () => Promise<void>): Promise<Appliance> {
  const log = createLog(config.logLevel);
  if (config.log === 'none') log.warn('what is acknowledged is kept nowhere until it is stored: SPILLWAY_LOG=none is for benches only');
  makeStateFolder(config.stateFolder);
  undo.push(await lockStateFolder(config.stateFolder));

  const databaseUrl = config.databaseUrl ?? (await embeddedUrl(config.stateFolder, undo, log));
  const kafka = kafkaSettings(config);
  const consumerGroup = consumerGroupOf(config, kafka);
  const committed = await prepareDatabase(databaseUrl, consumerGroup, config.partitions);
  const sql = openPool(databaseUrl);
  undo.push(() => sql.end({ timeout: 5 }));

  let stopped!: (error?: Error) => void;
  const ended = new Promise<void>((resolve, reject) => {
    stopped = (error) => (error ? reject(error) : resolve());
  });
  ended.catch(() => {});

  const roles = rolesOf(config);
  // Names this run of this process to others that meet it at the database.
  const owner = randomBytes(8).toString('hex');
  const metricNames = await MetricNames.load(sql);
  const readings = kafka && publishReadings(config, kafka, metricNames, log);
  // Behind the data plane, which publishes until its end.
  undo.push(async () => readings?.port.close());
  const plane = await ThreadedDataPlane.start({
    entries: threadEntries,
    bind: config.bind,
    mqttPort: config.mqttPort,
    tls: tlsListener(config),
    reactor: config.reactor,
    gateways: roles.has('gateway') ? config.gateways : 0,
    partitions: config.partitions,
    logFolder: join(config.stateFolder, 'log'),
    checkpointFolder: join(config.checkpointFolder ?? join(config.stateFolder, 'checkpoints'), kafka ? rawTopic(kafka) : ''),
    checkpointStore: checkpointStore(config, kafka),
    checkpointSeconds: config.checkpointSeconds,
    openLog: openLog(config, kafka, consumerGroup),
    topic: kafka && rawTopic(kafka),
    logRetentionHours: config.logRetentionHours,
    logRetentionGib: config.logRetentionGib,
    logBacklogMib: config.logBacklogMib,
    batchAgeMsMax: config.batchAgeMsMax,
    consumerGroup,
    owner,
    databaseUrl: config.store === 'null' ? null : databaseUrl,
    committed,
    runsPipelines: roles.has('pipeline'),
    take: (partitions) => takeOffsets(sql, consumerGroup, owner, partitions),
    metrics: () => metricNames.names(),
    addMetrics: (names) => metricNames.add([...names]),
    publish: readings?.publish,
    event: (thread, { level, name, fields }) => log[level]({ thread, ...fields }, name),
    failed: (error) => stopped(error),
  });
  undo.push(async () => {
    if (!(await plane.stop())) log.warn('not everything was committed in time; the log keeps it for the next start');
  });

  if (kafka) {
    const following = setInterval(
      () => void readOffsets(sql, consumerGroup).then((offsets) => plane.follow(offsets), ignoreOutage),
      FOLLOW_MS,
    );
    undo.push(async () => clearInterval(following));
  }
  const changes = new ChangeFeed(sql, owner);
  const registry = await Registry.load({
    sql,
    publish: (entries) => plane.publishDevices(entries),
    ...(kafka ? { tell: (from: number, to: number) => changes.tell({ kind: 'devices', from, to }) } : {}),
  });
  readings?.begin(plane, registry);
  await publishAll(plane, registry.entries());
  if (kafka) await followChanges(changes, registry, metricNames, (error) => log.error({ cause: error.message }, 'changes-not-followed'));
  const keys = await AdminKeys.load(sql);
  const adminKey = config.adminKey ?? storedAdminKey(config.stateFolder);
  await keys.ensure(adminKey, 'first');

  const live = new LiveHub({ plane, registry, metricNames });
  undo.push(async () => live.close());
  const ledger = new Ledger({ plane, registry, event: (level, name, fields) => log[level](fields, name) });
  undo.push(async () => ledger.close());
  const exposition = new Exposition({ plane, devices: () => registry.size, live: () => live, ledger: () => ledger });
  const deadLetters = kafka && publishDeadLetters(config, kafka, { sql, plane, registry, metricNames, log });
  undo.push(async () => deadLetters?.stop());
  const http = await startHttp({
    bind: config.bind,
    port: config.httpPort,
    log,
    consoleFolder: fileURLToPath(new URL('../console', import.meta.url)),
    plane,
    registry,
    metricNames,
    queries: new Queries(sql),
    keys,
    live,
    ledger,
    exposition,
    topicLags: () => [...(deadLetters?.lag ?? []), ...(readings?.lag ?? [])],
    roles,
  });
  undo.push(() => http.close());
  const mqttPort = await plane.listen();

  let stopping: Promise<void> | undefined;
  return {
    httpUrl: `http://${config.bind}:${http.port}`,
    httpPort: http.port,
    mqttPort,
    mqttsPort: plane.mqttsPort,
    adminKey,
    databaseUrl,
    stopped: ended,
    stop: () => {
      stopping ??= unwind().then(() => stopped());
      return stopping;
    },
  };
}

async function embeddedUrl(stateFolder: string, undo: (() => Promise<unknown>)[], log: Logger): Promise<string> {
  const server = await startSupervised(join(stateFolder, 'postgres'), (level, name, fields) => log[level](fields, name));
  undo.push(() => server.stop());
  return server.url;
}

const threadEntries = {
  gateway: new URL('./gateway/thread.js', import.meta.url),
  log: new URL('./log/thread.js', import.meta.url),
  pipeline: new URL('./pipeline/thread.js', import.meta.url),
  checkpoint: new URL('./pipeline/checkpoints/thread.js', import.meta.url),
  store: new URL('./store/thread.js', import.meta.url),
};

function kafkaSettings(config: Config): KafkaSettings | undefined {
  if (config.log !== 'kafka' || config.kafkaBrokers === undefined) return undefined;
  return {
    brokers: config.kafkaBrokers,
    topicPrefix: config.kafkaTopicPrefix ?? '',
    security: config.kafkaSecurity,
    ca: config.kafkaCa,
    cert: config.kafkaCert,
    key: config.kafkaKey,
    saslMechanism: config.kafkaSaslMechanism,
    saslUsername: config.kafkaSaslUsername,
    saslPassword: config.kafkaSaslPassword,
    replicationFactor: config.kafkaReplicationFactor,
    retentionHours: config.logRetentionHours,
  };
}

/** Each topic has checkpoints of its own there, as in the folder. */
function checkpointStore(config: Config, kafka: KafkaSettings | undefined): CheckpointStore | undefined {
  const { checkpointStoreAccessKeyId: accessKeyId, checkpointStoreSecretAccessKey: secretAccessKey } = config;
  const place = config.checkpointStore === undefined ? undefined : parseStoreUrl(config.checkpointStore);
  if (!kafka || !place || accessKeyId === undefined || secretAccessKey === undefined) return undefined;
  const { checkpointStoreEndpoint: endpoint, checkpointStoreRegion: region } = config;
  const prefix = [place.prefix, rawTopic(kafka)].filter((part) => part !== '').join('/');
  return { endpoint, region, bucket: place.bucket, prefix, accessKeyId, secretAccessKey };
}

function consumerGroupOf({ log }: Config, kafka: KafkaSettings | undefined): string {
  if (kafka) return `${CONSUMER_GROUP}:${rawTopic(kafka)}`;
  return log === 'none' ? `${CONSUMER_GROUP}:none` : CONSUMER_GROUP;
}

/** Undefined: the file log, which has a thread of its own. */
function openLog(config: Config, kafka: KafkaSettings | undefined, group: string): DataPlaneOptions['openLog'] {
  if (kafka) {
    return (start, shift, post) =>
      new KafkaLog({ settings: kafka, member: { group, name: storedName(config.stateFolder) }, shift, start, post });
  }
  return config.log === 'none' ? (start, shift) => new NoLog(start, shift as Shift) : undefined;
}

interface LetterParts {
  readonly sql: Sql;
  readonly plane: ThreadedDataPlane;
  readonly registry: Registry;
  readonly metricNames: MetricNames;
  readonly log: Logger;
}

/** Undefined: the topic is not named. */
function publishDeadLetters(config: Config, kafka: KafkaSettings, { sql, plane, registry, metricNames, log }: LetterParts) {
  const port = sideTopic(config, kafka, DEAD_LETTER_TOPIC);
  if (!port) return undefined;
  const { topic } = port;
  const letters = new DeadLetterTopic({
    topic,
    rows: new LetterRows(sql, topic),
    port,
    format: config.kafkaFormat,
    names: { device: (number) => registry.byNumber(number), metric: (number) => metricNames.name(number) },
    partitions: () => partitionsHere(plane),
    event: (level, name, fields) => log[level](fields, name),
  });
  letters.start();
  const stop = async () => {
    await Promise.race([letters.stop(), delay(LETTERS_STOP_MS_MAX)]);
    await port.close();
    await letters.stop();
  };
  return {
    get lag() {
      return letters.lag;
    },
    stop,
  };
}

/** Undefined: the topic is not named. Batches that come before `begin` wait for the names of devices. */
function publishReadings(config: Config, kafka: KafkaSettings, metricNames: MetricNames, log: Logger) {
  const port = sideTopic(config, kafka, NORMALIZED_TOPIC);
  if (!port) return undefined;
  let readings: NormalizedTopic | undefined;
  let begun!: (topic: NormalizedTopic) => void;
  const ready = new Promise<NormalizedTopic>((resolve) => {
    begun = resolve;
  });
  return {
    port,
    get lag() {
      return readings?.lag ?? [];
    },
    publish: async (batch: RowBatch, memory: SharedArrayBuffer) => (await ready).publish(batch, batchRows(batch, memory)),
    begin(plane: ThreadedDataPlane, registry: Registry) {
      readings = new NormalizedTopic({
        topic: port.topic,
        port,
        format: config.kafkaFormat,
        names: { device: (number) => registry.byNumber(number), metric: (number) => metricNames.name(number) },
        missing: (device) => registry.refresh(device, device),
        partitions: () => partitionsHere(plane),
        event: (level, name, fields) => log[level](fields, name),
      });
      begun(readings);
    },
  };
}

function sideTopic(config: Config, settings: KafkaSettings, name: string): SideTopic | undefined {
  if (!config.kafkaTopics?.split(',').includes(name)) return undefined;
  const topic = settings.topicPrefix + name;
  return new SideTopic({ settings, topic, partitions: config.partitions, byTenant: config.kafkaTenantTopics === 'on' });
}

function partitionsHere(plane: ThreadedDataPlane): number[] {
  return plane.lag().flatMap(({ partition, isHere }) => (isHere ? [partition] : []));
}

/** The files were found readable when the settings were read. */
function tlsListener({ mqttsPort, tlsCert, tlsKey, tlsClientCa }: Config): TlsListener | undefined {
  if (mqttsPort === undefined || tlsCert === undefined || tlsKey === undefined) return undefined;
  const authorities = tlsClientCa === undefined ? {} : { clientCa: readFileSync(tlsClientCa, 'utf8') };
  return { port: mqttsPort, cert: readFileSync(tlsCert, 'utf8'), key: readFileSync(tlsKey, 'utf8'), ...authorities };
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

/** The store tells of a database that is down. */
function ignoreOutage(): void {}

/** Other processes register devices and metrics, too; whoever heard nothing for a while looks at all of them. */
async function followChanges(
  changes: ChangeFeed,
  registry: Registry,
  metricNames: MetricNames,
  failed: (error: Error) => void,
): Promise<void> {
  metricNames.tell = () => changes.tell({ kind: 'metrics' });
  const missed = async () => {
    await registry.refresh();
    await metricNames.refresh();
  };
  const changed = (change: Change) => (change.kind === 'devices' ? registry.refresh(change.from, change.to) : metricNames.refresh());
  await changes.follow({ changed, missed }, failed);
}

/** By this the group knows the process again after a restart. */
function storedName(stateFolder: string): string {
  return stored(join(stateFolder, 'node-name'), () => randomBytes(8).toString('hex'));
}

/** The first admin key, made at first start and readable by whoever runs Spillway. */
function storedAdminKey(stateFolder: string): string {
  return stored(join(stateFolder, 'admin-key'), () => AdminKeys.generate());
}

function stored(file: string, make: () => string): string {
  if (!existsSync(file)) {
    writeFileSync(file, `${make()}\n`, { mode: 0o600 });
    chmodSync(file, 0o600);
  }
  return readFileSync(file, 'utf8').trim();
}

process.exitCode = await runCli(process.argv.slice(2), { start, loadKafka: loadAddon });
