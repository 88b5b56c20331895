import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { isDeadLetter, refusalCodes } from '../contract/codes.js';
import type { DataPlane, PartitionLag } from '../contract/data-plane.js';

export interface ExpositionSources {
  readonly plane: Pick<DataPlane, 'counters' | 'fenced' | 'intake' | 'lag' | 'threads'>;
  readonly devices: () => number;
  /** Of a deployment of several processes. */
  readonly others?: (() => { readonly peers: number; readonly skipped: number } | undefined) | undefined;
  readonly ledger: () => { readonly imbalance: number; readonly messages: Readonly<Record<string, number>> };
  /** Every rule, and whether its alert holds. */
  readonly alerts: () => Iterable<readonly [rule: string, isOpen: boolean]>;
  readonly live: () => { readonly sent: number; readonly skipped: number; readonly clients: number; readonly catchUp: CatchUp };
}

/** How the store follows the log, over the last seconds. */
interface CatchUp {
  readonly inputBytesPerSecond: number;
  readonly committedBytesPerSecond: number;
  readonly committedMessagesPerSecond: number;
  /** null: the lag does not shrink. */
  readonly secondsLeft: number | null;
}

/** An infinite sample spoils sums and axes, and one that is left out silences the alarm that compares it. */
const CATCH_UP_SECONDS_MAX = 86_400;

const deadLetterNames = new Set(refusalCodes.filter(isDeadLetter).map(({ name }) => name));

/** What Prometheus reads: the kernels' counters as they are at the scrape, and the requests of the HTTP server. */
export class Exposition {
  readonly #registry = new Registry();
  readonly #requests: Counter;
  readonly #seconds: Histogram;

  constructor(sources: ExpositionSources) {
    collectDefaultMetrics({ register: this.#registry });
    this.#planeCounters(sources.plane);
    this.#partitionGauges(sources.plane);
    this.#catchUp(sources);
    this.#intake(sources.plane);
    this.#log(sources.plane);
    this.#gaps(sources.plane);
    this.#threadCpu(sources.plane);
    this.#controlPlane(sources);
    this.#ledger(sources);
    this.#alerts(sources);
    this.#deployment(sources);
    const registers = [this.#registry];
    this.#requests = new Counter({
      name: 'spillway_http_requests_total',
      help: 'HTTP requests by route and status; 499: the client went away before the answer',
      labelNames: ['method', 'route', 'status'],
      registers,
    });
    this.#seconds = new Histogram({
      name: 'spillway_http_request_seconds',
      help: 'Time from the head of a request to its answer',
      labelNames: ['method', 'route'],
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
      registers,
    });
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  text(): Promise<string> {
    return this.#registry.metrics();
  }

  /** `route` is the route's pattern, never the path: a label has few values. */
  observeRequest(method: string, route: string, status: number, seconds: number): void {
    this.#requests.inc({ method, route, status });
    this.#seconds.observe({ method, route }, seconds);
  }

  /** A counter whose value is kept elsewhere: it is set anew at each scrape. */
  #counter(name: string, help: string, label: string | undefined, values: () => Iterable<[string, number]>): void {
    new Counter({
      name,
      help,
      labelNames: label === undefined ? [] : [label],
      registers: [this.#registry],
      collect() {
        this.reset();
        for (const [key, value] of values()) {
          if (label === undefined) this.inc(value);
          else this.inc({ [label]: key }, value);
        }
      },
    });
  }

  #gauge(name: string, help: string, label: string | undefined, values: () => Iterable<[string, number]>): void {
    new Gauge({
      name,
      help,
      labelNames: label === undefined ? [] : [label],
      registers: [this.#registry],
      collect() {
        this.reset();
        for (const [key, value] of values()) {
          if (label === undefined) this.set(value);
          else this.set({ [label]: key }, value);
        }
      },
    });
  }

