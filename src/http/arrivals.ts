import type { Server, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { interceptConnections, RawSockets } from '../sockets/connections.js';
import { inheritPeer, ProxiedSockets } from '../sockets/proxied-sockets.js';
import type { ConnectionLimits } from './connection-limits.js';

export interface ArrivalRules {
  readonly limits: ConnectionLimits;
  /** Addresses, and ranges of them, of proxies: their connections begin with a PROXY header. */
  readonly proxies?: readonly string[];
}

/** Ends a connection at once, as it is not let in, or makes room for another one. */
export type TurnAway = (socket: Socket, code: 'proxy_header_invalid' | 'connections_exhausted') => void;

/** The connections of a server, in clear or over TLS: which are let in, and whose they are. */
export class Arrivals {
  readonly #server: Server;
  readonly #limits: ConnectionLimits;
  readonly #isTls: boolean;
  /** By TLS connection: the socket below. */
  readonly #raws = new WeakMap<Duplex, Socket>();

  constructor(server: Server, { limits, proxies = [] }: ArrivalRules, isTls: boolean, turnAway: TurnAway) {
    this.#server = server;
    this.#limits = limits;
    this.#isTls = isTls;
    const raws = new RawSockets();
    const proxied = new ProxiedSockets(proxies);
    const known = new WeakSet<Socket>();
    interceptConnections(server, (socket, serve) => {
      const admit = () => {
        known.add(socket);
        if (isTls) raws.add(socket);
        if (limits.admit(socket, () => turnAway(socket, 'connections_exhausted'))) serve();
        else turnAway(socket, 'connections_exhausted');
      };
      if (known.has(socket)) serve();
      else if (!proxied.isProxy(socket)) admit();
      else proxied.takeHeader(socket, admit, () => turnAway(socket, 'proxy_header_invalid'));
    });
    server.on('secureConnection', (socket: Socket) => {
      const raw = raws.below(socket);
      inheritPeer(socket, raw);
      this.#raws.set(socket, raw);
    });
  }

  /** Serves a connection from its next bytes on, as if it were new. */
  serveAgain(socket: Duplex): void {
    this.#server.emit(this.#isTls ? 'secureConnection' : 'connection', socket);
  }

  requestBegan(socket: Duplex): void {
    this.#limits.requestBegan(this.#rawOf(socket));
  }

  requestEnded(socket: Duplex): void {
    this.#limits.requestEnded(this.#rawOf(socket));
  }

  /** It no longer counts against its address. */
  trust(socket: Duplex): void {
    this.#limits.trust(this.#rawOf(socket));
  }

  #rawOf(socket: Duplex): Socket {
    return this.#raws.get(socket) ?? (socket as Socket);
  }
}
