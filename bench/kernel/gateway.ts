import assert from 'node:assert/strict';
import { BLOCK_HEADER_BYTES, FORMAT_JSON, RECORD_HEADER_BYTES } from '../../assembly/abi/block.js';
import {
  COUNTER_GATEWAY_ACCEPTED,
  COUNTER_GATEWAY_ACKED,
  COUNTER_GATEWAY_BLOCK_BYTES,
  COUNTER_GATEWAY_BLOCKS,
} from '../../assembly/abi/counters.js';
import {
  DEVICE_TOKEN_HASH_BYTES,
  EVENT_DATA,
  EVENT_OPENED,
  EVENTS_OFFSET,
  GATEWAY_END,
  READ_OFFSET,
  ROUTE_TO_DEVICE,
} from '../../assembly/abi/gateway.js';
import { KIB } from '../../assembly/abi/limits.js';
import { PROFILE_ZIGBEE2MQTT } from '../../assembly/abi/profiles.js';
import { STAGE_OFFSET } from '../../assembly/abi/regions.js';
import { encodeContext } from '../../src/contract/record-context.js';
import { Directory } from '../../src/gateway/directory.js';
import type { GatewayKernel } from '../../src/gateway/kernel.js';
import { KernelMemory, kernelMemory, loadKernel } from '../../src/host/kernel.js';
import { cpuMs } from './cpu-clock.js';

const PACKET_BYTES = 120;
/** What one read of a busy socket brings. */
const EVENT_BYTES = 64 * KIB;
const EVENT_PACKETS = Math.floor(EVENT_BYTES / PACKET_BYTES);
const PARTITIONS = 4;
const TENANT = 'default';
/** The devices speak in an order that is not that of their registration; no divisor in common with their number. */
const STEP = 7919;

type Qos = 0 | 1 | 2;

interface GatewayFigure {
  readonly nsPerMessage: number;
  readonly messages: number;
}

function connectPacket(id: string): Buffer {
  const body = Buffer.concat([Buffer.from('\0\x04MQTT\x04\x02\0\0\0'), Buffer.of(id.length), Buffer.from(id)]);
  return Buffer.concat([Buffer.of(0x10, body.length), body]);
}

type TopicOf = (id: string) => string;

const ownTopic: TopicOf = (id) => `devices/${id}/telemetry`;
/** One that rules have to say something about. */
const routedTopic: TopicOf = (id) => `zigbee2mqtt/${id}`;

function contextOf(id: string): Uint8Array {
  return encodeContext({ profile: PROFILE_ZIGBEE2MQTT, topic: routedTopic(id) });
}

/** A PUBLISH of exactly PACKET_BYTES. */
function publishPacket(id: string, topicOf: TopicOf, qos: Qos, sequence: number): Buffer {
  const topic = Buffer.from(topicOf(id));
  const packetId = qos === 0 ? Buffer.alloc(0) : packetIdOf(sequence);
  const head = Buffer.concat([Buffer.of(0x30 | (qos << 1), PACKET_BYTES - 2, 0, topic.length), topic, packetId]);
  const json = `{"ts":1700000000000,"metrics":{"temperature":21.5,"humidity":40.25},"seq":${sequence}`;
  return Buffer.concat([head, Buffer.from(`${json.padEnd(PACKET_BYTES - head.length - 1)}}`)]);
}

function packetIdOf(sequence: number): Buffer {
  const number = 1 + (sequence % 65_535);
  return Buffer.of(number >> 8, number & 0xff);
}

const subId = (device: number) => `sub-${String(device).padStart(6, '0')}`;

/** A gateway kernel with one connection, of a gateway device that speaks for many others. */
class Setup {
  readonly kernel: GatewayKernel;
  readonly memory: KernelMemory;
  #nowMs = 1;

  constructor(devices: number) {
    const memory = kernelMemory(GATEWAY_END);
    this.kernel = loadKernel<GatewayKernel>('gateway', memory);
    this.kernel.initSlots(PARTITIONS);
    this.memory = new KernelMemory(memory);
    const directory = new Directory(this.kernel, this.memory, PARTITIONS);
    const tokenHash = new Uint8Array(DEVICE_TOKEN_HASH_BYTES);
    const put = (number: number, id: string, via: number) =>
      directory.put({ number, id, via, tenant: TENANT, status: 'active', tokenHash }) as number;
    const entry = put(1, 'gw', 0);
    for (let device = 0; device < devices; device++) {
      const target = put(2 + device, subId(device), 1);
      const context = contextOf(subId(device));
      this.memory.bytes.set(context, STAGE_OFFSET);
      this.kernel.addRoute(entry, target, FORMAT_JSON, ROUTE_TO_DEVICE, context.length);
    }
    this.#event(EVENT_OPENED, 0);
    this.#turn();
    this.memory.bytes.set(connectPacket('gw'), READ_OFFSET);
    this.#event(EVENT_DATA, connectPacket('gw').length);
    assert.equal(this.kernel.turn(0, 1), 0, 'CONNECT waits for its answer');
    this.kernel.taken();
    this.kernel.connected(0, entry, 4, 0, 0, 0);
  }

