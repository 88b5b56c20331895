import { lagAnswer, statsAnswer } from '../../contract/answers/operation.js';
import type { DataPlane } from '../../contract/data-plane.js';
import { adminOnly, type KeyCheck } from '../../http/auth.js';
import { json } from '../../http/exchange.js';
import type { RouteDoc } from '../../http/route-doc.js';
import type { Route } from '../../http/router.js';
import type { LiveHub } from '../live/live-hub.js';
import type { Registry } from '../registry/registry.js';
import type { TopicLag } from '../topics/topic-record.js';

const lagDoc: RouteDoc = {
  summary: 'How far each partition is',
  auth: 'viewer',
  scope: 'deployment',
  answers: { 200: lagAnswer },
  codes: [],
};
const statsDoc: RouteDoc = { summary: 'Rates and counters', auth: 'viewer', scope: 'deployment', answers: { 200: statsAnswer }, codes: [] };

export interface PlaneRoutesOptions {
  readonly plane: Pick<DataPlane, 'counters' | 'intake' | 'lag' | 'mqttPort'>;
  readonly live: Pick<LiveHub, 'catchUp' | 'othersRates' | 'rates'>;
  readonly registry: Pick<Registry, 'size'>;
  /** How far the topics beside the log are. */
  readonly topicLags: () => readonly TopicLag[];
  readonly keys: KeyCheck;
}

export function planeRoutes(services: PlaneRoutesOptions): Route[] {
  const admit = adminOnly(services.keys);
  return [
    { method: 'GET', pattern: '/v1/pipeline/lag', doc: lagDoc, admit, handle: () => lag(services) },
    { method: 'GET', pattern: '/v1/stats', doc: statsDoc, admit, handle: () => stats(services) },
  ];
}

function lag({ plane, live, topicLags }: PlaneRoutesOptions) {
  const partitions = plane.lag();
  const { inputBytesPerSecond, committedBytesPerSecond, committedMessagesPerSecond, secondsLeft } = live.catchUp;
  const { gateways, paused, pauses, backlogBytesMax, logTrouble, topic } = plane.intake();
  return json(200, {
    topic: topic ?? null,
    partitions: partitions.map((one) => ({
      partition: one.partition,
      here: one.isHere,
      // A log may outgrow 2^53 bytes.
      start_offset: String(one.startOffset),
      durable_offset: String(one.durableOffset),
      processed_offset: String(one.processedOffset),
      committed_offset: String(one.committedOffset),
      checkpoint_offset: one.checkpointOffset === undefined ? null : String(one.checkpointOffset),
      checkpoint_age_ms: one.checkpointMs === undefined ? null : Math.max(0, Date.now() - one.checkpointMs),
      // Of the newest one in the object store.
      checkpoint_store_offset: one.storedOffset === undefined ? null : String(one.storedOffset),
      checkpoint_store_age_ms: one.storedMs === undefined ? null : Math.max(0, Date.now() - one.storedMs),
      lag_bytes: one.lagBytes,
      lag_ms: one.lagMs,
      committed_messages: one.committedRecords,
      gaps: one.gaps,
      gap_bytes: one.gapBytes,
    })),
    lag_bytes: partitions.reduce((sum, one) => sum + one.lagBytes, 0),
    lag_ms: partitions.reduce((longest, one) => Math.max(longest, one.lagMs), 0),
    // Over the last seconds: what became durable, what was committed, and when the lag is gone if both go on so; null: never.
    input_bytes_per_second: inputBytesPerSecond,
    committed_bytes_per_second: committedBytesPerSecond,
    committed_messages_per_second: committedMessagesPerSecond,
    catch_up_seconds: secondsLeft,
    // At this lag, over all partitions, devices are no longer read.
    lag_bytes_max: backlogBytesMax,
    log: logTrouble === undefined ? 'up' : `failing, ${logTrouble.message}`,
    gateways,
    gateways_paused: paused,
    gateway_pauses: pauses,
    topics: topicLags().map((one) => ({
      topic: one.topic,
      partition: one.partition ?? null,
      published_id: one.publishedId ?? null,
      published_offset: one.publishedOffset ?? null,
      waiting: one.waiting,
      lag_ms: one.lagMs,
    })),
  });
}

function stats({ plane, live, registry }: PlaneRoutesOptions) {
  // Rates and connections are the deployment's, everything else is this process's.
  const { messagesPerSecond, readingsPerSecond } = live.rates;
  const counters = plane.counters();
  return json(200, {
    messages_per_second: messagesPerSecond,
    readings_per_second: readingsPerSecond,
    connections: counters.connections + live.othersRates.connections,
    devices: registry.size,
    mqtt_port: plane.mqttPort,
    counters,
    uptime_seconds: Math.round(process.uptime() * 10) / 10,
  });
}