  #planeCounters(plane: ExpositionSources['plane']): void {
    const one = (read: (counters: ReturnType<DataPlane['counters']>) => number) => (): [string, number][] => [['', read(plane.counters())]];
    const byCode = (wanted: (name: string) => boolean) => () => Object.entries(plane.counters().byCode).filter(([name]) => wanted(name));
    this.#counter(
      'spillway_messages_received_total',
      'Messages that arrived, whatever became of them',
      undefined,
      one((c) => c.received),
    );
    this.#counter(
      'spillway_messages_accepted_total',
      'Messages laid into a block for the log',
      undefined,
      one((c) => c.accepted),
    );
    this.#counter(
      'spillway_messages_acked_total',
      'Messages acknowledged to their device',
      undefined,
      one((c) => c.acked),
    );
    this.#counter(
      'spillway_messages_refused_total',
      'Messages and connections refused, by code',
      'code',
      byCode((name) => !deadLetterNames.has(name)),
    );
    this.#counter(
      'spillway_dead_letters_total',
      'Messages that could not be decoded and rows that the database refused, by code',
      'code',
      byCode((name) => deadLetterNames.has(name)),
    );
    this.#counter('spillway_records_total', 'Messages that the pipeline has judged, by outcome', 'state', () => {
      const { stored, duplicate, dead } = plane.counters();
      return Object.entries({ stored, duplicate, dead });
    });
    this.#counter(
      'spillway_rows_refused_total',
      'Rows of stored messages that the database refused: they are dead letters',
      undefined,
      one((c) => c.rowsRefused),
    );
    this.#counter(
      'spillway_dead_letters_refused_total',
      'Dead letters that the database refused: events and the log have them',
      undefined,
      one((c) => c.lettersRefused),
    );
    this.#counter(
      'spillway_readings_total',
      'Readings decoded, strings included',
      undefined,
      one((c) => c.readings + c.textReadings),
    );
    this.#counter(
      'spillway_readings_rounded_total',
      'Readings of whole numbers beyond 2^53 that a 64-bit float cannot hold: the one next to each is stored',
      undefined,
      one((c) => c.rounded),
    );
    this.#counter(
      'spillway_readings_skipped_total',
      'Values of stored messages that could not be read or kept, and were left out',
      undefined,
      one((c) => c.skipped),
    );
    this.#counter(
      'spillway_times_without_zone_total',
      'Device times of stored messages that name no zone: the receive time stands in their place',
      undefined,
      one((c) => c.zoneless),
    );
    this.#counter(
      'spillway_formats_recognised_total',
      'Stored messages whose format nobody named and their bytes showed',
      undefined,
      one((c) => c.recognised),
    );
    this.#counter(
      'spillway_received_bytes_total',
      'Bytes read from devices',
      undefined,
      one((c) => c.bytesIn),
    );
    this.#counter(
      'spillway_blocks_total',
      'Blocks sealed',
      undefined,
      one((c) => c.blocks),
    );
    this.#gauge(
      'spillway_connections',
      'Live device connections',
      undefined,
      one((c) => c.connections),
    );
  }

  #partitionGauges(plane: ExpositionSources['plane']): void {
    const gauge = (name: string, help: string, read: (lag: PartitionLag) => number) =>
      this.#gauge(name, help, 'partition', () => plane.lag().map((lag): [string, number] => [String(lag.partition), read(lag)]));
    gauge('spillway_log_start_offset_bytes', 'Offset of the oldest block in the log', (lag) => Number(lag.startOffset));
    gauge('spillway_log_durable_offset_bytes', 'Offset behind the last durable block', (lag) => Number(lag.durableOffset));
    gauge('spillway_log_processed_offset_bytes', 'Offset behind the last decoded block', (lag) => Number(lag.processedOffset));
    gauge('spillway_log_committed_offset_bytes', 'Offset behind the last block whose rows are committed', (lag) =>
      Number(lag.committedOffset),
    );
    const checkpoint = (name: string, help: string, read: (lag: PartitionLag) => number | undefined) =>
      this.#gauge(name, help, 'partition', () =>
        plane.lag().flatMap((lag): [string, number][] => {
          const value = read(lag);
          return value === undefined ? [] : [[String(lag.partition), value]];
        }),
      );
    checkpoint(
      'spillway_checkpoint_offset_bytes',
      'Offset behind the last block that the newest checkpoint knows',
      ({ checkpointOffset }) => (checkpointOffset === undefined ? undefined : Number(checkpointOffset)),
    );
    checkpoint(
      'spillway_checkpoint_age_seconds',
      'Time since the newest checkpoint; it grows while nothing is processed',
      ({ checkpointMs }) => (checkpointMs === undefined ? undefined : Math.max(0, Date.now() - checkpointMs) / 1000),
    );
    checkpoint('spillway_checkpoint_store_age_seconds', 'Time since the newest checkpoint in the object store', ({ storedMs }) =>
      storedMs === undefined ? undefined : Math.max(0, Date.now() - storedMs) / 1000,
    );
    gauge('spillway_pipeline_lag_bytes', 'Durable and not yet committed', (lag) => lag.lagBytes);
    gauge(
      'spillway_pipeline_lag_seconds',
      'Age of the newest durable message over that of the newest committed one',
      (lag) => lag.lagMs / 1000,
    );
  }

  #catchUp({ live }: ExpositionSources): void {
    const gauge = (name: string, help: string, read: (catchUp: CatchUp) => number) =>
      this.#gauge(name, help, undefined, () => [['', read(live().catchUp)]]);
    gauge('spillway_pipeline_input_bytes_rate', 'Bytes a second that became durable, over the last seconds', (c) => c.inputBytesPerSecond);
    gauge('spillway_pipeline_committed_bytes_rate', 'Bytes a second that were committed', (c) => c.committedBytesPerSecond);
    gauge('spillway_pipeline_committed_messages_rate', 'Messages a second that were committed', (c) => c.committedMessagesPerSecond);
    gauge(
      'spillway_pipeline_catch_up_seconds',
      'When the lag is gone if input and store go on so; 86400: in a day, or later, or never',
      (c) => Math.min(c.secondsLeft ?? CATCH_UP_SECONDS_MAX, CATCH_UP_SECONDS_MAX),
    );
  }

  #intake(plane: ExpositionSources['plane']): void {
    this.#gauge('spillway_gateways_paused', 'Gateways that read no device because the log takes nothing in', undefined, () => [
      ['', plane.intake().paused],
    ]);
    this.#counter('spillway_gateway_pauses_total', 'How often a gateway stopped reading devices', undefined, () => [
      ['', plane.intake().pauses],
    ]);
  }

  #log(plane: ExpositionSources['plane']): void {
    this.#counter(
      'spillway_pipeline_fenced_total',
      'How often another process had taken a partition that this one still ran',
      undefined,
      () => [['', plane.fenced]],
    );
    this.#gauge('spillway_log_failing', '1 while the disk of the log refuses, by the code of the call that fails', 'code', () => {
      const trouble = plane.intake().logTrouble;
      return trouble ? [[trouble.code, 1]] : [];
    });
  }

  #gaps(plane: ExpositionSources['plane']): void {
    const counter = (name: string, help: string, read: (lag: PartitionLag) => number) =>
      this.#counter(name, help, 'partition', () => plane.lag().map((lag): [string, number] => [String(lag.partition), read(lag)]));
    counter('spillway_log_gaps_total', 'Places at which the log had nothing that could be run and was not stored', ({ gaps }) => gaps);
    counter('spillway_log_gap_bytes_total', 'Bytes at those places', ({ gapBytes }) => gapBytes);
  }

  #threadCpu(plane: ExpositionSources['plane']): void {
    this.#counter('spillway_thread_cpu_seconds_total', 'CPU time of each thread, user and system', 'thread', () =>
      plane.threads().flatMap(({ name, cpuSeconds }): [string, number][] => (cpuSeconds === undefined ? [] : [[name, cpuSeconds]])),
    );
  }

  #ledger({ ledger }: ExpositionSources): void {
    this.#gauge('spillway_ledger_messages', 'Messages since the start, by what became of them', 'state', () =>
      Object.entries(ledger().messages),
    );
    this.#gauge('spillway_ledger_imbalance', 'Messages that the ledger does not account for; 0: it balances', undefined, () => [
      ['', ledger().imbalance],
    ]);
  }

  #alerts({ alerts }: ExpositionSources): void {
    this.#gauge('spillway_alerts', 'Whether an alert of this process holds; 1: it does', 'rule', () =>
      [...alerts()].map(([rule, isOpen]): [string, number] => [rule, isOpen ? 1 : 0]),
    );
  }

  #deployment({ others = () => undefined }: ExpositionSources): void {
    const one = (read: (found: { readonly peers: number; readonly skipped: number }) => number) => (): [string, number][] => {
      const found = others();
      return found ? [['', read(found)]] : [];
    };
    this.#gauge(
      'spillway_peer_processes',
      'Other processes of the deployment that are there',
      undefined,
      one(({ peers }) => peers),
    );
    this.#counter(
      'spillway_live_readings_not_relayed_total',
      'Readings left out on the way to live views of other processes',
      undefined,
      one(({ skipped }) => skipped),
    );
  }

  #controlPlane({ devices, live }: ExpositionSources): void {
    this.#gauge('spillway_devices', 'Devices in the registry', undefined, () => [['', devices()]]);
    this.#gauge('spillway_live_clients', 'Open live views', undefined, () => [['', live().clients]]);
    this.#counter('spillway_live_readings_sent_total', 'Readings sent to live views', undefined, () => [['', live().sent]]);
    this.#counter('spillway_live_readings_skipped_total', 'Readings left out for slow live views', undefined, () => [['', live().skipped]]);
  }
}