  /** One read: its packets go through the kernel, and the log takes all sealed blocks and has them durable at once. */
  read(packets: Buffer): void {
    this.memory.bytes.set(packets, READ_OFFSET);
    const startedMs = cpuMs();
    this.#event(EVENT_DATA, packets.length);
    this.#turn();
    this.kernel.sealDue(1);
    this.releaseAll();
    this.elapsedMs += cpuMs() - startedMs;
  }

  elapsedMs = 0;

  releaseAll(): void {
    let blocks = 0;
    while (this.kernel.nextSealed() >= 0) blocks++;
    for (; blocks > 0; blocks--) assert.equal(this.kernel.release(), 1);
    this.kernel.taken();
  }

  #event(kind: number, length: number): void {
    const { view } = this.memory;
    for (const [word, value] of [0, kind, READ_OFFSET, length, 0, 0].entries()) {
      view.setUint32(EVENTS_OFFSET + word * 4, value, true);
    }
  }

  #turn(): void {
    this.#nowMs += 1;
    this.kernel.setClock(this.#nowMs * 1000, this.#nowMs);
    assert.equal(this.kernel.turn(0, 1), 1);
    this.kernel.taken();
  }
}

/** The gateway kernel alone: framing, topic, device lookup, block and both hashes. */
export function benchGateway(scale = 1): GatewayFigure {
  return run(500, 0, 1_500_000 * scale);
}

export function benchGatewayManyDevices(scale = 1): GatewayFigure {
  return run(200_000 * scale, 0, 1_000_000 * scale);
}

/** The same with topics of a convention: the table of routes is asked, and a context comes before each payload. */
export function benchGatewayRoutes(scale = 1): GatewayFigure {
  return run(500, 0, 1_500_000 * scale, routedTopic);
}

/** The same at QoS 1: each message is answered when its block is durable. */
export function benchGatewayQos1(scale = 1): GatewayFigure {
  return run(500, 1, 1_500_000 * scale);
}

/** At QoS 2 a read that brings messages is followed by one that brings their PUBRELs. */
export function benchGatewayQos2(scale = 1): GatewayFigure {
  return run(500, 2, 1_500_000 * scale);
}

function run(devices: number, qos: Qos, messages: number, topicOf = ownTopic): GatewayFigure {
  const setup = new Setup(devices);
  const { counters } = setup.memory;
  const read = (counter: number) => Number(counters[counter]);
  const packets = Array.from({ length: devices }, (_, place) =>
    publishPacket(subId((place * STEP) % devices), topicOf, qos, 100_000 + place),
  );
  const pubrels = packets.map((_, place) => Buffer.concat([Buffer.of(0x62, 2), packetIdOf(100_000 + place)]));
  const reads: { messages: Buffer; pubrels: Buffer }[] = [];
  for (let place = 0; place < devices; place += EVENT_PACKETS) {
    const [sent, released] = [packets, pubrels].map((each) => Buffer.concat(each.slice(place, place + EVENT_PACKETS)));
    reads.push({ messages: sent as Buffer, pubrels: released as Buffer });
  }
  const exchange = (at: number): number => {
    const read = reads[at % reads.length] as { messages: Buffer; pubrels: Buffer };
    setup.read(read.messages);
    if (qos === 2) setup.read(read.pubrels);
    return read.messages.length / PACKET_BYTES;
  };
  // Three rounds make the kernel's compiler and the caches as they are in an appliance that has run for a while.
  const warmReads = Math.max(3 * reads.length, 300);
  for (let at = 0; at < warmReads; at++) exchange(at);
  setup.kernel.sealAll();
  setup.releaseAll();
  const before = [COUNTER_GATEWAY_ACCEPTED, COUNTER_GATEWAY_BLOCKS, COUNTER_GATEWAY_BLOCK_BYTES, COUNTER_GATEWAY_ACKED].map(read);
  setup.elapsedMs = 0;
  let sent = 0;
  for (let at = 0; sent < messages; at++) sent += exchange(at);
  const nsPerMessage = (setup.elapsedMs * 1e6) / sent;
  setup.kernel.sealAll();
  setup.releaseAll();
  const after = [COUNTER_GATEWAY_ACCEPTED, COUNTER_GATEWAY_BLOCKS, COUNTER_GATEWAY_BLOCK_BYTES, COUNTER_GATEWAY_ACKED].map(read);
  const [accepted, blocks, blockBytes, acked] = after.map((count, index) => count - (before[index] as number)) as [
    number,
    number,
    number,
    number,
  ];
  const contextBytes = topicOf === routedTopic ? contextOf(subId(0)).length : 0;
  const recordBytes = RECORD_HEADER_BYTES + contextBytes + PACKET_BYTES - 4 - topicOf(subId(0)).length - (qos === 0 ? 0 : 2);
  assert.equal(accepted, sent);
  assert.equal(acked, qos === 0 ? 0 : sent);
  assert.equal(blockBytes, blocks * BLOCK_HEADER_BYTES + sent * recordBytes);
  return { nsPerMessage, messages: sent };
}
