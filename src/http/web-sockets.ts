import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import type { LiveSocket } from '../control/live/live-session.js';
import { LIVE_BUFFERED_BYTES_MAX, LIVE_IDLE_SECONDS_MAX, LIVE_MESSAGE_BYTES_MAX, type LiveViews } from '../control/live/live-views.js';

/** What a client has to answer the end of its view, before the connection is cut. */
const FAREWELL_MS_MAX = 5000;

/** The live views over the package ws, with limits of its own. */
export class LiveSockets {
  readonly #views: LiveViews;
  readonly #server: WebSocketServer;
  /** Clients that were heard of since the last ping. */
  readonly #alive = new WeakSet<WebSocket>();
  readonly #heartbeat: NodeJS.Timeout;

  constructor(views: LiveViews) {
    this.#views = views;
    const options = { noServer: true, perMessageDeflate: false, maxPayload: LIVE_MESSAGE_BYTES_MAX, closeTimeout: FAREWELL_MS_MAX };
    this.#server = new WebSocketServer(options);
    this.#heartbeat = setInterval(() => this.#ping(), (LIVE_IDLE_SECONDS_MAX / 2) * 1000).unref();
  }

  /** `trust` is called once the client has shown a valid key. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, trust: () => void): void {
    this.#server.handleUpgrade(request, socket, head, (client) => this.#open(client, trust));
  }

  /** Cuts the connections whose clients have not left by themselves. */
  close(): void {
    clearInterval(this.#heartbeat);
    for (const client of this.#server.clients) client.terminate();
  }

  #open(client: WebSocket, trust: () => void): void {
    const view = viewOf(client, trust);
    this.#alive.add(client);
    client.on('pong', () => this.#alive.add(client));
    client.on('message', (data) => {
      this.#alive.add(client);
      this.#views.receive(view, data as Buffer);
    });
    client.on('error', () => {}); // The close event follows.
    client.on('close', () => this.#views.closed(view));
    this.#views.open(view);
  }

  #ping(): void {
    for (const client of this.#server.clients) {
      if (!this.#alive.delete(client)) client.terminate();
      else if (client.readyState === client.OPEN) client.ping();
    }
  }
}

function viewOf(client: WebSocket, trust: () => void): LiveSocket {
  return {
    send: (text) => {
      if (client.readyState !== client.OPEN || client.bufferedAmount + Buffer.byteLength(text) > LIVE_BUFFERED_BYTES_MAX) return false;
      client.send(text);
      return true;
    },
    bufferedBytes: () => client.bufferedAmount,
    trust: () => {
      trust();
      return true;
    },
    end: (code, reason) => client.close(code, reason),
    drop: (code, reason) => {
      client.close(code, reason);
      client.terminate();
    },
  };
}
