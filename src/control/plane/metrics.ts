import { isDeadLetter, refusalCodes } from '../../contract/codes.js';
import type { DataPlane, PartitionLag, PlaneCounters } from '../../contract/data-plane.js';
import { counter, gauge, type Metric } from '../../telemetry/metric.js';
import type { CatchUp } from '../live/catch-up-meter.js';

type Plane = Pick<DataPlane, 'counters' | 'fenced' | 'intake' | 'lag' | 'notReady' | 'threads'>;

export interface PlaneMetricsOptions {
  readonly plane: Plane;
  /** How the store follows the log. */
  readonly live: { readonly catchUp: CatchUp };
}

/** An infinite sample spoils sums and axes, and one that is left out silences the alarm that compares it. */
const CATCH_UP_SECONDS_MAX = 86_400;

const deadLetterNames = new Set(refusalCodes.filter(isDeadLetter).map(({ name }) => name));

/** What the data plane counts, as it is at the scrape. */
export function planeMetrics({ plane, live }: PlaneMetricsOptions): Metric[] {
  return [
    ...messageMetrics(plane),
    ...outcomeMetrics(plane),
    ...logMetrics(plane),
    ...checkpointMetrics(plane),
    ...catchUpMetrics(live),
    ...intakeMetrics(plane),
    {
      kind: 'counter',
      name: 'spillway_thread_cpu_seconds_total',
      help: 'CPU time of each thread, user and system',
      label: 'thread',
      values: () =>
        plane.threads().flatMap(({ name, cpuSeconds }): [string, number][] => (cpuSeconds === undefined ? [] : [[name, cpuSeconds]])),
    },
  ];
}

function messageMetrics(plane: Plane): Metric[] {
  const total = (name: string, help: string, read: (counters: PlaneCounters) => number) =>
    counter(name, help, () => read(plane.counters()));
  return [
    total('spillway_messages_received_total', 'Messages that arrived, whatever became of them', (c) => c.received),
    total('spillway_messages_accepted_total', 'Messages laid into a block for the log', (c) => c.accepted),
    total('spillway_messages_acked_total', 'Messages acknowledged to their device', (c) => c.acked),
    {
      kind: 'counter',
      name: 'spillway_messages_refused_total',
      help: 'Messages and connections refused, by code',
      label: 'code',
      values: () => Object.entries(plane.counters().byCode).filter(([name]) => !deadLetterNames.has(name)),
    },
    total('spillway_received_bytes_total', 'Bytes read from devices', (c) => c.bytesIn),
    total('spillway_blocks_total', 'Blocks sealed', (c) => c.blocks),
    gauge('spillway_connections', 'Live device connections', () => plane.counters().connections),
    {
      kind: 'gauge',
      name: 'spillway_transport_connections',
      help: 'Live device connections, by transport; ws-http: WebSockets on the HTTP port',
      label: 'transport',
      values: () => Object.entries(plane.counters().connectionsByTransport),
    },
    gauge('spillway_dtls_associations', 'Clients of CoAP over DTLS that are associated', () => plane.counters().dtls.open),
    gauge('spillway_dtls_handshakes', 'Handshakes of DTLS that go on', () => plane.counters().dtls.shaking),
    total('spillway_dtls_handshakes_total', 'Handshakes of DTLS that were done; those that failed are refusals', (c) => c.dtls.established),
    total('spillway_dtls_records_dropped_total', 'Records of DTLS that nobody could use', (c) => c.dtls.dropped),
    total('spillway_dtls_evicted_total', 'Associations of DTLS given up because they were idle, or to make room', (c) => c.dtls.evicted),
    total('spillway_dtls_moved_total', 'Clients that went on from another address by their connection ids', (c) => c.dtls.moved),
  ];
}

function outcomeMetrics(plane: Plane): Metric[] {
  const total = (name: string, help: string, read: (counters: PlaneCounters) => number) =>
    counter(name, help, () => read(plane.counters()));
  return [
    {
      kind: 'counter',
      name: 'spillway_dead_letters_total',
      help: 'Messages that could not be decoded and rows that the database refused, by code',
      label: 'code',
      values: () => Object.entries(plane.counters().byCode).filter(([name]) => deadLetterNames.has(name)),
    },
    {
      kind: 'counter',
      name: 'spillway_records_total',
      help: 'Messages that the pipeline has judged, by outcome',
      label: 'state',
      values: () => {
        const { stored, duplicate, dead } = plane.counters();
        return Object.entries({ stored, duplicate, dead });
      },
    },
    total('spillway_rows_refused_total', 'Rows of stored messages that the database refused: they are dead letters', (c) => c.rowsRefused),
    total(
      'spillway_dead_letters_refused_total',
      'Dead letters that the database refused: events and the log have them',
      (c) => c.lettersRefused,
    ),
    total('spillway_readings_total', 'Readings decoded, strings included', (c) => c.readings + c.textReadings),
    total(
      'spillway_readings_rounded_total',
      'Readings of whole numbers beyond 2^53 that a 64-bit float cannot hold: the one next to each is stored',
      (c) => c.rounded,
    ),
    total(
      'spillway_readings_skipped_total',
      'Values of stored messages that could not be read or kept, and were left out',
      (c) => c.skipped,
    ),
    {
      kind: 'counter',
      name: 'spillway_schema_fields_total',
      help: 'Values of stored messages that their schema clamped to their range, flagged outside of it, gave by default, or left out for a fault',
      label: 'outcome',
      values: () => Object.entries(plane.counters().schemaFields),
    },
    {
      kind: 'counter',
      name: 'spillway_sparkplug_events_total',
      help: 'What edge nodes of Sparkplug did, and aliases and messages of theirs that are missing',
      label: 'event',
      values: () => Object.entries(plane.counters().sparkplug),
    },
    total('spillway_formats_recognised_total', 'Stored messages whose format nobody named and their bytes showed', (c) => c.recognised),
    {
      kind: 'counter',
      name: 'spillway_times_without_zone_total',
      help: 'Device times of stored messages that name no zone, by what was taken: the time of receipt, or the time zone of device or tenant',
      label: 'taken',
      values: () => Object.entries(plane.counters().zoneless),
    },
  ];
}

