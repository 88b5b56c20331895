#!/usr/bin/env node
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Logger } from 'pino';
import type { Appliance } from './cli/appliance.js';
import { runCli } from './cli/program.js';
import type { Config } from './contract/config.js';
import type { DeviceEntry } from './contract/devices.js';
import type { TlsListener } from './contract/threads.js';
import { AdminKeys } from './control/keys/admin-keys.js';
import { Ledger } from './control/ledger/ledger.js';
import { LiveHub } from './control/live/live-hub.js';
import { MetricNames } from './control/metrics/metric-names.js';
import { Queries } from './control/queries/queries.js';
import { Registry } from './control/registry/registry.js';
import { ThreadedDataPlane } from './host/data-plane.js';
import { lockStateFolder, makeStateFolder } from './host/state-lock.js';
import { startHttp } from './http/server.js';
import { type KafkaSettings, rawTopic } from './log/kafka/conf.js';
import { KafkaLog } from './log/kafka/kafka-log.js';
import { openPool, prepareDatabase } from './store/database.js';
import { startSupervised } from './store/supervised.js';
import { Exposition } from './telemetry/exposition.js';
import { createLog } from './telemetry/log.js';

/** Names the offsets in the database. Those of a Kafka log count other things, so its topic has a name of its own. */
const CONSUMER_GROUP = 'spillway';
const PUBLISH_DEVICES_MAX = 10_000;

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
  makeStateFolder(config.stateFolder);
  undo.push(await lockStateFolder(config.stateFolder));

  const databaseUrl = config.databaseUrl ?? (await embeddedUrl(config.stateFolder, undo, log));
  const kafka = kafkaSettings(config);
  const consumerGroup = kafka ? `${CONSUMER_GROUP}:${rawTopic(kafka)}` : CONSUMER_GROUP;
  const committed = await prepareDatabase(databaseUrl, consumerGroup, config.partitions);
  const sql = openPool(databaseUrl);
  undo.push(() => sql.end({ timeout: 5 }));

  let stopped!: (error?: Error) => void;
  const ended = new Promise<void>((resolve, reject) => {
    stopped = (error) => (error ? reject(error) : resolve());
  });
  ended.catch(() => {});

  const metricNames = await MetricNames.load(sql);
  const plane = await ThreadedDataPlane.start({
    entries: threadEntries,
    bind: config.bind,
    mqttPort: config.mqttPort,
    tls: tlsListener(config),
    reactor: config.reactor,
    gateways: config.gateways,
    partitions: config.partitions,
    logFolder: join(config.stateFolder, 'log'),
    checkpointFolder: join(config.stateFolder, 'checkpoints', kafka ? rawTopic(kafka) : ''),
    checkpointSeconds: config.checkpointSeconds,
    openLog: kafka && ((start, feeds, receive) => new KafkaLog(kafka, consumerGroup, start, feeds, receive)),
    logRetentionHours: config.logRetentionHours,
    logRetentionGib: config.logRetentionGib,
    logBacklogMib: config.logBacklogMib,
    batchAgeMsMax: config.batchAgeMsMax,
    consumerGroup,
    databaseUrl: config.store === 'null' ? null : databaseUrl,
    committed,
    metrics: metricNames.names(),
    addMetrics: (names) => metricNames.add([...names]),
    event: (thread, { level, name, fields }) => log[level]({ thread, ...fields }, name),
    failed: (error) => stopped(error),
  });
  undo.push(async () => {
    if (!(await plane.stop())) log.warn('not everything was committed in time; the log keeps it for the next start');
  });

  const registry = await Registry.load({ sql, publish: (entries) => plane.publishDevices(entries) });
  await publishAll(plane, registry.entries());
  const keys = await AdminKeys.load(sql);
  const adminKey = config.adminKey ?? storedAdminKey(config.stateFolder);
  await keys.ensure(adminKey, 'first');

  const live = new LiveHub({ plane, registry, metricNames });
  undo.push(async () => live.close());
  const ledger = new Ledger({ plane, registry, event: (level, name, fields) => log[level](fields, name) });
  undo.push(async () => ledger.close());
  const exposition = new Exposition({ plane, devices: () => registry.size, live: () => live, ledger: () => ledger });
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
  if (config.log === 'file' || config.kafkaBrokers === undefined) return undefined;
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

/** The first admin key, made at first start and readable by whoever runs Spillway. */
function storedAdminKey(stateFolder: string): string {
  const file = join(stateFolder, 'admin-key');
  if (!existsSync(file)) {
    writeFileSync(file, `${AdminKeys.generate()}\n`, { mode: 0o600 });
    chmodSync(file, 0o600);
  }
  return readFileSync(file, 'utf8').trim();
}

process.exitCode = await runCli(process.argv.slice(2), { start });
