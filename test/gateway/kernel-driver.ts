import { BLOCK_AT_BODY_BYTES, BLOCK_AT_PARTITION, BLOCK_HEADER_BYTES } from '../../assembly/abi/block.js';
import {
  BLOCKS_OFFSET,
  CALL_ANSWERED,
  CALL_AT_CODE,
  CALL_AT_CONNECTION,
  CALL_AT_KIND,
  CALL_AT_LENGTH,
  CALL_AT_OFFSET,
  CALL_BYTES,
  CALL_CLOSED,
  CALL_MESSAGE,
  CALL_PACED,
  CALL_PACKET,
  CALL_REFUSED,
  CALL_RELEASED,
  CALL_ROUTE,
  CALL_SETTLED,
  CALL_TAPPED,
  CALLS_OFFSET,
  EVENT_AT_CONSUMED,
  EVENT_AT_NEEDED,
  EVENT_BYTES,
  EVENT_CLOSED,
  EVENT_DATA,
  EVENT_OPENED,
  EVENTS_OFFSET,
  GATEWAY_END,
  READ_OFFSET,
  SEND_AT_CONNECTION,
  SEND_AT_LENGTH,
  SEND_AT_OFFSET,
  SEND_BYTES,
  SENDS_OFFSET,
} from '../../assembly/abi/gateway.js';
import { BLOCK_BYTES_MAX } from '../../assembly/abi/limits.js';
import type { DeviceEntry } from '../../src/contract/devices.js';
import { UNLIMITED } from '../../src/contract/limits/intake-limits.js';
import type { BrokerToGateway } from '../../src/contract/threads/broker.js';
import type { FromGateway } from '../../src/contract/threads/gateway.js';
import { BrokerLink } from '../../src/gateway/broker/link.js';
import { Taps } from '../../src/gateway/broker/taps.js';
import { Directory } from '../../src/gateway/directory.js';
import type { GatewayKernel } from '../../src/gateway/kernel.js';
import { Sessions } from '../../src/gateway/mqtt/session.js';
import { Routes } from '../../src/gateway/rules/routes.js';
import { Shares } from '../../src/gateway/shares.js';
import { KernelMemory, kernelMemory, loadKernel } from '../../src/host/kernel.js';
import { sessionNumbers } from '../../src/host/session-numbers.js';
import type { Reactor } from '../../src/reactor/reactor.js';
import { BrokerDouble } from './broker-double.js';
import { readBlock, type TestRecord } from './gateway-thread.js';

interface Peer {
  rest: Buffer;
  needed: number;
  sent: Buffer;
  isClosed: boolean;
}

/** The kernel and the session layer without sockets and threads: the test is reactor, log and clock. */
export class KernelDriver {
  readonly kernel: GatewayKernel;
  readonly memory: KernelMemory;
  readonly messages: FromGateway[] = [];
  readonly durableTokens: number[] = [];
  readonly records: TestRecord[] = [];
  readonly directory: Directory;
  readonly sessions: Sessions;
  readonly routes: Routes;
  readonly broker = new BrokerDouble();
  /** Connection, type, packet id and reason of what clients answered to messages. */
  readonly answers: number[][] = [];
  /** Connection and packet id of the QoS 2 messages that clients released. */
  readonly released: number[][] = [];
  readonly link: BrokerLink;
  /** Connection, code and ms of the messages that were over a rate. */
  readonly paced: number[][] = [];
  /** How often the kernel asked what a topic means. */
  routesAsked = 0;
  nowMs = 1000;
  /** The records of the blocks that the log has and did not answer yet, oldest first. */
  readonly inLog: TestRecord[][] = [];
  readonly #peers = new Map<number, Peer>();

