import uws, { type HttpRequest, type HttpResponse, type us_listen_socket, type WebSocket } from 'uWebSockets.js';
import type { Logger } from 'pino';
import { KIB, MIB } from '../../assembly/abi.js';
import { ApiFailure } from '../contract/api-errors.js';
import { Dispatcher } from './dispatcher.js';
import { type Answer, type Exchange, failed, type RequestHead } from './exchange.js';
import { LiveSession } from './live-session.js';
import { freePort, listenFailure } from './port.js';
import { deviceRoutes } from './routes/devices.js';
import { fleetRoutes } from './routes/fleet.js';
import { healthRoutes } from './routes/health.js';
import { ingestRoutes } from './routes/ingest.js';
import { liveRoutes } from './routes/live.js';
import { pipelineRoutes } from './routes/pipeline.js';
import { readingRoutes } from './routes/readings.js';
import type { Services } from './services.js';
import { Site } from './site.js';
import { statusLine } from './status-line.js';

export interface HttpOptions extends Services {
  readonly bind: string;
  /** 0: any free port. */
  readonly port: number;
  readonly log: Logger;
  /** Absolute path of the built console. */
  readonly consoleFolder: string;
}

export interface HttpServer {
  readonly port: number;
  /** Takes no more calls, lets the running ones end, then closes every connection. */
  close(): Promise<void>;
}

interface SocketData {
  session?: LiveSession;
}

/** The binary has a method that its types lack. */
type App = ReturnType<typeof uws.App> & {
  close(): void;
};

const LIVE_PATH = '/v1/live';
const LIVE_SOCKETS_MAX = 1000;
const LIVE_MESSAGE_BYTES_MAX = 256 * KIB;
const LIVE_BUFFERED_BYTES_MAX = 1 * MIB;
const LIVE_IDLE_SECONDS_MAX = 60;
const CLOSE_GOING_AWAY = 1001;
const CLOSE_TRY_LATER = 1013;
const CLOSING_MS_MAX = 5000;

/** Opens the API, the live view and the console; rejects when the port cannot be had. Main thread only. */
export async function startHttp(options: HttpOptions): Promise<HttpServer> {
  const failure = await listenFailure(options.bind, options.port);
  if (failure) throw failure;
  // The library lets a restart have the port again only if the first run named it by number.
  const port = options.port === 0 ? await freePort(options.bind) : options.port;
  uws._cfg('silent'); // Else every answer names the library and its version.
  const app = uws.App() as App;
  const server = new Server(app, options);
  const socket = await new Promise<us_listen_socket | false>((resolve) => {
    app.listen(options.bind, port, resolve);
  });
  if (!socket) throw new Error(`cannot listen on ${options.bind}:${port}: the system refused it; set SPILLWAY_HTTP_PORT to a free port`);
  return { port, close: () => server.close(socket) };
}

class Server {
  readonly #app: App;
  readonly #services: Services;
  readonly #dispatcher: Dispatcher;
  readonly #running = new Set<Promise<void>>();
  readonly #sockets = new Set<WebSocket<SocketData>>();
  #closing = false;

