import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ApiFailure } from '../contract/api-errors.js';
import { type Answer, failed, json } from './exchange.js';

/** Answers while the appliance waits for its database, before there is anything that calls could be answered from. */
export interface WaitingServer {
  readonly port: number;
  close(): Promise<void>;
}

/** `reason`: why the appliance is not ready, as `/readyz` tells it. */
export async function listenWaiting(bind: string, port: number, reason: () => string): Promise<WaitingServer> {
  const server = createServer((request, response) => {
    request.resume();
    const [path = ''] = (request.url ?? '').split('?');
    const { status, headers, body } = answer(request.method ?? '', path, reason());
    // The server that takes over the port must not find a client on this one's connection.
    response.writeHead(status, { ...Object.fromEntries(headers), connection: 'close' });
    response.end(request.method === 'HEAD' ? undefined : body);
  });
  await listening(server, bind, port);
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeIdleConnections();
      }),
  };
}

function answer(method: string, path: string, reason: string): Answer {
  if (path === '/healthz') return json(200, { status: 'ok' });
  if (path === '/readyz') return json(503, { status: 'not ready', reason });
  return failed(new ApiFailure('database_unavailable', `answer ${method} ${path}`, reason));
}

function listening(server: Server, bind: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(new Error(`cannot listen on ${bind}:${port}: ${error.message}`)));
    server.listen({ host: bind, port, exclusive: true }, resolve);
  });
}
