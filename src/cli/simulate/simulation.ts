import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';
import { setImmediate as breathe, setTimeout as delay } from 'node:timers/promises';
import { dailySeries } from './daily-series.js';
import { openHttpTransport } from './http-transport.js';
import { openMqttTransport } from './mqtt-transport.js';
import type { Series, SeriesName } from './series.js';
import type { Transport, TransportPlan } from './transport.js';
import { weatherSeries } from './weather-series.js';

export interface SimulationPlan extends TransportPlan {
  readonly protocol: 'mqtt' | 'http';
  /** Messages a second over all devices. */
  readonly rate: number;
  /** Absent: until `signal`. */
  readonly seconds?: number | undefined;
  readonly series: SeriesName;
  readonly seed: number;
  readonly reportMs: number;
}

export interface SimulationReport {
  readonly seconds: number;
  readonly sent: number;
  /** Acknowledged; at MQTT QoS 0: written to the socket. */
  readonly acked: number;
  readonly refused: number;
  /** Not sent, because the device already had as many unanswered messages as it may keep. */
  readonly dropped: number;
  readonly sent_per_second: number;
  readonly acked_per_second: number;
  /** From the moment a message was due to its acknowledgement; null before the first. */
  readonly ack_ms: { readonly p50: number; readonly p99: number } | null;
  readonly connected: number;
  readonly devices: number;
  readonly trouble: string | undefined;
}

/** What a device keeps while it is cut off, in messages. */
const unansweredMax = 1000;
const tickMs = 5;
const burstMax = 500;
const lastAcksMsMax = 10_000;

/**
 * Sends on an open-loop schedule: message k is due at k / rate whatever became of those before it, so a
 * slow appliance shows in the latency and not in a lower rate. Devices take turns. Each run is a boot of
 * the devices: they count their messages from 0, at newer times than before, so no number between two runs is missing.
 */
export async function runSimulation(
  plan: SimulationPlan,
  onReport: (report: SimulationReport) => void,
  signal: AbortSignal,
): Promise<SimulationReport> {
  const transport = plan.protocol === 'mqtt' ? await openMqttTransport(plan) : openHttpTransport(plan);
  const run = new Simulation(plan, transport);
  try {
    await transport.open();
    run.start();
    const reports = setInterval(() => onReport(run.report()), plan.reportMs);
    await run.sendAll(signal);
    clearInterval(reports);
    await run.lastAcks();
    return run.summary();
  } finally {
    await transport.close();
  }
}

class Simulation {
  readonly #plan: SimulationPlan;
  readonly #transport: Transport;
  readonly #series: Series;
  readonly #unanswered: Uint32Array;
  readonly #latencyUs = createHistogram();
  readonly #latencyUsAll = createHistogram();
  #startedMs = 0;
  #endedMs: number | undefined;
  #due = 0;
  #sent = 0;
  #acked = 0;
  #refused = 0;
  #dropped = 0;
  #refusal: string | undefined;
  #last = { ms: 0, sent: 0, acked: 0 };

  constructor(plan: SimulationPlan, transport: Transport) {
    this.#plan = plan;
    this.#transport = transport;
    this.#series = plan.series === 'daily' ? dailySeries(plan.seed) : weatherSeries(plan.seed);
    this.#unanswered = new Uint32Array(plan.devices.length);
  }

  start(): void {
    this.#startedMs = performance.now();
    this.#last.ms = this.#startedMs;
  }

  async sendAll(signal: AbortSignal): Promise<void> {
    const { rate, seconds } = this.#plan;
    const total = seconds === undefined ? Number.POSITIVE_INFINITY : Math.ceil(rate * seconds);
    while (this.#due < total && !signal.aborted) {
      const dueNow = Math.min(total, Math.floor(((performance.now() - this.#startedMs) * rate) / 1000) + 1);
      for (let burst = 0; this.#due < dueNow && burst < burstMax; burst++) this.#send(this.#due++);
      if (this.#due < dueNow) await breathe();
      else await delay(tickMs, undefined, { signal }).catch(() => undefined);
    }
    this.#endedMs = performance.now();
  }

  /** Waits for what is unanswered as long as somebody is there to answer. */
  async lastAcks(): Promise<void> {
    const deadline = performance.now() + lastAcksMsMax;
    while (this.#acked + this.#refused < this.#sent && performance.now() < deadline && this.#transport.connected > 0) await delay(tickMs);
  }

  /** Rates and latencies since the report before. */
  report(): SimulationReport {
    const report = this.#report(this.#last, performance.now(), this.#latencyUs);
    this.#last = { ms: performance.now(), sent: this.#sent, acked: this.#acked };
    this.#latencyUs.reset();
    return report;
  }

  /** Rates and latencies over the whole run. */
  summary(): SimulationReport {
    return this.#report({ ms: this.#startedMs, sent: 0, acked: 0 }, this.#endedMs ?? performance.now(), this.#latencyUsAll);
  }

  #send(message: number): void {
    const device = message % this.#plan.devices.length;
    if ((this.#unanswered[device] ?? 0) >= unansweredMax) {
      this.#dropped++;
      return;
    }
    const dueMs = this.#startedMs + (message * 1000) / this.#plan.rate;
    const ts = Math.round(Date.now() - (performance.now() - dueMs));
    const seq = Math.floor(message / this.#plan.devices.length);
    this.#sent++;
    this.#unanswered[device]!++;
    this.#transport.publish(device, JSON.stringify({ ts, metrics: this.#series(device, ts), seq }), (refusal) => {
      this.#unanswered[device]!--;
      if (refusal !== undefined) {
        this.#refused++;
        this.#refusal = refusal;
        return;
      }
      this.#acked++;
      const us = Math.max(1, Math.round((performance.now() - dueMs) * 1000));
      this.#latencyUs.record(us);
      this.#latencyUsAll.record(us);
    });
  }

  #report(since: { ms: number; sent: number; acked: number }, nowMs: number, latencyUs: RecordableHistogram): SimulationReport {
    const seconds = Math.max(0.001, (nowMs - since.ms) / 1000);
    const ms = (percentile: number) => Math.round(latencyUs.percentile(percentile) / 10) / 100;
    const answered = latencyUs.count > 0;
    return {
      seconds: Math.round((nowMs - this.#startedMs) / 100) / 10,
      sent: this.#sent,
      acked: this.#acked,
      refused: this.#refused,
      dropped: this.#dropped,
      sent_per_second: Math.round((this.#sent - since.sent) / seconds),
      acked_per_second: Math.round((this.#acked - since.acked) / seconds),
      ack_ms: answered ? { p50: ms(50), p99: ms(99) } : null,
      connected: this.#transport.connected,
      devices: this.#plan.devices.length,
      trouble: this.#refusal ?? (this.#transport.connected < this.#plan.devices.length ? this.#transport.lastTrouble : undefined),
    };
  }
}
