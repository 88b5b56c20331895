import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { ACKS_MAX, NEEDED_PAUSED } from '../../../assembly/abi/gateway.js';

const NOTHING = Buffer.alloc(0);

const OUTBOX_BYTES_MAX = 8 * ACKS_MAX;
/** How long a peer may take to close its side after ours is closed. */
const LINGER_MS = 2000;

/** The kernel's bytes of a connection: a socket, or what is carried inside of one. */
export type Bytes = Duplex;

/** What the portable reactor knows of one connection. */
export class PortableConnection {
  readonly id: number;
  readonly socket: Bytes;
  /** Below TLS or WebSocket, or `socket` itself. */
  readonly raw: Socket;
  /** The end of TLS, where there is TLS. */
  readonly secure: TLSSocket | undefined;
  /** The rest is worth a turn from this size on; NEEDED_PAUSED: not until the connection is read again. */
  needed = 0;
  /** Address of its data event in the table of the coming turn, or 0. */
  event = 0;
  /** The peer does not read what it is sent, so it is not read either. */
  isBlocked = false;
  /** The kernel has taken nothing of it yet. */
  isNew = true;
  /** The peer is done sending. */
  isEnded = false;
  /** The peer is gone, or cannot be reached. */
  isGone = false;
  /** Its EVENT_ENDED is on the way, or was presented. */
  isEndNoted = false;
  /** The kernel has closed it: bytes that still arrive are dropped. */
  isClosing = false;
  /** Its EVENT_CLOSED is on the way. */
  isOver = false;
  #buffer = NOTHING;
  #restBytes = 0;
  #out: Buffer[] = [];

  constructor(id: number, socket: Bytes, raw: Socket, secure: TLSSocket | undefined) {
    this.secure = secure;
    this.id = id;
    this.socket = socket;
    this.raw = raw;
  }

  /** What knows whether the peer takes bytes. */
  get tcp(): Socket {
    return this.secure ?? this.raw;
  }

  get isOpen(): boolean {
    return !this.isClosing && !this.isOver;
  }

  /** The peer has left more unread than all answers that a gateway can owe: it will never read them. */
  get isOverflowing(): boolean {
    return !this.isOver && this.socket.writableLength > OUTBOX_BYTES_MAX;
  }

  get unreadBytes(): number {
    return this.#out.reduce((bytes, { length }) => bytes + length, this.socket.writableLength);
  }

  /** Bytes that wait for a turn. */
  get restBytes(): number {
    return this.#restBytes;
  }

  /** The kernel wants nothing of it until it is asked to read it again. */
  get isPaused(): boolean {
    return this.needed === NEEDED_PAUSED;
  }

  get isReady(): boolean {
    return this.#restBytes > 0 && this.#restBytes >= this.needed;
  }

  /** Adds to the rest. The buffer doubles, so that a peer that sends byte by byte costs no more than its bytes. */
  keep(chunk: Buffer): void {
    const bytes = this.#restBytes + chunk.length;
    if (bytes > this.#buffer.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(bytes, 2 * this.#buffer.length));
      this.#buffer.copy(grown, 0, 0, this.#restBytes);
      this.#buffer = grown;
    }
    chunk.copy(this.#buffer, this.#restBytes);
    this.#restBytes = bytes;
  }

  /** Puts the bytes that a turn left before those that arrived meanwhile. */
  putBack(left: Buffer): void {
    this.#buffer = Buffer.concat([left, this.#buffer.subarray(0, this.#restBytes)]);
    this.#restBytes = this.#buffer.length;
  }

  /** Moves the rest to `target` and answers its size. */
  takeRest(target: Buffer, offset: number): number {
    const bytes = this.#restBytes;
    this.#buffer.copy(target, offset, 0, bytes);
    this.dropRest();
    return bytes;
  }

  dropRest(): void {
    this.#buffer = NOTHING;
    this.#restBytes = 0;
  }

  send(bytes: Buffer): void {
    this.#out.push(bytes);
  }

  /** Writes all that was sent since the last call, in one go. A peer that then takes nothing for `unreadMsMax` times out. */
  flush(unreadMsMax: number): void {
    const out = this.#out;
    if (out.length === 0) return;
    this.#out = [];
    if (!this.socket.writable) return;
    if (this.socket.write(out.length === 1 ? (out[0] as Buffer) : Buffer.concat(out)) || this.isBlocked) return;
    this.isBlocked = true;
    this.tcp.setTimeout(unreadMsMax);
    this.socket.pause();
  }

  /** Closes our side. What still comes is read and dropped: unread bytes would turn our end into a reset. */
  end(): void {
    const { socket } = this;
    socket.end();
    socket.resume();
    if (socket.closed) return;
    const linger = setTimeout(() => socket.destroy(), LINGER_MS);
    socket.once('close', () => clearTimeout(linger));
  }
}
