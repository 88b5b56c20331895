import assert from 'node:assert/strict';
import { MessageChannel, Worker } from 'node:worker_threads';
import xxhash from 'xxhash-wasm';
import {
  BLOCK_AT_BODY_BYTES,
  BLOCK_AT_BODY_HASH,
  BLOCK_AT_FIRST_US,
  BLOCK_AT_HEADER_BYTES,
  BLOCK_AT_HEADER_HASH,
  BLOCK_AT_LAST_US,
  BLOCK_AT_MAGIC,
  BLOCK_AT_PARTITION,
  BLOCK_AT_RECORDS,
  BLOCK_AT_VERSION,
  BLOCK_HEADER_BYTES,
  BLOCK_MAGIC,
  BLOCK_VERSION,
  CHANNEL_TELEMETRY,
  CONTEXT_AT_BYTES,
  RECORD_AT_CHANNEL,
  RECORD_AT_CONTEXT,
  RECORD_AT_DEVICE,
  RECORD_AT_FLAGS,
  RECORD_AT_FORMAT,
  RECORD_AT_PAYLOAD_BYTES,
  RECORD_AT_RECEIVE_US,
  RECORD_CONTEXT,
  RECORD_HEADER_BYTES,
  RECORD_TIME_ZONE_SHIFT,
} from '../../assembly/abi/block.js';
import { CODES_MAX } from '../../assembly/abi/codes.js';
import { COUNTER_GATEWAY_ACCEPTED, COUNTER_GATEWAY_RECEIVED, COUNTER_GATEWAY_REFUSED } from '../../assembly/abi/counters.js';
import { BLOCK_SLOTS, GATEWAY_END } from '../../assembly/abi/gateway.js';
import { BLOCK_BYTES_MAX } from '../../assembly/abi/limits.js';
import { loadConfig } from '../../src/config/config.js';
import { brokerLimits } from '../../src/config/settings/mqtt.js';
import { refusalCode } from '../../src/contract/codes.js';
import type { DeviceEntry } from '../../src/contract/devices.js';
import type { IdentityNews } from '../../src/contract/identity/news.js';
import { UNLIMITED } from '../../src/contract/limits/intake-limits.js';
import type { BrokerStart, FromBroker, ToBroker } from '../../src/contract/threads/broker.js';
import type { FromGateway, GatewayPorts, GatewayStart, ToGateway } from '../../src/contract/threads/gateway.js';
import type { TlsMaterial } from '../../src/contract/tls-material.js';
import { hashToken } from '../../src/contract/token.js';
import { type BlockDescriptor, BlockRing } from '../../src/host/block-ring.js';
import { DOORBELLS, Doorbell, gatewayDoorbell } from '../../src/host/doorbell.js';
import { KernelMemory, kernelMemory } from '../../src/host/kernel.js';
import { sessionNumbers } from '../../src/host/session-numbers.js';
import { DEADLINE_MS, until } from '../support/until.js';

const { h64Raw } = await xxhash();

export interface TestRecord {
  readonly partition: number;
  readonly device: number;
  readonly flags: number;
  readonly receiveUs: number;
  readonly format: number;
  readonly context?: Buffer;
  /** Absent: 0. */
  readonly timeZone?: number;
  readonly payload: string;
}

/** Of a message that came over HTTP, without a topic. */
export const unrouted = { format: 0, body: 0, context: new Uint8Array(0) };

export const TOKEN = 'token-of-all-test-devices';

export function device(number: number, id: string, more: Partial<DeviceEntry> = {}): DeviceEntry {
  const tenant = more.tenant ?? 'default';
  return { number, tenant, id, status: 'active', via: 0, tokenHash: hashToken(tenant, id, TOKEN), ...more };
}