  constructor(devices: readonly DeviceEntry[], partitions = 4, keepsNotTaken = false, limits = UNLIMITED) {
    const memory = kernelMemory(GATEWAY_END);
    this.kernel = loadKernel<GatewayKernel>('gateway', memory);
    this.kernel.initSlots(partitions);
    this.memory = new KernelMemory(memory);
    this.directory = new Directory(this.kernel, this.memory, partitions, limits);
    const reactor = this.#reactor();
    const post = (message: FromGateway) => void this.messages.push(message);
    this.link = new BrokerLink(this.broker.port, this.kernel);
    const { kernel, directory, link } = this;
    const parts = {
      kernel,
      memory: this.memory,
      directory,
      reactor,
      link,
      taps: new Taps(),
      shares: new Shares(reactor, partitions, post),
      post,
    };
    this.sessions = new Sessions(parts, sessionNumbers(), (session, topic) => this.routes.meaningOf(session, topic));
    this.routes = new Routes(parts, this.sessions, keepsNotTaken);
    link.receive((message) => this.#fromBroker(message));
    for (const device of devices) this.directory.put(device);
  }

  open(id: number): void {
    this.#peers.set(id, { rest: Buffer.alloc(0), needed: 0, sent: Buffer.alloc(0), isClosed: false });
    this.turn([[id, EVENT_OPENED]]);
  }

  /** Bytes arrive; they are presented once the kernel wants them. */
  feed(id: number, bytes: Uint8Array): void {
    const peer = this.peer(id);
    peer.rest = Buffer.concat([peer.rest, bytes]);
    if (peer.rest.length > 0 && peer.rest.length >= peer.needed) this.turn([[id, EVENT_DATA]]);
  }

  close(id: number): void {
    this.turn([[id, EVENT_CLOSED]]);
    this.#peers.delete(id);
  }

  peer(id: number): Peer {
    const peer = this.#peers.get(id);
    if (!peer) throw new Error(`connection ${id} is not open`);
    return peer;
  }

  /** What was sent to the connection since the last call. */
  sent(id: number): Buffer {
    const peer = this.peer(id);
    const { sent } = peer;
    peer.sent = Buffer.alloc(0);
    return sent;
  }

  counter(number: number): number {
    return Number(this.memory.counters[number]);
  }

  /** One turn over these events; data events present what their connection has in hand. */
  turn(events: readonly (readonly [id: number, kind: number])[]): void {
    const { view, bytes } = this.memory;
    let readAt: number = READ_OFFSET;
    for (const [i, [id, kind]] of events.entries()) {
      const at = EVENTS_OFFSET + i * EVENT_BYTES;
      const data = kind === EVENT_DATA ? this.peer(id).rest : Buffer.alloc(0);
      bytes.set(data, readAt);
      for (const [word, value] of [id, kind, readAt, data.length, 0, 0].entries()) view.setUint32(at + word * 4, value, true);
      readAt += data.length;
    }
    this.kernel.setClock(this.nowMs * 1000, this.nowMs);
    for (let at = 0; at < events.length; this.flush()) at = this.kernel.turn(at, events.length);
    for (const [i, [id, kind]] of events.entries()) {
      if (kind !== EVENT_DATA) continue;
      const at = EVENTS_OFFSET + i * EVENT_BYTES;
      const peer = this.peer(id);
      peer.rest = peer.rest.subarray(view.getUint32(at + EVENT_AT_CONSUMED, true));
      peer.needed = view.getUint32(at + EVENT_AT_NEEDED, true);
    }
    this.#hearBroker(events);
  }

  /** What waited for the broker is presented again once it has answered. */
  #hearBroker(events: readonly (readonly [id: number, kind: number])[]): void {
    this.link.flush();
    if (!this.broker.drain()) return;
    const waits = ([id, kind]: readonly [id: number, kind: number]) => kind === EVENT_DATA && this.peer(id).rest.length > 0;
    const again = events.filter(waits);
    if (again.length > 0) this.turn(again);
    else this.#hearBroker([]);
  }

