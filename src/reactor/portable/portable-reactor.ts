import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { CODE_CONNECTIONS_EXHAUSTED, CODE_PEER_NOT_READING } from '../../../assembly/abi/codes.js';
import {
  EVENT_AT_CONNECTION,
  EVENT_AT_CONSUMED,
  EVENT_AT_KIND,
  EVENT_AT_LENGTH,
  EVENT_AT_NEEDED,
  EVENT_AT_OFFSET,
  EVENT_AT_TRANSPORT,
  EVENT_BYTES,
  EVENT_CLOSED,
  EVENT_DATA,
  EVENT_DATAGRAM,
  EVENT_ENDED,
  EVENT_OPENED,
  EVENTS_MAX,
  EVENTS_OFFSET,
  READ_BYTES,
  READ_OFFSET,
  SEND_AT_CONNECTION,
  SEND_AT_LENGTH,
  SEND_AT_OFFSET,
  SEND_BYTES,
  SENDS_OFFSET,
} from '../../../assembly/abi/gateway.js';
import { CONNECTIONS_MAX, PACKET_BYTES_MAX } from '../../../assembly/abi/limits.js';
import { authority } from '../../contract/host-address.js';
import type { TlsMaterial } from '../../contract/tls-material.js';
import type { Doorbell } from '../../host/doorbell.js';
import type { KernelMemory } from '../../host/kernel.js';
import type { ListenOptions, OnRefused, Reactor, Turn } from '../reactor.js';
import { type Bytes, PortableConnection } from './portable-connection.js';
import { PortableDatagrams } from './portable-datagrams.js';
import { type Accept, PortableListeners } from './portable-listeners.js';
import { Strangers } from './strangers.js';

/** A connection that has this much in hand is not read until the kernel took some of it. */
/** How long a peer may take nothing of much that it was sent. */
const UNREAD_MS_MAX = 30_000;
const REST_BYTES_MAX = 2 * PACKET_BYTES_MAX;
const NOTHING = Buffer.alloc(0);

/**
 * The reactor on node:net. Bytes are copied once, from the chunk that Node read into the read region;
 * what the kernel leaves is kept aside for the connection. A turn runs once per round of the event loop.
 */
export class PortableReactor implements Reactor {
  readonly name = 'portable';
  readonly #memory: Buffer;
  readonly #view: DataView;
  readonly #turn: Turn;
  readonly #refused: OnRefused;
  readonly #listeners: PortableListeners;
  readonly #datagrams = new PortableDatagrams((socket, header, bytes) => this.#datagram(socket, header, bytes));
  readonly #sockets = new Set<Bytes>();
  readonly #strangers = new Strangers();
  #unreadMsMax = UNREAD_MS_MAX;
  readonly #connections: (PortableConnection | undefined)[] = [];
  readonly #freeIds: number[] = [];
  /** Connections whose rest is worth a turn. */
  readonly #ready = new Set<PortableConnection>();
  /** Connections that are not read because of what they have in hand. */
  readonly #full = new Set<PortableConnection>();
  /** Connections with something to send, or to close. */
  readonly #dirty = new Set<PortableConnection>();
  /** Connections whose EVENT_ENDED comes with the next turn. */
  #ended: PortableConnection[] = [];
  /** Connections that end with the next turn. */
  readonly #over: number[] = [];
  #events = 0;
  #readBytes = 0;
  #isPaused = false;
  #readsNewcomers = false;
  #isScheduled = false;
  #isRunning = false;
  #connectionsMax = CONNECTIONS_MAX;
  #isStopped = false;
  #doorbell: Doorbell | undefined;
  #stopped: (() => void) | undefined;

  constructor(memory: KernelMemory, turn: Turn, refused: OnRefused) {
    this.#memory = Buffer.from(memory.bytes.buffer);
    this.#view = memory.view;
    this.#turn = turn;
    this.#refused = refused;
    const accept: Accept = (bytes, raw, transport, secure) => this.#accept(bytes, raw, transport, secure);
    this.#listeners = new PortableListeners(accept, refused, this.#strangers);
  }

  async listen(host: string, port: number, options: ListenOptions = {}): Promise<number> {
    if (options.isShared) throw cannotShare(host, port);
    return await this.#listeners.listen(host, port, options);
  }

  async listenDatagrams(host: string, port: number, isShared = false): Promise<number> {
    if (isShared) throw cannotShare(host, port);
    return await this.#datagrams.listen(host, port);
  }

