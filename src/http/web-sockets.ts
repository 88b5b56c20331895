import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import type { ClientSocket, WebSocketApp } from './web-socket.js';

/** What a client has to answer the end of its socket, before the connection is cut. */
const FAREWELL_MS_MAX = 5000;

/** WebSockets over the package ws, with the limits of their app. */
export class WebSockets {
  readonly #app: WebSocketApp;
  readonly #server: WebSocketServer;
  /** Clients that have sent something since the last ping. */
  readonly #alive = new WeakSet<WebSocket>();
  readonly #heartbeat: NodeJS.Timeout;

  constructor(app: WebSocketApp) {
    this.#app = app;
    const options = { noServer: true, perMessageDeflate: false, maxPayload: app.messageBytesMax, closeTimeout: FAREWELL_MS_MAX };
    this.#server = new WebSocketServer(options);
    this.#heartbeat = setInterval(() => this.#ping(), (app.idleSecondsMax / 2) * 1000).unref();
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
    const socket = socketOf(client, trust, this.#app.bufferedBytesMax);
    this.#alive.add(client);
    client.on('pong', () => this.#alive.add(client));
    client.on('message', (data) => {
      this.#alive.add(client);
      this.#app.receive(socket, data as Buffer);
    });
    client.on('error', () => {}); // The close event follows.
    client.on('close', () => this.#app.closed(socket));
    this.#app.open(socket);
  }

  #ping(): void {
    for (const client of this.#server.clients) {
      if (!this.#alive.delete(client)) client.terminate();
      else if (client.readyState === client.OPEN) client.ping();
    }
  }
}

function socketOf(client: WebSocket, trust: () => void, bufferedBytesMax: number): ClientSocket {
  return {
    send: (text) => {
      if (client.readyState !== client.OPEN || client.bufferedAmount + Buffer.byteLength(text) > bufferedBytesMax) return false;
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