  flush(): void {
    const { view } = this.memory;
    const word = (at: number) => view.getUint32(at, true);
    for (let i = 0; i < this.kernel.sendCount(); i++) {
      const at = SENDS_OFFSET + i * SEND_BYTES;
      const offset = word(at + SEND_AT_OFFSET);
      this.#send(word(at + SEND_AT_CONNECTION), this.memory.slice(offset, word(at + SEND_AT_LENGTH)));
    }
    const calls = this.kernel.callCount();
    this.kernel.taken();
    for (let i = 0; i < calls; i++) {
      const at = CALLS_OFFSET + i * CALL_BYTES;
      const connection = word(at + CALL_AT_CONNECTION);
      const kind = word(at + CALL_AT_KIND);
      const offset = word(at + CALL_AT_OFFSET);
      if (kind === CALL_PACKET) this.sessions.packet(connection, offset, word(at + CALL_AT_LENGTH));
      else if (kind === CALL_REFUSED) this.sessions.refused(connection, word(at + CALL_AT_CODE));
      else if (kind === CALL_CLOSED) this.sessions.closed(connection);
      else if (kind === CALL_MESSAGE) this.routes.message(connection, offset, word(at + CALL_AT_LENGTH));
      else if (kind === CALL_SETTLED) this.sessions.settled(connection);
      else if (kind === CALL_TAPPED) this.routes.tapped(connection, word(at + CALL_AT_CODE), offset, word(at + CALL_AT_LENGTH));
      else if (kind === CALL_PACED) this.paced.push([connection, word(at + CALL_AT_CODE), offset]);
      else if (kind === CALL_ANSWERED) this.answers.push([connection, word(at + CALL_AT_CODE), offset, word(at + CALL_AT_LENGTH)]);
      else if (kind === CALL_RELEASED) {
        this.released.push([connection, offset]);
        const session = this.sessions.find(connection);
        if (session) this.link.released(session.number, offset);
      } else if (kind === CALL_ROUTE) {
        this.routesAsked++;
        this.routes.route(connection, offset, word(at + CALL_AT_LENGTH));
      } else this.durableTokens.push(offset);
    }
  }

  sweep(): void {
    this.kernel.setClock(this.nowMs * 1000, this.nowMs);
    for (let at = 0; at >= 0; this.flush()) at = this.kernel.sweep(at);
  }

  /** Hands all sealed blocks to the log. */
  push(): void {
    for (let slot = this.kernel.nextSealed(); slot >= 0; slot = this.kernel.nextSealed()) {
      const offset = BLOCKS_OFFSET + slot * BLOCK_BYTES_MAX;
      const bytes = BLOCK_HEADER_BYTES + this.memory.view.getUint32(offset + BLOCK_AT_BODY_BYTES, true);
      const partition = this.memory.view.getUint32(offset + BLOCK_AT_PARTITION, true);
      const records = readBlock(this.memory.slice(offset, bytes), { offset, bytes, partition });
      this.records.push(...records);
      this.inLog.push(records);
    }
  }

  /** The oldest block in the log is durable. */
  release(): void {
    this.inLog.shift();
    while (this.kernel.release() === 0) this.flush();
    this.flush();
    this.link.durable();
    this.#hearBroker([]);
  }

  sealAndReleaseAll(): void {
    this.kernel.sealAll();
    this.push();
    while (this.inLog.length > 0) this.release();
  }

  #fromBroker(message: BrokerToGateway): void {
    if (message.kind === 'settled') this.link.settled(message.number, () => this.flush());
    else if (message.kind !== 'traffic' && message.kind !== 'taps' && message.kind !== 'will') this.sessions.fromBroker(message);
  }

  #send(id: number, bytes: Uint8Array): void {
    const peer = this.#peers.get(id);
    if (peer && !peer.isClosed) peer.sent = Buffer.concat([peer.sent, bytes]);
  }

  #reactor(): Reactor {
    return {
      name: 'portable',
      listen: async () => 0,
      listenDtls: () => Promise.resolve(0),
      closeAssociation: () => {},
      answerAssociation: () => {},
      listenDatagrams: async () => 0,
      answer: () => {},
      send: () => {},
      sendTable: () => {},
      sendBytes: (id, bytes) => this.#send(id, bytes),
      unread: () => 0,
      close: (id) => {
        this.peer(id).isClosed = true;
      },
      pause: () => {},
      resume: () => {},
      again: () => {},
      wake: () => {},
      limit: () => {},
      limitUnread: () => {},
      trust: () => {},
      share: () => {},
      hold: () => {},
      shareCounts: () => [],
      peerCertificate: () => undefined,
      renewTls: () => {},
      unlisten: () => {},
      stop: async () => {},
    };
  }
}