  async listenDtls(host: string, port: number): Promise<number> {
    throw new Error(
      `cannot listen on ${authority(host, port)} for CoAP over DTLS: this is the portable reactor, which has none; ` +
        'build the native one (Linux with cargo: npm run build:native), or leave SPILLWAY_COAPS_PORT out',
    );
  }

  closeAssociation(): void {}

  answerAssociation(): void {}

  answer(doorbell: Doorbell): void {
    this.#doorbell = doorbell;
    void this.#answerDoorbell(doorbell);
  }

  sendTable(count: number): void {
    for (let at = SENDS_OFFSET, end = at + count * SEND_BYTES; at < end; at += SEND_BYTES) {
      const word = (field: number) => this.#view.getUint32(at + field, true);
      this.send(word(SEND_AT_CONNECTION), word(SEND_AT_OFFSET), word(SEND_AT_LENGTH));
    }
  }

  send(connection: number, offset: number, length: number): void {
    this.sendBytes(connection, this.#memory.subarray(offset, offset + length));
  }

  sendBytes(connection: number, bytes: Uint8Array): void {
    if (connection >= CONNECTIONS_MAX) {
      this.#datagrams.send(connection - CONNECTIONS_MAX, Buffer.from(bytes));
      return;
    }
    const to = this.#connections[connection];
    if (!to?.isOpen) return;
    to.send(Buffer.from(bytes));
    this.#touch(to);
  }

  unread(connection: number): number {
    return this.#connections[connection]?.unreadBytes ?? 0;
  }

  close(connection: number): void {
    const ending = this.#connections[connection];
    if (!ending?.isOpen) return;
    ending.isClosing = true;
    ending.dropRest();
    this.#ready.delete(ending);
    this.#touch(ending);
  }

  pause(reads: 'nobody' | 'newcomers'): void {
    this.#isPaused = true;
    this.#readsNewcomers = reads === 'newcomers';
  }

  resume(): void {
    this.#isPaused = false;
    // Those that are ready are read again once their bytes are in a turn.
    for (const connection of this.#full) if (!connection.isReady && !connection.isPaused) this.#readAgain(connection);
    this.wake();
  }

  again(connection: number): void {
    const paused = this.#connections[connection];
    if (!paused?.isOpen || !paused.isPaused) return;
    paused.needed = 0;
    if (paused.isReady) this.#ready.add(paused);
    else {
      this.#readAgain(paused);
      if (paused.isEnded) this.#conclude(paused);
    }
    this.wake();
  }

  share(): void {}

  hold(): void {}

  shareCounts(): number[] {
    return [];
  }

  wake(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#run();
    });
  }

  limit(connections: number, strangers: number): void {
    this.#connectionsMax = Math.min(connections, CONNECTIONS_MAX);
    this.#strangers.limit = strangers;
  }

  limitUnread(withinMs: number): void {
    this.#unreadMsMax = withinMs;
  }

  peerCertificate(connection: number): Uint8Array | undefined {
    return this.#connections[connection]?.secure?.getPeerX509Certificate()?.raw;
  }

  renewTls(material: TlsMaterial): void {
    this.#listeners.renewTls(material);
  }

  trust(connection: number): void {
    const trusted = this.#connections[connection];
    if (trusted) this.#strangers.forget(trusted.raw);
  }

  unlisten(): void {
    this.#listeners.close();
  }

  async stop(): Promise<void> {
    this.unlisten();
    this.#listeners.destroyGreeting();
    this.#flush();
    for (const connection of this.#connections) if (connection) this.#finish(connection);
    if (this.#sockets.size > 0) {
      await new Promise<void>((resolve) => {
        this.#stopped = resolve;
      });
    }
    this.#datagrams.close();
    this.#isStopped = true;
    this.#doorbell?.ring();
  }

  async #answerDoorbell(doorbell: Doorbell): Promise<void> {
    while (!this.#isStopped) {
      const seen = doorbell.seen();
      this.wake();
      await doorbell.waitAsync(seen);
    }
  }

