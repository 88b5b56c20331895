import { setPriority } from 'node:os';
import { processCpuSeconds } from '../process-cpu.js';
import { Latency } from './latency.js';
import { LoadProcess } from './load-process.js';
import type { Sent } from './messages.js';

export interface Target {
  readonly host: string;
  readonly port: number;
  readonly userName: string;
  readonly password: string;
}

export interface LoadShape {
  readonly qos: 0 | 1 | 2;
  readonly connections: number;
  /** Packets a write. */
  readonly batch: number;
  /** Over all connections, a multiple of them. */
  readonly devices: number;
  readonly seconds: number;
  /** Unacknowledged messages a connection, at QoS 1 and 2. */
  readonly window: number;
  /** Messages a second over all connections; absent: as fast as they go. */
  readonly rate: number | undefined;
  /** Processes. */
  readonly generators: number;
  /** A server that breaks the connections ends the load: what was acknowledged until then is told. */
  readonly untilBroken?: boolean;
}

export interface LoadOutcome {
  readonly messages: number;
  /** By connection. */
  readonly sent: readonly Sent[];
  readonly acked: number;
  /** By connection: those of `sent` that were acknowledged, which is the first of them at QoS 1. */
  readonly acknowledged: readonly Sent[];
  /** Unix time in ms, with a fraction. The server had taken everything at `settledMs`. */
  readonly firstSendMs: number;
  readonly lastSendMs: number;
  readonly settledMs: number;
  readonly cpuSeconds: number;
  readonly latency: Latency;
}

interface Done {
  readonly sent: readonly number[];
  readonly ackedBy: readonly number[];
  readonly acked: number;
  readonly firstSendMs: number;
  readonly lastSendMs: number;
  readonly settledMs: number;
  readonly cpuUserSeconds: number;
  readonly cpuSystemSeconds: number;
  readonly latencyMaxNs: number;
  readonly latencyBuckets: readonly (readonly [number, number])[];
}

export const deviceFormat = 'dev-%06d';
export const gatewayFormat = 'gw-%06d';
/** A source address has 28,000 ports for one destination, and some of them rest after use. */
const connectionsASource = 4000;
const openingMax = 64;
const openedASecond = 20_000;
/** At a given rate messages of this long are sent together. */
const tickUs = 1000;

/** Open connections, ready to send. */
export class Load {
  readonly #processes: readonly LoadProcess[];
  readonly #shape: LoadShape;
  readonly #baseMs = Date.now();
  opened = 0;
  /** Why the server took no more connections, when `untilRefused` was asked for. */
  refused: string | undefined;

  private constructor(shape: LoadShape) {
    this.#shape = shape;
    this.#processes = Array.from({ length: shape.generators }, () => new LoadProcess('generate'));
  }

  /** Opens and authenticates all connections; `untilRefused`: as many of them as the server takes. */
  static async open(target: Target, shape: LoadShape, untilRefused = false): Promise<Load> {
    const load = new Load(shape);
    try {
      load.#processes.forEach((process, index) => {
        process.say(JSON.stringify(load.#planOf(target, index, untilRefused)));
      });
      for (const process of load.#processes) {
        const { opened, refused } = await process.hear<{ opened: number; refused: string | null }>('ready');
        load.opened += opened;
        load.refused ??= refused ?? undefined;
      }
      return load;
    } catch (error) {
      await load.end();
      throw error;
    }
  }

  /** CPU of its processes until now, where the platform tells. */
  cpuSeconds(): number {
    return this.#processes.reduce((sum, { pid }) => sum + (processCpuSeconds(pid) ?? Number.NaN), 0);
  }

  /** Lets others have the processor first, as `nice` does; 0 to 19. */
  yieldTo(niceness: number): void {
    for (const { pid } of this.#processes) setPriority(pid, niceness);
  }

  /** Sends, and resolves when the server has taken or acknowledged everything. Once. */
  async go(): Promise<LoadOutcome> {
    for (const process of this.#processes) process.say('go');
    const results = await Promise.all(this.#processes.map((process) => process.hear<Done>('done')));
    const latency = new Latency();
    for (const { latencyBuckets, latencyMaxNs } of results) latency.add(latencyBuckets, latencyMaxNs);
    const sum = (of: (result: Done) => number) => results.reduce((total, result) => total + of(result), 0);
    return {
      messages: sum(({ sent }) => sent.reduce((total, messages) => total + messages, 0)),
      sent: results.flatMap(({ sent }, process) => sent.map((messages, index) => this.#sentBy(process, index, messages))),
      acknowledged: results.flatMap(({ ackedBy }, process) => ackedBy.map((messages, index) => this.#sentBy(process, index, messages))),
      acked: sum(({ acked }) => acked),
      firstSendMs: Math.min(...results.map(({ firstSendMs }) => firstSendMs)),
      lastSendMs: Math.max(...results.map(({ lastSendMs }) => lastSendMs)),
      settledMs: Math.max(...results.map(({ settledMs }) => settledMs)),
      cpuSeconds: sum(({ cpuUserSeconds, cpuSystemSeconds }) => cpuUserSeconds + cpuSystemSeconds),
      latency,
    };
  }

  async end(): Promise<void> {
    await Promise.all(this.#processes.map((process) => process.end()));
  }

  /** Ends in the middle of a load that `go` has begun, which then rejects. */
  async abandon(): Promise<void> {
    await Promise.all(this.#processes.map((process) => process.kill()));
  }

  /** Processes take connections in turn. */
  #sentBy(process: number, index: number, messages: number): Sent {
    const devices = this.#shape.devices / this.#shape.connections;
    return { firstDevice: (process + index * this.#shape.generators) * devices, devices, baseMs: this.#baseMs, messages };
  }

  /** The members of Plan in bench/load/src/plan.rs. */
  #planOf(target: Target, index: number, untilRefused: boolean) {
    const { qos, connections, batch, devices, seconds, window, rate, generators, untilBroken = false } = this.#shape;
    const own = Math.ceil((connections - index) / generators);
    const sources = Math.ceil(connections / connectionsASource);
    const [deviceBefore = '', deviceAfter = ''] = deviceFormat.split('%06d');
    return {
      ...target,
      sources: sources > 1 ? sources : 0,
      connections: own,
      first: index,
      stride: generators,
      openingMax,
      openedASecond,
      untilRefused,
      untilBroken,
      clientPrefix: gatewayFormat.split('%')[0],
      topicPrefix: `devices/${deviceBefore}`,
      topicSuffix: `${deviceAfter}/telemetry`,
      devices: devices / connections,
      baseMs: this.#baseMs,
      qos,
      batch,
      window,
      seconds,
      rate: rate === undefined ? null : (rate * own) / connections,
      tickUs,
    };
  }
}
