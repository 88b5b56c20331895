import { KIB, MIB } from '../../../assembly/abi/limits.js';
import type { ClientSocket, WebSocketApp } from '../../http/web-socket.js';
import { type LiveServices, LiveSession } from './live-session.js';

/** Sockets whose client has shown a key. */
const VIEWS_MAX = 1000;
/** Sockets whose client has not: the one that has waited longest makes room for the next. */
const KEYLESS_MAX = 64;
const CLOSE_GOING_AWAY = 1001;
const CLOSE_TRY_LATER = 1013;

/** The live views that are open. */
export class LiveViews implements WebSocketApp {
  readonly path = '/v1/live';
  readonly messageBytesMax = 256 * KIB;
  readonly bufferedBytesMax = 1 * MIB;
  readonly idleSecondsMax = 60;
  readonly #services: LiveServices;
  readonly #sessions = new Map<ClientSocket, LiveSession>();
  /** Oldest first. */
  readonly #keyless = new Set<ClientSocket>();
  #closing = false;

  constructor(services: LiveServices) {
    this.#services = services;
  }

  open(socket: ClientSocket): void {
    if (this.#closing) {
      socket.end(CLOSE_GOING_AWAY, 'the server is shutting down');
      return;
    }
    const [oldest] = this.#keyless;
    if (oldest && this.#keyless.size >= KEYLESS_MAX) this.#drop(oldest);
    this.#keyless.add(socket);
    // A socket may not be touched after its end, so what the session does late must find it gone.
    const isOpen = () => this.#sessions.has(socket);
    const guarded: ClientSocket = {
      send: (text) => isOpen() && socket.send(text),
      bufferedBytes: () => (isOpen() ? socket.bufferedBytes() : 0),
      trust: () => isOpen() && this.#trust(socket),
      end: (code, reason) => this.#end(socket, code, reason),
      drop: (code, reason) => socket.drop(code, reason),
    };
    this.#sessions.set(socket, new LiveSession(guarded, this.#services));
  }

  receive(socket: ClientSocket, bytes: Uint8Array): void {
    this.#sessions.get(socket)?.receive(bytes);
  }

  /** The socket is gone, whoever ended it. */
  closed(socket: ClientSocket): void {
    const session = this.#sessions.get(socket);
    this.#sessions.delete(socket);
    this.#keyless.delete(socket);
    session?.closed();
  }

  close(): void {
    this.#closing = true;
    for (const socket of [...this.#sessions.keys()]) this.#end(socket, CLOSE_GOING_AWAY, 'the server is shutting down');
  }

  #trust(socket: ClientSocket): boolean {
    if (this.#sessions.size - this.#keyless.size >= VIEWS_MAX) {
      this.#end(socket, CLOSE_TRY_LATER, 'too many live views');
      return false;
    }
    this.#keyless.delete(socket);
    return socket.trust();
  }

  #drop(socket: ClientSocket): void {
    this.closed(socket);
    socket.drop(CLOSE_TRY_LATER, 'too many clients without a key');
  }

  /** Nothing that the client still sends reaches the session: to it the socket is gone before the handshake is over. */
  #end(socket: ClientSocket, code: number, reason: string): void {
    if (!this.#sessions.has(socket)) return;
    this.closed(socket);
    socket.end(code, reason);
  }
}