/** Checks a block as the pipeline would, both hashes included, and reads its records. */
export function readBlock(bytes: Uint8Array, descriptor: BlockDescriptor): TestRecord[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  assert.equal(view.getUint32(BLOCK_AT_MAGIC, true), BLOCK_MAGIC);
  assert.equal(view.getUint16(BLOCK_AT_VERSION, true), BLOCK_VERSION);
  assert.equal(view.getUint16(BLOCK_AT_HEADER_BYTES, true), BLOCK_HEADER_BYTES);
  assert.equal(view.getUint32(BLOCK_AT_PARTITION, true), descriptor.partition);
  assert.equal(view.getUint32(BLOCK_AT_BODY_BYTES, true), descriptor.bytes - BLOCK_HEADER_BYTES);
  assert.equal(view.getUint32(20, true), 0);
  assert.equal(view.getBigUint64(56, true), 0n);
  assert.ok(descriptor.bytes <= BLOCK_BYTES_MAX);
  assert.equal(view.getBigUint64(BLOCK_AT_BODY_HASH, true), h64Raw(bytes.subarray(BLOCK_HEADER_BYTES)));
  assert.equal(view.getBigUint64(BLOCK_AT_HEADER_HASH, true), h64Raw(bytes.subarray(0, BLOCK_AT_HEADER_HASH)));
  const records: TestRecord[] = [];
  for (let at = BLOCK_HEADER_BYTES; at < bytes.length; ) {
    const payloadBytes = view.getUint32(at + RECORD_AT_PAYLOAD_BYTES, true);
    const payload = at + RECORD_HEADER_BYTES;
    assert.ok(payload + payloadBytes <= bytes.length);
    assert.equal(view.getUint8(at + RECORD_AT_CHANNEL), CHANNEL_TELEMETRY);
    const before = view.getUint8(at + RECORD_AT_CONTEXT);
    const timeZone = before >> RECORD_TIME_ZONE_SHIFT;
    const contextBytes = (before & RECORD_CONTEXT) === 0 ? 0 : view.getUint16(payload + CONTEXT_AT_BYTES, true);
    const context = contextBytes === 0 ? {} : { context: Buffer.from(bytes.subarray(payload, payload + contextBytes)) };
    records.push({
      partition: descriptor.partition,
      device: view.getUint32(at + RECORD_AT_DEVICE, true),
      flags: view.getUint8(at + RECORD_AT_FLAGS),
      receiveUs: Number(view.getBigUint64(at + RECORD_AT_RECEIVE_US, true)),
      format: view.getUint8(at + RECORD_AT_FORMAT),
      ...context,
      ...(timeZone > 0 && { timeZone }),
      payload: Buffer.from(bytes.subarray(payload + contextBytes, payload + payloadBytes)).toString(),
    });
    at = payload + payloadBytes;
  }
  assert.equal(records.length, view.getUint32(BLOCK_AT_RECORDS, true));
  assert.equal(records[0]?.receiveUs, Number(view.getBigUint64(BLOCK_AT_FIRST_US, true)));
  assert.equal(records.at(-1)?.receiveUs, Number(view.getBigUint64(BLOCK_AT_LAST_US, true)));
  return records;
}

/** test/run.ts runs the suites over both. */
const reactorUnderTest = (process.env.REACTOR ?? 'auto') as GatewayStart['reactor'];

export interface GatewaySettings {
  /** With it there are ports with TLS. */
  readonly tls?: TlsMaterial;
  readonly proxies?: readonly string[];
  /** With CoAP over DTLS, which takes the native reactor. */
  readonly hasDtls?: boolean;
  readonly unauthenticatedMax?: number;
  readonly keepAliveSecondsMax?: number;
  /** Messages a second; 0: no limit. */
  readonly deviceRate?: number;
  readonly excessMs?: number;
}

function portsOf({ tls, hasDtls = false }: GatewaySettings): GatewayPorts {
  return { mqtt: 0, ws: 0, bridge: 0, coap: 0, ...(hasDtls ? { coaps: 0 } : {}), ...(tls ? { mqtts: 0, wss: 0 } : {}) };
}

/** A gateway thread whose log is played by the test. */
export class GatewayThread {
  readonly memory: KernelMemory;
  readonly records: TestRecord[] = [];
  readonly messages: FromGateway[] = [];
  readonly ring: BlockRing;
  readonly exited: Promise<number>;
  ports: GatewayPorts = { mqtt: 0 };
  /** How many of the blocks that wait become durable when the log looks, once a millisecond. */
  durableOf: (waiting: number) => number = (waiting) => waiting;
  /** Whether blocks become durable as they come. */
  #isDurable = true;
  #taken = 0;
  /** Answers of the broker to news of rules and services. */
  #brokerKnows = 0;
  #devicesToken = 0;
  readonly #bell: Doorbell;
  readonly #worker: Worker;
  readonly #broker: Worker;
  readonly #log: NodeJS.Timeout;

