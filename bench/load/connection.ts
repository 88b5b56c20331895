import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { AckLatency } from './ack-latency.js';
import type { LoadPlan } from './messages.js';
import { connectPacket, PacketLap, packetId } from './packets.js';

export interface ConnectionPlan extends LoadPlan {
  readonly host: string;
  readonly port: number;
  readonly clientId: string;
  readonly tenant: string;
  readonly token: string;
  readonly qos: 0 | 1;
  /** Packets a write. */
  readonly batch: number;
  /** Unacknowledged messages at most, below 65,536. */
  readonly window: number;
}

/** Writes a round may do before the next connection has its turn. */
const writesARound = 8;
const idsMax = 65536;

/** One gateway device's connection, with the messages of the devices behind it. */
export class LoadConnection {
  sent = 0;
  acked = 0;
  readonly plan: ConnectionPlan;
  readonly #socket: Socket;
  readonly #lap: PacketLap;
  readonly #latency: AckLatency;
  readonly #sentAtMs = new Float64Array(idsMax);
  readonly #onReady: () => void;
  /** Messages that the kernel has taken, so that their slots may be patched again. */
  #flushed = 0;
  #carry: Buffer = Buffer.alloc(0);
  #ended = false;

  private constructor(plan: ConnectionPlan, socket: Socket, deviceIds: readonly string[], latency: AckLatency, onReady: () => void) {
    this.plan = plan;
    this.#socket = socket;
    this.#lap = new PacketLap(plan, deviceIds, plan.qos);
    this.#latency = latency;
    this.#onReady = onReady;
    socket.on('data', (chunk) => this.#takeAcks(chunk));
    socket.on('error', (error) => this.#broken(error.message));
    socket.on('close', () => this.#broken('the appliance closed it'));
  }

  /** Connects and authenticates. `onReady` is called when there may be room to send again. */
  static async open(plan: ConnectionPlan, deviceIds: readonly string[], latency: AckLatency, onReady: () => void): Promise<LoadConnection> {
    const socket = connect({ host: plan.host, port: plan.port, noDelay: true });
    await once(socket, 'connect');
    socket.write(connectPacket(plan.clientId, plan.tenant, plan.token));
    const [connack] = (await once(socket, 'data')) as [Buffer];
    assert.deepEqual([...connack.subarray(0, 4)], [0x20, 2, 0, 0], `CONNACK of ${plan.clientId} must accept`);
    return new LoadConnection(plan, socket, deviceIds, latency, onReady);
  }

  get settled(): boolean {
    return this.#flushed === this.sent && (this.plan.qos === 0 || this.acked === this.sent);
  }

  /** Sends a few batches, `upTo` messages at most in all; false when it must wait for room. */
  pump(upTo = Number.POSITIVE_INFINITY): boolean {
    const { batch, slots, qos, window } = this.plan;
    for (let write = 0; write < writesARound; write++) {
      const start = this.sent % slots;
      const count = Math.min(batch, slots - start, upTo - this.sent);
      if (count <= 0) return false;
      if (this.sent + count - this.#flushed > slots || (qos === 1 && this.sent + count - this.acked > window)) return false;
      this.#write(start, count);
    }
    return true;
  }

  close(): void {
    this.#ended = true;
    this.#socket.end(Buffer.from([0xe0, 0]));
    this.#socket.resume();
  }

  #write(start: number, count: number): void {
    const nowMs = performance.now();
    for (let message = this.sent; message < this.sent + count; message++) {
      this.#lap.patch(message);
      if (this.plan.qos === 1) this.#sentAtMs[packetId(message)] = nowMs;
    }
    this.sent += count;
    const { bytes, packetBytes } = this.#lap;
    this.#socket.write(bytes.subarray(start * packetBytes, (start + count) * packetBytes), () => {
      this.#flushed += count;
      this.#onReady();
    });
  }

  /** Nothing but PUBACKs comes: 0x40, 2, packet id. They may be cut anywhere. */
  #takeAcks(chunk: Buffer): void {
    const nowMs = performance.now();
    const bytes = this.#carry.length === 0 ? chunk : Buffer.concat([this.#carry, chunk]);
    let at = 0;
    for (; at + 4 <= bytes.length; at += 4) {
      if (bytes[at] !== 0x40 || bytes[at + 1] !== 2) this.#broken(`it sent packet type ${bytes[at]}`);
      this.#latency.record(nowMs - (this.#sentAtMs[bytes.readUInt16BE(at + 2)] as number));
      this.acked++;
    }
    this.#carry = bytes.subarray(at);
    this.#onReady();
  }

  #broken(cause: string): void {
    if (!this.#ended) throw new Error(`cannot go on with connection ${this.plan.clientId}: ${cause}`);
  }
}
