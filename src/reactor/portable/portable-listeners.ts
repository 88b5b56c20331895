import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';
import { CODE_ADDRESS_EXHAUSTED, CODE_TLS_HANDSHAKE_FAILED } from '../../../assembly/abi/codes.js';
import { authority } from '../../contract/host-address.js';
import type { TlsMaterial } from '../../contract/tls-material.js';
import type { OnRefused } from '../reactor.js';
import type { Strangers } from './strangers.js';

const BACKLOG = 4096;
/** A handshake that takes longer has failed. */
const HANDSHAKE_MS_MAX = 5000;
/** A peer that is silent for so long is asked by TCP whether it is still there. */
const KEEP_ALIVE = { keepAlive: true, keepAliveInitialDelay: 60_000 } as const;
const OPTIONS = { allowHalfOpen: true, noDelay: true, ...KEEP_ALIVE } as const;
/** A half-open peer in the middle of a handshake would stay until that has timed out. */
const TLS_OPTIONS = { noDelay: true, ...KEEP_ALIVE, minVersion: 'TLSv1.2', handshakeTimeout: HANDSHAKE_MS_MAX } as const;

/** The listening sockets of a portable reactor. */
export class PortableListeners {
  readonly #accept: (socket: Socket, raw: Socket) => void;
  readonly #refused: OnRefused;
  readonly #strangers: Strangers;
  readonly #servers = new Set<Server>();
  /** Sockets whose handshake is not done: nobody else knows of them. */
  readonly #greeting = new Map<string, Socket>();

  constructor(accept: (socket: Socket, raw: Socket) => void, refused: OnRefused, strangers: Strangers) {
    this.#accept = accept;
    this.#refused = refused;
    this.#strangers = strangers;
  }

  listen(host: string, port: number): Promise<number> {
    return this.#open(
      createServer(OPTIONS, (socket) => this.#isAdmitted(socket) && this.#accept(socket, socket)),
      host,
      port,
    );
  }

  async listenTls(host: string, port: number, { cert, key, clientCa }: TlsMaterial): Promise<number> {
    const demand = clientCa === undefined ? {} : { ca: clientCa, requestCert: true, rejectUnauthorized: true };
    const server = (() => {
      try {
        return createTlsServer({ ...TLS_OPTIONS, cert, key, ...demand });
      } catch (error) {
        throw new Error(`cannot listen on ${authority(host, port)}: cannot use the certificate with the key: ${(error as Error).message}`);
      }
    })();
    server.on('connection', (raw: Socket) => {
      if (!this.#isAdmitted(raw)) return;
      const peer = peerOf(raw);
      this.#greeting.set(peer, raw);
      raw.once('close', () => this.#greeting.delete(peer));
    });
    server.on('secureConnection', (socket: TLSSocket) => {
      // The raw socket and this one have the same peer.
      const raw = this.#greeting.get(peerOf(socket)) ?? socket;
      this.#greeting.delete(peerOf(socket));
      socket.allowHalfOpen = true;
      this.#accept(socket, raw);
    });
    server.on('tlsClientError', (_error, socket) => {
      this.#refused(CODE_TLS_HANDSHAKE_FAILED);
      socket.destroy();
    });
    return this.#open(server, host, port);
  }

  close(): void {
    for (const server of this.#servers) server.close();
    this.#servers.clear();
  }

  /** Cuts off those that have not shaken hands. */
  destroyGreeting(): void {
    for (const socket of this.#greeting.values()) socket.destroy();
  }

  #isAdmitted(raw: Socket): boolean {
    if (this.#strangers.add(raw)) return true;
    this.#refused(CODE_ADDRESS_EXHAUSTED);
    raw.destroy();
    return false;
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

function peerOf({ remoteAddress, remotePort, localPort }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localPort}`;
}
