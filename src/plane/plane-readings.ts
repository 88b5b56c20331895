import { CODE_ROW_REFUSED } from '../../assembly/abi/codes.js';
import {
  COUNTER_GATEWAY_ACCEPTED,
  COUNTER_GATEWAY_ACKED,
  COUNTER_GATEWAY_BLOCKS,
  COUNTER_GATEWAY_BYTES_IN,
  COUNTER_GATEWAY_CONNECTIONS_CLOSED,
  COUNTER_GATEWAY_CONNECTIONS_OF,
  COUNTER_GATEWAY_CONNECTIONS_OPENED,
  COUNTER_GATEWAY_DTLS_OPEN,
  COUNTER_GATEWAY_PAUSED,
  COUNTER_GATEWAY_PAUSES,
  COUNTER_GATEWAY_RECEIVED,
  COUNTER_GATEWAY_REFUSED,
  COUNTER_GATEWAY_REFUSED_BY_CODE,
  COUNTER_GATEWAY_UNDELIVERED,
  COUNTER_PIPELINE_ALIASES_UNKNOWN,
  COUNTER_PIPELINE_BIRTHS,
  COUNTER_PIPELINE_BIRTHS_UNTRACKED,
  COUNTER_PIPELINE_CLAMPED,
  COUNTER_PIPELINE_DEAD,
  COUNTER_PIPELINE_DEATHS,
  COUNTER_PIPELINE_DEFAULTED,
  COUNTER_PIPELINE_DUPLICATE,
  COUNTER_PIPELINE_EDGE_GAPS,
  COUNTER_PIPELINE_EXTRA_SAMPLES,
  COUNTER_PIPELINE_FIELD_FAULTS,
  COUNTER_PIPELINE_FLAGGED,
  COUNTER_PIPELINE_READINGS,
  COUNTER_PIPELINE_REBIRTHS_WANTED,
  COUNTER_PIPELINE_RECOGNISED,
  COUNTER_PIPELINE_RECORDS,
  COUNTER_PIPELINE_ROUNDED,
  COUNTER_PIPELINE_SKIPPED,
  COUNTER_PIPELINE_STORED,
  COUNTER_PIPELINE_TEXT_READINGS,
  COUNTER_PIPELINE_ZONED,
  COUNTER_PIPELINE_ZONELESS,
} from '../../assembly/abi/counters.js';
import { TRANSPORT_HTTP, TRANSPORT_MQTT, TRANSPORT_MQTTS, TRANSPORT_WS, TRANSPORT_WSS } from '../../assembly/abi/gateway.js';
import { refusalCode, refusalCodes } from '../contract/codes.js';
import type { Intake, PartitionLag, PlaneCounters } from '../contract/data-plane.js';
import { type Progress, ProgressWord } from '../host/progress.js';

/** As metrics name them. */
const TRANSPORT_NAMES = {
  mqtt: TRANSPORT_MQTT,
  mqtts: TRANSPORT_MQTTS,
  ws: TRANSPORT_WS,
  wss: TRANSPORT_WSS,
  'ws-http': TRANSPORT_HTTP,
} as const;

/**
 * Sums the kernels' counters as they stand; the kernels go on counting meanwhile. Pipelines are read first, so that no message
 * is seen judged before it is seen taken in.
 */
