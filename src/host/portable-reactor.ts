import { createServer, type Server, type Socket } from 'node:net';
import * as abi from '../../assembly/abi.js';
import type { KernelMemory } from './kernel.js';
import type { Reactor, Turn } from './reactor.js';

/** A connection that has this much in hand is not read until the kernel took some of it. */
const REST_BYTES_MAX = 2 * abi.PACKET_BYTES_MAX;
/** How long a peer may take to close its side after ours is closed. */
const LINGER_MS = 2000;

interface Connection {
  readonly id: number;
  readonly socket: Socket;
  /** Bytes that wait for a turn: the first `restBytes` of `rest`. */
  rest: Buffer;
  restBytes: number;
  /** The rest is worth a turn from this size on. */
  needed: number;
  /** Address of its data event in the table of the coming turn, or 0. */
  event: number;
  out: Buffer[];
  /** The peer does not read what it is sent, so it is not read either. */
  isBlocked: boolean;
  /** The peer is done sending. */
  isEnded: boolean;
  /** `close` was called: what still comes is dropped. */
  isClosing: boolean;
  /** Its EVENT_CLOSED is on the way. */
  isOver: boolean;
}

const NOTHING = Buffer.alloc(0);

/**
 * The reactor on node:net. Bytes are copied once, from the chunk that Node read into the read region;
 * what the kernel leaves is kept aside for the connection. A turn runs once per round of the event loop.
 */
export class PortableReactor implements Reactor {
  readonly #memory: Buffer;
  readonly #view: DataView;
  readonly #turn: Turn;
  readonly #refused: () => void;
  readonly #servers = new Set<Server>();
  readonly #sockets = new Set<Socket>();
  readonly #connections: (Connection | undefined)[] = [];
  readonly #freeIds: number[] = [];
  /** Connections whose rest is worth a turn. */
  readonly #ready = new Set<Connection>();
  /** Connections that are not read because of what they have in hand. */
  readonly #full = new Set<Connection>();
  readonly #dirty = new Set<Connection>();
  readonly #over: number[] = [];
  #events = 0;
  #readBytes = 0;
  #isPaused = false;
  #isScheduled = false;
  #isRunning = false;
  #stopped: (() => void) | undefined;

  /** `refused` is called for each connection that finds no free id. */
  constructor(memory: KernelMemory, turn: Turn, refused: () => void) {
    this.#memory = Buffer.from(memory.bytes.buffer);
    this.#view = memory.view;
    this.#turn = turn;
    this.#refused = refused;
  }

  listen(host: string, port: number): Promise<number> {
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.#accept(socket));
    return new Promise((resolve, reject) => {
      server.once('error', (error) => reject(new Error(`cannot listen on ${host}:${port}: ${error.message}`)));
      server.listen({ host, port, backlog: 4096 }, () => {
        this.#servers.add(server);
        server.removeAllListeners('error').on('error', () => {}); // An accept that failed is the peer's to repeat.
        const address = server.address();
        resolve(typeof address === 'object' && address !== null ? address.port : port);
      });
    });
  }

  send(connection: number, offset: number, length: number): void {
    const to = this.#connections[connection];
    if (!to || to.isOver || to.isClosing) return;
    this.#sendCopy(to, Buffer.from(this.#memory.subarray(offset, offset + length)));
  }

  sendBytes(connection: number, bytes: Uint8Array): void {
    const to = this.#connections[connection];
    if (!to || to.isOver || to.isClosing) return;
    this.#sendCopy(to, Buffer.from(bytes));
  }

