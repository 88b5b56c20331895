import { KIB, MIB } from '../../../assembly/abi/limits.js';
import type { Services } from '../services.js';
import { LiveSession, type LiveSocket } from './live-session.js';

export const LIVE_PATH = '/v1/live';
/** Limits that each server keeps for its sockets. */
export const LIVE_MESSAGE_BYTES_MAX = 256 * KIB;
export const LIVE_BUFFERED_BYTES_MAX = 1 * MIB;
/** A socket whose client does not even answer pings is gone after this. */
export const LIVE_IDLE_SECONDS_MAX = 60;

/** Sockets whose client has shown a key. */
const VIEWS_MAX = 1000;
/** Sockets whose client has not: the one that has waited longest makes room for the next. */
const KEYLESS_MAX = 64;
const CLOSE_GOING_AWAY = 1001;
const CLOSE_TRY_LATER = 1013;

/** The live views that are open. A server names each by the socket it gave to `open`. */
export class LiveViews {
  readonly #services: Services;
  readonly #sessions = new Map<LiveSocket, LiveSession>();
  /** Oldest first. */
  readonly #keyless = new Set<LiveSocket>();
  #closing = false;

  constructor(services: Services) {
    this.#services = services;
  }

  open(socket: LiveSocket): void {
    if (this.#closing) {
      socket.end(CLOSE_GOING_AWAY, 'the server is shutting down');
      return;
    }
    const [oldest] = this.#keyless;
    if (oldest && this.#keyless.size >= KEYLESS_MAX) this.#drop(oldest);
    this.#keyless.add(socket);
    // A socket may not be touched after its end, so what the session does late must find it gone.
    const isOpen = () => this.#sessions.has(socket);
    const guarded: LiveSocket = {
      send: (text) => isOpen() && socket.send(text),
      bufferedBytes: () => (isOpen() ? socket.bufferedBytes() : 0),
      trust: () => isOpen() && this.#trust(socket),
      end: (code, reason) => this.#end(socket, code, reason),
      drop: (code, reason) => socket.drop(code, reason),
    };
    this.#sessions.set(socket, new LiveSession(guarded, this.#services));
  }

  receive(socket: LiveSocket, bytes: Uint8Array): void {
    this.#sessions.get(socket)?.receive(bytes);
  }

  /** The socket is gone, whoever ended it. */
  closed(socket: LiveSocket): void {
    const session = this.#sessions.get(socket);
    this.#sessions.delete(socket);
    this.#keyless.delete(socket);
    session?.closed();
  }

  close(): void {
    this.#closing = true;
    for (const socket of [...this.#sessions.keys()]) this.#end(socket, CLOSE_GOING_AWAY, 'the server is shutting down');
  }

  #trust(socket: LiveSocket): boolean {
    if (this.#sessions.size - this.#keyless.size >= VIEWS_MAX) {
      this.#end(socket, CLOSE_TRY_LATER, 'too many live views');
      return false;
    }
    this.#keyless.delete(socket);
    return socket.trust();
  }

  #drop(socket: LiveSocket): void {
    this.closed(socket);
    socket.drop(CLOSE_TRY_LATER, 'too many clients without a key');
  }

  /** Nothing that the client still sends reaches the session: to it the socket is gone before the handshake is over. */
  #end(socket: LiveSocket, code: number, reason: string): void {
    if (!this.#sessions.has(socket)) return;
    this.closed(socket);
    socket.end(code, reason);
  }
}
