import { createServer, type Server, type Socket } from 'node:net';
import { createSecureContext, createServer as createTlsServer, TLSSocket, Server as TlsServer } from 'node:tls';
import {
  CODE_ADDRESS_EXHAUSTED,
  CODE_PROXY_HEADER_INVALID,
  CODE_TLS_HANDSHAKE_FAILED,
  CODE_WEBSOCKET_REFUSED,
} from '../../../assembly/abi/codes.js';
import { authority } from '../../contract/host-address.js';
import type { TlsMaterial } from '../../contract/tls-material.js';
import { interceptConnections, RawSockets } from '../../sockets/connections.js';
import { ProxiedSockets } from '../../sockets/proxied-sockets.js';
import { isPeerTaken, secureContextOptions, tlsServerOptions } from '../../sockets/tls-options.js';
import type { ListenOptions, OnRefused } from '../reactor.js';
import type { Bytes } from './portable-connection.js';
import { portableWebSockets } from './portable-web-sockets.js';
import type { Strangers } from './strangers.js';

const BACKLOG = 4096;
/** What comes before the kernel's bytes must come within this time. */
const GREETING_MS_MAX = 5000;
/** A peer that is silent for so long is asked by TCP whether it is still there. */
const KEEP_ALIVE = { keepAlive: true, keepAliveInitialDelay: 60_000 } as const;
const OPTIONS = { allowHalfOpen: true, noDelay: true, ...KEEP_ALIVE } as const;
/** A half-open peer in the middle of a handshake would stay until that has timed out. */
const TLS_OPTIONS = { noDelay: true, ...KEEP_ALIVE } as const;

/** Takes a connection: its bytes, the socket below them, its transport, and the end of TLS where there is TLS. */
export type Accept = (bytes: Bytes, raw: Socket, transport: number, secure: TLSSocket | undefined) => void;

/** The listening sockets of a portable reactor. */
export class PortableListeners {
  readonly #accept: Accept;
  readonly #refused: OnRefused;
  readonly #strangers: Strangers;
  readonly #servers = new Set<Server>();
  /** Sockets that nobody else knows yet: what comes before their bytes is not done. */
  readonly #greeting = new Map<Socket, NodeJS.Timeout>();

  constructor(accept: Accept, refused: OnRefused, strangers: Strangers) {
    this.#accept = accept;
    this.#refused = refused;
    this.#strangers = strangers;
  }

  listen(host: string, port: number, options: ListenOptions): Promise<number> {
    const { tls, isWebSocket = false, transport = 0 } = options;
    const raws = new RawSockets();
    const accept = (bytes: Bytes, socket: Socket) => {
      const raw = raws.below(socket);
      if (!this.#greeted(raw) && (tls || isWebSocket))
        bytes.destroy(); // It came too late.
      else this.#accept(bytes, raw, transport, socket instanceof TLSSocket ? socket : undefined);
    };
    const server = this.#serverOf(host, port, options, accept, (socket, code) => this.#refuse(raws.below(socket), code));
    const proxied = new ProxiedSockets(options.proxies ?? []);
    interceptConnections(server, (raw, serve) => {
      const admit = () => {
        if (!this.#isAdmitted(raw)) return;
        if (tls) raws.add(raw);
        if (tls || isWebSocket) this.#greet(raw, tls ? CODE_TLS_HANDSHAKE_FAILED : CODE_WEBSOCKET_REFUSED);
        serve();
      };
      if (proxied.isProxy(raw)) proxied.takeHeader(raw, admit, () => this.#refuse(raw, CODE_PROXY_HEADER_INVALID));
      else admit();
    });
    // A TLS handshake that is done may be followed by a request that does not come.
    server.on('secureConnection', (socket: TLSSocket) => {
      const raw = raws.below(socket);
      if (tls && !isPeerTaken(socket, tls)) this.#refuse(raw, CODE_TLS_HANDSHAKE_FAILED);
      if (isWebSocket && this.#greeted(raw)) this.#greet(raw, CODE_WEBSOCKET_REFUSED);
    });
    return this.#open(server, host, port);
  }

  /** Throws, and changes nothing, when the material cannot be used. */
  renewTls(material: TlsMaterial): void {
    const options = secureContextOptions(material);
    createSecureContext(options);
    for (const server of this.#servers) if (server instanceof TlsServer) server.setSecureContext(options);
  }

  close(): void {
    for (const server of this.#servers) server.close();
    this.#servers.clear();
  }

  /** Cuts off those that nobody else knows. */
  destroyGreeting(): void {
    for (const socket of this.#greeting.keys()) socket.destroy();
  }

  #serverOf(
    host: string,
    port: number,
    { tls, isWebSocket = false }: ListenOptions,
    accept: (bytes: Bytes, socket: Socket) => void,
    refuse: (socket: Socket, code: number) => void,
  ): Server {
    try {
      const failed = (_error: Error, socket: Socket) => refuse(socket, CODE_TLS_HANDSHAKE_FAILED);
      if (isWebSocket) {
        const server = portableWebSockets(tls && tlsServerOptions(tls), { accept, refuse, count: this.#refused });
        return server.on('tlsClientError', failed);
      }
      if (!tls) return createServer(OPTIONS, (socket) => accept(socket, socket));
      const server = createTlsServer({ ...TLS_OPTIONS, ...tlsServerOptions(tls) });
      server.on('secureConnection', (socket) => {
        if (!isPeerTaken(socket, tls)) return;
        socket.allowHalfOpen = true;
        accept(socket, socket);
      });
      return server.on('tlsClientError', failed);
    } catch (error) {
      throw new Error(`cannot listen on ${authority(host, port)}: cannot use the certificate with the key: ${(error as Error).message}`);
    }
  }

  #isAdmitted(raw: Socket): boolean {
    if (this.#strangers.add(raw)) return true;
    this.#refused(CODE_ADDRESS_EXHAUSTED);
    raw.destroy();
    return false;
  }

  #greet(raw: Socket, code: number): void {
    this.#greeting.set(
      raw,
      setTimeout(() => this.#refuse(raw, code), GREETING_MS_MAX),
    );
    raw.once('close', () => this.#greeted(raw));
  }

  /** False: it was not awaited any more. */
  #greeted(raw: Socket): boolean {
    clearTimeout(this.#greeting.get(raw));
    return this.#greeting.delete(raw);
  }

  #refuse(raw: Socket, code: number): void {
    this.#greeted(raw);
    this.#refused(code);
    raw.destroy();
  }

  #open(server: Server, host: string, port: number): Promise<number> {
    return new Promise((resolve, reject) => {
      server.once('error', (error) => reject(new Error(`cannot listen on ${authority(host, port)}: ${error.message}`)));
      server.listen({ host, port, backlog: BACKLOG }, () => {
        this.#servers.add(server);
        server.removeAllListeners('error').on('error', () => {}); // An accept that failed is the peer's to repeat.
        const address = server.address();
        resolve(typeof address === 'object' && address !== null ? address.port : port);
      });
    });
  }
}