  constructor(app: App, options: HttpOptions) {
    this.#app = app;
    this.#services = options;
    const routes = [deviceRoutes, fleetRoutes, healthRoutes, ingestRoutes, liveRoutes, pipelineRoutes, readingRoutes];
    this.#dispatcher = new Dispatcher({
      routes: routes.flatMap((routesOf) => routesOf(options)),
      site: new Site(options.consoleFolder),
      exposition: options.exposition,
      log: options.log,
    });
    this.#live();
    app.any('/*', (response, request) => this.#take(response, request));
  }

  async close(socket: us_listen_socket): Promise<void> {
    this.#closing = true;
    uws.us_listen_socket_close(socket);
    for (const live of this.#sockets) live.end(CLOSE_GOING_AWAY, 'the server is shutting down');
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise((resolve) => {
      timer = setTimeout(resolve, CLOSING_MS_MAX);
    });
    await Promise.race([Promise.all(this.#running), late]);
    clearTimeout(timer);
    this.#app.close();
  }

  #take(response: HttpResponse, request: HttpRequest): void {
    const exchange = new UwsExchange(response, headOf(request));
    if (this.#closing) {
      exchange.respond(failed(new ApiFailure('shutting_down', `answer ${exchange.head.method} ${exchange.head.path}`)));
      return;
    }
    const run = this.#dispatcher.dispatch(exchange).finally(() => this.#running.delete(run));
    this.#running.add(run);
  }

  #live(): void {
    this.#app.ws<SocketData>(LIVE_PATH, {
      maxPayloadLength: LIVE_MESSAGE_BYTES_MAX,
      maxBackpressure: LIVE_BUFFERED_BYTES_MAX,
      idleTimeout: LIVE_IDLE_SECONDS_MAX,
      sendPingsAutomatically: true,
      compression: uws.DISABLED,
      upgrade: (response, request, context) =>
        response.upgrade<SocketData>(
          {},
          request.getHeader('sec-websocket-key'),
          request.getHeader('sec-websocket-protocol'),
          request.getHeader('sec-websocket-extensions'),
          context,
        ),
      open: (socket) => this.#open(socket),
      message: (socket, bytes) => socket.getUserData().session?.receive(new Uint8Array(bytes)),
      close: (socket) => {
        this.#sockets.delete(socket);
        socket.getUserData().session?.closed();
      },
    });
  }

  #open(socket: WebSocket<SocketData>): void {
    if (this.#closing || this.#sockets.size >= LIVE_SOCKETS_MAX) {
      socket.end(CLOSE_TRY_LATER, 'too many live views');
      return;
    }
    this.#sockets.add(socket);
    // The socket may not be touched after its close event, so what the session does late must find it gone.
    const isOpen = () => this.#sockets.has(socket);
    socket.getUserData().session = new LiveSession(
      {
        send: (text) => isOpen() && socket.send(text) !== 2,
        bufferedBytes: () => (isOpen() ? socket.getBufferedAmount() : 0),
        end: (code, reason) => {
          if (isOpen()) socket.end(code, reason);
        },
      },
      this.#services,
    );
  }
}

function headOf(request: HttpRequest): RequestHead {
  return {
    method: request.getCaseSensitiveMethod().toUpperCase(),
    path: request.getUrl(),
    // The binary answers undefined where there is no query.
    query: new URLSearchParams(request.getQuery() ?? ''),
    authorization: request.getHeader('authorization'),
    acceptEncoding: request.getHeader('accept-encoding'),
    ifNoneMatch: request.getHeader('if-none-match'),
    contentLength: request.getHeader('content-length'),
    contentEncoding: request.getHeader('content-encoding'),
  };
}

/** A response of the library may not be touched after it has ended or was aborted: all access is here. */
class UwsExchange implements Exchange {
  readonly head: RequestHead;
  readonly #response: HttpResponse;
  #aborted = false;
  #ended = false;
  #onAborted: (() => void) | undefined;

  constructor(response: HttpResponse, head: RequestHead) {
    this.head = head;
    this.#response = response;
    response.onAborted(() => {
      this.#aborted = true;
      this.#onAborted?.();
    });
  }

  get aborted(): boolean {
    return this.#aborted;
  }

  readBody(bytesMax: number): Promise<Uint8Array | 'oversize' | 'aborted'> {
    // What is too large is answered at once; the library reads on and throws away the rest.
    if (Number(this.head.contentLength) > bytesMax) return Promise.resolve('oversize');
    return new Promise((resolve) => {
      const chunks: Uint8Array[] = [];
      let bytes = 0;
      this.#onAborted = () => resolve('aborted');
      this.#response.onData((chunk, isLast) => {
        bytes += chunk.byteLength;
        if (bytes > bytesMax) {
          chunks.length = 0;
          resolve('oversize');
          return;
        }
        // The library takes its buffer back when this returns.
        chunks.push(new Uint8Array(chunk.slice(0)));
        if (isLast) resolve(joined(chunks, bytes));
      });
    });
  }

  respond({ status, headers, body }: Answer): void {
    if (this.#aborted || this.#ended) return;
    this.#ended = true;
    this.#response.cork(() => {
      this.#response.writeStatus(statusLine(status));
      for (const [name, value] of headers) this.#response.writeHeader(name, value);
      if (this.head.method === 'HEAD') this.#response.endWithoutBody(Buffer.byteLength(body));
      else if (status === 204 || status === 304) this.#response.endWithoutBody();
      else this.#response.end(body);
    });
  }
}

function joined(chunks: readonly Uint8Array[], bytes: number): Uint8Array {
  if (chunks.length === 1) return chunks[0]!;
  const whole = new Uint8Array(bytes);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}