  #accept(socket: Bytes, raw: Socket, transport: number, secure: TLSSocket | undefined): void {
    const id = this.#freeIds.at(-1) ?? this.#connections.length;
    if (this.#sockets.size >= this.#connectionsMax || id >= CONNECTIONS_MAX) {
      socket.destroy();
      this.#refused(CODE_CONNECTIONS_EXHAUSTED);
      return;
    }
    this.#freeIds.pop();
    const connection = new PortableConnection(id, socket, raw, secure);
    this.#connections[id] = connection;
    this.#sockets.add(socket);
    this.#makeRoom(0);
    this.#view.setUint32(this.#addEvent(id, EVENT_OPENED, 0, 0) + EVENT_AT_TRANSPORT, transport, true);
    const gone = () => {
      connection.isGone = true;
      this.#endRead(connection);
    };
    socket.on('data', (chunk) => this.#data(connection, chunk));
    socket.on('drain', () => {
      connection.isBlocked = false;
      connection.tcp.setTimeout(0);
      if (!this.#full.has(connection)) socket.resume();
    });
    connection.tcp.on('timeout', () => this.#giveUp(connection));
    socket.on('end', () => this.#endRead(connection));
    socket.on('error', gone);
    socket.on('close', () => {
      this.#sockets.delete(socket);
      gone();
      if (this.#sockets.size === 0) this.#stopped?.();
    });
  }

  #data(connection: PortableConnection, chunk: Buffer): void {
    this.#makeRoom(connection.restBytes + chunk.length);
    if (!connection.isOpen) return;
    if (connection.event !== 0 && this.#extend(connection.event, chunk)) return;
    if (connection.event === 0 && this.#mayRead(connection) && connection.restBytes + chunk.length >= connection.needed) {
      this.#present(connection, chunk);
      return;
    }
    connection.keep(chunk);
    if (connection.isReady) this.#ready.add(connection);
    if (!this.#mayRead(connection) || connection.restBytes > REST_BYTES_MAX) {
      this.#full.add(connection);
      connection.socket.pause();
    }
  }

  /** While paused, datagrams are dropped: their senders repeat what they want to be sure of. */
  #datagram(socket: number, header: Buffer, bytes: Buffer): void {
    if (this.#isPaused) return;
    const length = header.length + bytes.length;
    this.#makeRoom(length);
    const offset = READ_OFFSET + this.#readBytes;
    header.copy(this.#memory, offset);
    bytes.copy(this.#memory, offset + header.length);
    this.#addEvent(CONNECTIONS_MAX + socket, EVENT_DATAGRAM, offset, length);
    this.#readBytes += length;
  }

  /** Lays what the connection has in hand, and `chunk` after it, into the read region as its event. */
  #present(connection: PortableConnection, chunk: Buffer): void {
    const offset = READ_OFFSET + this.#readBytes;
    const restBytes = connection.takeRest(this.#memory, offset);
    chunk.copy(this.#memory, offset + restBytes);
    connection.event = this.#addEvent(connection.id, EVENT_DATA, offset, restBytes + chunk.length);
    this.#readBytes += restBytes + chunk.length;
    this.#ready.delete(connection);
    this.#readAgain(connection);
  }

  /** Adds to an event whose bytes are the last in the read region. */
  #extend(event: number, chunk: Buffer): boolean {
    const length = this.#view.getUint32(event + EVENT_AT_LENGTH, true);
    const end = this.#view.getUint32(event + EVENT_AT_OFFSET, true) + length;
    if (end !== READ_OFFSET + this.#readBytes) return false;
    chunk.copy(this.#memory, end);
    this.#view.setUint32(event + EVENT_AT_LENGTH, length + chunk.length, true);
    this.#readBytes += chunk.length;
    return true;
  }

  #readAgain(connection: PortableConnection): void {
    if (this.#full.delete(connection) && !connection.isBlocked) connection.socket.resume();
  }

  #endRead(connection: PortableConnection): void {
    connection.isEnded = true;
    if (connection.event === 0 && !connection.isReady && (!connection.isPaused || connection.isGone)) this.#conclude(connection);
  }

  /** The kernel can take nothing more of the peer's bytes, and no more come. */
  #conclude(connection: PortableConnection): void {
    if (connection.isGone) this.#finish(connection);
    else if (connection.isOpen && !connection.isEndNoted) {
      connection.isEndNoted = true;
      this.#ended.push(connection);
      this.wake();
    }
  }

  /** The connection has ended: the kernel gets its EVENT_CLOSED in the next turn. */
  #finish(connection: PortableConnection): void {
    if (connection.isOver) return;
    connection.isOver = true;
    this.#over.push(connection.id);
    this.#ready.delete(connection);
    this.#full.delete(connection);
    connection.end();
    this.wake();
  }

  #makeRoom(bytes: number): void {
    if (this.#events === EVENTS_MAX || this.#readBytes + bytes > READ_BYTES) this.#run();
  }

  #addEvent(connection: number, kind: number, offset: number, length: number): number {
    const at = EVENTS_OFFSET + this.#events * EVENT_BYTES;
    this.#view.setUint32(at + EVENT_AT_CONNECTION, connection, true);
    this.#view.setUint32(at + EVENT_AT_KIND, kind, true);
    this.#view.setUint32(at + EVENT_AT_OFFSET, offset, true);
    this.#view.setUint32(at + EVENT_AT_LENGTH, length, true);
    this.#view.setUint32(at + EVENT_AT_CONSUMED, 0, true);
    this.#view.setUint32(at + EVENT_AT_NEEDED, 0, true);
    this.#events++;
    this.wake();
    return at;
  }

  #run(): void {
    this.#addWaiting();
    const count = this.#events;
    this.#isRunning = true;
    this.#turn(count);
    this.#isRunning = false;
    this.#events = 0;
    this.#readBytes = 0;
    for (let i = 0; i < count; i++) this.#settle(EVENTS_OFFSET + i * EVENT_BYTES);
    this.#flush();
    if (this.#over.length > 0 || this.#ended.length > 0 || this.#hasReadable()) this.wake();
  }

  #addWaiting(): void {
    this.#addEnded();
    while (this.#over.length > 0 && this.#events < EVENTS_MAX) this.#addEvent(this.#over.pop() as number, EVENT_CLOSED, 0, 0);
    for (const connection of this.#ready) {
      if (!this.#mayRead(connection)) continue;
      if (this.#events === EVENTS_MAX || this.#readBytes + connection.restBytes > READ_BYTES) return;
      if (connection.event === 0) this.#present(connection, NOTHING);
    }
  }

  #addEnded(): void {
    const free = EVENTS_MAX - this.#events;
    for (const connection of this.#ended.splice(0, free)) if (connection.isOpen) this.#addEvent(connection.id, EVENT_ENDED, 0, 0);
  }

  #hasReadable(): boolean {
    if (!this.#isPaused) return this.#ready.size > 0;
    for (const connection of this.#ready) if (this.#mayRead(connection)) return true;
    return false;
  }

  #mayRead(connection: PortableConnection): boolean {
    return !connection.isPaused && (!this.#isPaused || (this.#readsNewcomers && connection.isNew));
  }

  /** After the turn: keeps what the kernel left of an event. */
  #settle(event: number): void {
    const id = this.#view.getUint32(event + EVENT_AT_CONNECTION, true);
    const connection = this.#connections[id] as PortableConnection;
    const kind = this.#view.getUint32(event + EVENT_AT_KIND, true);
    if (kind === EVENT_CLOSED) {
      this.#connections[id] = undefined;
      this.#freeIds.push(id);
    }
    if (kind !== EVENT_DATA) return;
    connection.event = 0;
    if (!connection.isOpen) return;
    const offset = this.#view.getUint32(event + EVENT_AT_OFFSET, true);
    const start = offset + this.#view.getUint32(event + EVENT_AT_CONSUMED, true);
    if (start > offset) connection.isNew = false;
    const end = offset + this.#view.getUint32(event + EVENT_AT_LENGTH, true);
    connection.needed = this.#view.getUint32(event + EVENT_AT_NEEDED, true);
    if (start < end) connection.putBack(this.#memory.subarray(start, end));
    if (connection.isReady) this.#ready.add(connection);
    else this.#ready.delete(connection);
    if (connection.isPaused && !connection.isEnded) {
      this.#full.add(connection);
      connection.socket.pause();
    }
    if (connection.isEnded && !connection.isReady && (!connection.isPaused || connection.isGone)) this.#conclude(connection);
  }

  /** Closes a connection whose peer does not read, and drops what it was sent. */
  #giveUp(connection: PortableConnection): void {
    if (connection.isOver) return;
    this.#refused(CODE_PEER_NOT_READING);
    connection.socket.destroy();
    this.#finish(connection);
  }

  #touch(connection: PortableConnection): void {
    this.#dirty.add(connection);
    if (!this.#isRunning) this.wake();
  }

  #flush(): void {
    for (const connection of this.#dirty) {
      connection.flush(this.#unreadMsMax);
      if (connection.isOverflowing) this.#giveUp(connection);
      else if (connection.isClosing) this.#finish(connection);
    }
    this.#dirty.clear();
  }
}

function cannotShare(host: string, port: number): Error {
  return new Error(`cannot listen on ${authority(host, port)}: portable reactors cannot share a port; set SPILLWAY_GATEWAYS to 1`);
}
