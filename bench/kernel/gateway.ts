import assert from 'node:assert/strict';
import * as abi from '../../assembly/abi.js';
import { Directory } from '../../src/gateway/directory.js';
import type { GatewayKernel } from '../../src/gateway/kernel.js';
import { KernelMemory, kernelMemory, loadKernel } from '../../src/host/kernel.js';

const SUB_DEVICES = 500;
const PACKET_BYTES = 110;
/** What one read of a busy socket brings. */
const EVENT_BYTES = 64 * abi.KIB;
const EVENTS = 16;
const PARTITIONS = 4;
const SECONDS = 1;
const TENANT = 'default';

export interface GatewayBench {
  /** CPU time of the process, so that a busy machine does not count. */
  readonly nsPerMessage: number;
  readonly messages: number;
  readonly packetBytes: number;
  readonly blocks: number;
  readonly blockBytes: number;
  readonly seconds: number;
}

function connectPacket(id: string): Buffer {
  const body = Buffer.concat([Buffer.from('\0\x04MQTT\x04\x02\0\0\0'), Buffer.of(id.length), Buffer.from(id)]);
  return Buffer.concat([Buffer.of(0x10, body.length), body]);
}

/** A PUBLISH at QoS 0 of exactly PACKET_BYTES. */
function publishPacket(id: string, sequence: number): Buffer {
  const topic = Buffer.from(`devices/${id}/telemetry`);
  const head = Buffer.concat([Buffer.of(0x30, PACKET_BYTES - 2, 0, topic.length), topic]);
  const json = `{"ts":1700000000000,"metrics":{"temperature":21.5,"humidity":40.25},"seq":${sequence}`;
  return Buffer.concat([head, Buffer.from(`${json.padEnd(PACKET_BYTES - head.length - 1)}}`)]);
}

const subId = (i: number) => `sub-${String(i % SUB_DEVICES).padStart(4, '0')}`;

class Setup {
  readonly kernel: GatewayKernel;
  readonly memory: KernelMemory;
  readonly packetsPerEvent = Math.floor(EVENT_BYTES / PACKET_BYTES);
  #nowMs = 1;

  constructor() {
    const memory = kernelMemory(abi.GATEWAY_END);
    this.kernel = loadKernel<GatewayKernel>('gateway', memory);
    this.kernel.initSlots(PARTITIONS);
    this.memory = new KernelMemory(memory);
    const directory = new Directory(this.kernel, this.memory, PARTITIONS);
    const tokenHash = new Uint8Array(abi.DEVICE_TOKEN_HASH_BYTES);
    const put = (number: number, id: string, via: number) =>
      directory.put({ number, id, via, tenant: TENANT, status: 'active', tokenHash }) as number;
    const entry = put(1, 'gw', 0);
    for (let i = 0; i < SUB_DEVICES; i++) put(2 + i, subId(i), 1);
    this.event(0, abi.EVENT_OPENED, 0, 0);
    this.turn(1);
    this.memory.bytes.set(connectPacket('gw'), abi.READ_OFFSET);
    this.event(0, abi.EVENT_DATA, 0, connectPacket('gw').length);
    assert.equal(this.kernel.turn(0, 1), 0, 'CONNECT waits for its answer');
    this.kernel.taken();
    this.kernel.connected(0, entry, 4, 0);
    for (let i = 0; i < EVENTS * this.packetsPerEvent; i++) {
      const event = Math.floor(i / this.packetsPerEvent);
      const at = abi.READ_OFFSET + event * EVENT_BYTES + (i % this.packetsPerEvent) * PACKET_BYTES;
      this.memory.bytes.set(publishPacket(subId(i), 100_000 + i), at);
    }
  }

  event(i: number, kind: number, offset: number, length: number): void {
    const at = abi.EVENTS_OFFSET + i * abi.EVENT_BYTES;
    const { view } = this.memory;
    for (const [word, value] of [0, kind, abi.READ_OFFSET + offset, length, 0, 0].entries()) view.setUint32(at + word * 4, value, true);
  }

  turn(events: number): void {
    this.#nowMs += 1;
    this.kernel.setClock(this.#nowMs * 1000, this.#nowMs);
    assert.equal(this.kernel.turn(0, events), events);
    this.kernel.taken();
  }

  /** The log takes all sealed blocks and has them durable at once. */
  releaseAll(): void {
    let blocks = 0;
    while (this.kernel.nextSealed() >= 0) blocks++;
    for (; blocks > 0; blocks--) assert.equal(this.kernel.release(), 1);
  }

  /** One pass over the prepared reads; answers its messages. */
  pass(): number {
    const length = this.packetsPerEvent * PACKET_BYTES;
    for (let i = 0; i < EVENTS; i++) {
      this.event(0, abi.EVENT_DATA, i * EVENT_BYTES, length);
      this.turn(1);
      this.kernel.sealDue(1);
      this.releaseAll();
    }
    return EVENTS * this.packetsPerEvent;
  }
}

/** The gateway kernel alone: framing, topic, device lookup, block and both hashes, at QoS 0 from one gateway device. */
export function benchGateway(): GatewayBench {
  const setup = new Setup();
  const { counters } = setup.memory;
  const read = (counter: number) => Number(counters[counter]);
  for (let i = 0; i < 20; i++) setup.pass();
  setup.kernel.sealAll();
  setup.releaseAll();
  const acceptedBefore = read(abi.COUNTER_GATEWAY_ACCEPTED);
  const blocksBefore = read(abi.COUNTER_GATEWAY_BLOCKS);
  const bytesBefore = read(abi.COUNTER_GATEWAY_BLOCK_BYTES);
  let messages = 0;
  const started = performance.now();
  const cpuBefore = process.cpuUsage();
  while (performance.now() - started < SECONDS * 1000) messages += setup.pass();
  setup.kernel.sealAll();
  const cpu = process.cpuUsage(cpuBefore);
  const seconds = (performance.now() - started) / 1000;
  const blocks = read(abi.COUNTER_GATEWAY_BLOCKS) - blocksBefore;
  const blockBytes = read(abi.COUNTER_GATEWAY_BLOCK_BYTES) - bytesBefore;
  const topicBytes = 2 + `devices/${subId(0)}/telemetry`.length;
  const recordBytes = abi.RECORD_HEADER_BYTES + PACKET_BYTES - 2 - topicBytes;
  assert.equal(read(abi.COUNTER_GATEWAY_ACCEPTED) - acceptedBefore, messages);
  assert.equal(blockBytes, blocks * abi.BLOCK_HEADER_BYTES + messages * recordBytes);
  return { nsPerMessage: ((cpu.user + cpu.system) * 1000) / messages, messages, packetBytes: PACKET_BYTES, blocks, blockBytes, seconds };
}