export function readCounters(gateways: readonly BigUint64Array[], pipelines: readonly BigUint64Array[], progress: Progress): PlaneCounters {
  const gateway = (counter: number) => sumOf(gateways, counter);
  const pipeline = (counter: number) => sumOf(pipelines, counter);
  const rowsRefused = sumOfWords(progress, ProgressWord.rowsRefused);
  const judged = {
    records: pipeline(COUNTER_PIPELINE_RECORDS),
    stored: pipeline(COUNTER_PIPELINE_STORED),
    duplicate: pipeline(COUNTER_PIPELINE_DUPLICATE),
    extraSamples: pipeline(COUNTER_PIPELINE_EXTRA_SAMPLES),
    dead: pipeline(COUNTER_PIPELINE_DEAD),
    rowsRefused,
    lettersRefused: sumOfWords(progress, ProgressWord.lettersRefused),
    readings: pipeline(COUNTER_PIPELINE_READINGS),
    textReadings: pipeline(COUNTER_PIPELINE_TEXT_READINGS),
    skipped: pipeline(COUNTER_PIPELINE_SKIPPED),
    recognised: pipeline(COUNTER_PIPELINE_RECOGNISED),
    sparkplug: {
      births: pipeline(COUNTER_PIPELINE_BIRTHS),
      births_untracked: pipeline(COUNTER_PIPELINE_BIRTHS_UNTRACKED),
      deaths: pipeline(COUNTER_PIPELINE_DEATHS),
      aliases_unknown: pipeline(COUNTER_PIPELINE_ALIASES_UNKNOWN),
      gaps: pipeline(COUNTER_PIPELINE_EDGE_GAPS),
      rebirths_wanted: pipeline(COUNTER_PIPELINE_REBIRTHS_WANTED),
    },
    schemaFields: {
      clamped: pipeline(COUNTER_PIPELINE_CLAMPED),
      flagged: pipeline(COUNTER_PIPELINE_FLAGGED),
      defaulted: pipeline(COUNTER_PIPELINE_DEFAULTED),
      left_out: pipeline(COUNTER_PIPELINE_FIELD_FAULTS),
    },
    zoneless: { receipt: pipeline(COUNTER_PIPELINE_ZONELESS), time_zone: pipeline(COUNTER_PIPELINE_ZONED) },
    rounded: pipeline(COUNTER_PIPELINE_ROUNDED),
  };
  const deadByCode = Object.fromEntries(refusalCodes.map(({ number, name }) => [name, pipeline(number)]));
  const byCode: Record<string, number> = {};
  const refusedByCode: Record<string, number> = {};
  for (const { number, name } of refusalCodes) {
    byCode[name] = gateway(number) + (deadByCode[name] as number);
    refusedByCode[name] = gateway(COUNTER_GATEWAY_REFUSED_BY_CODE + number);
  }
  byCode[refusalCode(CODE_ROW_REFUSED).name] = rowsRefused;
  return {
    received: gateway(COUNTER_GATEWAY_RECEIVED),
    accepted: gateway(COUNTER_GATEWAY_ACCEPTED),
    refused: gateway(COUNTER_GATEWAY_REFUSED),
    refusedByCode,
    acked: gateway(COUNTER_GATEWAY_ACKED),
    connections: gateway(COUNTER_GATEWAY_CONNECTIONS_OPENED) - gateway(COUNTER_GATEWAY_CONNECTIONS_CLOSED),
    connectionsByTransport: Object.fromEntries(
      Object.entries(TRANSPORT_NAMES).map(([name, transport]) => [name, gateway(COUNTER_GATEWAY_CONNECTIONS_OF + transport)]),
    ),
    dtls: {
      open: gateway(COUNTER_GATEWAY_DTLS_OPEN),
      shaking: gateway(COUNTER_GATEWAY_DTLS_OPEN + 1),
      established: gateway(COUNTER_GATEWAY_DTLS_OPEN + 2),
      dropped: gateway(COUNTER_GATEWAY_DTLS_OPEN + 3),
      evicted: gateway(COUNTER_GATEWAY_DTLS_OPEN + 4),
      moved: gateway(COUNTER_GATEWAY_DTLS_OPEN + 5),
    },
    ...judged,
    deadByCode,
    bytesIn: gateway(COUNTER_GATEWAY_BYTES_IN),
    blocks: gateway(COUNTER_GATEWAY_BLOCKS),
    undelivered: gateway(COUNTER_GATEWAY_UNDELIVERED),
    byCode,
  };
}

function sumOf(instances: readonly BigUint64Array[], counter: number): number {
  return instances.reduce((sum, counters) => sum + Number(counters[counter]), 0);
}

function sumOfWords(progress: Progress, word: ProgressWord): number {
  let sum = 0;
  for (let partition = 0; partition < progress.partitions; partition++) sum += Number(progress.get(partition, word));
  return sum;
}

export function readIntake(gateways: readonly BigUint64Array[], log: Pick<Intake, 'backlogBytesMax' | 'logTrouble' | 'topic'>): Intake {
  return {
    gateways: gateways.length,
    paused: sumOf(gateways, COUNTER_GATEWAY_PAUSED),
    pauses: sumOf(gateways, COUNTER_GATEWAY_PAUSES),
    ...log,
  };
}

export function readLag(progress: Progress, partition: number, isHere: boolean): PartitionLag {
  const word = (name: ProgressWord) => progress.get(partition, name);
  const durableOffset = word(ProgressWord.durable);
  const committedOffset = word(ProgressWord.committed);
  const committedUs = word(ProgressWord.committedUs);
  const checkpointMs = word(ProgressWord.checkpointMs);
  const storedMs = word(ProgressWord.storedMs);
  return {
    partition,
    isHere,
    startOffset: word(ProgressWord.start),
    durableOffset,
    processedOffset: word(ProgressWord.processed),
    committedOffset,
    checkpointOffset: checkpointMs > 0n ? word(ProgressWord.checkpoint) : undefined,
    checkpointMs: checkpointMs > 0n ? Number(checkpointMs) : undefined,
    storedOffset: storedMs > 0n ? word(ProgressWord.stored) : undefined,
    storedMs: storedMs > 0n ? Number(storedMs) : undefined,
    lagBytes: Number(progress.uncommitted(partition)),
    // Nothing was committed since the start: then no time is known to measure from.
    lagMs: durableOffset > committedOffset && committedUs > 0n ? Number(word(ProgressWord.durableUs) - committedUs) / 1000 : 0,
    committedRecords: Number(word(ProgressWord.committedRecords)),
    gaps: Number(word(ProgressWord.gaps)),
    gapBytes: Number(word(ProgressWord.gapBytes)),
  };
}
