import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, Server as NetServer, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { Server as TlsServer } from 'node:tls';
import { type ApiCode, ApiFailure } from '../contract/api-errors.js';
import { authority } from '../contract/host-address.js';
import type { TlsMaterial } from '../contract/tls-material.js';
import { MQTT_PATH } from '../sockets/mqtt-upgrade.js';
import { peerAddress } from '../sockets/proxied-sockets.js';
import { secureContextOptions, tlsServerOptions } from '../sockets/tls-options.js';
import { type ArrivalRules, Arrivals, type TurnAway } from './arrivals.js';
import { withoutUpgrade } from './declined-upgrade.js';
import type { HttpApp } from './http-app.js';
import type { MqttBridge } from './mqtt-bridge.js';
import { NodeExchange, pathOf } from './node-exchange.js';
import { framingProblem, HEAD_BYTES_MAX } from './request-framing.js';
import { answerBytes, looksLikeTls, type ParserError, parserProblem } from './unparsed-request.js';
import { WebSockets } from './web-sockets.js';

const HEAD_MS_MAX = 10_000;
/** Longer than reverse proxies keep a connection without a request (60 s): the side that sends requests has to be the one that closes. */
const IDLE_MS_MAX = 75_000;
/** A peer that is silent for so long is asked by TCP whether it is still there. */
const PEER_ASKED_AFTER_MS = 60_000;
const BACKLOG = 4096;
/** For the last bytes of the last answers and of the WebSockets, once every call has ended. */
const FLUSH_MS_MAX = 1000;

/** A server that listens: it parses and frames, and leaves every answer to the app. */
export interface ServerAdapter {
  readonly port: number;
  /** Connections that come from now on are shown this material; it holds together. */
  renewTls(material: TlsMaterial): void;
  /** Takes no more connections; those that are open stay. */
  unlisten(): void;
  /** Ends every connection that is left; what is written to it may still go out. */
  close(): Promise<void>;
}

export interface ListenOptions extends ArrivalRules {
  readonly bind: string;
  /** 0: any free port. */
  readonly port: number;
  /** The setting that has the port. */
  readonly setting: string;
  /** Absent: bytes are not encrypted. */
  readonly tls?: TlsMaterial | undefined;
  readonly mqtt: MqttBridge;
  /** How long a client may take for the head of a request. */
  readonly headMsMax?: number;
}

/** Rejects, with a message for the operator, when the port cannot be had. */
export async function listenNode(app: HttpApp, options: ListenOptions): Promise<ServerAdapter> {
  const server = new NodeServer(app, options);
  await server.listen(options);
  return server;
}

/** The server on node:http, or node:https, and ws. */
class NodeServer implements ServerAdapter {
  readonly #app: HttpApp;
  readonly #server: Server;
  readonly #sockets: WebSockets;
  readonly #arrivals: Arrivals;
  readonly #mqtt: MqttBridge;
  /** The newest request of each connection. */
  readonly #newest = new WeakMap<Duplex, NodeExchange>();
  #ended: Promise<void> | undefined;

  constructor(app: HttpApp, options: ListenOptions) {
    const { tls, mqtt, headMsMax = HEAD_MS_MAX } = options;
    this.#app = app;
    this.#mqtt = mqtt;
    const settings = {
      headersTimeout: headMsMax,
      keepAliveTimeout: IDLE_MS_MAX,
      // TCP's own: a WebSocket whose peer vanished ends.
      keepAlive: true,
      keepAliveInitialDelay: PEER_ASKED_AFTER_MS,
      connectionsCheckingInterval: headMsMax / 2,
      maxHeaderSize: HEAD_BYTES_MAX,
      requireHostHeader: false, // Its answer would have no code: the framing is checked here.
    };
    this.#server = tls ? createTlsServer({ ...settings, ...tlsServerOptions(tls) }) : createServer(settings);
    // Node 20 drops header fields above its limit without a word; they are counted here instead.
    this.#server.maxHeadersCount = 0;
    this.#sockets = new WebSockets(app.sockets);
    // An answer in clear would not be read over TLS.
    const turnAway: TurnAway = tls ? (socket) => socket.destroy() : (socket, code) => this.#turnAway(socket, code);
    this.#arrivals = new Arrivals(this.#server, options, tls !== undefined, turnAway);
    this.#server.on('request', (request, response) => this.#take(request, response));
    this.#server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));
    this.#server.on('connect', (request, socket) =>
      this.#refuse(socket, new ApiFailure('method_not_allowed', `answer CONNECT ${request.url ?? ''}`)),
    );
    this.#server.on('clientError', (error: ParserError, socket) => this.#unparsed(error, socket));
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async listen({ bind, port, setting }: ListenOptions): Promise<void> {
    try {
      await new Promise<void>((resolve, reject) => {
        this.#server.once('error', ({ code = 'unknown' }: NodeJS.ErrnoException) => reject(listenError(bind, port, setting, code)));
        this.#server.listen({ host: bind, port, backlog: BACKLOG, exclusive: true }, resolve);
      });
    } catch (error) {
      this.#sockets.close();
      throw error;
    }
    this.#server.removeAllListeners('error').on('error', () => {}); // An accept that failed is the client's to repeat.
  }

