import type { Carrier, Listen } from './carrier.js';
import { Front, type FrontOptions } from './front.js';
import { listenPortable } from './portable-server.js';
import { loadUws } from './uws-server.js';

export type ServerName = 'uWebSockets.js' | 'node:http';

export interface HttpOptions extends FrontOptions {
  readonly bind: string;
  /** 0: any free port. */
  readonly port: number;
  /** Absent: uWebSockets.js where it runs, else node:http. */
  readonly server?: ServerName;
}

export interface HttpServer {
  readonly port: number;
  /** Takes no more calls, lets the running ones end, then closes every connection. */
  close(): Promise<void>;
}

/** Opens the API, the live view and the console; rejects when the port cannot be had. Main thread only. */
export async function startHttp(options: HttpOptions): Promise<HttpServer> {
  const { listen, ...chosen } = chooseServer(options.server);
  const front = new Front(options);
  const carrier = await listen(front, options.bind, options.port);
  options.log.info({ ...chosen, port: carrier.port }, 'http server listens');
  return { port: carrier.port, close: () => close(front, carrier) };
}

/** Which server this process would run, and why it is not the faster one. */
export function chooseServer(wanted?: ServerName): { server: ServerName; listen: Listen; reason?: string } {
  if (wanted === 'node:http') return { server: wanted, listen: listenPortable };
  const uws = loadUws();
  if (typeof uws === 'function') return { server: 'uWebSockets.js', listen: uws };
  if (wanted) throw new Error(`cannot load ${wanted}: ${uws.missing}`);
  return { server: 'node:http', listen: listenPortable, reason: `uWebSockets.js does not run here: ${uws.missing}` };
}

async function close(front: Front, carrier: Carrier): Promise<void> {
  carrier.unlisten();
  await front.close();
  await carrier.close();
}
