import { join } from 'node:path';
import { checkpointStoreOf } from '../config/settings/checkpoints.js';
import { brokerLimits } from '../config/settings/mqtt.js';
import { rolesOf } from '../config/settings/process.js';
import type { SchemaSource } from '../contract/schemas/schema-port.js';
import type { TimeZoneSource } from '../contract/time-zone.js';
import type { MetricNames, NumberedName } from '../control/metrics/metric-names.js';
import type { DatabaseAbsence } from '../control/offline/database-absence.js';
import type { PublishedReadings } from '../control/topics/publishers.js';
import { KafkaExchange } from '../kafka/exchange.js';
import { ThreadedDataPlane } from '../plane/data-plane.js';
import { tlsMaterial } from '../state/tls-files.js';
import { readOffsets, takeOffsets } from '../store/offsets.js';
import type { StartContext } from './start-context.js';

/** How often one process looks how far others are. */
const FOLLOW_MS = 2000;

const threadEntries = {
  broker: new URL('../broker/thread.js', import.meta.url),
  gateway: new URL('../gateway/thread.js', import.meta.url),
  log: new URL('../log/file/thread.js', import.meta.url),
  pipeline: new URL('../pipeline/thread.js', import.meta.url),
  checkpoint: new URL('../pipeline/checkpoints/thread.js', import.meta.url),
  store: new URL('../store/write/thread.js', import.meta.url),
};

interface PlaneParts {
  readonly metricNames: MetricNames;
  readonly schemas: SchemaSource;
  readonly timeZones: TimeZoneSource;
  readonly readings: PublishedReadings | undefined;
  /** Of the database, where the start is made without it. */
  readonly absence: DatabaseAbsence | undefined;
}

export async function startPlane(
  context: StartContext,
  { metricNames, schemas, timeZones, readings, absence }: PlaneParts,
  failed: (error: Error) => void,
): Promise<ThreadedDataPlane> {
  const { config, log, choice, owner, databaseUrl, database, committed, cleanups } = context;
  const { kafka, topic, consumerGroup, openLog } = choice;
  const roles = rolesOf(config.process);
  const { stateFolder } = config.process;
  const plane = await ThreadedDataPlane.start({
    entries: threadEntries,
    listen: config.listen,
    limits: config.limits,
    stopSeconds: config.process.stopSeconds,
    broker: brokerLimits(config.mqtt),
    exchange: kafka && roles.has('gateway') && config.mqtt.acrossProcesses === 'on' ? new KafkaExchange(kafka, context.event) : undefined,
    sessionFolder: join(stateFolder, 'sessions'),
    log: config.log,
    store: config.store,
    checkpoints: config.checkpoints,
    tls: tlsMaterial(config.listen, config.identity),
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
    awaited: absence && (() => absence.reason),
    runsPipelines: roles.has('pipeline'),
    take: (partitions) => database.run((sql) => takeOffsets(sql, consumerGroup, owner, partitions)),
    schemas,
    timeZones,
    metrics: () => metricNames.names(),
    addMetrics: (names, device) => addMetrics(context, metricNames, names, device),
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
async function addMetrics(
  { mark, snapshots }: StartContext,
  metricNames: MetricNames,
  names: readonly string[],
  device: number | undefined,
): Promise<NumberedName[] | 'full'> {
  const numbered = await metricNames.add(names, device);
  if (numbered === 'full') return numbered;
  mark?.raise('metrics', Math.max(...numbered.map(([, number]) => number)));
  snapshots?.metricsAdded(numbered);
  return numbered;
}

/** The store tells of a database that is down. */
function ignoreOutage(): void {}

export function partitionsHere(plane: ThreadedDataPlane): number[] {
  return plane.lag().flatMap(({ partition, isHere }) => (isHere ? [partition] : []));
}
