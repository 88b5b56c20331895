import { HttpApp, type HttpAppOptions } from './http-app.js';
import { type ListenOptions, listenNode } from './node-server.js';

export interface HttpOptions extends HttpAppOptions, ListenOptions {}

export interface HttpServer {
  readonly port: number;
  /** Takes no more calls, lets the running ones end, then closes every connection. */
  close(): Promise<void>;
}

/** Opens the API, the live view and the console; rejects when the port cannot be had. */
export async function startHttp(options: HttpOptions): Promise<HttpServer> {
  const app = new HttpApp(options);
  const adapter = await listenNode(app, options);
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
