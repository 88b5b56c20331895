import type { ListenConfig } from '../config/settings/listen.js';
import { HttpApp, type HttpAppOptions } from './http-app.js';
import { type ListenOptions, listenNode } from './node-server.js';

export interface HttpOptions extends HttpAppOptions, ListenOptions {
  /** What the operator asked for. Node's own server is the only one that passes every HTTP test, so it serves in any case. */
  readonly server?: ListenConfig['httpServer'];
}

const WHY_NO_UWS = 'every build of uWebSockets.js closes pipelined requests without an answer, also for a message that it has taken in';

export interface HttpServer {
  readonly port: number;
  /** Takes no more calls, lets the running ones end, then closes every connection. */
  close(): Promise<void>;
}

/** Opens the API, the live view and the console; rejects when the port cannot be had. */
export async function startHttp(options: HttpOptions): Promise<HttpServer> {
  const app = new HttpApp(options);
  const adapter = await listenNode(app, options);
  if (options.server === 'uws') options.log.warn({ asked: 'uws', server: 'node:http', cause: WHY_NO_UWS }, 'http-server-substituted');
  options.log.info({ server: 'node:http', port: adapter.port }, 'http-server-listens');
  return {
    port: adapter.port,
    close: async () => {
      adapter.unlisten();
      await app.close();
      await adapter.close();
    },
  };
}
