import type { HttpRequest, HttpResponse, us_listen_socket, WebSocket } from 'uWebSockets.js';
import { createRequire } from 'node:module';
import { BodyReader } from './body-reader.js';
import type { Carrier, Listen } from './carrier.js';
import { type Answer, type Exchange, type RequestHead, requestHead } from './exchange.js';
import type { Front } from './front.js';
import type { LiveSocket } from './live-session.js';
import { LIVE_BUFFERED_BYTES_MAX, LIVE_IDLE_SECONDS_MAX, LIVE_MESSAGE_BYTES_MAX, LIVE_PATH } from './live-views.js';
import { freePort, listenFailure } from './port.js';
import { statusLine } from './status-line.js';

type Library = typeof import('uWebSockets.js');
/** The binary has a method that its types lack. */
type App = ReturnType<Library['App']> & {
  close(): void;
};

interface SocketData {
  view?: LiveSocket;
}

/** What a binary returns for a message that it dropped. */
const SEND_DROPPED = 2;

/**
 * The server on uWebSockets.js, or why it does not run here. The binary is loaded itself: where the package has
 * none for this Node, platform or C library, its own entry would print so and load an imitation that is not complete.
 */
export function loadUws(): Listen | { readonly missing: string } {
  const binary = `uws_${process.platform}_${process.arch}_${process.versions.modules}.node`;
  try {
    const library = createRequire(import.meta.url)(`uWebSockets.js/binaries/${binary}`) as Library;
    return (front, bind, port) => listen(library, front, bind, port);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return { missing: code === 'MODULE_NOT_FOUND' ? `the package has no ${binary}` : message };
  }
}

/** Main thread only: the library ends the process when a worker closes with it open. */
async function listen(library: Library, front: Front, bind: string, asked: number): Promise<Carrier> {
  const failure = await listenFailure(bind, asked);
  if (failure) throw failure;
  // The library lets a restart have the port again only if the first run named it by number.
  const port = asked === 0 ? await freePort(bind) : asked;
  library._cfg('silent'); // Else every answer names the library and its version.
  const app = library.App() as App;
  serveLive(library, app, front);
  app.any('/*', (response, request) => front.take(new UwsExchange(response, headOf(request))));
  const socket = await new Promise<us_listen_socket | false>((resolve) => {
    app.listen(bind, port, resolve);
  });
  if (!socket) throw new Error(`cannot listen on ${bind}:${port}: the system refused it; set SPILLWAY_HTTP_PORT to a free port`);
  return {
    port,
    unlisten: () => library.us_listen_socket_close(socket),
    close: async () => app.close(),
  };
}

function serveLive(library: Library, app: App, { views }: Front): void {
  app.ws<SocketData>(LIVE_PATH, {
    maxPayloadLength: LIVE_MESSAGE_BYTES_MAX,
    maxBackpressure: LIVE_BUFFERED_BYTES_MAX,
    idleTimeout: LIVE_IDLE_SECONDS_MAX,
    sendPingsAutomatically: true,
    compression: library.DISABLED,
    upgrade: (response, request, context) =>
      response.upgrade<SocketData>(
        {},
        request.getHeader('sec-websocket-key'),
        request.getHeader('sec-websocket-protocol'),
        request.getHeader('sec-websocket-extensions'),
        context,
      ),
    open: (socket) => {
      const view = viewOf(socket);
      socket.getUserData().view = view;
      views.open(view);
    },
    message: (socket, bytes) => views.receive(socket.getUserData().view!, new Uint8Array(bytes)),
    close: (socket) => views.closed(socket.getUserData().view!),
  });
}

function viewOf(socket: WebSocket<SocketData>): LiveSocket {
  return {
    send: (text) => socket.send(text) !== SEND_DROPPED,
    bufferedBytes: () => socket.getBufferedAmount(),
    end: (code, reason) => void socket.end(code, reason),
  };
}

function headOf(request: HttpRequest): RequestHead {
  return requestHead({
    method: request.getCaseSensitiveMethod(),
    path: request.getUrl(),
    // The binary answers undefined where there is no query.
    query: request.getQuery() ?? '',
    header: (name) => request.getHeader(name),
  });
}

/** A response of the library may not be touched after it has ended or was aborted: all access is here. */
class UwsExchange implements Exchange {
  readonly head: RequestHead;
  readonly #response: HttpResponse;
  #body: BodyReader | undefined;
  #aborted = false;
  #ended = false;

  constructor(response: HttpResponse, head: RequestHead) {
    this.head = head;
    this.#response = response;
    response.onAborted(() => {
      this.#aborted = true;
      this.#body?.abort();
    });
  }

  get aborted(): boolean {
    return this.#aborted;
  }

  readBody(bytesMax: number): Promise<Uint8Array | 'oversize' | 'aborted'> {
    // What is too large is answered at once; the library reads on and throws away the rest.
    if (Number(this.head.contentLength) > bytesMax) return Promise.resolve('oversize');
    const body = new BodyReader(bytesMax);
    this.#body = body;
    this.#response.onData((chunk, isLast) => {
      body.add(new Uint8Array(chunk));
      if (isLast) body.end();
    });
    return body.result;
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