  renewTls({ cert, key }: TlsMaterial): void {
    if (this.#server instanceof TlsServer) this.#server.setSecureContext(secureContextOptions({ cert, key }));
  }

  unlisten(): Promise<void> {
    // The server's own close would drop idle connections, on which a request may be on its way: it deserves an answer.
    this.#ended ??= new Promise((resolve) => void NetServer.prototype.close.call(this.#server, () => resolve()));
    return this.#ended;
  }

  async close(): Promise<void> {
    const gone = this.unlisten();
    this.#server.closeIdleConnections();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise((resolve) => {
      timer = setTimeout(resolve, FLUSH_MS_MAX);
    });
    await Promise.race([gone, late]);
    clearTimeout(timer);
    this.#sockets.close();
    this.#server.closeAllConnections();
    // Those of MQTT end with their gateways, which stop after this.
    if (this.#mqtt.count === 0) await gone;
    this.#server.close(() => {}); // Ends the server's own timer.
  }

  #take(request: IncomingMessage, response: ServerResponse): void {
    const { socket } = request;
    const trust = () => this.#arrivals.trust(socket);
    const exchange = new NodeExchange(request, response, () => !this.#server.listening, trust);
    this.#newest.set(socket, exchange);
    this.#arrivals.requestBegan(socket);
    exchange.onSent(() => this.#arrivals.requestEnded(socket));
    const problem = framingProblem(request);
    if (problem === undefined) this.#app.take(exchange);
    else exchange.respond(this.#app.reject(new ApiFailure(problem, 'read the request')), 'close');
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    if (!/^websocket$/i.test(request.headers.upgrade ?? '')) {
      this.#afterAnswers(socket, () => void this.#takeWithoutUpgrade(request, socket, head));
      return;
    }
    const path = pathOf(request);
    const problem = framingProblem(request);
    if (problem !== undefined) this.#refuse(socket, new ApiFailure(problem, 'read the request'));
    else if (path === MQTT_PATH) this.#joinMqtt(request, socket, head);
    else if (path !== this.#app.sockets.path) {
      const paths = `the only WebSockets are ${this.#app.sockets.path} and ${MQTT_PATH}`;
      this.#refuse(socket, new ApiFailure('not_found', `open a WebSocket at ${path}`, paths));
    } else if (request.headers['sec-websocket-version'] !== '13') {
      // RFC 6455 §4.4: the versions that are spoken here.
      const headers = [
        ['sec-websocket-version', '13'],
        ['upgrade', 'websocket'],
      ] as const;
      this.#refuse(socket, new ApiFailure('websocket_version_unsupported', `open a WebSocket at ${path}`), headers);
    } else {
      this.#arrivals.requestBegan(socket); // It lasts as long as the socket.
      this.#afterAnswers(socket, () => this.#sockets.upgrade(request, socket, head, () => this.#arrivals.trust(socket)));
    }
  }

  /** Devices on WebSockets must not take the places of all others. */
  #joinMqtt(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const failure = (code: ApiCode, cause: string) => new ApiFailure(code, `open a WebSocket at ${MQTT_PATH}`, cause);
    if (!this.#mqtt.isOpen) this.#refuse(socket, failure('unavailable', 'no gateway listens in this process'));
    else if (this.#mqtt.isFull) {
      this.#refuse(socket, failure('connections_exhausted', 'half of the connections of the HTTP port are WebSockets for MQTT'));
    } else {
      this.#arrivals.requestBegan(socket); // It lasts as long as the socket.
      this.#arrivals.trust(socket); // The gateway counts it by its address until the device has authenticated.
      const refuse = () => this.#refuse(socket, failure('unavailable', 'its gateway cannot be reached'));
      this.#afterAnswers(socket, () => this.#mqtt.join(request, socket, head, refuse));
    }
  }

  /**
   * An upgrade that is not on offer is none, RFC 9110 §7.8: the request is answered as if it had not asked, for some
   * clients ask for h2c with every first request. node:http has detached the connection, so the request's bytes are put
   * before what is left of it, and the connection given back.
   */
  async #takeWithoutUpgrade(request: IncomingMessage, socket: Duplex, rest: Buffer): Promise<void> {
    const bytes = await withoutUpgrade(request, rest);
    if (bytes === 'oversize') this.#refuse(socket, new ApiFailure('body_oversize', `answer ${request.method} ${request.url}`));
    if (typeof bytes === 'string') return;
    (socket as IncomingMessage['socket']).setTimeout(0); // The answer before has started the wait for the next request.
    socket.unshift(bytes);
    this.#arrivals.serveAgain(socket);
  }

  /** What the parser could not read, or what did not come in time. The parser is done with the connection. */
  #unparsed(error: ParserError, socket: Duplex): void {
    const problem = parserProblem(error);
    if (problem === undefined) {
      socket.destroy();
      return;
    }
    const newest = this.#newest.get(socket);
    if (!newest && looksLikeTls(error.rawPacket)) this.#app.tlsOnPlainPort(peerAddress(socket as Socket));
    const failure = new ApiFailure(problem, 'read the request');
    if (!newest || newest.isWhole) this.#refuse(socket, failure);
    // The body of this request is what cannot be read: the request itself gets the answer, if it has none yet.
    else if (newest.isAnswered) this.#afterAnswers(socket, () => void socket.destroy());
    else newest.respond(this.#app.reject(failure), 'close');
  }

  /** Ends a connection at once: its descriptor is needed. What little is said goes out on the way. */
  #turnAway(socket: Socket, code: ApiCode): void {
    if (socket.writable) socket.write(answerBytes(this.#app.reject(new ApiFailure(code, 'keep the connection'))));
    socket.destroy();
  }

  /** Answers on a connection that node:http has detached, and ends it. */
  #refuse(socket: Duplex, failure: ApiFailure, headers: readonly (readonly [string, string])[] = []): void {
    const answer = this.#app.reject(failure);
    this.#afterAnswers(socket, () => {
      if (socket.writable) socket.end(answerBytes({ ...answer, headers: [...answer.headers, ...headers] }), () => socket.destroy());
      else socket.destroy();
    });
  }

  /** Answers leave in the order of their requests, RFC 9112 §9.3.2. */
  #afterAnswers(socket: Duplex, run: () => void): void {
    const newest = this.#newest.get(socket);
    const ignore = () => {}; // Nobody else listens while it waits.
    socket.on('error', ignore);
    const done = () => {
      socket.off('error', ignore);
      if (!socket.destroyed) run();
    };
    if (newest && !newest.isSent) newest.onSent(done);
    else done();
  }
}

/** Says what the system's code means to the operator. */
function listenError(bind: string, port: number, setting: string, code: string): Error {
  const causes: Record<string, string> = {
    EADDRINUSE: 'another process has the port',
    EACCES: 'this user may not open the port',
    EADDRNOTAVAIL: 'the address belongs to no interface of this machine (SPILLWAY_BIND)',
    ENOTFOUND: 'the host name is unknown (SPILLWAY_BIND)',
  };
  const cause = causes[code] ?? code;
  return new Error(`cannot listen on ${authority(bind, port)}: ${cause}; set ${setting} to a free port`);
}
