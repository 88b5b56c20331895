import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, Server as NetServer } from 'node:net';
import type { Duplex } from 'node:stream';
import { ApiFailure } from '../contract/api-errors.js';
import type { Carrier } from './carrier.js';
import { failed } from './exchange.js';
import type { Front } from './front.js';
import { LIVE_PATH } from './live-views.js';
import { listenError } from './port.js';
import { PortableExchange, pathOf } from './portable-exchange.js';
import { PortableViews } from './portable-views.js';
import { statusLine } from './status-line.js';

const HEAD_MS_MAX = 10_000;
const IDLE_MS_MAX = 10_000;
const CHECK_INTERVAL_MS = 5000;
const BACKLOG = 4096;
/** For the last bytes of the last answers and of the live views, once every call has ended. */
const FLUSH_MS_MAX = 1000;

/** The server on node:http and ws, for where uWebSockets.js has no binary. */
export async function listenPortable(front: Front, bind: string, port: number): Promise<Carrier> {
  const server = createServer({
    headersTimeout: HEAD_MS_MAX,
    keepAliveTimeout: IDLE_MS_MAX,
    connectionsCheckingInterval: CHECK_INTERVAL_MS,
  });
  server.maxHeadersCount = 0; // The size of the head is its limit: a header cut off unseen would change where the body ends.
  const views = new PortableViews(front.views);
  const lastResponses = new WeakMap<Duplex, ServerResponse>();
  const isClosing = () => !server.listening;
  server.on('request', (request, response) => {
    lastResponses.set(request.socket, response);
    front.take(new PortableExchange(request, response, isClosing));
  });
  server.on('upgrade', (request, socket, head) => {
    if (isLive(request)) views.upgrade(request, socket, head);
    else serveWithoutUpgrade(server, request, head, lastResponses.get(socket));
  });
  server.on('clientError', refuse);
  try {
    return carrierOf(server, views, await listening(server, bind, port));
  } catch (error) {
    views.close();
    throw error;
  }
}

function listening(server: Server, bind: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', ({ code = 'unknown' }: NodeJS.ErrnoException) => reject(listenError(bind, port, code)));
    server.listen({ host: bind, port, backlog: BACKLOG, exclusive: true }, () => {
      server.removeAllListeners('error').on('error', () => {}); // An accept that failed is the client's to repeat.
      resolve((server.address() as AddressInfo).port);
    });
  });
}

function carrierOf(server: Server, views: PortableViews, port: number): Carrier {
  let ended: Promise<void> | undefined;
  const unlisten = () => {
    // The server's own close would drop idle connections, on which a request may be on its way: it deserves an answer.
    ended ??= new Promise((resolve) => void NetServer.prototype.close.call(server, () => resolve()));
    return ended;
  };
  return {
    port,
    unlisten,
    close: async () => {
      const gone = unlisten();
      server.closeIdleConnections();
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise((resolve) => {
        timer = setTimeout(resolve, FLUSH_MS_MAX);
      });
      await Promise.race([gone, late]);
      clearTimeout(timer);
      views.close();
      server.closeAllConnections();
      await gone;
      server.close(() => {}); // Ends the server's own timer.
    },
  };
}

function isLive(request: IncomingMessage): boolean {
  return pathOf(request) === LIVE_PATH && /^websocket$/i.test(request.headers.upgrade ?? '');
}

/**
 * An upgrade that is not on offer is none, RFC 9110 §7.8: the request is answered as if it had not asked, for some
 * clients ask for h2c with every first request. node:http has let go of the connection, body and all, so the
 * head goes in front of what is left of it, and the connection back in, once the answer before is out.
 */
function serveWithoutUpgrade(server: Server, request: IncomingMessage, rest: Buffer, before: ServerResponse | undefined): void {
  const { socket, rawHeaders } = request;
  const lines = [`${request.method} ${request.url} HTTP/${request.httpVersion}`];
  for (let index = 0; index < rawHeaders.length; index += 2) {
    if (rawHeaders[index]!.toLowerCase() !== 'upgrade') lines.push(`${rawHeaders[index]}: ${rawHeaders[index + 1]}`);
  }
  const head = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
  const ignore = () => {}; // Nobody else listens while it waits.
  const giveBack = () => {
    socket.off('error', ignore);
    if (socket.destroyed) return;
    socket.setTimeout(0); // The answer before has started the wait for the next request.
    socket.unshift(Buffer.concat([head, rest]));
    server.emit('connection', socket);
  };
  socket.on('error', ignore);
  if (before && !before.writableFinished) before.once('finish', giveBack);
  else giveBack();
}

/** What is no HTTP is hung up on; only a path that its client forgot to encode is worth a word. */
function refuse({ code }: NodeJS.ErrnoException, socket: Duplex): void {
  if (code !== 'HPE_INVALID_URL' || !socket.writable) {
    socket.destroy();
    return;
  }
  const { status, headers, body } = failed(new ApiFailure('path_malformed', 'read the request'));
  const lines = [`HTTP/1.1 ${statusLine(status)}`, ...headers.map(([name, value]) => `${name}: ${value}`)];
  socket.end(`${lines.join('\r\n')}\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`);
}