  static async start(devices: readonly DeviceEntry[], partitions = 4, settings: GatewaySettings = {}): Promise<GatewayThread> {
    const gateway = new GatewayThread(partitions, settings);
    gateway.#tellBroker([], true);
    await until('the broker to know the rules', () => gateway.#brokerKnows === 1);
    await gateway.putDevices(devices);
    gateway.post({ kind: 'listen', ports: portsOf(settings) });
    await until('the listener', () => gateway.port !== 0 || gateway.of('listen-failed').length > 0);
    assert.deepEqual(gateway.of('listen-failed'), []);
    return gateway;
  }

  /** One that cannot listen: the reason that it gives. */
  static async startRefused(settings: GatewaySettings): Promise<string> {
    const gateway = new GatewayThread(1, settings);
    gateway.post({ kind: 'listen', ports: portsOf(settings) });
    await until('the refusal', () => gateway.of('listen-failed').length === 1);
    await gateway.stop();
    return gateway.of('listen-failed')[0]?.message ?? '';
  }

  private constructor(
    partitions: number,
    { tls, proxies = [], unauthenticatedMax = 10_000, deviceRate = 0, excessMs = 0, keepAliveSecondsMax = 0 }: GatewaySettings,
  ) {
    const memory = kernelMemory(GATEWAY_END);
    const ring = BlockRing.memory(BLOCK_SLOTS);
    const doorbells = Doorbell.memory(DOORBELLS);
    const shared = { doorbells, progress: new SharedArrayBuffer(8) };
    const where = { memory, ring, sessions: sessionNumbers(), shared };
    const connections = { max: 10_000, unauthenticatedMax };
    const limits = { ...UNLIMITED, deviceRate, excessMs };
    const rest = { reactor: reactorUnderTest, connections, limits, keepsNotTaken: false, keepAliveSecondsMax, isRegistryPartial: false };
    const common = { partitions, bind: '127.0.0.1', tls, proxies, ...rest };
    const { port1: broker, port2: gateway } = new MessageChannel();
    const workerData: GatewayStart = { index: 0, ...where, ...common, broker };
    const brokerData: BrokerStart = {
      folder: undefined,
      isShared: false,
      gateways: [gateway],
      limits: brokerLimits(loadConfig({ env: {} }).mqtt),
    };
    this.#broker = new Worker(new URL('../../src/broker/thread.js', import.meta.url), { workerData: brokerData, transferList: [gateway] });
    this.#broker.on('message', (message: FromBroker) => {
      if (message.kind === 'identity-known') this.#brokerKnows++;
    });
    this.memory = new KernelMemory(memory);
    this.ring = new BlockRing(ring);
    this.#bell = new Doorbell(doorbells, gatewayDoorbell(0));
    this.#worker = new Worker(new URL('../../src/gateway/thread.js', import.meta.url), { workerData, transferList: [broker] });
    this.exited = new Promise((resolve) => this.#worker.once('exit', resolve));
    this.#worker.on('message', (message: FromGateway) => {
      this.messages.push(message);
      if (message.kind === 'listening') this.ports = message.ports;
    });
    this.#log = setInterval(() => this.#takeBlocks(), 1);
  }

  /** Of MQTT. */
  get port(): number {
    return this.ports.mqtt;
  }

  /** Rules and services go to the broker as well, and to it first. */
  post(message: ToGateway): void {
    if (message.kind === 'identity') this.#tellBroker(message.news, false);
    this.#worker.postMessage(message);
  }

  #tellBroker(news: readonly IdentityNews[], isWhole: boolean): void {
    this.#broker.postMessage({ kind: 'identity', token: 0, news, isWhole } satisfies ToBroker);
  }

  /** Settles when the thread knows them, and has done what was posted before. */
  async putDevices(entries: readonly DeviceEntry[]): Promise<void> {
    const token = ++this.#devicesToken;
    this.post({ kind: 'devices', token, entries });
    await until('the devices to be known', () => this.of('devices-known').some((known) => known.token === token));
  }

  async deleteDevices(numbers: readonly number[]): Promise<void> {
    const token = ++this.#devicesToken;
    this.post({ kind: 'devices-deleted', token, numbers });
    await until('the devices to be forgotten', () => this.of('devices-known').some((known) => known.token === token));
  }

  /** Settles when the thread has done what was posted before. */
  caughtUp(): Promise<void> {
    return this.putDevices([]);
  }

  /** Blocks go on coming, but none is durable until `thaw`. */
  freeze(): void {
    this.#isDurable = false;
  }

  thaw(): void {
    this.#isDurable = true;
  }

  counter(number: number): number {
    return Number(this.memory.counters[number]);
  }

  /** Refusals so far, by code name; those at zero are left out. */
  refusals(): Record<string, number> {
    const named: Record<string, number> = {};
    for (let code = 1; code < CODES_MAX; code++) if (this.counter(code) > 0) named[refusalCode(code).name] = this.counter(code);
    return named;
  }

  of<K extends FromGateway['kind']>(kind: K): Extract<FromGateway, { kind: K }>[] {
    return this.messages.filter((message): message is Extract<FromGateway, { kind: K }> => message.kind === kind);
  }

  assertAccounts(): void {
    const received = this.counter(COUNTER_GATEWAY_RECEIVED);
    assert.equal(received, this.counter(COUNTER_GATEWAY_ACCEPTED) + this.counter(COUNTER_GATEWAY_REFUSED));
  }

  /** Asks the thread to stop and waits until it has ended by itself. */
  async stop(): Promise<void> {
    this.post({ kind: 'stop' });
    const timer = setTimeout(() => void this.#worker.terminate(), DEADLINE_MS);
    const exitCode = await this.exited;
    clearTimeout(timer);
    clearInterval(this.#log);
    assert.equal(exitCode, 0, 'the gateway thread ends by itself');
    await this.#broker.terminate();
    this.assertAccounts();
  }

  #takeBlocks(): void {
    const descriptor = { offset: 0, bytes: 0, partition: 0 };
    for (; this.#taken < this.ring.length; this.#taken++) {
      this.ring.peek(this.#taken, descriptor);
      this.records.push(...readBlock(this.memory.slice(descriptor.offset, descriptor.bytes), descriptor));
    }
    if (!this.#isDurable || this.#taken === 0) return;
    const durable = Math.min(this.durableOf(this.#taken), this.#taken);
    this.ring.release(durable);
    this.#taken -= durable;
    this.#bell.ring();
  }
}