  close(connection: number): void {
    const ending = this.#connections[connection];
    if (!ending || ending.isOver) return;
    ending.isClosing = true;
    ending.restBytes = 0;
    this.#ready.delete(ending);
    this.#touch(ending);
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    // Those that are ready are read again once their bytes are in a turn.
    for (const connection of this.#full) if (!this.#ready.has(connection)) this.#empty(connection);
    this.wake();
  }

  wake(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#run();
    });
  }

  unlisten(): void {
    for (const server of this.#servers) server.close();
    this.#servers.clear();
  }

  async stop(): Promise<void> {
    this.unlisten();
    this.#flush();
    for (const connection of this.#connections) if (connection) this.#finish(connection);
    if (this.#sockets.size === 0) return;
    await new Promise<void>((resolve) => {
      this.#stopped = resolve;
    });
  }

  #accept(socket: Socket): void {
    const id = this.#freeIds.pop() ?? this.#connections.length;
    if (id >= abi.CONNECTIONS_MAX) {
      socket.destroy();
      this.#refused();
      return;
    }
    const connection: Connection = {
      id,
      socket,
      rest: NOTHING,
      restBytes: 0,
      needed: 0,
      event: 0,
      out: [],
      isBlocked: false,
      isEnded: false,
      isClosing: false,
      isOver: false,
    };
    this.#connections[id] = connection;
    this.#sockets.add(socket);
    this.#makeRoom(0);
    this.#addEvent(id, abi.EVENT_OPENED, 0, 0);
    const ended = () => this.#ended(connection);
    socket.on('data', (chunk) => this.#data(connection, chunk));
    socket.on('drain', () => {
      connection.isBlocked = false;
      if (!this.#full.has(connection)) socket.resume();
    });
    socket.on('end', ended);
    socket.on('error', ended);
    socket.on('close', () => {
      this.#sockets.delete(socket);
      ended();
      if (this.#sockets.size === 0) this.#stopped?.();
    });
  }

  #data(connection: Connection, chunk: Buffer): void {
    this.#makeRoom(connection.restBytes + chunk.length);
    if (connection.isClosing || connection.isOver) return;
    if (connection.event !== 0 && this.#extend(connection.event, chunk)) return;
    const bytes = connection.restBytes + chunk.length;
    if (connection.event !== 0 || this.#isPaused || bytes < connection.needed) {
      this.#keep(connection, chunk);
      if (bytes >= connection.needed) this.#ready.add(connection);
      return;
    }
    this.#present(connection, chunk);
  }

  /** Lays what the connection has in hand, and `chunk` behind it, into the read region as its event. */
  #present(connection: Connection, chunk: Buffer): void {
    const offset = abi.READ_OFFSET + this.#readBytes;
    connection.rest.copy(this.#memory, offset, 0, connection.restBytes);
    chunk.copy(this.#memory, offset + connection.restBytes);
    const bytes = connection.restBytes + chunk.length;
    connection.event = this.#addEvent(connection.id, abi.EVENT_DATA, offset, bytes);
    connection.rest = NOTHING;
    connection.restBytes = 0;
    this.#readBytes += bytes;
    this.#ready.delete(connection);
    this.#empty(connection);
  }

  /** Adds to an event whose bytes are the last in the read region. */
  #extend(event: number, chunk: Buffer): boolean {
    const length = this.#view.getUint32(event + abi.EVENT_AT_LENGTH, true);
    const end = this.#view.getUint32(event + abi.EVENT_AT_OFFSET, true) + length;
    if (end !== abi.READ_OFFSET + this.#readBytes) return false;
    chunk.copy(this.#memory, end);
    this.#view.setUint32(event + abi.EVENT_AT_LENGTH, length + chunk.length, true);
    this.#readBytes += chunk.length;
    return true;
  }

  /** The buffer doubles, so that a peer that sends byte by byte costs no more than its bytes. */
  #keep(connection: Connection, chunk: Buffer): void {
    const bytes = connection.restBytes + chunk.length;
    if (bytes > connection.rest.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(bytes, 2 * connection.rest.length));
      connection.rest.copy(grown, 0, 0, connection.restBytes);
      connection.rest = grown;
    }
    chunk.copy(connection.rest, connection.restBytes);
    connection.restBytes = bytes;
    if (this.#isPaused || bytes > REST_BYTES_MAX) {
      this.#full.add(connection);
      connection.socket.pause();
    }
  }

  #empty(connection: Connection): void {
    if (this.#full.delete(connection) && !connection.isBlocked) connection.socket.resume();
  }

  #ended(connection: Connection): void {
    connection.isEnded = true;
    if (connection.event === 0 && !this.#ready.has(connection)) this.#finish(connection);
  }

  /** Nothing more comes from the connection: the kernel hears so in the next turn. */
  #finish(connection: Connection): void {
    if (connection.isOver) return;
    connection.isOver = true;
    this.#over.push(connection.id);
    this.#ready.delete(connection);
    this.#full.delete(connection);
    this.wake();
    const { socket } = connection;
    socket.end();
    socket.resume(); // What still comes is read and dropped: unread bytes would turn our end into a reset.
    const linger = setTimeout(() => socket.destroy(), LINGER_MS);
    socket.once('close', () => clearTimeout(linger));
    if (socket.closed) clearTimeout(linger);
  }

  #makeRoom(bytes: number): void {
    if (this.#events === abi.EVENTS_MAX || this.#readBytes + bytes > abi.READ_BYTES) this.#run();
  }

  #addEvent(connection: number, kind: number, offset: number, length: number): number {
    const at = abi.EVENTS_OFFSET + this.#events * abi.EVENT_BYTES;
    this.#view.setUint32(at + abi.EVENT_AT_CONNECTION, connection, true);
    this.#view.setUint32(at + abi.EVENT_AT_KIND, kind, true);
    this.#view.setUint32(at + abi.EVENT_AT_OFFSET, offset, true);
    this.#view.setUint32(at + abi.EVENT_AT_LENGTH, length, true);
    this.#view.setUint32(at + abi.EVENT_AT_CONSUMED, 0, true);
    this.#view.setUint32(at + abi.EVENT_AT_NEEDED, 0, true);
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
    for (let i = 0; i < count; i++) this.#settle(abi.EVENTS_OFFSET + i * abi.EVENT_BYTES);
    this.#flush();
    if (this.#over.length > 0 || (this.#ready.size > 0 && !this.#isPaused)) this.wake();
  }

  #addWaiting(): void {
    while (this.#over.length > 0 && this.#events < abi.EVENTS_MAX) this.#addEvent(this.#over.pop() as number, abi.EVENT_CLOSED, 0, 0);
    if (this.#isPaused) return;
    for (const connection of this.#ready) {
      if (this.#events === abi.EVENTS_MAX || this.#readBytes + connection.restBytes > abi.READ_BYTES) return;
      if (connection.event === 0) this.#present(connection, NOTHING);
    }
  }

  /** After the turn: keeps what the kernel left of an event, ahead of what came meanwhile. */
  #settle(event: number): void {
    const id = this.#view.getUint32(event + abi.EVENT_AT_CONNECTION, true);
    const connection = this.#connections[id] as Connection;
    const kind = this.#view.getUint32(event + abi.EVENT_AT_KIND, true);
    if (kind === abi.EVENT_CLOSED) {
      this.#connections[id] = undefined;
      this.#freeIds.push(id);
    }
    if (kind !== abi.EVENT_DATA) return;
    connection.event = 0;
    if (connection.isClosing || connection.isOver) return;
    const offset = this.#view.getUint32(event + abi.EVENT_AT_OFFSET, true);
    const start = offset + this.#view.getUint32(event + abi.EVENT_AT_CONSUMED, true);
    const end = offset + this.#view.getUint32(event + abi.EVENT_AT_LENGTH, true);
    connection.needed = this.#view.getUint32(event + abi.EVENT_AT_NEEDED, true);
    if (start < end) {
      const later = connection.rest.subarray(0, connection.restBytes);
      connection.rest = Buffer.concat([this.#memory.subarray(start, end), later]);
      connection.restBytes = connection.rest.length;
    }
    const isReady = connection.restBytes > 0 && connection.restBytes >= connection.needed;
    if (isReady) this.#ready.add(connection);
    else this.#ready.delete(connection);
    if (connection.isEnded && !isReady) this.#finish(connection);
  }

  #sendCopy(connection: Connection, bytes: Buffer): void {
    connection.out.push(bytes);
    this.#touch(connection);
  }

  #touch(connection: Connection): void {
    this.#dirty.add(connection);
    if (!this.#isRunning) this.wake();
  }

  /** One write a connection and turn. */
  #flush(): void {
    for (const connection of this.#dirty) {
      const { socket, out } = connection;
      if (out.length > 0 && socket.writable) {
        const bytes = out.length === 1 ? (out[0] as Buffer) : Buffer.concat(out);
        if (!socket.write(bytes)) {
          connection.isBlocked = true;
          socket.pause();
        }
      }
      connection.out = [];
      if (connection.isClosing) this.#finish(connection);
    }
    this.#dirty.clear();
  }
}