/** One value a partition; undefined: it has none. */
function byPartition(
  kind: Metric['kind'],
  plane: Plane,
  name: string,
  help: string,
  read: (lag: PartitionLag) => number | undefined,
): Metric {
  const values = () =>
    plane.lag().flatMap((lag): [string, number][] => {
      const value = read(lag);
      return value === undefined ? [] : [[String(lag.partition), value]];
    });
  return { kind, name, help, label: 'partition', values };
}

function logMetrics(plane: Plane): Metric[] {
  const one = (name: string, help: string, read: (lag: PartitionLag) => number) => byPartition('gauge', plane, name, help, read);
  return [
    one('spillway_log_start_offset_bytes', 'Offset of the oldest block in the log', (lag) => Number(lag.startOffset)),
    one('spillway_log_durable_offset_bytes', 'Offset behind the last durable block', (lag) => Number(lag.durableOffset)),
    one('spillway_log_processed_offset_bytes', 'Offset behind the last decoded block', (lag) => Number(lag.processedOffset)),
    one('spillway_log_committed_offset_bytes', 'Offset behind the last block whose rows are committed', (lag) =>
      Number(lag.committedOffset),
    ),
    one('spillway_pipeline_lag_bytes', 'Durable and not yet committed', (lag) => lag.lagBytes),
    one(
      'spillway_pipeline_lag_seconds',
      'Age of the newest durable message over that of the newest committed one',
      (lag) => lag.lagMs / 1000,
    ),
    byPartition(
      'counter',
      plane,
      'spillway_log_gaps_total',
      'Places at which the log had nothing that could be run and was not stored',
      ({ gaps }) => gaps,
    ),
    byPartition('counter', plane, 'spillway_log_gap_bytes_total', 'Bytes at those places', ({ gapBytes }) => gapBytes),
    {
      kind: 'gauge',
      name: 'spillway_log_failing',
      help: '1 while the disk of the log refuses, by the code of the call that fails',
      label: 'code',
      values: () => {
        const trouble = plane.intake().logTrouble;
        return trouble ? [[trouble.code, 1]] : [];
      },
    },
  ];
}

function checkpointMetrics(plane: Plane): Metric[] {
  const one = (name: string, help: string, read: (lag: PartitionLag) => number | undefined) =>
    byPartition('gauge', plane, name, help, read);
  const ageSeconds = (ms: number | undefined) => (ms === undefined ? undefined : Math.max(0, Date.now() - ms) / 1000);
  return [
    one('spillway_checkpoint_offset_bytes', 'Offset behind the last block that the newest checkpoint knows', ({ checkpointOffset }) =>
      checkpointOffset === undefined ? undefined : Number(checkpointOffset),
    ),
    one('spillway_checkpoint_age_seconds', 'Time since the newest checkpoint; it grows while nothing is processed', ({ checkpointMs }) =>
      ageSeconds(checkpointMs),
    ),
    one('spillway_checkpoint_store_age_seconds', 'Time since the newest checkpoint in the object store', ({ storedMs }) =>
      ageSeconds(storedMs),
    ),
  ];
}

function catchUpMetrics(live: PlaneMetricsOptions['live']): Metric[] {
  return [
    gauge(
      'spillway_pipeline_input_bytes_rate',
      'Bytes a second that became durable, over the last seconds',
      () => live.catchUp.inputBytesPerSecond,
    ),
    gauge('spillway_pipeline_committed_bytes_rate', 'Bytes a second that were committed', () => live.catchUp.committedBytesPerSecond),
    gauge(
      'spillway_pipeline_committed_messages_rate',
      'Messages a second that were committed',
      () => live.catchUp.committedMessagesPerSecond,
    ),
    gauge(
      'spillway_pipeline_catch_up_seconds',
      'When the lag is gone if input and store go on so; 86400: in a day, or later, or never',
      () => Math.min(live.catchUp.secondsLeft ?? CATCH_UP_SECONDS_MAX, CATCH_UP_SECONDS_MAX),
    ),
  ];
}

function intakeMetrics(plane: Plane): Metric[] {
  return [
    gauge('spillway_ready', '1 while messages are taken in and committed, as /readyz says', () => (plane.notReady() === undefined ? 1 : 0)),
    gauge('spillway_gateways_paused', 'Gateways that read no device because the log takes nothing in', () => plane.intake().paused),
    counter('spillway_gateway_pauses_total', 'How often a gateway stopped reading devices', () => plane.intake().pauses),
    counter(
      'spillway_pipeline_fenced_total',
      'How often another process had taken a partition that this one still ran',
      () => plane.fenced,
    ),
  ];
}
