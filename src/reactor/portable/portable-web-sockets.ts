import { createServer, type IncomingMessage } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Server, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { createWebSocketStream, type WebSocket, WebSocketServer } from 'ws';
import { CODE_WEBSOCKET_MALFORMED, CODE_WEBSOCKET_REFUSED } from '../../../assembly/abi/codes.js';
import { MIB } from '../../../assembly/abi/limits.js';
import { MQTT_PATH, mqttProtocolOf } from '../../sockets/mqtt-upgrade.js';
import type { tlsServerOptions } from '../../sockets/tls-options.js';
import type { OnRefused } from '../reactor.js';

/** A request is not larger, nor is a message. */
const HEAD_BYTES_MAX = 8 * 1024;
const MESSAGE_BYTES_MAX = MIB;
/** A peer that leaves so much unread gets no pong. */
const BUFFERED_BYTES_MAX = 64 * 1024;
/** What a peer has to answer the end of its WebSocket. */
const CLOSE_MS_MAX = 2000;
/** [MQTT-6.0.0-1] */
const NO_SUCH_DATA = 1003;

interface Ports {
  accept(bytes: Duplex, socket: Socket): void;
  /** Has to end the connection. */
  refuse(socket: Socket, code: number): void;
  readonly count: OnRefused;
}

/** A server whose connections are WebSockets for MQTT. It is not listening yet. */
export function portableWebSockets(tls: ReturnType<typeof tlsServerOptions> | undefined, { accept, refuse, count }: Ports): Server {
  const options = { maxHeaderSize: HEAD_BYTES_MAX, keepAlive: true, keepAliveInitialDelay: 60_000, noDelay: true };
  const server = tls ? createTlsServer({ ...options, ...tls }) : createServer(options);
  const limits = { maxPayload: MESSAGE_BYTES_MAX, perMessageDeflate: false, autoPong: false, closeTimeout: CLOSE_MS_MAX };
  const webSockets = new WebSocketServer({ ...limits, noServer: true, handleProtocols: (offered) => mqttProtocolOf(offered) ?? false });
  const decline = (socket: Socket, status: string, fields = '') => {
    if (socket.writable) socket.write(`HTTP/1.1 ${status}\r\n${fields}Content-Length: 0\r\nConnection: close\r\n\r\n`);
    refuse(socket, CODE_WEBSOCKET_REFUSED);
  };
  webSockets.on('wsClientError', (_error, socket) => decline(socket as Socket, '400 Bad Request'));
  server.on('request', (request: IncomingMessage) => {
    const isHere = pathOf(request) === MQTT_PATH;
    if (isHere) decline(request.socket, '426 Upgrade Required', 'Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n');
    else decline(request.socket, '404 Not Found');
  });
  server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
    const isOther = !/^websocket$/i.test(request.headers.upgrade ?? '') || request.headers['sec-websocket-version'] !== '13';
    if (pathOf(request) !== MQTT_PATH) decline(socket, '404 Not Found');
    else if (isOther) decline(socket, '426 Upgrade Required', 'Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n');
    else if (mqttProtocolOf(offered) === undefined) decline(socket, '400 Bad Request');
    else webSockets.handleUpgrade(request, socket, head, (client) => accept(bytesOf(client, count), socket));
  });
  server.on('clientError', (_error: Error, socket: Socket) => decline(socket, '400 Bad Request'));
  return server;
}

function pathOf({ url = '' }: IncomingMessage): string {
  return url.split('?')[0] as string;
}

/** The payload of its messages, and of those that are sent to it. */
function bytesOf(client: WebSocket, count: OnRefused): Duplex {
  const bytes = createWebSocketStream(client);
  const deliver = client.listeners('message') as ((data: Buffer, isBinary: boolean) => void)[];
  let isRefused = false;
  client.removeAllListeners('message');
  client.on('message', (data: Buffer, isBinary: boolean) => {
    if (isRefused) return;
    if (isBinary) {
      for (const each of deliver) each.call(client, data, isBinary);
      return;
    }
    isRefused = true;
    count(CODE_WEBSOCKET_MALFORMED);
    client.close(NO_SUCH_DATA);
  });
  client.on('error', () => count(CODE_WEBSOCKET_MALFORMED));
  client.on('ping', (data: Buffer) => {
    if (client.bufferedAmount <= BUFFERED_BYTES_MAX) client.pong(data);
  });
  return bytes;
}
